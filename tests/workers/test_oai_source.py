"""OAI-PMH: recorded answers read right, harvests that go on where they stopped, and every fault in one clear line."""

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.workers.conftest import Answer, Loopback, Request
from tests.workers.garbage import garbage
from workers.sources import Page, SourceError
from workers.sources.oai import RESTARTS, Harvest, Oai, read_harvest, read_page
from workers.sources.transport import Patience, TransientError

CALM = Patience(tries=3, connect=2, read=1, budget=20)
DAY = date(2026, 9, 24)
HEAD = '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
MOMENT = "<responseDate>2026-09-24T05:00:00Z</responseDate>"


def header(arxiv_id: str, status: str = "") -> str:
    """A record's header."""
    return (
        f"<header{status and f' status={json.dumps(status)}'}><identifier>oai:arXiv.org:{arxiv_id}</identifier>"
        f"<datestamp>2026-09-23</datestamp><setSpec>cs:cs:CL</setSpec></header>"
    )


def raw(arxiv_id: str, *, versions: str = "1", **changes: str) -> str:
    """An invented record in the arXivRaw form."""
    fields = {
        "title": "A\n  title",
        "authors": "A. One (Here), Bo Tw\\'o and C. Three",
        "categories": "cs.CL math.NA I.2.7",
        "comments": "7 pages",
        "report-no": "R-1",
        "journal-ref": "J. 1",
        "doi": "10.1/x",
        "license": "http://l/",
        "abstract": "  What it\nsays.\n",
        **changes,
    }
    dated = "".join(
        f'<version version="v{number}"><date>Mon, 1{number} May 2026 10:00:00 GMT</date><size>1kb</size></version>'
        for number in versions.split()
    )
    inner = f"<id>{arxiv_id}</id><submitter>Sue</submitter>{dated}"
    inner += "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    form = f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">{inner}</arXivRaw>'
    return f"<record>{header(arxiv_id)}<metadata>{form}</metadata></record>"


def body(*records: str, token: str | None = None, size: str = "7") -> bytes:
    """A page of a list."""
    after = "" if token is None else f'<resumptionToken completeListSize="{size}" cursor="0">{token}</resumptionToken>'
    return f"{HEAD}{MOMENT}<ListRecords>{''.join(records)}{after}</ListRecords></OAI-PMH>".encode()


def error(code: str, text: str = "") -> bytes:
    """An error of the protocol."""
    return f'{HEAD}{MOMENT}<error code="{code}">{text}</error></OAI-PMH>'.encode()


def oai(*sets: str, since: date | None = DAY, until: date | None = None) -> Oai:
    return Oai(sets, since, until, CALM)


def page_of(content: bytes) -> Page:
    return read_page(read_harvest(content), "")


def recorded(folder: Path, name: str) -> Page:
    return page_of((folder / "arxiv-wire" / "oai" / name).read_bytes())


def test_a_recorded_page_of_a_thousand(shared_data: Path) -> None:
    name = "arXivRaw-ListRecords-2014-01-16.xml"
    harvest = read_harvest((shared_data / "arxiv-wire" / "oai" / name).read_bytes())
    assert (harvest.token, harvest.total) == ("496549|96001", 907_096)
    page = read_page(harvest, "on")
    assert (len(page.records), page.unusable, page.skipped) == (999, (), 1)  # one id was spoilt by whoever kept it
    assert page.moment == datetime(2014, 1, 16, 11, 10, 55, tzinfo=UTC)
    first = page.records[0]
    assert (first.arxiv_id, first.version, first.authors) == ("0811.3649", 4, ("Zeev Rudnick",))
    assert first.published == datetime(2008, 11, 21, 22, 59, 40, tzinfo=UTC)
    assert first.updated == datetime(2009, 9, 1, 22, 36, 30, tzinfo=UTC)
    assert page.changed["0811.3649"] == date(2009, 9, 2)
    assert len(page.changed) == 999
    assert sum(record.version or 0 for record in page.records) == 1_630  # of 1,632, two in the spoilt one
    assert all(record.updated is None for record in page.records if record.version == 1)


@pytest.mark.parametrize(
    ("name", "arxiv_id", "version", "published", "updated", "authors", "categories"),
    [
        (
            "arXiv-ListRecords-2026-09-20.xml",
            "2504.11237",
            None,
            datetime(2025, 4, 15, tzinfo=UTC),
            datetime(2026, 1, 5, tzinfo=UTC),
            ("Chunhai Lyu", "Christoph H. Keitel", "Zoltán Harman"),
            ("physics.atom-ph", "physics.optics", "physics.plasm-ph", "quant-ph"),
        ),
        (
            "arXiv-ListRecords-2013-04-03.xml",
            "0801.3931",
            None,
            datetime(2008, 1, 25, tzinfo=UTC),
            None,
            ("T. Manos", "E. Athanassoula"),
            ("astro-ph",),
        ),
        (
            "arXivRaw-GetRecord-2013-04-16.xml",
            "1304.4214",
            1,
            datetime(2013, 4, 15, 19, 33, 21, tzinfo=UTC),
            None,
            ("Igor A. Zaliznyak", "John M. Tranquada"),
            ("cond-mat.str-el",),
        ),
    ],
)
def test_recorded_records(
    shared_data: Path,
    name: str,
    arxiv_id: str,
    version: int | None,
    published: datetime,
    updated: datetime | None,
    authors: tuple[str, ...],
    categories: tuple[str, ...],
) -> None:
    page = recorded(shared_data, name)
    record = page.records[0]
    assert len(page.records) == (3 if "2026" in name else 1)
    assert (record.arxiv_id, record.version) == (arxiv_id, version)
    assert (record.published, record.updated) == (published, updated)
    assert (record.authors, record.categories) == (authors, categories)


def test_recorded_records_in_another_form_are_named(shared_data: Path) -> None:
    page = recorded(shared_data, "oai_dc-ListRecords-2024-01-29.xml")
    assert (page.records, page.unusable) == ((), ("0802.3300",))


def test_a_recorded_list_of_ids_is_no_list_of_records(shared_data: Path) -> None:
    with pytest.raises(TransientError, match="empty list"):
        recorded(shared_data, "arXiv-ListIdentifiers-2014-06-19.xml")


def test_a_record_with_all_its_fields() -> None:
    (record,) = page_of(body(raw("math.GT/0309136", versions="3 1 2"))).records
    assert (record.arxiv_id, record.version, record.title) == ("math/0309136", 3, "A title")
    assert record.published == datetime(2026, 5, 11, 10, tzinfo=UTC)
    assert record.updated == datetime(2026, 5, 13, 10, tzinfo=UTC)
    assert record.authors == ("A. One", "Bo Twó", "C. Three")
    assert record.categories == ("cs.CL", "math.NA")  # without the ACM code
    assert (record.comment, record.report_number, record.journal_ref) == ("7 pages", "R-1", "J. 1")
    assert (record.doi, record.license, record.abstract) == ("10.1/x", "http://l/", "What it says.")


def test_versions_with_a_gap_keep_their_numbers() -> None:
    (record,) = page_of(body(raw("2405.00001", versions="1 4"))).records
    assert record.version == 4


def test_deleted_unusable_and_nameless_records() -> None:
    gone = f"<record>{header('2405.00002', 'deleted')}</record>"
    bare = f"<record>{header('2405.00003')}</record>"
    nameless = f"<record>{header('no-such-id')}</record><record/>"
    bad = [raw("2405.00004", abstract=" "), raw("2405.00005", categories="J.1"), raw("2405.00006", versions="0")]
    page = page_of(body(raw("2405.00001"), gone, bare, nameless, *bad))
    assert [record.arxiv_id for record in page.records] == ["2405.00001"]
    assert page.deleted == ("2405.00002",)
    assert page.unusable == ("2405.00003", "2405.00004", "2405.00005", "2405.00006")
    assert page.skipped == 2
    assert set(page.changed.values()) == {date(2026, 9, 23)}
    assert set(page.changed) == {f"2405.0000{number}" for number in range(1, 7)}


def test_a_harvest_over_sets_and_pages(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [
        Answer(body(raw("2405.00001"), token="one&amp;two")),
        Answer(body(raw("2405.00002"), token="")),
        Answer(error("noRecordsMatch", "nothing")),
        Answer(body(raw("2405.00003"))),
    ]
    pages = list(oai("cs:cs:CL", "math", "physics:hep-th", until=date(2026, 9, 30)).pages())
    assert [[record.arxiv_id for record in page.records] for page in pages] == [
        ["2405.00001"],
        ["2405.00002"],
        [],
        ["2405.00003"],
    ]
    assert [page.token == "" for page in pages] == [False, False, False, True]
    assert [page.total for page in pages] == [None] * 4  # the sizes of single sets say nothing of the whole
    window = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "from": "2026-09-24", "until": "2026-09-30"}
    assert [request.query for request in arxiv_server.requests] == [
        {**window, "set": "cs:cs:CL"},
        {"verb": "ListRecords", "resumptionToken": "one&two"},
        {**window, "set": "math"},
        {**window, "set": "physics:hep-th"},
    ]


def test_everything_without_a_window(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(body(raw("2405.00001"), token="", size="9"))]
    (page,) = Oai((), None, patience=CALM, form="arXiv").pages()
    assert (page.total, page.moment) == (9, datetime(2026, 9, 24, 5, tzinfo=UTC))
    assert arxiv_server.requests[0].query == {"verb": "ListRecords", "metadataPrefix": "arXiv"}


class Lists:
    """A server that gives three pages for each set and knows its tokens, until they are called void."""

    def __init__(self, server: Loopback) -> None:
        self.void = 0
        server.respond = self.respond

    def respond(self, request: Request) -> Answer:
        token = request.query.get("resumptionToken", "")
        if token and self.void:
            self.void -= 1
            return Answer(error("badResumptionToken", "gone"))
        name, number = token.split("|") if token else (request.query["set"], "0")
        after = f"{name}|{int(number) + 1}" if number != "2" else ""
        return Answer(body(raw(f"2405.{len(name)}000{number}"), token=after))


def test_a_harvest_goes_on_behind_each_of_its_pages(arxiv_server: Loopback) -> None:
    Lists(arxiv_server)
    whole = list(oai("cs", "math").pages())
    assert len(whole) == 6
    for number, page in enumerate(whole[:-1], 1):
        assert list(oai("cs", "math").pages(page.token)) == whole[number:]


@pytest.mark.parametrize("times", [1, RESTARTS])
def test_an_expired_token_begins_its_set_anew(arxiv_server: Loopback, times: int) -> None:
    lists = Lists(arxiv_server)
    whole = list(oai("cs", "math").pages())
    lists.void = times
    assert list(oai("cs", "math").pages(whole[3].token)) == [*whole[3:4] * times, *whole[4:]]
    assert "from" in arxiv_server.requests[-3].query  # the window again, no token


def test_tokens_that_never_hold_end_the_run(arxiv_server: Loopback) -> None:
    lists = Lists(arxiv_server)
    lists.void = 100
    pages = oai("cs").pages()
    assert [len(next(pages).records) for _ in range(1 + RESTARTS)] == [1] * (1 + RESTARTS)
    with pytest.raises(SourceError, match="refuses its own resumption tokens: badResumptionToken: gone"):
        next(pages)


def test_an_expired_token_is_known_with_any_status(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(error("badResumptionToken"), status=400), Answer(body(raw("2405.00001")))]
    place = json.dumps({"set": "cs", "token": "old"})
    assert len(list(oai("cs").pages(place))) == 1


@pytest.mark.parametrize("token", ["x", "{}", "[]", "7", '{"set": "q-bio", "token": ""}', '{"set": ["cs"]}'])
def test_a_token_of_another_harvest_is_refused(arxiv_server: Loopback, token: str) -> None:
    with pytest.raises(SourceError, match="not a place in this harvest"):
        list(oai("cs").pages(token))
    assert arxiv_server.requests == []


def test_a_list_in_a_circle_ends(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(body(raw("2405.00001"), token="again"))]
    pages = oai("cs").pages()
    next(pages)
    with pytest.raises(SourceError, match="goes round in a circle"):
        next(pages)


GOOD = body(raw("2405.00001"))


@pytest.mark.parametrize(
    "fault",
    [
        Answer(status=503, headers={"Retry-After": "0"}),
        Answer(GOOD[:-30]),
        Answer(GOOD[:-30], headers={"Content-Length": str(len(GOOD))}),
        Answer(b"<html><body>Back soon</body></html>"),
        Answer(b"<!DOCTYPE html><p>Back soon<br>"),
        Answer(b""),
        Answer(body()),
        Answer(f"{HEAD}{MOMENT}</OAI-PMH>".encode()),
        Answer(b'<?xml version="1.0" encoding="klingon"?><OAI-PMH/>'),
    ],
    ids=["503", "cut", "broken off", "HTML", "loose HTML", "nothing", "empty list", "no list", "encoding"],
)
def test_a_passing_fault_is_tried_again(arxiv_server: Loopback, fault: Answer) -> None:
    arxiv_server.answers = [fault, Answer(GOOD)]
    (page,) = oai("cs").pages()
    assert len(page.records) == 1
    assert len(arxiv_server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "line", "tries"),
    [
        (Answer(error("badArgument", "from is\n later than until")), "badArgument: from is later than until$", 1),
        (Answer(error("badArgument", "wrong"), status=400), "refused the query: badArgument: wrong$", 1),
        (Answer(error("cannotDisseminateFormat")), "refused the query: cannotDisseminateFormat$", 1),
        (Answer(error("badResumptionToken", "what?")), "refuses its own resumption tokens", 1),
        (Answer(status=404), "answered with HTTP 404", 1),
        (Answer(GOOD[:-30]), "cut short", 3),
        (Answer(body()), "an empty list", 3),
    ],
)
def test_a_lasting_fault_is_one_line(arxiv_server: Loopback, answer: Answer, line: str, tries: int) -> None:
    arxiv_server.answers = [answer]
    with pytest.raises(SourceError, match=line) as caught:
        list(oai("cs").pages())
    assert "\n" not in str(caught.value)
    assert len(arxiv_server.requests) == tries


def test_what_came_before_a_fault_stands(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [Answer(body(raw("2405.00001"), token="next")), Answer(GOOD[:-30])]
    pages = oai("cs").pages()
    assert len(next(pages).records) == 1
    with pytest.raises(SourceError, match="cut short"):
        next(pages)


def test_a_thousand_records_take_less_than_a_second(shared_data: Path) -> None:
    content = (shared_data / "arxiv-wire" / "oai" / "arXivRaw-ListRecords-2014-01-16.xml").read_bytes()
    began = time.process_time()
    assert len(page_of(content).records) == 999
    assert time.process_time() - began < 1


@settings(deadline=None)
@given(content=garbage(body(raw("2405.00001", versions="1 2"), raw("2405.00002"), token="t")))
def test_no_answer_is_ever_a_traceback(content: bytes) -> None:
    try:
        harvest = read_harvest(content)
    except (SourceError, TransientError):
        return
    assert isinstance(harvest, Harvest)
    page = read_page(harvest, "")
    assert len(page.records) + len(page.deleted) + len(page.unusable) + page.skipped == len(harvest.records)
