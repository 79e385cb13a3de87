"""What robots, browsers and other pages are told: the site map, the icon, the manifest, the bookmarklet."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_script_prefix, set_script_prefix
from lxml import etree, html
from pytest_django import Settings

from papers import sitemaps
from papers.bookmarklet import bookmarklet
from papers.models import Paper
from tests.papers.factories import PaperFactory
from tests.papers.pages import page_of, paper
from tests.services import missing

pytestmark = pytest.mark.django_db
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture
def small_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten keys a section."""
    monkeypatch.setattr(sitemaps, "SECTION", 10)


@pytest.fixture
def below_a_path(settings: Settings) -> Iterator[str]:
    """A site that is mounted at a path."""
    settings.FORCE_SCRIPT_NAME = "/tide"
    before = get_script_prefix()
    set_script_prefix("/tide/")
    yield "/tide"
    set_script_prefix(before)


def site_map(client: Client, address: str) -> list[tuple[str, str | None]]:
    """Address and last change of each entry, in order."""
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "application/xml; charset=utf-8"), address
    root = etree.fromstring(response.content)
    entries = root.findall("s:url", NAMES) + root.findall("s:sitemap", NAMES)
    assert len(entries) == len(root)
    return [(each.findtext("s:loc", "", NAMES), each.findtext("s:lastmod", None, NAMES)) for each in entries]


def make(keys: list[int], **fields: Any) -> None:
    for key in keys:
        PaperFactory.create(pk=key, **fields)


def test_the_site_map_leads_to_every_paper_once_and_to_no_removed_one(client: Client, small_sections: None) -> None:
    make([1, 9, 10, 19, 31, 32, 57])
    make([33, 41, 58], removed=True)
    parts = [address for address, _ in site_map(client, "/sitemap.xml")]
    numbers = [int(found[1]) for part in parts if (found := re.search(r"papers-(\d+)", part))]
    assert numbers == [5, 3, 1, 0]  # what came last first, nothing for a section of removed papers only
    listed = [address for part in parts if "papers-" in part for address, _ in site_map(client, part)]
    here = Paper.objects.filter(removed=False).order_by("-pk")
    assert listed == [f"http://testserver{each.get_absolute_url()}" for each in here]
    assert client.get("/sitemap-papers-4.xml").status_code == 404
    assert client.get("/sitemap-papers-99999999999999999999.xml").status_code == 404


def test_a_site_map_of_an_empty_site_has_its_own_pages(client: Client) -> None:
    parts = [address for address, _ in site_map(client, "/sitemap.xml")]
    assert parts == ["http://testserver/sitemap-pages.xml", "http://testserver/sitemap-categories.xml"]


def test_a_paper_in_the_site_map_has_the_day_of_its_last_change(client: Client) -> None:
    first = paper("2511.00001", day="2025-11-03")
    paper("hep-th/9108020", day="1991-08-26", updated="1992-02-01T10:00:00+00:00")
    entries = dict(site_map(client, f"/sitemap-papers-{first.pk // sitemaps.SECTION}.xml"))
    assert entries == {
        "http://testserver/arxiv/2511.00001": "2025-11-03",
        "http://testserver/arxiv/hep-th/9108020": "1992-02-01",
    }


def test_what_the_site_map_names_is_there_and_is_its_own_canonical_address(client: Client) -> None:
    addresses = [address for part in ("pages", "categories") for address, _ in site_map(client, f"/sitemap-{part}.xml")]
    assert len(addresses) > 150
    for address in addresses[:4] + addresses[4::17]:
        response = client.get(urlsplit(address).path)
        assert response.status_code == 200, address
        assert f'<link rel="canonical" href="{address}">' in response.content.decode(), address


def test_index_and_section_of_the_site_map_walk_the_primary_key(client: Client) -> None:
    number = PaperFactory.create().pk // sitemaps.SECTION
    with CaptureQueriesContext(connection) as asked:
        client.get("/sitemap.xml")
        client.get(f"/sitemap-papers-{number}.xml")
    index, section = [explained(query["sql"]) for query in asked]
    for plan in (index, section):
        assert re.search(r"SEARCH \w+ USING INTEGER PRIMARY KEY|Index Scan Backward using papers_paper_pkey", plan), (
            plan
        )
        assert not re.search("Seq Scan|TEMP B-TREE|Sort", plan), plan
    assert "SCAN papers_paper" not in section


def explained(sql: str) -> str:
    """The plan of a query; PostgreSQL is kept from reading so small a table whole."""
    assert "OFFSET" not in sql
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"{'EXPLAIN' if connection.vendor == 'postgresql' else 'EXPLAIN QUERY PLAN'} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_robots_are_told_of_the_site_map_and_kept_from_what_costs_work(client: Client) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert lines[-1] == "Sitemap: http://testserver/sitemap.xml"
    closed = [line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow: ")]

    def is_closed(address: str) -> bool:
        patterns = [re.escape(path).replace(r"\*", ".*") for path in closed]
        return any(re.match(pattern, address) for pattern in patterns)

    for address in (
        "/search?q=x",
        "/search/feed?q=x",
        "/search/bibtex?q=x",
        "/api/v1/papers",
        "/arxiv/2511.00001/related",
        "/arxiv/hep-th/9108020/bibtex",
        "/arxiv/cs.CL/ris?date=2025-11-21",
        "/bibtex?date=2025-11-21",
        "/marks",
        "/library",
        "/admin/",
    ):
        assert is_closed(address), address
    for address in (
        "/",
        "/help",
        "/tools",
        "/arxiv/cs.CL",
        "/arxiv/2511.00001",
        "/arxiv/cs.CL/feed",
        "/opensearch.xml",
    ):
        assert not is_closed(address), address


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("/?utm_source=x", "/"),
        ("/?page=1", "/"),
        ("/help?x", "/help"),
        ("/tools?x", "/tools"),
        ("/arxiv/cs.CL?page=1&sort=nonsense", "/arxiv/cs.CL"),
        ("/arxiv/cs.CL?to=2025-11-09&from=2025-11-02", "/arxiv/cs.CL?from=2025-11-02&to=2025-11-09"),
        ("/arxiv/2511.00001?x=1", "/arxiv/2511.00001"),
        ("/arxiv/2511.00001v1", "/arxiv/2511.00001"),
    ],
)
def test_a_page_of_several_addresses_names_the_one_that_counts(client: Client, address: str, one: str) -> None:
    paper("2511.00001")
    page = html.fromstring(client.get(address).content.decode())
    assert page.xpath("//link[@rel='canonical']/@href") == [f"http://testserver{one}"]


@pytest.mark.parametrize("address", ["/", "/arxiv/cs.CL", "/arxiv/cs.CL?date=2025-11-03", "/arxiv/2511.00001"])
def test_a_page_of_papers_names_a_feed_that_is_there(client: Client, address: str) -> None:
    paper("2511.00001")
    [feed] = page_of(client, address).xpath("//link[@rel='alternate'][@type='application/atom+xml']/@href")
    response = client.get(feed)
    assert response["Content-Type"].startswith("application/atom+xml")
    assert b"2511.00001" in response.content


def test_below_a_path_all_addresses_have_it(client: Client, below_a_path: str) -> None:
    made = paper("2511.00001")
    for address in ("/sitemap.xml", "/sitemap-pages.xml", f"/sitemap-papers-{made.pk // sitemaps.SECTION}.xml"):
        assert all(found.startswith("http://testserver/tide/") for found, _ in site_map(client, address))
    robots = client.get("/robots.txt").content.decode()
    assert "Disallow: /tide/search\n" in robots
    assert "Sitemap: http://testserver/tide/sitemap.xml" in robots
    manifest = client.get("/manifest.webmanifest").json()
    assert manifest["start_url"] == manifest["scope"] == "/tide/"
    description = etree.fromstring(client.get("/opensearch.xml").content)
    templates = [each.get("template") or "" for each in description if each.get("template")]
    assert len(templates) == 4
    assert all(template.startswith("http://testserver/tide/") for template in templates)
    assert "http://testserver/tide/" in unquote(page_of(client, "/tools").find_class("bookmarklet")[0].get("href"))


def test_the_manifest_names_what_a_browser_needs_and_icons_that_are_there(client: Client) -> None:
    response = client.get("/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    manifest = response.json()
    assert {"name", "short_name", "start_url", "scope", "display", "icons", "theme_color"} <= manifest.keys()
    for icon in manifest["icons"]:
        file = Path(finders.find(icon["src"].removeprefix("/static/")) or "")
        assert file.is_file(), icon
        if icon["type"] == "image/png":
            width, height = (int.from_bytes(file.read_bytes()[at : at + 4]) for at in (16, 20))
            assert icon["sizes"] == f"{width}x{height}"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_description_for_browsers_keeps_the_limits_of_opensearch_1_1(client: Client, language: str) -> None:
    root = etree.fromstring(client.get("/opensearch.xml", HTTP_ACCEPT_LANGUAGE=language).content)
    longest = {"ShortName": 16, "LongName": 48, "Description": 1024, "Tags": 256}
    for name, most in longest.items():
        [text] = [each.text or "" for each in root.iter(f"{OPENSEARCH}{name}")]
        assert 0 < len(text) <= most, name
    urls = {(each.get("type"), each.get("rel")): each.get("template") for each in root.iter(f"{OPENSEARCH}Url")}
    assert urls.keys() == {
        ("text/html", "results"),
        ("application/atom+xml", "results"),
        ("application/x-suggestions+json", "suggestions"),
        ("application/opensearchdescription+xml", "self"),
    }
    assert all("{searchTerms}" in (urls[kind] or "") for kind in urls if kind[1] != "self")
    for image in root.iter(f"{OPENSEARCH}Image"):
        name = urlsplit(image.text or "").path.removeprefix("/static/")
        assert finders.find(name), name
    assert [each.text for each in root.iter(f"{OPENSEARCH}Language")] == ["en", "*"]
    assert root.find(f"{OPENSEARCH}Query").get("role") == "example"


@pytest.fixture(scope="module")
def node() -> str:
    """The program that runs JavaScript."""
    return shutil.which("node") or missing("no node: install Debian's package nodejs, or Node.js itself")


def clicked(node: str, address: str, selected: str = "", site: str = "https://tide.example/x/") -> str:
    """Where the bookmarklet leads from a page, run as a browser runs it: percent signs decoded, nothing else there."""
    code = unquote(bookmarklet(site).removeprefix("javascript:"))
    page = f"globalThis.location = {{href: {json.dumps(address)}}};" + (
        f"globalThis.getSelection = () => ({{toString: () => {json.dumps(selected)}}});"
    )
    done = subprocess.run(
        [
            node,
            "-e",
            f"{page}\nconst result = {code};\nif (result !== undefined) throw result;console.log(location.href)",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("address", "selected", "place"),
    [
        ("https://arxiv.org/abs/1706.03762", "", "arxiv/1706.03762"),
        ("https://arxiv.org/pdf/hep-th/9108020v2", "some text", "arxiv/hep-th/9108020v2"),
        ("https://arxiv.org/list/cs.CL/new", "", "arxiv/cs.CL"),
        ("https://example.org/", "  deep “tides” & more ", "search?q=deep%20%E2%80%9Ctides%E2%80%9D%20%26%20more"),
        ("https://example.org/", "", "search"),
        ("https://arxiv.org/help", "tides", "search?q=tides"),
    ],
)
def test_the_bookmarklet_leads_to_the_counterpart_or_a_search(
    node: str, address: str, selected: str, place: str
) -> None:
    assert clicked(node, address, selected) == f"https://tide.example/x/{place}"


def test_a_long_selection_is_cut(node: str) -> None:
    assert len(clicked(node, "https://example.org/", "x" * 5000)) < 1100


def test_the_bookmarklet_is_plain_ascii_that_needs_no_escaping_in_a_bookmark() -> None:
    made = bookmarklet("https://tide.example/")
    assert re.fullmatch(r"javascript:[!-~]+", made)
    assert not set(made) & set("'\"<>#`\\^|{}")
    assert len(made) < 4000
