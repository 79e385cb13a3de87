"""arXiv's query interface: recorded answers read right, and every fault seen in the wild turned into one clear line."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from arxiv._feed import parse
from django.conf import LazySettings
from hypothesis import given
from hypothesis import settings as settings_of_test

from papers.identifiers import ArxivId
from papers.records import PaperRecord
from tests.workers.conftest import Answer, Loopback, Request, entry, error_entry, feed
from tests.workers.garbage import garbage
from workers.politeness import NoTurnError, turn
from workers.sources import Source, SourceError
from workers.sources.api import PAGE, ApiIds, ApiNewest, ApiWindow, _Drawn, checked_feed
from workers.sources.transport import Patience, TransientError, _retry_after

CALM = Patience(tries=3, connect=2, read=1, budget=20)


def records(source: Source) -> list[PaperRecord]:
    """All that a source brings."""
    return [record for page in source.pages() for record in page.records]


def by_ids(*ids: str) -> ApiIds:
    return ApiIds(ids, CALM)


def newest(limit: int) -> ApiNewest:
    return ApiNewest(["cs.CL"], limit, CALM)


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
    (many_authors,) = records(by_ids("1707.08567"))
    (old,) = records(by_ids("astro-ph/0601001"))
    (versioned,) = records(by_ids("https://arxiv.org/abs/quant-ph/0201082v1"))
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
    source = by_ids()
    source.ids = [ArxivId("0808.05394"), ArxivId("1707.08567")]
    (page,) = source.pages()
    assert [record.arxiv_id for record in page.records] == ["1707.08567"]
    assert page.asked == ("0808.05394", "1707.08567")
    source.ids = [ArxivId("0808.05394")]
    assert [(page.records, page.asked, page.token) for page in source.pages()] == [((), ("0808.05394",), "")]
    assert len(recorded.requests) == 2


@pytest.mark.parametrize(("page", "limit", "requests"), [(100, 100, 1), (10, 60, 6), (10, 12, 2)])
def test_recorded_list_is_read_whole(
    recorded: Loopback, monkeypatch: pytest.MonkeyPatch, page: int, limit: int, requests: int
) -> None:
    monkeypatch.setattr("workers.sources.api.arxiv.Search._url_args", lambda self: {"search_query": "testing"})
    monkeypatch.setattr("workers.sources.api.PAGE", page)
    found = records(newest(limit))
    assert len({record.arxiv_id for record in found}) == limit
    assert len(recorded.requests) == requests
    assert all(record.title and record.abstract and record.authors for record in found)
    assert {"\n", "  "}.isdisjoint("".join(record.title + record.abstract for record in found))


def test_recorded_error_is_one_line(recorded: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    args = {"search_query": "", "id_list": "abc"}
    monkeypatch.setattr("workers.sources.api.arxiv.Search._url_args", lambda self: args)
    with pytest.raises(SourceError, match="refused the query: incorrect id format for abc"):
        records(by_ids("2405.00001"))
    assert len(recorded.requests) == 1


def test_newest_asks_in_order_page_by_page(arxiv_server: Loopback) -> None:
    arxiv_server.list_papers([entry(number) for number in range(PAGE + 30)])
    pages = list(ApiNewest(["cs.CL", "stat.ML"], 1000, CALM).pages())
    assert [record.title for page in pages for record in page.records] == [f"Paper {n}" for n in range(PAGE + 30)]
    assert [(page.total, page.token) for page in pages] == [(PAGE + 30, str(PAGE)), (PAGE + 30, "")]
    assert pages[0].records[0].categories == ("cs.CL",)
    first, second = (request.query for request in arxiv_server.requests)
    assert first["search_query"] == "cat:cs.CL OR cat:stat.ML"
    assert (first["sortBy"], first["sortOrder"]) == ("submittedDate", "descending")
    assert (first["start"], second["start"]) == ("0", str(PAGE))
    agents = {request.headers["User-Agent"] for request in arxiv_server.requests}
    assert {agent.split("/")[0] for agent in agents} == {"Papertide"}
    assert {request.headers["Connection"] for request in arxiv_server.requests} == {"close"}


def test_newest_stops_at_the_limit(arxiv_server: Loopback) -> None:
    arxiv_server.list_papers([entry(number) for number in range(500)])
    assert len(records(newest(7))) == 7
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
    assert len(records(newest(10))) == 2
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
        records(newest(10))
    assert "\n" not in str(caught.value)
    assert len(arxiv_server.requests) == tries


def test_a_later_page_that_stays_empty_keeps_the_first(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(feed([entry(number) for number in range(3)], total=9)), Answer(feed([], 9, 3))]
    pages = newest(9).pages()
    page = next(pages)
    assert [record.title for record in page.records] == ["Paper 0", "Paper 1", "Paper 2"]
    assert page.token == "3"
    with pytest.raises(SourceError, match="empty page"):
        next(pages)


def test_a_list_that_shrinks_meanwhile_is_one_line(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(feed([entry(0)], total=9)), Answer(feed([], 1, 1))]
    pages = by_ids(*(f"2405.{number:05}" for number in range(1, 10))).pages()
    page = next(pages)
    assert [record.title for record in page.records] == ["Paper 0"]
    assert (page.asked, page.token) == ((), "0")  # of the others nothing is known
    with pytest.raises(SourceError, match="broke off"):
        next(pages)


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
    (page,) = newest(50).pages()
    assert [record.title for record in page.records] == ["Paper 0", "Paper 8"]
    assert page.unusable == ("2405.00002", "2405.00003", "2405.00006", "2405.00007", "2405.00008")
    assert page.skipped == 2
    assert len(arxiv_server.requests) == 1


def test_a_text_that_is_no_id_is_never_asked_for(arxiv_server: Loopback) -> None:
    with pytest.raises(SourceError, match="not an arXiv id: abc"):
        by_ids("2405.00001", "abc")
    assert arxiv_server.requests == []


def test_a_long_retry_after_ends_the_try_and_holds_for_others(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(status=429, headers={"Retry-After": "120"})]
    with pytest.raises(SourceError, match=r"HTTP 429, asking for a pause of 120 s"):
        records(newest(10))
    assert len(arxiv_server.requests) == 1
    with pytest.raises(NoTurnError), turn(timeout=1):
        pass
    with pytest.raises(SourceError, match="could not be asked"):
        records(newest(10))
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
        records(ApiNewest(["cs.CL"], 10, Patience(tries=2, connect=2, read=2, budget=5, lookup=lookup)))
    assert "\n" not in str(caught.value)


def test_a_redirect_takes_a_turn_of_its_own(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [
        Answer(status=301, headers={"Location": arxiv_server.url + "?again"}),
        Answer(feed([entry(0)])),
    ]
    assert len(records(newest(1))) == 1
    assert len(arxiv_server.requests) == 2


def test_a_run_that_was_stopped_goes_on_at_its_token(arxiv_server: Loopback) -> None:
    arxiv_server.list_papers([entry(number) for number in range(2 * PAGE + 5)])
    whole = list(newest(1000).pages())
    assert [len(page.records) for page in whole] == [PAGE, PAGE, 5]
    assert list(newest(1000).pages(whole[0].token)) == whole[1:]
    assert list(newest(1000).pages(whole[1].token)) == whole[2:]
    with pytest.raises(SourceError, match="not a place in a list: x"):
        list(newest(10).pages("x"))


def test_ids_are_asked_for_two_hundred_at_a_time(arxiv_server: Loopback) -> None:
    ids = [f"2405.{number:05}" for number in range(1, 2 * PAGE + 4)]

    def respond(request: Request) -> Answer:
        asked = [name for name in request.query["id_list"].split(",") if not name.endswith("3")]
        return Answer(feed([entry(0, id=f"http://arxiv.org/abs/{name}v2") for name in asked]))

    arxiv_server.respond = respond
    pages = list(by_ids(*ids).pages())
    assert [len(page.asked) for page in pages] == [PAGE, PAGE, 3]
    assert [page.token for page in pages] == [str(PAGE), str(2 * PAGE), ""]
    assert [page.total for page in pages] == [len(ids)] * 3
    unknown = [name for page in pages for name in page.asked if name not in {one.arxiv_id for one in page.records}]
    assert unknown == [name for name in ids if name.endswith("3")]
    assert list(by_ids(*ids).pages(pages[0].token)) == pages[1:]


def test_asked_ids_are_told_without_their_version_once(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(feed([entry(0, id="http://arxiv.org/abs/math/0309136v1")]))]
    (page,) = by_ids("math.GT/0309136v1", "arXiv:math/0309136").pages()
    assert page.asked == ("math/0309136",)
    assert [(record.arxiv_id, record.version) for record in page.records] == [("math/0309136", 1)]
    assert arxiv_server.requests[0].query["id_list"] == "math/0309136v1,math/0309136"


def test_a_window_is_asked_for_by_gmt_minutes_in_order(arxiv_server: Loopback) -> None:
    arxiv_server.list_papers([entry(number) for number in range(3)])
    since = datetime.fromisoformat("2026-03-09T14:00-04:00")
    source = ApiWindow(["cs.CL", "math-ph"], since, since + timedelta(days=1, minutes=-1), CALM)
    (page,) = source.pages()
    assert len(page.records) == 3
    query = arxiv_server.requests[0].query
    assert query["search_query"] == "(cat:cs.CL OR cat:math-ph) AND submittedDate:[202603091800 TO 202603101759]"
    assert (query["sortBy"], query["sortOrder"]) == ("submittedDate", "ascending")


def test_a_window_may_hold_nothing(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(feed([]))]
    (page,) = ApiWindow(["cs.CL"], datetime.now(UTC), datetime.now(UTC), CALM).pages()
    assert (page.records, page.total, page.token) == ((), 0, "")


def test_a_window_too_large_for_arxiv_is_not_passed_over(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(feed([entry(number) for number in range(PAGE)], total=45_000))]
    pages = ApiWindow(["cs.CL"], datetime.now(UTC), datetime.now(UTC), CALM).pages()
    assert len(next(pages).records) == PAGE
    with pytest.raises(SourceError, match="no more than 30,000 papers of a window"):
        next(pages)
    assert len(arxiv_server.requests) == 1


def test_a_page_of_nothing_readable_ends_the_list_clearly(arxiv_server: Loopback) -> None:
    # The package drops what an entity hides, which the check before it reads.
    hidden = entry(0).replace("2024-05-01T12:00:00Z", "&day;")
    body = feed([hidden], total=9).replace(b"<feed", b'<!DOCTYPE feed [<!ENTITY day "2024-05-01T12:00:00Z">]><feed')
    arxiv_server.answers = [Answer(body)]
    with pytest.raises(SourceError, match="broke off"):
        records(newest(5))


@settings_of_test(deadline=None)
@given(body=garbage(feed([entry(0), entry(1)])))
def test_no_answer_is_ever_a_traceback(body: bytes) -> None:
    try:
        checked, total = checked_feed(body, may_be_empty=True)
    except (SourceError, TransientError):
        return
    assert total >= 0
    drawn = _Drawn()
    for result in parse(checked).results:
        drawn.add(result)
    assert drawn.entries == len(drawn.records) + len(drawn.unusable) + drawn.skipped
