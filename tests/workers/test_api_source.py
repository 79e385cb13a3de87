"""arXiv's query interface: recorded answers read right, and every fault seen in the wild turned into one clear line."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings

from tests.workers.conftest import Answer, Loopback, Request, entry, error_entry, feed
from workers.politeness import NoTurnError, turn
from workers.sources import SourceError
from workers.sources.api import PAGE, ArxivApi
from workers.sources.transport import Patience, _retry_after

CALM = Patience(tries=3, connect=2, read=1, budget=20)


@pytest.fixture
def recorded(arxiv_server: Loopback, shared_data: Path) -> Loopback:
    """The loopback arXiv with the answers recorded from the real one, by what was asked."""
    folder = shared_data / "arxiv-wire"

    def key(query: dict[str, str]) -> tuple[str, ...]:
        page = () if "id_list" in query else (query["start"], query["max_results"])
        return (query.get("search_query", ""), query.get("id_list", ""), *page)

    known = {}
    for item in json.loads((folder / "atom-api" / "index.json").read_text()):
        known[key({name: values[0] for name, values in parse_qs(urlsplit(item["url"]).query).items()})] = item

    def respond(request: Request) -> Answer:
        item = known[key(request.query)]
        return Answer((folder / item["file"]).read_bytes(), item["status"])

    arxiv_server.respond = respond
    return arxiv_server


def test_recorded_papers_by_id(recorded: Loopback) -> None:
    api = ArxivApi(CALM)
    (many_authors,) = api.by_ids(["1707.08567"])
    (old,) = api.by_ids(["astro-ph/0601001"])
    (versioned,) = api.by_ids(["https://arxiv.org/abs/quant-ph/0201082v1"])
    assert len(many_authors.authors) == 34
    assert old.arxiv_id == "astro-ph/0601001"
    assert old.categories[0] == "astro-ph"
    assert (versioned.arxiv_id, versioned.version, versioned.updated) == ("quant-ph/0201082", 1, None)
    assert versioned.categories == ("quant-ph", "cs.PL")
    assert versioned.published == datetime(2002, 1, 18, 15, 8, 5, tzinfo=UTC)
    assert versioned.comment == "32 pages"
    assert versioned.abstract.startswith("We show")


def test_recorded_absence_is_no_error(recorded: Loopback) -> None:
    # Ids that no paper can have, past the look at ids before they are asked for.
    api = ArxivApi(CALM)
    assert [record.arxiv_id for record in api._pages_by_ids(["0808.05394", "1707.08567"])] == ["1707.08567"]
    assert list(api._pages_by_ids(["0808.05394"])) == []
    assert len(recorded.requests) == 2


@pytest.mark.parametrize(("page", "limit", "requests"), [(100, 100, 1), (10, 60, 6), (10, 12, 2)])
def test_recorded_list_is_read_whole(
    recorded: Loopback, monkeypatch: pytest.MonkeyPatch, page: int, limit: int, requests: int
) -> None:
    monkeypatch.setattr("workers.sources.api.arxiv.Search._url_args", lambda self: {"search_query": "testing"})
    monkeypatch.setattr("workers.sources.api.PAGE", page)
    records = list(ArxivApi(CALM).newest(["cs.SE"], limit))
    assert len({record.arxiv_id for record in records}) == limit
    assert len(recorded.requests) == requests
    assert all(record.title and record.abstract and record.authors for record in records)
    assert {"\n", "  "}.isdisjoint("".join(record.title + record.abstract for record in records))


def test_recorded_error_is_one_line(recorded: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    args = {"search_query": "", "id_list": "abc"}
    monkeypatch.setattr("workers.sources.api.arxiv.Search._url_args", lambda self: args)
    with pytest.raises(SourceError, match="refused the query: incorrect id format for abc"):
        list(ArxivApi(CALM).by_ids(["2405.00001"]))
    assert len(recorded.requests) == 1


def test_newest_asks_in_order_page_by_page(arxiv_server: Loopback, settings: LazySettings) -> None:
    arxiv_server.list_papers([entry(number) for number in range(PAGE + 30)])
    records = list(ArxivApi(CALM).newest(["cs.CL", "stat.ML"], 1000))
    assert [record.title for record in records] == [f"Paper {number}" for number in range(PAGE + 30)]
    assert records[0].categories == ("cs.CL",)
    first, second = (request.query for request in arxiv_server.requests)
    assert first["search_query"] == "cat:cs.CL OR cat:stat.ML"
    assert (first["sortBy"], first["sortOrder"]) == ("submittedDate", "descending")
    assert (first["start"], second["start"]) == ("0", str(PAGE))
    agents = {request.headers["User-Agent"] for request in arxiv_server.requests}
    assert {agent.split("/")[0] for agent in agents} == {"Papertide"}
    assert {request.headers["Connection"] for request in arxiv_server.requests} == {"close"}


def test_newest_stops_at_the_limit(arxiv_server: Loopback) -> None:
    arxiv_server.list_papers([entry(number) for number in range(500)])
    assert len(list(ArxivApi(CALM).newest(["cs.CL"], 7))) == 7
    assert [request.query["max_results"] for request in arxiv_server.requests] == ["7"]


@pytest.mark.parametrize(
    "faults",
    [
        [Answer(status=503), Answer(status=503)],
        [Answer(status=429, headers={"Retry-After": "0"})],
        [Answer(status=500), Answer(feed([entry(0)])[:-30])],
        [Answer(feed([], total=2))],
        [Answer(feed([]))],
        [Answer(b"<html><body>Back soon</body></html>")],
        [Answer(b"")],
        [Answer(feed([entry(0)])[:-9], headers={"Content-Length": "99999"})],
    ],
    ids=["503 twice", "429", "500, cut", "empty page", "empty list", "HTML", "nothing", "broken off"],
)
def test_a_passing_fault_is_tried_again(arxiv_server: Loopback, faults: list[Answer]) -> None:
    arxiv_server.answers = [*faults, Answer(feed([entry(0), entry(1)]))]
    assert len(list(ArxivApi(CALM).newest(["cs.CL"], 10))) == 2
    assert len(arxiv_server.requests) == len(faults) + 1


@pytest.mark.parametrize(
    ("answer", "line", "tries"),
    [
        (Answer(status=503), "answered with HTTP 503", 3),
        (Answer(status=403), "answered with HTTP 403", 1),
        (Answer(feed([entry(0)])[:-30]), "cut short", 3),
        (Answer(feed([])), "empty page", 3),
        (Answer(b"<html/>"), "no Atom feed", 3),
        (Answer(error_entry("no such field")), "refused the query: no such field", 1),
        (Answer(error_entry("no such field"), status=400), "refused the query: no such field", 1),
        (Answer(status=400), "answered with HTTP 400", 1),
    ],
)
def test_a_lasting_fault_is_one_line(arxiv_server: Loopback, answer: Answer, line: str, tries: int) -> None:
    arxiv_server.answers = [answer]
    with pytest.raises(SourceError, match=line) as caught:
        list(ArxivApi(CALM).newest(["cs.CL"], 10))
    assert "\n" not in str(caught.value)
    assert len(arxiv_server.requests) == tries


def test_a_later_page_that_stays_empty_keeps_the_first(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(feed([entry(number) for number in range(3)], total=9)), Answer(feed([], 9, 3))]
    records = ArxivApi(CALM).newest(["cs.CL"], 9)
    assert [next(records).title for _ in range(3)] == ["Paper 0", "Paper 1", "Paper 2"]
    with pytest.raises(SourceError, match="empty page"):
        next(records)


def test_a_list_that_shrinks_meanwhile_is_one_line(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(feed([entry(0)], total=9)), Answer(feed([], 1, 1))]
    records = ArxivApi(CALM).by_ids([f"2405.{number:05}" for number in range(1, 10)])
    assert next(records).title == "Paper 0"
    with pytest.raises(SourceError, match="broke off"):
        next(records)


def test_bad_entries_are_skipped_and_counted(arxiv_server: Loopback) -> None:
    bad = [
        entry(1, published="yesterday"),
        entry(2, published="0001-01-01T00:00:00+14:00"),
        entry(3, id="http://arxiv.org/abs/not-an-id"),
        entry(4, id=" "),
        entry(5).replace("cs.CL", "J.1"),
        entry(6).replace("<published>", "<printed>").replace("</published>", "</printed>"),
        entry(7).replace("What paper 7 says.", ""),
    ]
    arxiv_server.list_papers([entry(0), *bad, entry(8)])
    api = ArxivApi(CALM)
    assert [record.title for record in api.newest(["cs.CL"], 50)] == ["Paper 0", "Paper 8"]
    assert api.skipped == len(bad)
    assert len(arxiv_server.requests) == 1


def test_a_text_that_is_no_id_is_never_asked_for(arxiv_server: Loopback) -> None:
    with pytest.raises(SourceError, match="not an arXiv id: abc"):
        ArxivApi(CALM).by_ids(["2405.00001", "abc"])
    assert arxiv_server.requests == []


def test_a_long_retry_after_ends_the_try_and_holds_for_others(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(status=429, headers={"Retry-After": "120"})]
    with pytest.raises(SourceError, match=r"HTTP 429, asking for a pause of 120 s"):
        list(ArxivApi(CALM).newest(["cs.CL"], 10))
    assert len(arxiv_server.requests) == 1
    with pytest.raises(NoTurnError), turn(timeout=1):
        pass
    with pytest.raises(SourceError, match="could not be asked"):
        list(ArxivApi(CALM).newest(["cs.CL"], 10))
    assert len(arxiv_server.requests) == 1


def test_retry_after_reads_numbers_and_dates() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert _retry_after("30") == 30
    assert 50 < _retry_after(in_a_minute) <= 60
    assert _retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert _retry_after("") == _retry_after("soon") == _retry_after("-5") == 0


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("http://127.0.0.1:9/query", "could not be reached: Connection refused"),
        ("http://name.invalid/query", "could not be reached"),
        ("no address", "cannot be asked"),
    ],
)
@pytest.mark.parametrize("lookup", [0, 3])
def test_an_unreachable_address_is_one_line(
    arxiv_server: Loopback, settings: LazySettings, address: str, line: str, lookup: float
) -> None:
    settings.ARXIV_API_URL = address
    with pytest.raises(SourceError, match=line) as caught:
        list(ArxivApi(Patience(tries=2, connect=2, read=2, budget=5, lookup=lookup)).newest(["cs.CL"], 10))
    assert "\n" not in str(caught.value)


def test_a_redirect_takes_a_turn_of_its_own(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [
        Answer(status=301, headers={"Location": arxiv_server.url + "?again"}),
        Answer(feed([entry(0)])),
    ]
    assert len(list(ArxivApi(CALM).newest(["cs.CL"], 1))) == 1
    assert len(arxiv_server.requests) == 2
