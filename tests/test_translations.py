"""The pages in Simplified Chinese: the catalogue is complete, and nothing on any page is left in English.

The papers of this site are the sample shelf's in Cyrillic letters, so that a Latin word on a page is the page's own.
"""

import re
import shutil
from pathlib import Path

import polib
import pytest
from django.test import Client
from django.utils import translation
from lxml import html
from pytest_django import Settings

from papers.categories import ARCHIVES, CATEGORIES
from papers.category_names import name_of
from papers.models import Paper
from scripts import messages
from search.engines.base import Engine
from tests.chinese import CHINESE, DAY, in_chinese, left_in_english
from tests.databases import ROOT

CATALOGUE = messages.catalogue(ROOT, "zh_Hans")
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
    for address in ("/", "/arxiv/cs.CL", "/library", "/tools", "/classify", "/help", "/status", "/search?q=аб"):
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
