"""Announcement lists: the page of a day, what can be left out of it, the days around it, and its feed."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml import etree

from papers.announcements import DayOfLists, list_days, read_without
from papers.categories import split_spec
from papers.ingest import remove
from papers.models import Announcement, DayList, Paper
from tests.papers.factories import PaperFactory, day_list, version_of
from tests.papers.pages import page_of, paper, shown

pytestmark = pytest.mark.django_db
DAY = "2025-11-21"
Budget = Callable[[int], Any]


@pytest.fixture
def papers() -> list[Paper]:
    """Eight papers in two lists of one day: in cs.CL 6, 5 new, 4 cross, 2, 1 replaced, 3 replaced cross-list; in
    cs.LG 4 new, 5 cross, 7 new, 8 replaced."""
    made = [paper(f"2511.0000{number}", "cs.CL cs.LG" if number in (4, 5) else "cs.CL") for number in range(9)]
    Paper.objects.filter(arxiv_id="2511.00007").update(categories=["cs.LG", "cs.CY"])
    made[7].category_links.all().delete()
    made[7].category_links.create(category="cs.LG", published=made[7].published)
    made[7].category_links.create(category="cs.CY", published=made[7].published)
    day_list("cs.CL", DAY, new=[made[6], made[5]], cross=[made[4]], replace=[made[2], made[1]], replace_cross=[made[3]])
    day_list("cs.LG", DAY, new=[made[4], made[7]], cross=[made[5]], replace=[made[8]])
    return made


def numbers(page: Any) -> str:
    return " ".join(name[-1] for name in shown(page))


def headings(page: Any) -> list[str]:
    return [" ".join(found.text_content().split()) for found in page.xpath("//section[@class='day']/h2")]


@pytest.mark.parametrize(
    ("spec", "order", "sections"),
    [
        ("cs.CL", "6 5 4 2 1 3", ["New submissions 2", "Cross-lists 1", "Replacements 3"]),
        ("cs.LG", "4 7 5 8", ["New submissions 2", "Cross-lists 1", "Replacements 1"]),
        ("cs.CL+cs.LG", "4 5 6 7 1 2 8 3", ["New submissions 4", "Replacements 4"]),
        ("cs.LG+cs.CL-cs.CY", "4 5 6 1 2 8 3", ["New submissions 3", "Replacements 4"]),
        ("cs", "4 5 6 7 1 2 8 3", ["New submissions 4", "Replacements 4"]),
        ("cs.LG-cs.CL", "7", ["New submissions 1"]),
    ],
)
def test_a_day_is_exactly_its_lists(
    client: Client, papers: list[Paper], spec: str, order: str, sections: list[str]
) -> None:
    page = page_of(client, f"/arxiv/{spec}?date={DAY}")
    if spec == "cs.LG-cs.CL":  # 8 bears cs.CL, as 4 and 5 do
        assert not {"4", "5", "8"} & set(numbers(page).split())
    assert numbers(page) == order
    assert headings(page) == sections
    assert [int(found.text_content()) for found in page.find_class("number")] == list(range(1, len(order.split()) + 1))


def test_home_shows_all_lists_of_the_newest_day(client: Client, papers: list[Paper]) -> None:
    paper("2511.00099", day="2025-11-20")
    page = page_of(client, "/")
    assert numbers(page) == "4 5 6 7 1 2 8 3"
    assert page.xpath("//title/text()") == ["arXiv papers of 21 November 2025 · Papertide"]
    counts = {code: page.xpath(f"//label[input/@value='{code}']/i/text()") for code in ("cs.CL", "cs.LG", "cs.CY")}
    assert counts == {"cs.CL": ["6"], "cs.LG": ["4"], "cs.CY": []}


def test_each_card_bears_its_mark(client: Client, papers: list[Paper]) -> None:
    marks = [mark.text for mark in page_of(client, f"/arxiv/cs.CL?date={DAY}").find_class("mark-kind")]
    assert marks == ["new", "new", "cross-list", "replaced", "replaced", "replaced, cross-list"]
    assert not page_of(client, "/arxiv/cs.CL").find_class("mark-kind")


def test_what_no_feed_named_comes_behind(client: Client, papers: list[Paper]) -> None:
    Announcement.objects.filter(paper=papers[6], category="cs.CL").update(position=None, by_rss=False, by_oai=True)
    assert numbers(page_of(client, f"/arxiv/cs.CL?date={DAY}")) == "5 6 4 2 1 3"


@pytest.fixture
def unfed(papers: list[Paper]) -> list[Paper]:
    """Others told of papers in cs.CL, whose feed was read without them, and in cs.AI, whose feed was missed."""
    DayList.objects.create(category="cs.AI", day=DAY)
    told = [("cs.CL", 0, 0), ("cs.CL", 7, 1), ("cs.CL", 8, 2), ("cs.AI", 7, 0), ("cs.AI", 8, 2)]
    Announcement.objects.bulk_create(
        Announcement(paper=papers[number], day=DAY, category=category, kind=kind, by_oai=True)
        for category, number, kind in told
    )
    return papers


@pytest.mark.parametrize(
    ("spec", "order", "sections", "marked"),
    [
        ("cs.CL", "6 5 0 4 7 2 1 3", ["New submissions 3", "Cross-lists 2", "Replacements 3"], "0 7"),
        ("cs.AI", "7 8", ["New submissions 1", "Replacements 1"], ""),
        ("cs.CL+cs.AI", "5 6 7 0 4 1 2 8 3", ["New submissions 4", "Cross-lists 1", "Replacements 4"], "0"),
        ("cs.CL+cs.LG", "4 5 6 7 0 1 2 8 3", ["New submissions 5", "Replacements 4"], "0"),
    ],
)
def test_a_feed_that_was_read_is_the_list(
    client: Client, unfed: list[Paper], spec: str, order: str, sections: list[str], marked: str
) -> None:
    page = page_of(client, f"/arxiv/{spec}?date={DAY}")
    assert numbers(page) == order
    assert headings(page) == sections
    cards = [card for card in page.find_class("card") if card.find_class("mark-unfed")]
    assert " ".join(card.xpath("string(h3/a/@href)")[-1] for card in cards) == marked
    assert {mark.text for mark in page.find_class("mark-unfed")} <= {"not in arXiv’s feed"}


def test_counts_and_feeds_follow_the_feed_that_was_read(client: Client, unfed: list[Paper]) -> None:
    page = page_of(client, "/")
    counts = {code: page.xpath(f"//label[input/@value='{code}']/i/text()") for code in ("cs.CL", "cs.AI")}
    assert counts == {"cs.CL": ["8"], "cs.AI": ["2"]}
    page = page_of(client, f"/arxiv/cs.CL?date={DAY}")
    assert page.xpath("//a[contains(@class, 'chip')]/span[@class='count']/text()") == ["3", "3"]
    told = entries(client, "/arxiv/cs.CL/feed?replacements=1")
    assert " ".join(number for number, _ in told) == numbers(page)
    answer = client.get("/api/v1/announcements", {"date": DAY, "category": "cs.CL"}).json()
    assert [item["id"] for item in answer["items"]] == shown(page)


@pytest.mark.parametrize(("kind", "fetched", "newest"), [(2, True, 21), (1, True, 24), (2, False, 24)])
def test_a_day_of_which_nothing_is_shown_is_none(papers: list[Paper], kind: int, fetched: bool, newest: int) -> None:
    fed = day_list("cs.CL", "2025-11-24")
    DayList.objects.filter(pk=fed.pk).update(fetched=fed.fetched if fetched else None)
    Announcement.objects.create(paper=papers[0], day=fed.day, category="cs.CL", kind=kind, by_oai=True)
    assert list_days(split_spec("cs.CL")).newest == date(2025, 11, newest)


def test_a_removed_paper_is_in_no_list(client: Client, papers: list[Paper]) -> None:
    remove(["2511.00006"])
    assert numbers(page_of(client, f"/arxiv/cs.CL?date={DAY}")) == "5 4 2 1 3"
    assert "6" not in numbers(page_of(client, "/?date=2025-11-03"))
    assert numbers(page_of(client, "/?date=2025-11-03")) == "8 7 5 4 3 2 1 0"


@pytest.mark.parametrize(
    ("without", "order", "out"),
    [
        ("replace", "6 5 4", ["replacements"]),
        ("cross", "6 5 2 1", ["cross-lists"]),
        ("cross,replace", "6 5", ["cross-lists", "replacements"]),
        ("replace,cross,replace", "6 5", ["cross-lists", "replacements"]),
        ("", "6 5 4 2 1 3", []),
    ],
)
def test_kinds_can_be_left_out(client: Client, papers: list[Paper], without: str, order: str, out: list[str]) -> None:
    page = page_of(client, f"/arxiv/cs.CL?date={DAY}&without={without}")
    assert numbers(page) == order
    assert f"{len(order.split())} papers announced" in page.text_content()
    off = [chip.get("title") for chip in page.find_class("chip") if "off" in chip.get("class")]
    assert off == [f"Take back {name}" for name in out]
    kept = {"": "", "replace,cross,replace": "&without=cross,replace"}.get(without, f"&without={without}")
    assert page.xpath("//link[@rel='canonical']/@href") == [f"http://testserver/arxiv/cs.CL?date={DAY}{kept}"]


def test_what_is_left_out_is_kept_on_the_way(client: Client, papers: list[Paper]) -> None:
    day_list("cs.CL", "2025-11-20", new=papers[:1])
    page = page_of(client, f"/arxiv/cs.CL?date={DAY}&without=cross")
    assert page.xpath("//nav[@class='day-links']/a/@href") == ["?date=2025-11-20&without=cross"]
    assert page.xpath("//nav[@class='kinds']/a/@href") == [
        f"/arxiv/cs.CL?date={DAY}",
        f"/arxiv/cs.CL?date={DAY}&without=cross,replace",
    ]
    assert page_of(client, "/?without=cross,replace").xpath("//nav[@class='kinds']/a/@href") == [
        "/?without=replace",
        "/?without=cross",
    ]


def test_an_unknown_kind_is_told(client: Client, papers: list[Paper]) -> None:
    page = page_of(client, f"/arxiv/cs.CL?date={DAY}&without=replace,%3Cb%3E", 400)
    assert "“<b>” cannot be left out" in page.find_class("notes")[0].text_content()
    assert numbers(page) == "6 5 4"


def test_words_of_what_is_left_out() -> None:
    assert read_without(" Replace, CROSS ") == (("cross", "replace"), [])
    assert read_without("new,replaced,replace") == (("replace",), ["new", "replaced"])


def test_pages_go_through_a_list_once(client: Client) -> None:
    made = PaperFactory.create_batch(60)
    day_list("cs.CL", DAY, new=made[:35], cross=made[35:40], replace=made[40:])
    pages = [page_of(client, f"/arxiv/cs.CL?date={DAY}&without=cross&page={number}") for number in (1, 2, 3)]
    assert [name for page in pages for name in shown(page)] == [one.arxiv_id for one in made[:35] + made[40:]]
    assert headings(pages[0]) == ["New submissions 1 to 25 of 35"]
    assert headings(pages[1]) == ["New submissions 26 to 35 of 35", "Replacements 1 to 15 of 20"]
    assert headings(pages[2]) == ["Replacements 16 to 20 of 20"]
    assert [found.text_content() for found in pages[2].find_class("number")] == [str(n) for n in range(51, 56)]
    assert pages[1].xpath("//nav[@class='pages']/a/@href")[0] == f"?date={DAY}&without=cross&page=1"
    assert pages[1].xpath("//link[@rel='canonical']/@href")[0].endswith(f"?date={DAY}&without=cross&page=2")
    assert "There is no page 4" in page_of(client, f"/arxiv/cs.CL?date={DAY}&without=cross&page=4", 404).text_content()


def remarks(page: Any) -> list[str]:
    return [found.text_content() for found in page.find_class("remark")]


def test_a_day_without_list_says_so(client: Client, papers: list[Paper]) -> None:
    assert not remarks(page_of(client, f"/arxiv/cs.CL?date={DAY}"))
    page = page_of(client, "/arxiv/cs.CL?date=2025-11-03")
    assert len(shown(page)) == 8
    assert remarks(page) == ["Shown by day of submission: arXiv’s own list of this day is not here."]
    assert not page.find_class("kinds")
    assert remarks(page_of(client, "/?date=2025-11-03")) == remarks(page)
    page = page_of(client, "/arxiv/cs.CL?date=2025-11-03&without=cross")
    assert len(shown(page)) == 8
    assert page.xpath("//link[@rel='canonical']/@href") == ["http://testserver/arxiv/cs.CL?date=2025-11-03"]
    assert links(client, "/arxiv/cs.CL?date=2025-11-03&without=cross")[0] == f"?date={DAY}&without=cross"


def test_empty_and_absent_lists_are_told(client: Client, papers: list[Paper]) -> None:
    day_list("cs.CY", DAY)
    DayList.objects.create(category="cs.AI", day=DAY)
    page = page_of(client, f"/arxiv/cs.CL+cs.CY+cs.AI+cs.DS+math.CO?date={DAY}")
    assert remarks(page) == [
        "arXiv announced nothing in cs.CY on this day.",
        "arXiv’s feed of cs.AI was missed: the list is put together from its records.",
        "arXiv’s list of cs.DS and math.CO is not here for this day.",
    ]
    page = page_of(client, f"/arxiv/cs.CY?date={DAY}")
    assert remarks(page) == ["arXiv announced nothing in cs.CY on this day."]
    assert not shown(page)
    Announcement.objects.create(paper=papers[0], day=DAY, category="cs.CY", kind=0, by_oai=True)
    assert not remarks(page_of(client, f"/arxiv/cs.CY?date={DAY}"))
    assert "and 3" in remarks(page_of(client, f"/arxiv/cs?date={DAY}"))[-1]


@pytest.mark.parametrize(
    ("day", "now", "late"),
    [
        ("2025-11-21", "2025-11-21T04:30", False),  # 23:30 of the day before
        ("2025-11-21", "2025-11-21T10:59", False),
        ("2025-11-21", "2025-11-21T11:00", True),
        ("2025-07-21", "2025-07-21T09:59", False),  # in summer
        ("2025-07-21", "2025-07-21T10:00", True),
    ],
)
def test_a_feed_is_missed_once_it_is_late(
    client: Client, papers: list[Paper], monkeypatch: pytest.MonkeyPatch, day: str, now: str, late: bool
) -> None:
    monkeypatch.setattr("papers.views.announced.timezone.now", lambda: datetime.fromisoformat(f"{now}+00:00"))
    DayList.objects.create(category="cs.AI", day=day)
    Announcement.objects.create(paper=papers[0], day=day, category="cs.AI", kind=0, by_oai=True)
    for spec, part in [("cs.AI", ""), ("cs.AI+cs.CL", " for cs.AI")] if day == DAY else [("cs.AI", "")]:
        said = "cs.AI was missed" if late else f"this day is not out yet{part}"
        [remark, *_] = remarks(page_of(client, f"/arxiv/{spec}?date={day}"))
        assert remark == f"arXiv’s feed of {said}: the list is put together from its records."


def links(client: Client, address: str) -> list[str]:
    return [str(href) for href in page_of(client, address).xpath("//nav[@class='day-links']/a/@href")]


def test_days_with_lists_lead_to_each_other(client: Client, papers: list[Paper]) -> None:
    for day in ("2025-11-19", "2025-11-24"):
        day_list("cs.CL", day, new=papers[:1])
    day_list("cs.CL", "2025-11-20")  # nothing was announced
    paper("2511.00033", day="2025-11-22")  # a Saturday's, announced later
    assert links(client, f"/arxiv/cs.CL?date={DAY}") == ["?date=2025-11-19", "?date=2025-11-24"]
    assert links(client, "/arxiv/cs.CL?date=2025-11-22") == ["?date=2025-11-21", "?date=2025-11-24"]
    assert links(client, f"/?date={DAY}") == ["?date=2025-11-19", "?date=2025-11-24"]
    # Before the first list, and where none is near, days go by submission.
    assert links(client, "/arxiv/cs.CL?date=2025-11-19")[0] == "?date=2025-11-03"
    assert links(client, "/arxiv/cs.CL?date=2025-11-03")[0] == "?date=2025-11-19"
    assert links(client, "/arxiv/cs.LG?date=2025-11-24") == ["?date=2025-11-21"]


def test_a_list_far_off_hides_no_day_between(client: Client, papers: list[Paper]) -> None:
    day_list("cs.CL", "2025-12-19", new=papers[:1])
    paper("2511.00033", day="2025-12-01")
    assert links(client, f"/arxiv/cs.CL?date={DAY}")[1] == "?date=2025-12-01"
    assert links(client, "/arxiv/cs.CL?date=2025-12-19") == ["?date=2025-12-01"]


def test_the_newest_day_is_of_lists_or_of_papers(client: Client, papers: list[Paper]) -> None:
    DayList.objects.create(category="cs.CL", day="2025-11-24", lines=0)
    assert numbers(page_of(client, "/")) == "4 5 6 7 1 2 8 3"
    paper("2511.00033", day="2025-11-23")
    assert shown(page_of(client, "/")) == ["2511.00033"]
    Announcement.objects.create(paper=papers[0], day="2025-11-24", category="cs.CL", kind=0, by_oai=True)
    assert shown(page_of(client, "/")) == ["2511.00000"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar(client: Client, papers: list[Paper], day: str) -> None:
    assert not shown(page_of(client, f"/arxiv/cs.CL?date={day}"))
    day_list("cs.CL", day, new=papers[:1])
    assert numbers(page_of(client, f"/arxiv/cs.CL?date={day}")) == "0"
    assert numbers(page_of(client, f"/?date={day}")) == "0"


@pytest.mark.parametrize("address", [f"/arxiv/cs.CL+cs.LG-cs.CY?date={DAY}", "/", f"/?date={DAY}&without=cross"])
def test_a_list_costs_few_queries_however_long(
    client: Client, papers: list[Paper], address: str, django_assert_max_num_queries: Budget
) -> None:
    day_list("cs.CL", "2025-11-20", new=papers[:1])
    many = PaperFactory.create_batch(15, version=2)
    for one in many:
        version_of(one, 1, abstract="We measured tides.")
    Announcement.objects.bulk_create(
        Announcement(paper=one, day=DAY, category="cs.CL", kind=2, version=2, by_rss=True) for one in many
    )
    page_of(client, address)
    with django_assert_max_num_queries(9):
        page = page_of(client, address)
    assert len(page.find_class("change")) == 15


def test_the_lists_are_read_by_their_indexes(papers: list[Paper]) -> None:
    spec = split_spec("cs+math+stat-cs.CY")
    with CaptureQueriesContext(connection) as captured:
        assert list_days(spec, date(2025, 11, 24)).before == date(2025, 11, 21)
        assert len(DayOfLists(spec, date(2025, 11, 21)).entries) == 7
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # the tables are small
        plans = []
        for query in captured.captured_queries:
            cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + query["sql"])
            plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    days, lists, entries = plans
    assert "one_list_a_day" in days or "papers_daylist_category" in days or "sqlite_autoindex_papers_daylist" in days
    assert "announced_once_a_day" in entries or "sqlite_autoindex_papers_announcement" in entries
    for plan in (days, lists, entries):
        assert "SCAN list" not in plan
        assert "SCAN papers_" not in plan
        assert "Seq Scan on papers_" not in plan


ATOM = {"a": "http://www.w3.org/2005/Atom", "x": "http://arxiv.org/schemas/atom"}


def entries(client: Client, address: str) -> list[tuple[str, str]]:
    feed = etree.fromstring(client.get(address).content)
    found = []
    for entry in feed.xpath("a:entry", namespaces=ATOM):
        kind = entry.xpath("string(x:announce_type)", namespaces=ATOM)
        found.append((entry.xpath("string(a:id)", namespaces=ATOM)[-1], kind))
    return found


def test_the_feed_is_what_was_announced_on_the_last_days(client: Client, papers: list[Paper]) -> None:
    day_list("cs.CL", "2025-11-20", new=[papers[0]], cross=[papers[6]])
    day_list("cs.CL", "2025-11-19", replace=[papers[8]])
    day_list("cs.CL", "2025-11-18", new=[papers[7]])
    assert entries(client, "/arxiv/cs.CL/feed") == [("6", "new"), ("5", "new"), ("4", "cross"), ("0", "new")]
    assert entries(client, "/arxiv/cs.CL/feed?without=cross") == [("6", "new"), ("5", "new"), ("0", "new")]
    told = entries(client, "/arxiv/cs.CL/feed?replacements=1")
    assert told[3:6] == [("2", "replace"), ("1", "replace"), ("3", "replace-cross")]
    assert told[-1] == ("8", "replace")
    assert [number for number, _ in entries(client, "/feed")] == ["4", "5", "6", "7", "0"]
    own = etree.fromstring(client.get("/arxiv/cs.CL/feed?replacements=1&without=cross,x&y=1").content)
    assert own.xpath("a:link[@rel='self']/@href", namespaces=ATOM) == [
        "http://testserver/arxiv/cs.CL/feed?without=cross&replacements=1"
    ]


def test_the_feed_changes_when_old_papers_are_announced(client: Client, papers: list[Paper]) -> None:
    first = client.get("/arxiv/cs.CL/feed")
    feed = etree.fromstring(first.content)
    assert feed.xpath("string(a:updated)", namespaces=ATOM) == f"{DAY}T05:00:00+00:00"
    assert set(feed.xpath("a:entry/a:published/text()", namespaces=ATOM)) == {"2025-11-03T00:00:00+00:00"}
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get("/arxiv/cs.CL/feed", headers=since).status_code == 304
    day_list("cs.CL", "2025-11-24", cross=[papers[0]])
    assert client.get("/arxiv/cs.CL/feed", headers=since).status_code == 200


def test_a_feed_of_old_lists_is_by_submission(client: Client, papers: list[Paper]) -> None:
    paper("2511.00033", day="2025-11-26")
    assert [kind for _, kind in entries(client, "/arxiv/cs.CL/feed")] == [""] * 9
    Paper.objects.filter(arxiv_id="2511.00033").delete()
    paper("2511.00034", day="2025-11-25")
    assert len(entries(client, "/arxiv/cs.CL/feed")) == 3


def test_a_feed_costs_few_queries(client: Client, papers: list[Paper], django_assert_max_num_queries: Budget) -> None:
    for day in ("2025-11-18", "2025-11-19", "2025-11-20"):
        day_list("cs.CL", day, new=papers[:1])
    with django_assert_max_num_queries(12):
        assert len(entries(client, "/arxiv/cs.CL+cs.LG-cs.CY/feed")) == 4


def test_a_new_paper_page_without_versions_says_nothing(client: Client) -> None:
    made = paper("2511.00001", updated=datetime(2025, 11, 4, tzinfo=UTC))
    assert not page_of(client, made.get_absolute_url()).find_class("unchanged")
