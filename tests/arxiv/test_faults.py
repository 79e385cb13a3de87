"""Every switch does what it says, and no more."""

import http.client
import random
import threading
import time
import xml.etree.ElementTree as ET
from datetime import timedelta

import feedparser
import pytest

from papers.categories import canonical
from papers.shelf import read_shelf
from tests.arxiv import Faults, LoopbackArxiv, World, serve
from tests.arxiv.conftest import FIRST, Get
from tests.arxiv.test_loopback import OAI, code_of, ids_of, walk
from workers import calendar

SEARCH = {"search_query": "cat:cs.* OR cat:math.* OR cat:stat.*", "sortBy": "submittedDate", "max_results": "2000"}


def feed_ids(get: Get, address: str = "/rss/cs") -> list[str]:
    """The ids in a feed."""
    return [
        item.id.removeprefix("oai:arXiv.org:").rpartition("v")[0]
        for item in feedparser.parse(get(address).body).entries
    ]


def api_ids(get: Get, **query: str) -> list[str]:
    """The ids in an answer of the API."""
    entries = feedparser.parse(get("/api/query", **query).body).entries
    return [entry.id.partition("/abs/")[2].rpartition("v")[0] for entry in entries]


@pytest.mark.parametrize(
    ("name", "status", "wait"),
    [("too_many", 429, ""), ("too_many", 429, "3"), ("unavailable", 503, "120"), ("server_error", 500, None)],
)
@pytest.mark.parametrize("path", ["/rss/cs", "/atom/cs", "/oai?verb=Identify", "/api/query?id_list=2609.00001"])
def test_refusals(server: LoopbackArxiv, get: Get, name: str, status: int, wait: str | None, path: str) -> None:
    server.faults.set(**{name: 2, "retry_after": wait})
    for _ in range(2):
        answer = get(path)
        assert (answer.status, answer.headers["Retry-After"]) == (status, wait or None)
    assert get(path).status == 200
    assert [entry.struck for entry in server.log.entries] == [name, name, ""]


def test_only_the_named_interfaces_are_struck_for_good(server: LoopbackArxiv, get: Get) -> None:
    server.faults.set(server_error=True, only="oai")
    assert [get("/oai", verb="Identify").status for _ in range(4)] == [500] * 4
    assert get("/rss/cs").status == 200
    server.faults.reset()
    assert get("/oai", verb="Identify").status == 200


@pytest.mark.parametrize(
    "path", ["/rss/cs", "/oai?verb=ListRecords&metadataPrefix=arXiv", "/api/query?id_list=2609.00001"]
)
def test_bodies_that_are_no_use(server: LoopbackArxiv, get: Get, path: str) -> None:
    server.faults.set(html=1)
    page = get(path)
    assert (page.status, page.headers.get_content_type()) == (200, "text/html")
    with pytest.raises(ET.ParseError):
        ET.fromstring(page.body)
    server.faults.set(truncated=1)
    page = get(path)
    assert page.status == 200
    with pytest.raises(ET.ParseError):
        ET.fromstring(page.body)
    server.faults.set(cut=1)
    with pytest.raises(http.client.IncompleteRead):
        get(path)
    ET.fromstring(get(path).body)


@pytest.mark.parametrize("status", [400, 200])
def test_errors_in_the_form_of_the_interface(server: LoopbackArxiv, get: Get, status: int) -> None:
    server.faults.set(**{f"error_{status}": 3})
    for path in ("/api/query?id_list=2609.00001", "/rss/cs"):
        answer = get(path)
        assert answer.status == status
        assert "/api/errors#" in feedparser.parse(answer.body).entries[0].id
    answer = get("/oai", verb="ListRecords", metadataPrefix="arXiv")
    assert (answer.status, code_of(answer.body)) == (status, "badArgument")


def test_slow_answers(server: LoopbackArxiv, get: Get) -> None:
    server.faults.set(slow="0.3")
    began = time.monotonic()
    assert get("/rss/cs").status == 200
    assert 0.3 <= time.monotonic() - began < 5


def test_a_hang_ends_with_the_client_or_the_server(world: World) -> None:
    with serve(world, faults=Faults(hang=2)) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=0.3)
        client.request("GET", "/oai?verb=Identify")
        with pytest.raises(TimeoutError):
            client.getresponse()
        client.close()
        patient = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        patient.request("GET", "/oai?verb=Identify")
        threading.Timer(0.3, server.stopping.set).start()
        with pytest.raises(ConnectionError):
            patient.getresponse()
        patient.close()
        assert [entry.struck for entry in server.log.entries] == ["hang", "hang"]


def test_sorting_ignored(server: LoopbackArxiv, get: Get) -> None:
    right = api_ids(get, **SEARCH)
    server.faults.set(unsorted=True)
    wrong = api_ids(get, **SEARCH)
    assert sorted(wrong) == sorted(right)
    assert wrong != right


def test_empty_pages(server: LoopbackArxiv, get: Get) -> None:
    server.faults.set(empty_first=1, empty_later=1)
    assert api_ids(get, **SEARCH, start="0") == []
    assert len(api_ids(get, **SEARCH, start="0")) > 50
    answer = feedparser.parse(get("/api/query", **SEARCH, start="50").body)
    assert (answer.entries, int(answer.feed.opensearch_totalresults) > 50) == ([], True)
    assert len(api_ids(get, **SEARCH, start="50")) > 10
    server.faults.set(empty_later=1)
    pages = walk(get, metadataPrefix="arXiv")
    assert [len(ids_of([page])) for page in pages[:3]] == [50, 0, 50]


def test_codes_among_the_categories(server: LoopbackArxiv, get: Get) -> None:
    arxiv_id = server.world.new_ids(FIRST)[0]
    server.faults.set(codes=True)
    (entry,) = feedparser.parse(get("/api/query", id_list=arxiv_id).body).entries
    terms = [tag.term for tag in entry.tags]
    assert {"68T50, 62M45 (Primary)", "I.2.7; H.3.3"} < set(terms)
    assert canonical(terms[0])


@pytest.mark.parametrize("uses", [0, 1])
def test_tokens_expire_once(server: LoopbackArxiv, get: Get, uses: int) -> None:
    server.faults.set(tokens_good_for=uses)
    query = {"metadataPrefix": "arXiv"}
    for number in range(uses + 1):
        page = get("/oai", verb="ListRecords", **query).body
        assert (b"<record>" in page) is True, number
        query = {"resumptionToken": ET.fromstring(page).findtext(f".//{OAI}resumptionToken") or ""}
    assert code_of(get("/oai", verb="ListRecords", **query).body) == "badResumptionToken"
    assert code_of(get("/oai", verb="ListRecords", **query).body) == "badResumptionToken"
    assert sorted(ids_of(walk(get, metadataPrefix="arXiv"))) == sorted(server.world.papers)


def test_tokens_void(server: LoopbackArxiv, get: Get) -> None:
    server.faults.set(tokens_void=True)
    pages = walk(get, metadataPrefix="arXiv")
    assert [page.find(f"{OAI}error") is None for page in pages] == [True, False]


def test_each_interface_drops_its_own(server: LoopbackArxiv, get: Get) -> None:
    world = server.world
    everything = "/rss/cs+math+physics+stat+q-bio+q-fin+eess+econ+astro-ph+cond-mat+gr-qc+hep-th+hep-ph+quant-ph+nlin"
    new = set(world.new_ids(world.days[-1]))
    full = set(feed_ids(get, everything))
    server.faults.set(drop_rss=4, drop_oai=5, drop_api=6)
    dropped = {name: server.faults.dropped(name, world) & new for name in ("rss", "oai", "api")}
    assert [len(ids) for ids in dropped.values()] == [4, 5, 6]
    assert full - set(feed_ids(get, everything)) == dropped["rss"] & full
    harvested = ids_of(walk(get, metadataPrefix="arXiv"))
    assert set(world.papers) - set(harvested) == server.faults.dropped("oai", world)
    asked = api_ids(get, id_list=",".join(sorted(new)), max_results="100")
    assert new - set(asked) == dropped["api"]


def test_given_ids_are_dropped(server: LoopbackArxiv, get: Get) -> None:
    world, day = server.world, server.world.days[-1]
    lines = ((line, name) for name in world.categories(day) for line in world.listing(day, name))
    arxiv_id, category = next((line[0], name) for line, name in lines if line[2] == "replace")
    assert arxiv_id in feed_ids(get, f"/rss/{category}")
    server.faults.set_written(f"drop-rss={arxiv_id},2609.99999")
    assert arxiv_id not in feed_ids(get, f"/rss/{category}")


def test_each_interface_stops_at_an_id(server: LoopbackArxiv, get: Get) -> None:
    world = server.world
    ids = world.new_ids(world.days[-1])
    stop, missing = ids[9], set(ids[10:])
    whole = (set(feed_ids(get)), set(ids_of(walk(get, metadataPrefix="arXiv"))), set(api_ids(get, **SEARCH)))
    server.faults.set(stop_rss=stop, stop_oai=stop, stop_api=stop)
    after = (set(feed_ids(get)), set(ids_of(walk(get, metadataPrefix="arXiv"))), set(api_ids(get, **SEARCH)))
    for before, now in zip(whole, after, strict=True):
        assert before - now == before & missing != set()
    assert set(api_ids(get, id_list=",".join(missing), max_results="100")) == missing


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_a_stale_feed_under_fresh_dates(server: LoopbackArxiv, get: Get, form: str) -> None:
    world = server.world
    fresh = feedparser.parse(get(f"/{form}/cs.LG").body)
    server.faults.set(stale_feed="cs.LG")
    stale = feedparser.parse(get(f"/{form}/cs.LG").body)
    assert stale.feed.updated == fresh.feed.updated
    assert stale.feed.get("published") == fresh.feed.get("published")
    lines = world.listing(world.days[-2], "cs.LG")
    assert [item.id for item in stale.entries] == [f"oai:arXiv.org:{name}v{version}" for name, version, _ in lines]
    assert {item.published for item in stale.entries} == {item.published for item in fresh.entries}
    assert [line[0] for line in world.listing(world.days[-1], "math")] == feed_ids(get, f"/{form}/math")
    server.faults.set(stale_feed=True)
    assert [line[0] for line in world.listing(world.days[-2], "math")] == feed_ids(get, f"/{form}/math")


def test_one_stale_category_in_a_joined_feed(server: LoopbackArxiv, get: Get) -> None:
    world = server.world
    server.faults.set(stale_feed=["cs.LG"])
    today, before = world.listing(world.days[-1], "math"), world.listing(world.days[-2], "cs.LG")
    assert set(feed_ids(get, "/rss/cs.LG+math")) == {line[0] for line in [*today, *before]}


def test_an_empty_feed_on_an_announcement_day(server: LoopbackArxiv, get: Get) -> None:
    server.faults.set(empty_feed="cs.LG")
    assert feed_ids(get, "/rss/cs.LG") == []
    assert feed_ids(get, "/rss/math") != []


def test_a_feed_is_cut_at_its_limit(get: Get, server: LoopbackArxiv) -> None:
    whole = feed_ids(get)
    server.faults.set(feed_limit=7)
    assert feed_ids(get) == whole[:7]
    records = [record for record in read_shelf() if record.categories[0].startswith("cs.")]
    with serve(World.bulk(2_050, records=records)) as large:
        large.world.now = calendar.feed_from(large.world.days[0]) + timedelta(hours=1)
        body = large.answer("rss", "/rss/cs", {})[0].body
    assert body.count(b"<item>") == 2_000


def test_deleted_records(server: LoopbackArxiv, get: Get) -> None:
    server.faults.set(deleted=2)
    gone = server.faults.taken_away(server.world)
    assert len(gone) == 10
    headers = [header for page in walk(get, metadataPrefix="arXivRaw") for header in page.iter(f"{OAI}header")]
    deleted = {header.findtext(f"{OAI}identifier") for header in headers if header.get("status") == "deleted"}
    assert deleted == {f"oai:arXiv.org:{arxiv_id}" for arxiv_id in gone}
    assert api_ids(get, id_list=",".join(gone)) == []


@pytest.mark.parametrize(
    "written",
    [
        "nonsense",
        "too_many=x",
        "too_many=-2",
        "slow=-1",
        "slow=nan",
        "unsorted=perhaps",
        "only=ftp",
        "feed_limit=-1",
        "drop_oai",
    ],
)
def test_bad_switches_are_named(written: str) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=written.partition("=")[0]):
        faults.set_written(written)
    assert faults == Faults()


def test_counts_are_kept_under_concurrency(server: LoopbackArxiv, get: Get) -> None:
    count = random.Random(3).randint(5, 8)
    server.faults.set(too_many=count)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(get("/oai", verb="Identify").status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * (12 - count) + [429] * count
