"""The daily feeds: recorded ones read right, marks and order kept, and every fault in one clear line."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.conftest import Answer, Loopback, Request, error_entry
from tests.workers.garbage import garbage
from workers.sources import Listed, Page, SourceError
from workers.sources.rss import LONGEST, Rss, read_feed, read_page
from workers.sources.transport import Patience, TransientError

CALM = Patience(tries=3, connect=2, read=1, budget=20)
NAMESPACES = 'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"'
DAY = date(2026, 9, 24)  # a Thursday
TODAY, YESTERDAY = "Thu, 24 Sep 2026 00:00:00 -0400", "Wed, 23 Sep 2026 00:00:00 -0400"
SUBMITTED = datetime(2026, 9, 23, tzinfo=UTC)


def item(name: str, kind: str = "new", categories: str = "cs.CL", day: str = TODAY, **changes: str) -> str:
    """An invented item; `name` is an id with version."""
    fields = {
        "title": f"Paper {name}",
        "link": f"https://arxiv.org/abs/{name.partition('v')[0]}",
        "description": f"arXiv:{name} Announce Type: {kind} \nAbstract: What {name} says.",
        "guid": f"oai:arXiv.org:{name}",
        "pubDate": day,
        "arxiv:announce_type": kind,
        "dc:rights": "http://l/",
        "dc:creator": "A. One (Here, There), Bo Tw\\'o Jr and C. Three",
        **{key.replace("__", ":"): text for key, text in changes.items()},
    }
    inner = "".join(f"<{key}>{text}</{key}>" for key, text in fields.items() if text)
    return f"<item>{inner}{''.join(f'<category>{code}</category>' for code in categories.split())}</item>"


def rss(*items: str, day: str = TODAY) -> bytes:
    """A feed."""
    dates = f"<lastBuildDate>Thu, 24 Sep 2026 04:00:20 +0000</lastBuildDate>{day and f'<pubDate>{day}</pubDate>'}"
    head = f'<?xml version="1.0" encoding="UTF-8"?><rss {NAMESPACES} version="2.0"><channel><title>cs.CL</title>{dates}'
    return f"{head}{''.join(items)}</channel></rss>".encode()


def atom(*names: str, updated: str = "2026-09-24T04:00:20+00:00") -> bytes:
    """The same in Atom."""
    entries = "".join(
        f"<entry><id>oai:arXiv.org:{name}</id><title>T</title><summary>arXiv:{name} Announce Type: new\n"
        f'Abstract: Says.</summary><category term="cs.CL"/><published>2026-09-24T00:00:00-04:00</published>'
        f"<updated>2026-09-24T04:00:19+00:00</updated><arxiv:announce_type>new</arxiv:announce_type></entry>"
        for name in names
    )
    head = f'<?xml version="1.0"?><feed {NAMESPACES} xmlns="http://www.w3.org/2005/Atom"><title>cs.CL</title>'
    return f"{head}<updated>{updated}</updated>{entries}</feed>".encode()


def page_of(body: bytes, category: str = "cs.CL") -> Page:
    return read_page(read_feed(body), category)


def kinds(page: Page) -> list[tuple[str, str]]:
    """The lines of a page's list: id and kind."""
    assert page.listed
    return [(line.arxiv_id, line.kind) for line in page.listed.lines]


def test_a_recorded_atom_feed(shared_data: Path) -> None:
    page = page_of((shared_data / "arxiv-wire" / "rss" / "atom-cs.AI-2025-08-20.xml").read_bytes(), "cs.AI")
    assert page.listed
    assert (page.listed.category, page.listed.day, page.listed.cut) == ("cs.AI", date(2025, 8, 20), False)
    assert page.listed.built == page.moment == datetime(2025, 8, 20, 4, 0, 19, 866337, tzinfo=UTC)
    assert page.listed.lines[0] == Listed("2508.13426", 1, "cross")
    assert [line.kind for line in page.listed.lines] == ["cross"] * 5 + ["new"] * 2
    assert (len(page.records), page.unusable, page.skipped) == (7, (), 0)
    cross, new = page.records[0], page.records[5]
    assert cross.authors == ("Chunhua Liu", "Kabir Manandhar Shrestha", "Sukai Huang")
    assert (cross.categories, cross.published) == (("cs.CL", "cs.AI"), datetime(2025, 8, 1, tzinfo=UTC))
    assert (new.arxiv_id, new.published) == ("2508.14001", datetime(2025, 8, 19, tzinfo=UTC))
    assert not any("Announce Type" in record.abstract for record in page.records)


def test_a_recorded_rss_feed(shared_data: Path) -> None:
    name = "rss2-cs.LG+cs.AI+cs.CL+stat.ML-2026-09-24.xml"
    page = page_of((shared_data / "arxiv-wire" / "rss" / name).read_bytes(), "cs.LG")
    assert page.listed
    assert (page.listed.day, page.listed.built) == (DAY, datetime(2026, 9, 24, 8, 58, 5, tzinfo=UTC))
    assert page.listed.lines == (
        Listed("2609.26811", 1, "new"),
        Listed("2609.26820", 1, "new"),
        Listed("2205.06398", 2, "cross"),
        Listed("2009.13987", 3, "replace"),
    )
    _, second, cross, replaced = page.records
    assert (second.authors[-1], second.published, second.updated) == ("Ameer Rahwan", SUBMITTED, None)
    assert second.license == "http://creativecommons.org/licenses/by-nc-nd/4.0/"
    assert (cross.doi, cross.updated) == ("10.1093/bioinformatics/btac431", None)
    assert (replaced.version, replaced.updated) == (3, SUBMITTED)
    assert replaced.published == datetime(2020, 9, 1, tzinfo=UTC)


def test_all_fields_of_an_item() -> None:
    changes = {
        "arxiv__DOI": "10.1/x",
        "arxiv__journal_reference": "J. 1",
        "title": "Of $a &lt; b$ &amp;amp; <![CDATA[<i>]]>",
    }
    text = (
        "arXiv:2609.00001v2 Announce Type: new \nAbstract: Where $a&lt;b$,\n&lt;b&gt;bold&lt;/b&gt; Abstract: it says."
    )
    (record,) = page_of(
        rss(item("2609.00001v2", description=text, categories="math.NA cs.NA I.2.7 cs.CL", **changes))
    ).records
    assert (record.arxiv_id, record.version) == ("2609.00001", 2)
    assert record.title == "Of $a < b$ &amp; <i>"
    assert record.abstract == "Where $a<b$, <b>bold</b> Abstract: it says."
    assert record.authors == ("A. One", "Bo Twó Jr", "C. Three")
    assert (record.doi, record.journal_ref, record.license) == ("10.1/x", "J. 1", "http://l/")
    assert (record.published, record.updated) == (SUBMITTED, SUBMITTED)  # replaced before it was announced
    assert record.categories == ("cs.CL", "math.NA")  # new in cs.CL: that is its primary


@pytest.mark.parametrize(
    ("day", "submitted"),
    [
        ("Mon, 21 Sep 2026 00:00:00 -0400", date(2026, 9, 18)),  # by Friday, 14:00
        ("Tue, 22 Sep 2026 00:00:00 -0400", date(2026, 9, 21)),
        ("Thu, 22 Jan 2026 00:00:00 -0500", date(2026, 1, 21)),
    ],
)
def test_new_papers_were_submitted_by_the_deadline(day: str, submitted: date) -> None:
    (record,) = page_of(rss(item("2601.00001v1", day=day), day=day)).records
    assert record.published == datetime(submitted.year, submitted.month, submitted.day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "said", "categories", "kind"),
    [
        ("2609.00001v1", "new", "cs.CL cs.AI", "new"),
        ("2609.00001v1", "cross", "cs.AI cs.CL", "cross"),
        ("2609.00001v2", "replace", "cs.CL", "replace"),
        ("2609.00001v2", "replace-cross", "cs.AI cs.CL", "replace-cross"),
        ("2609.00001v1", " New ", "cs.CL", "new"),
        ("2609.00001v1", "no_match", "cs.CL", "new"),
        ("2609.00001v1", "no_match", "cs.AI cs.CL", "cross"),
        ("2609.00001v3", "fresh", "cs.CL", "replace"),
        ("2609.00001v3", "fresh", "cs.AI cs.CL", "replace-cross"),
        ("2609.00001", "", "cs.CL", "new"),
    ],
)
def test_kinds_as_said_and_as_guessed(name: str, said: str, categories: str, kind: str) -> None:
    page = page_of(rss(item(name, said, categories)))
    assert kinds(page) == [("2609.00001", kind)]
    assert len(page.records) == 1


def test_the_kind_in_the_text_where_the_mark_is_missing() -> None:
    changes = {"arxiv__announce_type": ""}
    assert kinds(page_of(rss(item("2609.00001v1", "cross", "cs.CL", **changes)))) == [("2609.00001", "cross")]


def test_a_touched_up_abstract_is_no_announcement() -> None:
    page = page_of(rss(item("2609.00001v1", "absonly")))
    assert kinds(page) == []
    assert len(page.records) == 1


def test_unusable_and_nameless_items_and_the_order_of_the_others() -> None:
    page = page_of(
        rss(
            item("2609.00002v1"),
            item("2609.00001v1", description="arXiv:2609.00001v1 Announce Type: new \nAbstract: "),
            item("2609.00003v1", categories="J.1"),
            item("2609.00004v1", guid="", link=""),
            item("2609.00005v1", guid="what?"),
            item("2609.00002v1", "replace"),
            item("math/0309136v2", "replace", "cs.CL"),
        )
    )
    assert [record.arxiv_id for record in page.records] == ["2609.00002", "2609.00005", "math/0309136"]
    assert page.unusable == ("2609.00001", "2609.00003")
    assert page.skipped == 1
    assert kinds(page) == [
        ("2609.00002", "new"),
        ("2609.00001", "new"),
        ("2609.00003", "new"),
        ("2609.00005", "new"),
        ("math/0309136", "replace"),
    ]


def test_the_day_is_that_of_the_items() -> None:
    stale = page_of(rss(item("2609.00001v1", day=YESTERDAY), item("2609.00002v1", day=YESTERDAY)))
    assert stale.listed
    assert stale.listed.day == date(2026, 9, 23)
    mixed = page_of(rss(item("2609.00003v1"), item("2609.00001v1", day=YESTERDAY), item("2609.00002v1", day="soon")))
    assert mixed.listed
    assert mixed.listed.day == DAY
    assert kinds(mixed) == [("2609.00003", "new"), ("2609.00002", "new")]
    assert len(mixed.records) == 3


def test_empty_feeds_name_their_own_day() -> None:
    saturday = page_of(rss(day="Sat, 26 Sep 2026 00:00:00 -0400"))
    assert saturday.listed
    assert (saturday.listed.day, saturday.listed.lines, saturday.records) == (date(2026, 9, 26), (), ())
    by_making = page_of(atom(updated="2026-09-27T03:30:00+00:00"))
    assert by_making.listed
    assert by_making.listed.day == date(2026, 9, 26)  # still Saturday in the east


@pytest.mark.parametrize(
    "body", [rss(item("2609.00001v1"), item("2609.00002v1")), atom("2609.00001v1", "2609.00002v1")]
)
def test_both_forms(body: bytes) -> None:
    page = page_of(body)
    assert page.listed
    assert page.listed.day == DAY
    assert kinds(page) == [("2609.00001", "new"), ("2609.00002", "new")]


def test_a_feed_as_long_as_feeds_can_be_says_so() -> None:
    items = [item(f"2609.{number:05}v1") for number in range(1, LONGEST + 1)]
    full, shorter = page_of(rss(*items)).listed, page_of(rss(*items[1:])).listed
    assert full
    assert shorter
    assert (full.cut, len(full.lines)) == (True, LONGEST)
    assert (shorter.cut, len(shorter.lines)) == (False, LONGEST - 1)


class Feeds:
    """A server with a feed for each category; those in `broken` are refused."""

    def __init__(self, server: Loopback) -> None:
        self.broken: set[str] = set()
        self.asked: list[str] = []
        server.respond = self.respond

    def respond(self, request: Request) -> Answer:
        category = request.path.rpartition("/")[2]
        self.asked.append(category)
        if category in self.broken:
            return Answer(b"no such category", status=404)
        return Answer(rss(item(f"2609.{len(category):05}v1", categories=category)))


def test_one_request_and_one_page_a_category(arxiv_server: Loopback) -> None:
    feeds = Feeds(arxiv_server)
    pages = list(Rss(["cs.CL", "hep-th", "cmp-lg", "cs.CL", "cond-mat.soft"], CALM).pages())
    assert feeds.asked == ["cs.CL", "hep-th", "cond-mat.soft"]  # the closed one is not asked for
    assert [page.listed and page.listed.category for page in pages] == feeds.asked
    assert arxiv_server.requests[0].path.endswith("/cs.CL")
    assert [page.token == "" for page in pages] == [False, False, True]
    for number, page in enumerate(pages[:-1], 1):
        assert list(Rss(["cs.CL", "hep-th", "cond-mat.soft"], CALM).pages(page.token)) == pages[number:]


def test_a_broken_feed_does_not_keep_back_the_others(arxiv_server: Loopback) -> None:
    feeds = Feeds(arxiv_server)
    feeds.broken = {"cs.CL", "cs.AI"}
    source = Rss(["cs.CL", "hep-th", "cs.AI", "gr-qc"], CALM)
    pages = source.pages()
    came = [next(pages), next(pages)]
    assert [page.listed and page.listed.category for page in came] == ["hep-th", "gr-qc"]
    with pytest.raises(SourceError, match=r"^cs\.CL: arXiv .* HTTP 404; cs\.AI: arXiv .* HTTP 404$"):
        next(pages)
    feeds.broken, feeds.asked = set(), []
    assert [page.token == "" for page in source.pages(came[-1].token)] == [False, True]
    assert feeds.asked == ["cs.CL", "cs.AI"]


def test_two_broken_feeds_in_a_row_end_the_run(arxiv_server: Loopback) -> None:
    feeds = Feeds(arxiv_server)
    feeds.broken = {"cs.CL", "hep-th"}
    with pytest.raises(SourceError, match="hep-th: arXiv"):
        list(Rss(["cs.CL", "hep-th", "gr-qc"], CALM).pages())
    assert feeds.asked == ["cs.CL", "hep-th"]


GOOD = rss(item("2609.00001v1"))


@pytest.mark.parametrize(
    "fault",
    [
        Answer(status=503),
        Answer(GOOD[:-30]),
        Answer(GOOD.removesuffix(b"</channel></rss>")),
        Answer(GOOD[:-30], headers={"Content-Length": str(len(GOOD))}),
        Answer(b"<html><body>Back soon</body></html>"),
        Answer(b"<!DOCTYPE html><p>Back soon<br>"),
        Answer(b'<?xml version="1.0"?><rss version="2.0"></rss>'),
        Answer(b'<rss version="2.0"><channel><title>No day</title></channel></rss>'),
        Answer(b""),
    ],
    ids=["503", "cut", "end cut", "broken off", "HTML", "loose HTML", "no channel", "no day", "nothing"],
)
def test_a_passing_fault_is_tried_again(arxiv_server: Loopback, fault: Answer) -> None:
    arxiv_server.answers = [fault, Answer(GOOD)]
    (page,) = Rss(["cs.CL"], CALM).pages()
    assert len(page.records) == 1
    assert len(arxiv_server.requests) == 2


FEED_ERROR = (
    b'<rss version="2.0"><channel><title>Feed error for query: x</title><description>Bad\n archive</description>'
    b"<pubDate>Thu, 24 Sep 2026 00:00:00 -0400</pubDate></channel></rss>"
)


@pytest.mark.parametrize(
    ("answer", "line", "tries"),
    [
        (Answer(FEED_ERROR), "refused the query: Bad archive$", 1),
        (Answer(FEED_ERROR, status=400), "refused the query: Bad archive$", 1),
        (Answer(error_entry("no such\n field")), "refused the query: no such field$", 1),
        (Answer(error_entry("no such field"), status=400), "refused the query: no such field$", 1),
        (Answer(b"Bad archive", status=400), "answered with HTTP 400", 1),
        (Answer(GOOD[:-30]), "cut short", 3),
        (Answer(b"<html/>"), "is no feed", 3),
    ],
)
def test_a_lasting_fault_is_one_line(arxiv_server: Loopback, answer: Answer, line: str, tries: int) -> None:
    arxiv_server.answers = [answer]
    with pytest.raises(SourceError, match=line) as caught:
        list(Rss(["cs.CL"], CALM).pages())
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("cs.CL: ")
    assert len(arxiv_server.requests) == tries


def test_names_that_feedparser_does_not_expect_are_no_traceback() -> None:
    body = rss(item("2609.00001v1")).replace(b"xmlns:dc=", b'xmlns:odd="a\xc2\xa0b" xmlns:dc=')
    broken = body.replace(b"<channel>", b"<channel><odd:tide/>")
    with pytest.raises(TransientError, match="not well formed"):
        read_feed(broken)


@settings(deadline=None)
@given(body=garbage(rss(item("2609.00001v1"), item("2609.00002v2", "replace"))) | garbage(atom("2609.00001v1")))
def test_no_answer_is_ever_a_traceback(body: bytes) -> None:
    try:
        feed = read_feed(body)
    except (SourceError, TransientError):
        return
    page = read_page(feed, "cs.CL")
    assert page.listed
    assert len(page.records) + len(page.unusable) + page.skipped <= len(feed.entries)


@settings(deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40), name=st.sampled_from(["guid", "pubDate"])
)
def test_no_text_in_an_item_is_ever_a_traceback(text: str, name: str) -> None:
    written = text.replace("&", "&amp;").replace("<", "&lt;")
    page = page_of(rss(item("2609.00001v1", **{name: written or "x"}), item("2609.00002v1")))
    assert len(page.records) == 2  # by its link
