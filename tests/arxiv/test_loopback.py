"""The loopback arXiv speaks as arXiv does, to the libraries that read it, and shows what is public and no more."""

import json
import threading
import time
import xml.etree.ElementTree as ET
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest
from django.conf import LazySettings

from papers.shelf import read_shelf
from tests.arxiv import LoopbackArxiv, World, serve
from tests.arxiv.conftest import FIRST, Get
from tests.arxiv.recorded import NotRecordedError
from tests.arxiv.texts import both_names
from workers import calendar
from workers.sources.api import ApiIds
from workers.sources.transport import Patience

OAI = "{http://www.openarchives.org/OAI/2.0/}"
CALM = Patience(tries=1, connect=2, read=5, budget=20)


def walk(get: Get, verb: str = "ListRecords", **query: str) -> list[ET.Element]:
    """All pages of a list."""
    pages = []
    while True:
        pages.append(ET.fromstring(get("/oai", verb=verb, **query).body))
        token = pages[-1].findtext(f"{OAI}{verb}/{OAI}resumptionToken")
        if not token:
            return pages
        query = {"resumptionToken": token}


def ids_of(pages: list[ET.Element]) -> list[str]:
    """The ids in the pages' headers."""
    return [
        (found.text or "").removeprefix("oai:arXiv.org:") for page in pages for found in page.iter(f"{OAI}identifier")
    ]


def code_of(body: bytes) -> str:
    """The code of a protocol error."""
    return ET.fromstring(body).find(f"{OAI}error").get("code")  # type: ignore[union-attr, return-value]


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_feeds_list_the_day(world: World, get: Get, form: str) -> None:
    for day in world.days:
        world.now = calendar.feed_from(day) + timedelta(hours=3)
        feed = feedparser.parse(get(f"/{form}/cs").body)
        assert not feed.bozo
        got = [(item.id, item.arxiv_announce_type) for item in feed.entries]
        lines = world.listing(day, "cs")
        assert got == [(f"oai:arXiv.org:{arxiv_id}v{version}", kind) for arxiv_id, version, kind in lines]
        item, record = feed.entries[0], world.records(day)[lines[0][0]]
        assert item.summary == f"arXiv:{lines[0][0]}v1 Announce Type: new \nAbstract: {record.abstract}"
        assert item.title == record.title
        assert item.published.startswith(day.isoformat()) or f"{day:%d %b %Y} 00:00:00 -0400" in item.published


def test_joined_categories_are_one_list(world: World, get: Get) -> None:
    feed = feedparser.parse(get("/rss/cs.LG+cs.CL+stat.ML").body)
    wanted = frozenset({"cs.LG", "cs.CL", "stat.ML"})
    assert [item.id.rpartition(":")[2].rpartition("v")[0] for item in feed.entries] == [
        line[0] for line in world.lines(world.days[-1], wanted)
    ]
    assert get("/rss/cs.NOPE").status == 400


def test_authors_and_rights_stand_as_arxiv_writes_them(get: Get, world: World) -> None:
    text = get("/rss/cs+math+physics+stat+quant-ph").text
    assert "<dc:rights>http" in text
    names = {name for record in world.records().values() for name in record.authors}
    assert any(not name.isascii() for name in names)
    assert any(f"\\{mark}" in text for mark in ("&#x27;", "&quot;", "c{", "v{", "H{"))


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_days_without_announcement_have_an_empty_feed_of_their_own_date(world: World, get: Get, form: str) -> None:
    saturday = FIRST + timedelta(days=5)
    world.now = calendar.feed_from(saturday) + timedelta(hours=10)
    body = get(f"/{form}/cs").text
    assert not feedparser.parse(body).entries
    assert ("26 Sep 2026" if form == "rss" else "2026-09-26") in body


def test_the_clock_opens_each_interface_at_its_hour(world: World, get: Get) -> None:
    day = world.days[2]
    (newest,) = world.new_ids(day)[-1:]

    def shown() -> tuple[bool, bool, bool]:
        return (
            newest in get("/rss/cs+math+physics+stat+hep-th+quant-ph+q-bio+astro-ph+cond-mat+gr-qc+eess").text,
            newest in ids_of(walk(get, metadataPrefix="arXiv")),
            f"/{newest}v1" in get("/api/query", id_list=newest).text,
        )

    for moment, expected in (
        (calendar.announced_at(day) - timedelta(seconds=1), (False, False, False)),
        (calendar.announced_at(day), (False, False, True)),
        (calendar.harvest_from(day), (False, True, True)),
        (calendar.feed_from(day), (True, True, True)),
        (calendar.feed_from(world.days[3]), (False, True, True)),
    ):
        world.now = moment
        assert shown() == expected


@pytest.mark.parametrize("form", ["arXivRaw", "arXiv"])
def test_tokens_give_every_record_once(world: World, get: Get, form: str) -> None:
    pages = walk(get, metadataPrefix=form)
    assert len(pages) == -(-len(world.papers) // 50)
    assert sorted(ids_of(pages)) == sorted(world.papers)
    tokens = [page.find(f"{OAI}ListRecords/{OAI}resumptionToken") for page in pages]
    assert [token.get("cursor") for token in tokens if token is not None] == [str(50 * n) for n in range(len(pages))]
    assert {token.get("completeListSize") for token in tokens if token is not None} == {str(len(world.papers))}


def test_windows_and_sets(world: World, get: Get) -> None:
    day = world.days[1]
    stamp = (day - calendar.ONE).isoformat()
    states = world.states(world.days[-1])
    changed = {arxiv_id for arxiv_id, state in states.items() if state.changed == day}
    window = {"from": stamp, "until": stamp}
    assert set(ids_of(walk(get, metadataPrefix="arXiv", **window))) == changed
    assert set(ids_of(walk(get, "ListIdentifiers", metadataPrefix="arXiv", **window))) == changed
    division = next(name for arxiv_id in changed for name in states[arxiv_id].categories if name.startswith("cs."))
    in_it = {arxiv_id for arxiv_id in changed if division in states[arxiv_id].categories}
    pages = walk(get, metadataPrefix="arXivRaw", set=f"cs:cs:{division[3:]}", **window)
    assert set(ids_of(pages)) == in_it
    in_all = {arxiv_id for arxiv_id in changed if any(name.startswith("cs.") for name in states[arxiv_id].categories)}
    assert set(ids_of(walk(get, metadataPrefix="arXivRaw", set="cs", **window))) >= in_all > in_it
    for name in ("cs", "cs:cs", "physics:hep-th", "physics:physics:plasm-ph", "physics:astro-ph:CO", "math:math:AG"):
        assert f"<setSpec>{name}</setSpec>" in get("/oai", verb="ListSets").text


def test_raw_records_hold_all_versions(world: World, get: Get) -> None:
    paper = next(paper for paper in world.papers.values() if len(paper.versions) > 1)
    query = {"verb": "GetRecord", "metadataPrefix": "arXivRaw", "identifier": f"oai:arXiv.org:{paper.arxiv_id}"}
    record = ET.fromstring(get("/oai", **query).body)
    raw = "{http://arxiv.org/OAI/arXivRaw/}"
    assert [found.get("version") for found in record.iter(f"{raw}version")] == [
        f"v{version.number}" for version in paper.versions
    ]
    assert " ".join(record.findtext(f".//{raw}abstract", "").split()) == paper.versions[-1].abstract


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "badVerb"),
        ({"verb": "ListRecords"}, "badArgument"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc"}, "cannotDisseminateFormat"),
        ({"verb": "ListRecords", "metadataPrefix": "arXiv", "from": "yesterday"}, "badArgument"),
        (
            {"verb": "ListRecords", "metadataPrefix": "arXiv", "from": "2026-09-02", "until": "2026-09-01"},
            "badArgument",
        ),
        ({"verb": "ListRecords", "metadataPrefix": "arXiv", "from": "2030-01-01"}, "noRecordsMatch"),
        ({"verb": "ListRecords", "metadataPrefix": "arXiv", "set": "nonsense"}, "badArgument"),
        ({"verb": "ListRecords", "resumptionToken": "x"}, "badResumptionToken"),
        ({"verb": "ListRecords", "resumptionToken": "x", "metadataPrefix": "arXiv"}, "badArgument"),
        ({"verb": "GetRecord", "metadataPrefix": "arXiv", "identifier": "oai:arXiv.org:1"}, "idDoesNotExist"),
    ],
)
def test_errors_of_the_protocol(get: Get, query: dict[str, str], code: str) -> None:
    assert code_of(get("/oai", **query).body) == code


def test_a_token_is_good_until_the_next_harvest(world: World, get: Get) -> None:
    world.now = calendar.harvest_from(world.days[3])
    token = ET.fromstring(get("/oai", verb="ListRecords", metadataPrefix="arXiv").body).findtext(
        f".//{OAI}resumptionToken"
    )
    assert b"<record>" in get("/oai", verb="ListRecords", resumptionToken=str(token)).body
    world.now = calendar.harvest_from(world.days[4])
    assert code_of(get("/oai", verb="ListRecords", resumptionToken=str(token)).body) == "badResumptionToken"


def test_deleted_papers(world: World, get: Get) -> None:
    gone = world.new_ids(world.days[0])[0]
    world.delete(gone, world.days[3])
    stamp = (world.days[3] - calendar.ONE).isoformat()
    pages = walk(get, metadataPrefix="arXiv", **{"from": stamp, "until": stamp})
    headers = [header for page in pages for header in page.iter(f"{OAI}header") if header.get("status") == "deleted"]
    assert [header.findtext(f"{OAI}identifier") for header in headers] == [f"oai:arXiv.org:{gone}"]
    assert "<entry>" not in get("/api/query", id_list=gone).text
    assert gone not in world.records()


@pytest.fixture
def api(server: LoopbackArxiv, settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's own reader asks the server."""
    settings.ARXIV_API_URL = f"{server.url}/api/query"
    settings.DATA_DIR = tmp_path
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.usefixtures("api")
def test_the_arxiv_package_reads_papers_by_id(world: World) -> None:
    wanted = [*world.new_ids(world.days[4])[:3], *(name for name in world.papers if "/" in name), "2609.99999"]
    records = {record.arxiv_id: record for page in ApiIds(wanted, CALM).pages() for record in page.records}
    assert set(records) == set(wanted[:-1])
    for arxiv_id, record in records.items():
        true = world.records()[arxiv_id]
        assert (record.title, record.abstract, record.authors) == (true.title, true.abstract, true.authors)
        assert (record.categories, record.published, record.updated) == (true.categories, true.published, true.updated)


def test_a_version_by_id(world: World, get: Get) -> None:
    paper = next(paper for paper in world.papers.values() if len(paper.versions) > 1)
    first = feedparser.parse(get("/api/query", id_list=f"{paper.arxiv_id}v1").body).entries
    assert [(entry.id, entry.title) for entry in first] == [
        (f"http://arxiv.org/abs/{paper.arxiv_id}v1", paper.versions[0].title)
    ]
    assert not feedparser.parse(get("/api/query", id_list=f"{paper.arxiv_id}v9").body).entries


def test_searches(world: World, get: Get) -> None:
    start, end = calendar.window(world.days[2])
    dates = f"submittedDate:[{start:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}]"
    feed = feedparser.parse(
        get(
            "/api/query",
            search_query=f"(cat:cs.LG OR cat:math.*) AND {dates}",
            max_results="3",
            start="1",
            sortBy="submittedDate",
            sortOrder="ascending",
        ).body
    )
    found = [
        record
        for record in world.records().values()
        if any(name == "cs.LG" or name.startswith("math.") for name in both_names(record.categories))
        and start <= record.published < end
    ]
    found.sort(key=lambda record: record.published)
    assert int(feed.feed.opensearch_totalresults) == len(found) > 1
    assert [entry.id.rpartition("/")[2].partition("v")[0] for entry in feed.entries] == [
        record.arxiv_id for record in found[1:4]
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"id_list": "abc"},
        {"search_query": "cat:cs.LG AND ("},
        {"search_query": "cat:cs.LG", "max_results": "-1"},
        {"search_query": "cat:cs.LG", "start": "30001"},
        {"search_query": "nofield:x"},
        {"search_query": "submittedDate:[20269999 TO 20260101]"},
    ],
)
def test_refused_queries(get: Get, query: dict[str, str]) -> None:
    answer = get("/api/query", **query)
    assert answer.status == 400
    assert "https://arxiv.org/api/errors#" in feedparser.parse(answer.body).entries[0].id


def test_control_sets_and_shows(server: LoopbackArxiv, get: Get) -> None:
    wanted = {"now": "2026-09-22T12:00:00+00:00", "faults": {"too_many": 1, "retry_after": "7", "only": ["api"]}}
    state = json.loads(get("/control", json.dumps(wanted).encode()).body)
    assert (state["now"], state["faults"]["too_many"]) == (wanted["now"], 1)
    assert server.world.public_day("rss") == server.world.days[1]
    assert get("/oai", verb="Identify").status == 200
    refused = get("/api/query", id_list="2609.00001")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "7")
    state = json.loads(get("/control").body)
    assert state["requests"]["counts"] == {"oai 200": 1, "api 429": 1}
    bad: object
    for bad in ({"faults": {"nonsense": 1}}, {"faults": {"slow": "x"}}, {"then": 1}, {"now": "noon"}, []):
        answer = get("/control", json.dumps(bad).encode())
        assert (answer.status, "error" in json.loads(answer.body)) == (400, True)
    assert json.loads(get("/control").body)["faults"] == state["faults"]


def test_the_log_tells_what_came_at_once(server: LoopbackArxiv, get: Get) -> None:
    for _ in range(20):
        get("/oai", verb="Identify")
    assert (len(server.log), server.log.most_open, server.log.overlaps()) == (20, 1, 0)
    assert len(server.log.gaps()) == 19
    assert server.log.entries[0].user_agent.startswith("Python-urllib")
    server.log.clear()
    server.faults.set(slow=0.3)
    threads = [threading.Thread(target=get, args=("/oai",), kwargs={"verb": "Identify"}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.log.most_open > 1
    assert server.log.overlaps() > 0


def test_recorded_answers_as_they_are(server: LoopbackArxiv, get: Get, shared_data: Path) -> None:
    folder = shared_data / "arxiv-wire"
    name = "rss/rss2-cs.LG+cs.AI+cs.CL+stat.ML-2026-09-24.xml"
    assert get(f"/recorded/{name}").body == (folder / name).read_bytes()
    assert get("/recorded/../README.md").status == 404
    server.recorded.stand_in(name, "/rss/cs.LG")
    assert get("/rss/cs.LG").body == (folder / name).read_bytes()
    server.recorded.stand_in_for_api()
    items = json.loads((folder / "atom-api" / "index.json").read_text())
    refused = next(item for item in items if item["status"] == 400)
    answer = get("/api/query", id_list="abc", start="0", max_results="1", search_query="")
    assert (answer.status, answer.body) == (400, (folder / refused["file"]).read_bytes())
    assert b"<entry>" in get("/api/query", id_list=server.world.new_ids(server.world.days[0])[0]).body


def test_without_recorded_answers_it_says_so(server: LoopbackArxiv, get: Get, tmp_path: Path) -> None:
    server.recorded.folder = tmp_path / "absent"
    answer = get("/recorded/rss/any.xml")
    assert (answer.status, answer.text) == (404, "the recorded responses are not on this machine\n")
    with pytest.raises(NotRecordedError, match="not on this machine"):
        server.recorded.stand_in("rss/any.xml", "/rss/cs")


def test_pages_come_at_2000_records_a_second() -> None:
    count = 4_000
    with serve(World.bulk(count, records=read_shelf())) as server:
        began, token, got = time.monotonic(), "", 0
        while token or not got:
            query = {"resumptionToken": token} if token else {"metadataPrefix": "arXivRaw"}
            context = server._context()
            body = server._oai.answer(context, {"verb": "ListRecords", **query}).body
            page = ET.fromstring(body)
            got += len(ids_of([page]))
            token = page.findtext(f".//{OAI}resumptionToken") or ""
    assert got == count
    assert time.monotonic() - began < count / 2_000
