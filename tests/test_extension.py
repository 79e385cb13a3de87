"""The browser extension: its manifest, its texts, and what it makes of addresses, run by node."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from papers.categories import split_spec
from papers.identifiers import parse_id
from tests.services import missing

FOLDER = Path(__file__).resolve().parents[1] / "extension"
SOURCES = sorted(FOLDER.glob("*.js"))
# Manifest V3, as far as an extension of this kind may use it: key -> type.
KEYS: dict[str, type] = {
    "manifest_version": int,
    "name": str,
    "description": str,
    "version": str,
    "default_locale": str,
    "minimum_chrome_version": str,
    "icons": dict,
    "action": dict,
    "background": dict,
    "options_ui": dict,
    "permissions": list,
    "browser_specific_settings": dict,
}
NEEDED = {"manifest_version", "name", "version"}
PARTS = {
    "action": {"default_title", "default_icon"},
    "background": {"service_worker", "scripts", "type"},
    "options_ui": {"page", "open_in_tab"},
    "browser_specific_settings": {"gecko"},
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text())
    return found


def messages(locale: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((FOLDER / "_locales" / locale / "messages.json").read_text())
    return found


@pytest.fixture(scope="module")
def node() -> str:
    """The program that runs JavaScript."""
    return shutil.which("node") or missing("no node: install Debian's package nodejs, or Node.js itself")


def run(node: str, module: str, function: str, values: list[str]) -> list[Any]:
    """What a function of a module says to each of some texts."""
    source = base64.b64encode((FOLDER / module).read_bytes()).decode()  # a module whatever node takes a file for
    code = (
        f"import {{ {function} }} from 'data:text/javascript;base64,{source}';"
        f"console.log(JSON.stringify({json.dumps(values)}.map((value) => {function}(value))));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-"], input=code, capture_output=True, text=True, check=True, timeout=20
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def test_the_manifest_has_known_keys_of_their_types(manifest: dict[str, Any]) -> None:
    assert manifest.keys() >= NEEDED
    for key, value in manifest.items():
        assert isinstance(value, KEYS[key]), key
        assert not isinstance(value, dict) or set(value) <= PARTS.get(key, set(value)), key
    assert manifest["manifest_version"] == 3
    assert re.fullmatch(r"\d+(\.\d+){0,3}", manifest["version"])
    assert len(messages("en")["description"]["message"]) <= 132  # the stores' limit
    assert manifest["browser_specific_settings"]["gecko"].keys() == {
        "id",
        "strict_min_version",
        "data_collection_permissions",
    }


def test_it_asks_for_as_little_as_can_be(manifest: dict[str, Any]) -> None:
    assert sorted(manifest["permissions"]) == ["activeTab", "contextMenus", "storage"]
    assert not [key for key in manifest if "host" in key or "content" in key or "web_accessible" in key]


def test_the_files_that_the_manifest_and_the_page_name_are_there(manifest: dict[str, Any]) -> None:
    page = (FOLDER / manifest["options_ui"]["page"]).read_text()
    named = [
        *manifest["icons"].values(),
        *manifest["action"]["default_icon"].values(),
        manifest["background"]["service_worker"],
        *manifest["background"]["scripts"],
        *re.findall(r'(?:src|href)="([^"]+)"', page),
    ]
    for name in named:
        assert (FOLDER / name).is_file(), name
    for size, name in manifest["icons"].items():
        content = (FOLDER / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert [int.from_bytes(content[at : at + 4]) for at in (16, 20)] == [int(size)] * 2


def test_nothing_comes_from_elsewhere_and_nothing_is_evaluated() -> None:
    for source in SOURCES:
        text = source.read_text()
        assert not re.search(r"\beval\b|new Function|innerHTML|insertAdjacentHTML|\bfetch\(|XMLHttpRequest", text), (
            source
        )
        for imported in re.findall(r'from "([^"]+)"', text):
            assert (FOLDER / imported).is_file()
    page = (FOLDER / "options.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=|(?:src|href)=\"(?:https?:)?//", page)


def test_both_languages_have_every_text_that_is_asked_for() -> None:
    used = set(re.findall(r"__MSG_(\w+)__", (FOLDER / "manifest.json").read_text()))
    used |= set(re.findall(r'data-message="(\w+)"', (FOLDER / "options.html").read_text()))
    used |= set(re.findall(r'say\("(\w+)"\)', (FOLDER / "options.js").read_text()))
    used |= {f"menu_{name}" for name in re.findall(r'\bentry\("(\w+)"', (FOLDER / "background.js").read_text())}
    for locale in ("en", "zh_CN"):
        found = messages(locale)
        assert set(found) == used
        assert all(each["message"].strip() for each in found.values())
        assert "%s" in found["menu_selection"]["message"]


PLACES = {
    "https://arxiv.org/abs/1706.03762": "arxiv/1706.03762",
    "http://www.arxiv.org/abs/1706.03762v7": "arxiv/1706.03762v7",
    "https://export.arxiv.org/abs/0704.0001/": "arxiv/0704.0001",
    "https://arxiv.org/abs/1706.03762?context=cs#comments": "arxiv/1706.03762",
    "https://arxiv.org/pdf/1706.03762": "arxiv/1706.03762",
    "https://arxiv.org/pdf/1706.03762v7.pdf#page=3": "arxiv/1706.03762v7",
    "https://arxiv.org/html/2401.00001v1": "arxiv/2401.00001v1",
    "https://arxiv.org/html/2401.00001v1/#S2": "arxiv/2401.00001v1",
    "https://arxiv.org/format/1706.03762": "arxiv/1706.03762",
    "https://arxiv.org/e-print/1706.03762": "arxiv/1706.03762",
    "https://arxiv.org/src/1706.03762v2": "arxiv/1706.03762v2",
    "https://arxiv.org/abs/hep-th/9108020": "arxiv/hep-th/9108020",
    "https://arxiv.org/pdf/hep-th/9108020v1.pdf": "arxiv/hep-th/9108020v1",
    "https://arxiv.org/abs/math.GT/0309136": "arxiv/math.gt/0309136",
    "https://arxiv.org/ps/cond-mat/0001001": "arxiv/cond-mat/0001001",
    "https://ARXIV.org/abs/HEP-TH/9108020V2": "arxiv/hep-th/9108020v2",
    "https://ar5iv.labs.arxiv.org/html/1706.03762": "arxiv/1706.03762",
    "https://ar5iv.org/abs/1706.03762": "arxiv/1706.03762",
    "https://doi.org/10.48550/arXiv.2401.00001": "arxiv/2401.00001",
    "https://doi.org/10.48550/arXiv.hep-th/9108020": "arxiv/hep-th/9108020",
    "https://arxiv.org/list/cs.CL/new": "arxiv/cs.CL",
    "https://arxiv.org/list/cs.CL/recent?skip=50&show=25": "arxiv/cs.CL",
    "https://arxiv.org/list/cs/pastweek": "arxiv/cs",
    "https://arxiv.org/list/hep-th": "arxiv/hep-th",
    "https://arxiv.org/list/cond-mat.str-el/2511": "arxiv/cond-mat.str-el",
    "https://arxiv.org/list/cs.CL/2024-02": "arxiv/cs.CL?from=2024-02-01&to=2024-02-29",
    "https://arxiv.org/list/cs.CL/2025-12?skip=25": "arxiv/cs.CL?from=2025-12-01&to=2025-12-31",
    "https://arxiv.org/list/cs.CL/2025-13": "arxiv/cs.CL",
    "https://arxiv.org/archive/astro-ph": "arxiv/astro-ph",
    "https://arxiv.org/year/hep-th/24": "arxiv/hep-th",
    "https://arxiv.org/catchup/cs.CL/2025-11-21?abs=True": "arxiv/cs.CL?date=2025-11-21",
    "https://rss.arxiv.org/rss/cs.AI+q-bio.NC": "arxiv/cs.AI+q-bio.NC",
    "https://rss.arxiv.org/atom/math": "arxiv/math",
    "https://arxiv.org/search/?query=deep+tides&searchtype=all": "search?q=deep%20tides",
    "https://arxiv.org/search/cs?query=Moon%2C+A&searchtype=author": "search?q=author%3A%22Moon%2C%20A%22",
    'https://arxiv.org/search/?query=a"b&searchtype=title': "search?q=title%3A%22ab%22",
    "https://arxiv.org/search/?query=&searchtype=title": "search",
    "https://arxiv.org/search/": "search",
    "https://arxiv.org/": "",
    "https://arxiv.org": "",
}
NOWHERE = (
    "",
    "arxiv.org/abs/1706.03762",
    "https://example.org/abs/1706.03762",
    "https://evilarxiv.org/abs/1706.03762",
    "https://arxiv.org.evil.example/abs/1706.03762",
    "https://arxiv.org@evil.example/abs/1706.03762",
    "https://evil.example/https://arxiv.org/abs/1706.03762",
    "javascript:alert(1)//arxiv.org/abs/1706.03762",
    "file:///arxiv.org/abs/1706.03762",
    "chrome://arxiv.org/abs/1706.03762",
    "https://arxiv.org/abs/",
    "https://arxiv.org/abs/1706",
    "https://arxiv.org/abs/1706.03762/../../x",
    "https://arxiv.org/abs/%E0%A4%A",
    "https://arxiv.org/abs/1706.03762%2F..%2Fadmin",
    "https://arxiv.org/list/..%2F..%2Fadmin/new",
    "https://arxiv.org/list/<b>/new",
    "https://arxiv.org/a/moon_a_1",
    "https://info.arxiv.org/help/index.html",
    "https://doi.org/10.1000/182",
    "https://doi.org/10.48550/arXiv.x",
)


def test_addresses_of_arxiv_lead_to_their_counterparts(node: str) -> None:
    assert dict(zip(PLACES, run(node, "address.js", "placeOf", list(PLACES)), strict=True)) == PLACES


def test_other_addresses_lead_nowhere(node: str) -> None:
    found = dict(zip(NOWHERE, run(node, "address.js", "placeOf", list(NOWHERE)), strict=True))
    assert found == dict.fromkeys(NOWHERE)


def test_the_site_understands_what_the_parser_makes() -> None:
    for place in PLACES.values():
        if place.startswith("arxiv/"):
            name = place.removeprefix("arxiv/").partition("?")[0]
            assert parse_id(name) or split_spec(name), place


def test_an_address_of_any_length_is_read_at_once(node: str) -> None:
    long = [f"https://arxiv.org/{part * 20_000}" for part in ("a", "a-", "list/a", "a/", "1706.0", "-.", "%61")]
    run(node, "address.js", "placeOf", long)  # stopped after 20 seconds


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("  http://127.0.0.1:8000/ ", "http://127.0.0.1:8000"),
        ("https://Papers.Example.org/tide//", "https://papers.example.org/tide"),
        ("https://papers.example.org:443", "https://papers.example.org"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("", None),
        ("papers.example.org", None),
        ("http:papers.example.org", None),
        ("ftp://papers.example.org", None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://user:secret@papers.example.org", None),
        ("https://papers.example.org/?q=", None),
        ("https://papers.example.org/#x", None),
        ("https://papers.example.org?", None),
        ("https://", None),
        ("https://papers.example.org/" + "x" * 500, None),
    ],
)
def test_the_sites_address_is_checked_before_it_is_kept(node: str, typed: str, kept: str | None) -> None:
    assert run(node, "site.js", "readSite", [typed]) == [kept]
