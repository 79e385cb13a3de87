"""The pages in Simplified Chinese: the catalogue is complete, and nothing on any page is left in English.

The papers of this site are the sample shelf's in Cyrillic letters, so that a Latin word on a page is the page's own.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polib
import pytest
from django.test import Client
from django.utils import translation
from lxml import html
from numpy.typing import NDArray
from pytest_django import Settings

from papers.categories import ARCHIVES, CATEGORIES
from papers.category_names import name_of
from papers.ingest import ingest
from papers.models import Paper
from papers.records import PaperRecord
from papers.shelf import read_shelf
from scripts import messages
from search.encoder import Encoder, text_hash, text_of
from search.engines.base import Engine
from search.indexing import index_pending
from search.vectors import store
from tests.databases import ROOT
from tests.papers.factories import day_list, version_of

CATALOGUE = messages.catalogue(ROOT, "zh_Hans")
CHINESE: dict[str, Any] = {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9,en;q=0.5"}
DAY = "2025-11-21"
_CYRILLIC = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "абцдефгхийклмнопярстувшжызАБЦДЕФГХИЙКЛМНОПЯРСТУВШЖЫЗ"
)
_PLACE = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|</?[a-z]+[^>]*>")
_CHINESE_LETTER = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def entries() -> list[polib.POEntry]:
    """What the catalogue holds."""
    return list(polib.pofile(str(CATALOGUE)))


def forms(entry: polib.POEntry | polib.MOEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_every_text_is_translated(entries: list[polib.POEntry]) -> None:
    assert len(entries) > 500
    assert [entry.msgid for entry in entries if not entry.translated() or entry.fuzzy or entry.obsolete] == []


def test_places_and_tags_are_those_of_the_english_text(entries: list[polib.POEntry]) -> None:
    for entry in entries:
        originals = {tuple(sorted(_PLACE.findall(text))) for text in (entry.msgid, entry.msgid_plural) if text}
        for text in forms(entry):
            assert tuple(sorted(_PLACE.findall(text))) in originals, entry.msgid


def test_plurals_have_the_one_form_that_chinese_has(entries: list[polib.POEntry]) -> None:
    plural = [entry for entry in entries if entry.msgid_plural]
    assert plural
    assert all(list(entry.msgstr_plural) == [0] for entry in plural)
    assert polib.pofile(str(CATALOGUE)).metadata["Plural-Forms"] == "nplurals=1; plural=0;"


def test_chinese_is_written_with_its_own_punctuation(entries: list[polib.POEntry]) -> None:
    half = re.compile("[\u4e00-\u9fff][,;:?!()]|[\u4e00-\u9fff]\\.(?:$|[^\\w])")
    assert [text for entry in entries for text in forms(entry) if half.search(_PLACE.sub("", text))] == []


def test_every_category_and_archive_has_a_chinese_name() -> None:
    with translation.override("zh-hans"):
        names = {code: name_of(code) for code in (*CATEGORIES, *ARCHIVES)}
    assert [code for code, name in names.items() if not _CHINESE_LETTER.search(name)] == []


def test_the_compiled_catalogue_is_the_text() -> None:
    text = {(entry.msgctxt, entry.msgid): forms(entry) for entry in polib.pofile(str(CATALOGUE))}
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    assert {(entry.msgctxt, entry.msgid): forms(entry) for entry in compiled} == text


@pytest.mark.skipif(not shutil.which("xgettext"), reason=messages.NO_GETTEXT)
def test_the_catalogue_holds_what_the_sources_say(tmp_path: Path, entries: list[polib.POEntry]) -> None:
    messages.gather(tmp_path)
    found = polib.pofile(str(messages.catalogue(tmp_path, "zh_Hans")))
    kept = {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in entries}
    assert {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in found} == kept, "run `make messages`"


# --- every page, read ---


def _cyrillic(record: PaperRecord) -> PaperRecord:
    return replace(
        record,
        title=record.title.translate(_CYRILLIC),
        abstract=record.abstract.translate(_CYRILLIC),
        authors=tuple(name.translate(_CYRILLIC) for name in record.authors),
        comment=record.comment.translate(_CYRILLIC),
        journal_ref=record.journal_ref.translate(_CYRILLIC),
    )


@pytest.fixture(scope="module")
def foreign_records(encoder: Encoder) -> tuple[list[PaperRecord], NDArray[np.float32]]:
    """Forty records without a Latin letter in their text, and their vectors, encoded once."""
    plain = [record for record in read_shelf() if not set("$\\") & set(record.title + record.abstract)]
    records = [_cyrillic(record) for record in plain[:40]]
    return records, encoder.encode([text_of(record.title, record.abstract) for record in records])


@pytest.fixture
def foreign_site(
    db: None, engine: Engine, encoder: Encoder, foreign_records: tuple[list[PaperRecord], NDArray[np.float32]]
) -> list[Paper]:
    """These papers in database and index, with the announcement lists of two days."""
    records, vectors = foreign_records
    ingest(records)
    keys = dict(Paper.objects.values_list("arxiv_id", "pk"))
    hashes = [text_hash(text_of(record.title, record.abstract)) for record in records]
    store(encoder.name, [keys[record.arxiv_id] for record in records], hashes, vectors)
    assert index_pending() == len(records)
    papers = list(Paper.objects.order_by("-published"))
    version_of(papers[3], 1, title="Старый", authors=["Аб Цд", "Еф Гх"])
    Paper.objects.filter(pk=papers[3].pk).update(version=2, updated=papers[3].published)
    Paper.objects.filter(pk=papers[4].pk).update(
        doi="10.1/x",
        comment="12 стр.",
        journal_ref="Ж. 12",
        license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    )
    papers[3].refresh_from_db()
    day_list("cs.CL", "2025-11-20", new=papers[6:8])
    day_list("cs.CL", DAY, new=papers[:2], cross=papers[2:3], replace=papers[3:5], replace_cross=papers[5:6])
    return papers


# What stays as it is in Chinese: names, formats, codes, what is typed into a query or an address.
_CODE = "|".join(sorted(map(re.escape, {*CATEGORIES, *ARCHIVES}), key=len, reverse=True))
_ALLOWED = re.compile(
    rf"""
      https?://\S+ | (?:doi:)?\b10\.\d+/\S+ | \{{\w+\}} | %\(\w+\)s
    | \b(?:arXiv(?:\.org)?|Papertide|BibTeX|RIS|CSV|PDF|HTML|DOI|JSON|API|UTC|Atom|OAI-PMH|Cookie|OpenSearch|JavaScript
        |Chromium|Chrome|Edge|Firefox|LaTeX|JabRef|Zotero|EndNote|Mendeley|Python|healthz|readyz|metrics|Esc|Enter)\b
    | \b(?:title|abs|author|cat|id|comment|journal|doi|date|sort|field|nosuch):
    | \b(?:sort=|OR|NOT|relevance|new|old|stars|cross|replace)(?=[“”、，。 =,]|$)
    | process\ reward,\ tabular\ data | embedded,\ tantivy | all-MiniLM-L6-v2 | arxiv,\ time,\ stars,\ preference
    | (?<![\w.-])(?:{_CODE})(?:[+-](?:{_CODE}))*(?!\w) | \bv\d+\b
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[A-Za-z]{2,}")
_SPOKEN = {"title", "aria-label", "placeholder", "alt"}
_FOR_SCRIPTS_ALONE = {"data-paper", "data-suggest", "data-do", "data-hint", "data-theme", "data-near", "data-copy"}
_NOT_READ = {"script", "style", "code", "kbd", "textarea"}


def _is_read(node: Any) -> bool:
    return not any(each.tag in _NOT_READ or each.get("lang") == "en" for each in (node, *node.iterancestors()))


def _told(page: Any) -> Iterator[str]:
    """All that a page tells, to the eye, by voice or through a script, and its description; but what is code or marked
    as English."""
    for node in page.iter(html.etree.Element):
        if not _is_read(node):
            continue
        yield from node.xpath("text()")
        for name, text in node.items():
            is_description = node.tag == "meta" and node.get("name") == "description" and name == "content"
            if is_description or name in _SPOKEN or (name.startswith("data-") and name not in _FOR_SCRIPTS_ALONE):
                yield text


def left_in_english(text: str) -> set[str]:
    """What a page tells in Latin letters beyond what is allowed."""
    if not text.strip():
        return set()
    return {" ".join(told.split()) for told in _told(html.fromstring(text)) if _WORD.search(_ALLOWED.sub("", told))}


def in_chinese(client: Client, address: str, status: int = 200, **more: Any) -> Any:
    """The page of an address for a Chinese browser, which holds nothing in English."""
    response = client.get(address, **CHINESE, **more)
    assert response.status_code == status, address
    text = response.content.decode()
    assert left_in_english(text) == set(), address
    return html.fromstring(text)


def test_what_is_left_in_english_is_found(client: Client, db: None) -> None:
    english = client.get("/help").content.decode()
    told = left_in_english(english.replace('<html lang="en"', '<html lang="zh-hans"'))
    assert {"Skip to the content", "Search arXiv’s papers", "Words, a title, an author, an arXiv id"} <= told


LISTS = [
    *("/", "/?from=2025-11-20&to=2025-11-21", "/?date=1990-01-01", "/?month=2025-11-01", "/?part=calendar"),
    *("/arxiv/cs.CL", f"/arxiv/cs.CL?date={DAY}", f"/arxiv/cs.CL?date={DAY}&part=1", "/arxiv/cs.CL?sort=preference"),
    *("/arxiv/cs.CL+cs.LG-cs.CV?titles=1&hide=seen", "/arxiv/math.KT", f"/arxiv/math.KT?date={DAY}"),
    *("/arxiv/cs.CL?date=2025-11-24", f"/arxiv/cs.CL?date={DAY}&without=cross", "/arxiv/physics"),
]
ODD_LISTS = ["/?date=вчера", "/arxiv/cs?sort=криво", "/arxiv/cs.CL?from=2025-11-25&to=2025-11-21&without=всё"]


def test_lists_are_chinese(foreign_site: list[Paper], client: Client) -> None:
    client.post("/marks", {"star": foreign_site[0].arxiv_id})
    client.post("/marks", {"seen": foreign_site[1].arxiv_id})
    for address in LISTS:
        in_chinese(client, address)
    for address in ODD_LISTS:
        assert in_chinese(client, address, 400).xpath("//*[contains(@class, 'notes')]"), address
    in_chinese(client, "/arxiv/cs.CL?page=99", 404)
    in_chinese(client, "/arxiv/ффф", 404)
    in_chinese(client, "/arxiv/" + "+".join(["cs.CL"] * 800), 404)
    day = in_chinese(client, f"/arxiv/cs.CL?date={DAY}")
    assert day.xpath("//p[@class='of-day']")[0].text_content() == "2025年11月21日 星期五"
    assert day.xpath("//p[@class='names']")[0].text_content() == "计算与语言"
    several = in_chinese(client, "/arxiv/cs.CL+cs.LG-cs.CV")
    assert several.xpath("//p[@class='names']")[0].text_content() == "计算与语言、机器学习；不含 计算机视觉与模式识别"


def test_papers_are_chinese(foreign_site: list[Paper], client: Client) -> None:
    one, changed = foreign_site[0].arxiv_id, foreign_site[3].arxiv_id
    for paper in foreign_site[:6]:
        in_chinese(client, f"/arxiv/{paper.arxiv_id}")
    for address in (f"{changed}v9", f"{changed}?compare=1..2", f"{one}?map=1", f"{one}/related", f"{one},{changed}"):
        in_chinese(client, f"/arxiv/{address}")
    in_chinese(client, f"/arxiv/{changed}?compare=7..9", 400)
    assert in_chinese(client, f"/arxiv/{one}/neighbourhood", HTTP_HX_REQUEST="true").xpath("//ol/li")
    in_chinese(client, f"/arxiv/{one},2401.00001")
    in_chinese(client, "/arxiv/2401.00001", 202)
    in_chinese(client, "/arxiv/2913.00001", 404)
    Paper.objects.filter(pk=foreign_site[9].pk).update(removed=True)
    in_chinese(client, f"/arxiv/{foreign_site[9].arxiv_id}", 410)


def test_searches_are_chinese(foreign_site: list[Paper], client: Client) -> None:
    one = foreign_site[0]
    word, long = one.title.split()[0], " ".join(one.abstract.split()[:60])
    odd = [
        f'"{word}',
        "бред:аб date:2099-99 ) ( OR - NOT title: -cat:cs.LG date:>2010 sort:new sort:stars (а OR б)",
        'id:аб "" title:author:аб date:2024..2020 date:2024-02-30',
        *("ыыыыыы", "-аб", "title: аб cat:бред sort:бред", f"author: {word}", "(" * 60 + word, long),
    ]
    for query in (word, *odd, f'author:"{one.authors[0]}" cat:{one.categories[0]}'):
        for more in ({}, {"facets": "1"}):
            response = client.get("/search", {"q": query, **more}, **CHINESE)
            assert response.status_code == 200, query
            assert left_in_english(response.content.decode()) == set(), query
    for address in ("/search", f"/search?q={word}&from=abc", f"/search?q={word}&sort=stars", "/search/hints"):
        in_chinese(client, address)
    assert in_chinese(client, f"/search/facets?q={word}", HTTP_HX_REQUEST="true").xpath("//h2")
    in_chinese(client, f"/search?q={word}&page=999", 404)
    client.post("/search/save", {"q": word, "next": "/library"})
    assert word in in_chinese(client, "/library").text_content()
    author = in_chinese(client, client.get(f"/author/{one.authors[0]}")["Location"])
    assert author.xpath("//h1")[0].text_content() == one.authors[0]
    in_chinese(client, client.get("/author/Нет Такого")["Location"], 404)


def test_the_other_pages_are_chinese_on_an_empty_site(engine: Engine, db: None, client: Client) -> None:
    for address in ("/", "/arxiv/cs.CL", "/library", "/tools", "/help", "/status", "/search?q=аб"):
        in_chinese(client, address)


@pytest.mark.urls("tests.papers.broken_urls")
def test_pages_for_faults_are_chinese(db: None, settings: Settings) -> None:
    settings.DEBUG = False
    reader = Client(raise_request_exception=False)
    paths = {"/нигде": 404, "/papers/2401.00001": 404, "/cs.CLL": 404, "/denied": 403, "/suspicious": 400}
    for path, status in (paths | {"/busy/20": 429, "/busy/200": 429, "/broken": 500}).items():
        in_chinese(reader, path, status)
    settings.ALLOWED_HOSTS = ["papers.example"]
    in_chinese(reader, "/", 400, HTTP_HOST="evil.example")


# --- which language ---


@pytest.mark.parametrize(
    ("accepts", "language"),
    [
        *(("zh-CN,zh;q=0.9", "zh-hans"), ("zh-Hans-CN", "zh-hans"), ("zh-hans", "zh-hans"), ("zh", "zh-hans")),
        *(("zh-SG", "zh-hans"), ("en-GB,zh-CN;q=0.5", "en"), ("de", "en"), ("de,zh-CN;q=0.5", "zh-hans"), ("", "en")),
    ],
)
def test_a_browser_gets_its_language(client: Client, db: None, accepts: str, language: str) -> None:
    response = client.get("/help", HTTP_ACCEPT_LANGUAGE=accepts)
    assert html.fromstring(response.content.decode()).get("lang") == language
    assert response["Content-Language"] == language
    assert {"Accept-Language", "Cookie"} <= set(re.split(r",\s*", response["Vary"]))


def test_the_switch_at_the_foot_goes_before_what_the_browser_asks_for(client: Client, db: None) -> None:
    chosen = client.post("/language", {"language": "zh-hans", "next": "/help"})
    assert (chosen.status_code, chosen["Location"]) == (302, "/help")
    assert client.cookies["language"].value == "zh-hans"
    assert client.get("/help", HTTP_ACCEPT_LANGUAGE="en")["Content-Language"] == "zh-hans"
    switch = html.fromstring(client.get("/help").content.decode()).xpath("//footer//button[@name='language']")
    assert [button.text_content() for button in switch] == ["English", "简体中文"]
    client.post("/language", {"language": "en"})
    assert client.get("/help", **CHINESE)["Content-Language"] == "en"
    client.cookies["language"] = "../x"
    assert client.get("/help", **CHINESE)["Content-Language"] == "zh-hans"


def test_numbers_are_in_groups_of_three() -> None:
    from django.contrib.humanize.templatetags.humanize import intcomma

    with translation.override("zh-hans"):
        assert intcomma(364_000) == "364,000"


def test_what_programs_read_stays_english(foreign_site: list[Paper], client: Client) -> None:
    one = foreign_site[0]
    author = client.get(f"/author/{one.authors[0]}")["Location"]
    feeds = [f"/arxiv/{one.arxiv_id}/feed", f"/arxiv/{one.arxiv_id}/related/feed", f"{author}/feed"]
    for address in ("/feed", "/arxiv/cs.CL/feed", "/search/feed?q=аб", *feeds):
        assert 'xml:lang="en"' in _for_programs(client, address), address
    for address in ("/api/v1/categories", "/api/v1/suggest?q=comp", "/api/v1/nowhere"):
        _for_programs(client, address)
    assert "Unknown category" in _for_programs(client, "/api/v1/search?q=cat:cs.XX%20аб")


def _for_programs(client: Client, address: str) -> str:
    response = client.get(address, **CHINESE)
    assert response["Content-Language"] == "en", address
    text: str = response.content.decode()
    assert not _CHINESE_LETTER.search(text), address
    return text
