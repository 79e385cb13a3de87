"""The morning page: which days, which papers in which order, marked as seen and taken back, nobody else's."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from pytest_django import Settings

from papers import visitors
from papers.models import DayList, Mark, Paper, Reader, Subscription, Visitor
from search.query import parse
from search.saved import save
from search.subscriptions import visits
from search.subscriptions.keeping import change, read, subscribe
from search.subscriptions.packing import MOST, pack, unpack
from tests.papers.factories import PaperFactory, day_list
from tests.papers.pages import page_of, shown
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db
DAYS = [f"2025-11-{number}" for number in (17, 18, 19, 20, 21)]
MORNING = datetime(2025, 11, 19, 14, tzinfo=UTC)  # after Wednesday's list
SCRIPT = {"Sec-Fetch-Mode": "cors"}


@pytest.fixture
def reader() -> Reader:
    """Somebody with an account."""
    return make_reader()


@pytest.fixture
def client(reader: Reader) -> Client:
    """Her browser."""
    return signed_in(reader)


@pytest.fixture
def week() -> list[Paper]:
    """Two papers in cs.CL on each of five days, the second also in cs.LG."""
    made: list[Paper] = PaperFactory.create_batch(10)
    for place, day in enumerate(DAYS):
        day_list("cs.CL", day, new=made[2 * place : 2 * place + 2])
        day_list("cs.LG", day, cross=[made[2 * place + 1]])
    return made


def follow(reader: Reader, kind: str, text: str, **options: Any) -> Subscription:
    return subscribe(reader.visitor, read(kind, text), **options)


def was_here(reader: Reader, at: datetime) -> None:
    Visitor.objects.filter(reader=reader).update(visited=at)


def ids(papers: list[Paper]) -> list[str]:
    return [one.arxiv_id for one in papers]


def headings(page: Any) -> list[str]:
    return [" ".join(one.text_content().split()) for one in page.xpath("//section[contains(@class, 'topic')]/h2")]


def form_of(page: Any) -> dict[str, str]:
    return {field.get("name"): field.get("value") or "" for field in page.xpath("//form[@id='mine']/input")}


def seen_of(reader: Reader) -> set[str]:
    rows = Mark.objects.filter(visitor__reader=reader, seen__isnull=False)
    return set(rows.values_list("paper__arxiv_id", flat=True))


# Days


def test_the_first_visit_shows_the_newest_day(client: Client, reader: Reader, week: list[Paper]) -> None:
    follow(reader, "categories", "cs.CL")
    page = page_of(client, "/my")
    assert shown(page) == ids(week[8:])
    assert headings(page) == ["cs.CL 2"]
    assert "Friday, 21 November 2025" in page.text_content()


def test_days_since_the_last_visit_are_shown_and_reloading_shows_the_same(
    client: Client, reader: Reader, week: list[Paper]
) -> None:
    follow(reader, "categories", "cs.CL")
    was_here(reader, MORNING)
    for _look in range(2):
        page = page_of(client, "/my")
        assert shown(page) == ids(week[8:] + week[6:8])
        told = " ".join(page.text_content().split())
        assert "since Thursday, 20 November 2025, 2 announcement days" in told
        assert page.xpath("//p[@class='topic-day']/time/@datetime") == ["2025-11-21", "2025-11-20"]


@pytest.mark.parametrize(
    ("since", "before"), [(timedelta(hours=3), None), (timedelta(hours=5), "visited"), (timedelta(days=-1), "visited")]
)
def test_a_visit_is_over_after_four_hours(reader: Reader, since: timedelta, before: str | None) -> None:
    visitor = reader.visitor
    Visitor.objects.filter(pk=visitor.pk).update(visited=MORNING)
    visitor.refresh_from_db()
    visits.note(visitor, MORNING + since)
    visitor.refresh_from_db()
    assert visitor.visited == MORNING + since
    assert visitor.visited_before == (MORNING if before else None)


def test_of_two_windows_opened_at_once_one_begins_the_visit(reader: Reader) -> None:
    Visitor.objects.filter(reader=reader).update(visited=MORNING)
    first, second = Visitor.objects.get(reader=reader), Visitor.objects.get(reader=reader)
    later = MORNING + timedelta(days=1)
    visits.note(first, later)
    visits.note(second, later + timedelta(seconds=1))
    assert second.visited_before == MORNING
    assert second.visited == later


def test_only_opening_the_page_is_a_visit(client: Client, reader: Reader, week: list[Paper]) -> None:
    one = follow(reader, "categories", "cs.CL")
    client.head("/my")
    client.get(f"/my?section={one.pk}&part=1")
    assert Visitor.objects.get(reader=reader).visited is None
    client.get("/my")
    assert Visitor.objects.get(reader=reader).visited is not None


def test_a_list_that_came_after_the_visit_makes_its_day_new(reader: Reader, week: list[Paper]) -> None:
    visitor = reader.visitor
    visitor.visited_before = MORNING
    assert visits.days_since(visitor) == [date(2025, 11, 21), date(2025, 11, 20)]
    DayList.objects.filter(day="2025-11-18", category="cs.LG").update(fetched=MORNING + timedelta(hours=1))
    assert visits.days_since(visitor)[-1] == date(2025, 11, 18)
    DayList.objects.filter(day="2025-11-19").update(fetched=None)
    assert date(2025, 11, 19) in visits.days_since(visitor)


def test_at_least_the_newest_day_is_shown_and_at_most_fourteen(reader: Reader) -> None:
    for number in range(1, 21):
        day_list("cs.CL", f"2025-10-{number:02}", new=[PaperFactory.create()])
    visitor = reader.visitor
    visitor.visited_before = datetime(2026, 1, 1, tzinfo=UTC)
    assert visits.days_since(visitor) == [date(2025, 10, 20)]
    visitor.visited_before = datetime(2025, 1, 1, tzinfo=UTC)
    assert visits.days_since(visitor) == [date(2025, 10, number) for number in range(20, 6, -1)]
    assert len(visits.days_since(visitor, date.min)) == 14


def test_a_reader_looks_back_by_a_link(client: Client, reader: Reader, week: list[Paper]) -> None:
    follow(reader, "categories", "cs.CL")
    [link] = page_of(client, "/my").xpath("//a[contains(., 'last 5 days')]/@href")
    assert link == "/my?since=2025-11-17"
    assert len(shown(page_of(client, link))) == 10
    assert page_of(client, "/my?since=soon", 400).xpath("//ul[@class='notes']/li")


# Papers


def test_a_paper_of_two_subscriptions_stands_once_and_says_so(
    client: Client, reader: Reader, week: list[Paper]
) -> None:
    follow(reader, "categories", "cs.CL")
    other = follow(reader, "categories", "cs.LG", name="Learning")
    page = page_of(client, "/my")
    assert shown(page) == ids(week[8:])
    [also] = page.xpath("//p[contains(@class, 'also')]/a")
    assert (also.text_content(), also.get("href")) == ("Learning", reverse("subscription", args=[other.pk]))
    assert "Nothing new in Learning." in " ".join(page.text_content().split())


def test_what_was_seen_anywhere_is_left_out_until_it_is_asked_for(
    client: Client, reader: Reader, week: list[Paper]
) -> None:
    follow(reader, "categories", "cs.CL")
    visitors.mark(reader.visitor, [week[8].pk], "seen", True)
    assert shown(page_of(client, "/my")) == [week[9].arxiv_id]
    assert shown(page_of(client, "/my?seen=show")) == ids(week[8:])


def test_a_paused_subscription_brings_nothing(client: Client, reader: Reader, week: list[Paper]) -> None:
    one = follow(reader, "categories", "cs.CL")
    follow(reader, "categories", "cs.LG")
    change(one, paused=True)
    assert headings(page_of(client, "/my")) == ["cs.LG 1"]
    assert page_of(client, f"/my?section={one.pk}", 404) is not None


def test_papers_come_in_the_order_that_the_reader_keeps(
    client: Client, reader: Reader, shelf_site: list[Paper]
) -> None:
    few = shelf_site[:12]
    day_list("cs.CL", DAYS[0], new=few)
    follow(reader, "categories", "cs.CL")
    visitors.set_words(reader.visitor, few[7].plain_title)
    assert shown(page_of(client, "/my")) == ids(few)
    assert client.post("/my/order", {"order": "preference", "next": "/my?titles=1"})["Location"] == "/my?titles=1"
    page = page_of(client, "/my")
    assert shown(page)[0] == few[7].arxiv_id
    assert sorted(shown(page)) == sorted(ids(few))
    assert page.xpath("//form[@class='orders']/button[@aria-current]/@value") == ["preference"]
    assert client.post("/my/order", {"order": "loudest"}).status_code == 400


def test_an_order_without_words_says_how_to_give_some(client: Client, reader: Reader, week: list[Paper]) -> None:
    follow(reader, "categories", "cs.CL")
    client.post("/my/order", {"order": "preference"})
    page = page_of(client, "/my")
    assert shown(page) == ids(week[8:])
    assert page.xpath("//form[@action='/words']//input[@id='words']")
    assert not page.find_class("personal")


def test_without_words_the_order_is_learned_from_stars(client: Client, reader: Reader, shelf_site: list[Paper]) -> None:
    hers = [paper for paper in shelf_site if paper.primary_category == "cs.CL"]
    other = [paper for paper in shelf_site if not paper.primary_category.startswith(("cs.", "stat.", "eess."))][:12]
    day_list("cs.CL", DAYS[0], new=[*other, hers[0]])
    follow(reader, "categories", "cs.CL")
    visitors.mark(reader.visitor, [paper.pk for paper in hers[1:]], "starred", True)
    client.post("/my/order", {"order": "preference"})
    page = page_of(client, "/my")
    assert shown(page)[0] == hers[0].arxiv_id
    assert f"Learned from your {len(hers) - 1} stars." in page.find_class("personal")[0].text_content()
    assert not page.xpath("//input[@id='words']")


# Long sections


@pytest.fixture
def long_day(reader: Reader) -> list[Paper]:
    """60 papers of a followed category, and two sections after it."""
    made: list[Paper] = PaperFactory.create_batch(90)
    day_list("cs.CL", DAYS[0], new=made[:60])
    day_list("cs.LG", DAYS[0], new=made[60:85])
    day_list("cs.AI", DAYS[0], new=made[85:])
    for code in ("cs.CL", "cs.LG", "cs.AI"):
        follow(reader, "categories", code)
    return made


def test_long_sections_go_on_by_a_link_without_script_and_in_place(client: Client, long_day: list[Paper]) -> None:
    page = page_of(client, "/my")
    assert shown(page) == ids(long_day[:25])
    [more] = page.xpath("//p[@class='more-of']/a")
    assert "25 more of 60" in more.text_content()
    part = page_of(client, more.get("hx-get"))
    assert shown(part) == ids(long_day[25:50])
    assert not part.xpath("//h1 | //h2")
    assert shown(page_of(client, more.get("href"))) == ids(long_day[25:50])
    last = part.xpath("//p[@class='more-of']/a")[0]
    assert "10 more of 60" in last.text_content()
    assert shown(page_of(client, last.get("hx-get"))) == ids(long_day[50:60])
    later = page.xpath("//div[contains(@class, 'onward')]")
    for end, papers in zip(later, (long_day[60:85], long_day[85:]), strict=True):
        assert shown(page_of(client, end.get("hx-get"))) == ids(papers)
        assert shown(page_of(client, end.xpath("a/@href")[0])) == ids(papers)


def test_a_page_that_goes_on_keeps_what_was_seen_since_it_began(
    client: Client, reader: Reader, long_day: list[Paper]
) -> None:
    [more] = page_of(client, "/my").xpath("//p[@class='more-of']/a/@hx-get")
    visitors.mark(reader.visitor, [one.pk for one in long_day[:25]], "seen", True)
    assert shown(page_of(client, more)) == ids(long_day[25:50])
    assert shown(page_of(client, "/my"))[:25] == ids(long_day[25:50])


def test_there_is_no_page_behind_the_last(client: Client, reader: Reader, long_day: list[Paper]) -> None:
    one = Subscription.objects.get(text="cs.CL")
    assert client.get(f"/my?section={one.pk}&page=3").status_code == 200
    assert client.get(f"/my?section={one.pk}&page=4").status_code == 404
    assert client.get("/my?section=all").status_code == 404


def test_a_section_that_is_seen_says_so_where_it_is_opened_still(
    client: Client, reader: Reader, long_day: list[Paper]
) -> None:
    one = Subscription.objects.get(text="cs.LG")
    visitors.mark(reader.visitor, [paper.pk for paper in long_day[60:85]], "seen", True)
    page = page_of(client, f"/my?section={one.pk}")
    assert shown(page) == []
    assert "Nothing is left here" in page.text_content()
    assert page.xpath("//p[@class='nothing']/a/@href") == ["/my"]


# Marked as seen


def test_all_is_marked_but_what_came_meanwhile_and_undone_exactly(
    client: Client, reader: Reader, long_day: list[Paper]
) -> None:
    visitors.mark(reader.visitor, [long_day[3].pk], "seen", True)
    form = form_of(page_of(client, "/my?seen=show"))
    day_list("cs.CV", DAYS[0], new=[late := PaperFactory.create()])
    follow(reader, "categories", "cs.CV")
    answer = client.post("/my/seen", {**form, "section": "all"}, headers=SCRIPT).json()
    assert answer["changed"] == 89
    assert seen_of(reader) == set(ids(long_day))
    assert shown(page_of(client, "/my")) == [late.arxiv_id]
    assert client.post("/my/seen", {"undo": answer["undo"]}, headers=SCRIPT).json()["changed"] == 89
    assert seen_of(reader) == {long_day[3].arxiv_id}


def test_one_section_is_marked_and_a_page_without_script_undoes_it(
    client: Client, reader: Reader, long_day: list[Paper]
) -> None:
    learning = Subscription.objects.get(text="cs.LG")
    form = form_of(page_of(client, "/my?titles=1"))
    response = client.post("/my/seen", {**form, "section": str(learning.pk)})
    page = html.fromstring(response.content.decode())
    assert seen_of(reader) == set(ids(long_day[60:85]))
    assert "25 papers are marked as seen." in page.text_content()
    [back] = page.xpath("//main//form")
    fields = {field.get("name"): field.get("value") for field in back.xpath(".//input[@name]")}
    response = client.post(back.get("action"), fields)
    assert response["Location"] == "/my?titles=1"
    assert seen_of(reader) == set()


def test_more_than_one_request_may_mark_is_marked_in_pieces(
    client: Client, reader: Reader, long_day: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "MOST_AT_ONCE", 40)
    form = form_of(page_of(client, "/my"))
    assert client.post("/my/seen", form, headers=SCRIPT).json()["changed"] == 90
    assert len(seen_of(reader)) == 90


@pytest.mark.parametrize("field", ["undo", "held-1"])
@pytest.mark.parametrize("text", ["é", "gA", "/" * 40, "a" * 5, pack(range(MOST + 1)), "_" * 12])
def test_what_no_page_held_is_refused(client: Client, field: str, text: str) -> None:
    assert client.post("/my/seen", {field: text}).status_code == 400


def test_a_full_record_of_marks_is_told(
    client: Client, reader: Reader, week: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(reader, "categories", "cs.CL")
    form = form_of(page_of(client, "/my"))
    visitors.mark(reader.visitor, [week[0].pk], "starred", True)
    monkeypatch.setattr(visitors, "MOST_MARKS", 1)
    assert client.post("/my/seen", form).status_code == 409


@given(st.sets(st.integers(0, 2**63 - 1), max_size=40))
def test_what_is_packed_is_unpacked(numbers: set[int]) -> None:
    text = pack(numbers)
    assert unpack(text) == sorted(numbers)
    assert re.fullmatch(r"[A-Za-z0-9_-]*", text)


def test_a_morning_of_neighbours_packs_into_little() -> None:
    assert len(pack(range(3_000_000, 3_003_000, 3))) < 1_400


# Who


def test_nobody_else_reaches_a_readers_page_or_marks(client: Client, reader: Reader, week: list[Paper]) -> None:
    other = make_reader("ben@example.org")
    theirs = follow(other, "categories", "cs.CL")
    assert client.get(f"/my?section={theirs.pk}").status_code == 404
    client.post("/my/seen", form_of(page_of(signed_in(other), "/my")))
    assert seen_of(other) == set()
    assert seen_of(reader) == set(ids(week[8:]))


def test_who_is_not_signed_in_is_told_what_the_page_is(week: list[Paper]) -> None:
    nobody = Client()
    page = page_of(nobody, "/my")
    assert page.xpath("//main//a[contains(@href, '/account/login/?next=/my')]")
    assert nobody.post("/my/seen", {"undo": "AQ"}).status_code == 302
    assert nobody.post("/my/seen", {"undo": "AQ"}, headers=SCRIPT).status_code == 401
    assert nobody.post("/my/order", {"order": "arxiv"}).status_code == 302
    assert not Mark.objects.exists()


def test_one_reader_needs_no_account(settings: Settings, week: list[Paper]) -> None:
    settings.SINGLE_USER = True
    browser = Client()
    page_of(browser, "/my")
    follow(Reader.objects.get(), "categories", "cs.CL")
    assert shown(page_of(browser, "/my")) == ids(week[8:])


def test_a_page_of_a_reader_is_kept_by_nobody_between(client: Client) -> None:
    assert {"no-store", "private"} <= set(client.get("/my")["Cache-Control"].split(", "))


# Nothing there


def test_who_follows_nothing_is_offered_something(client: Client, reader: Reader, settings: Settings) -> None:
    settings.PULL_CATEGORIES = ("cs.CL", "hep-th")
    save(reader.visitor, parse("tidal flow & ebb"))
    links = page_of(client, "/my").xpath("//div[@class='begin']//a/@href")
    assert "/subscriptions/new?kind=categories&text=hep-th" in links
    assert "/subscriptions/new?kind=search&text=tidal%20flow%20%26%20ebb" in links


def test_all_paused_no_lists_and_nothing_new_are_told_apart(client: Client, reader: Reader) -> None:
    one = follow(reader, "author", "Emmy Noether")
    assert "No announcement list has arrived here yet." in page_of(client, "/my").text_content()
    day_list("cs.CL", DAYS[0], new=[PaperFactory.create(authors=["Ada Moon"])])
    assert "Nothing new." in page_of(client, "/my").text_content()
    other = follow(reader, "categories", "cs.CL")
    visitors.mark(reader.visitor, list(Paper.objects.values_list("pk", flat=True)), "seen", True)
    assert "You have seen everything." in page_of(client, "/my").text_content()
    for each in (one, other):
        change(each, paused=True)
    assert "All your subscriptions are paused." in page_of(client, "/my").text_content()


def test_names_are_shown_as_text(client: Client, reader: Reader, week: list[Paper]) -> None:
    follow(reader, "categories", "cs.CL", name="<script>alert(1)</script>")
    follow(reader, "categories", "cs.LG", name='"><img src=x>')
    page = page_of(client, "/my")
    assert headings(page) == ["<script>alert(1)</script> 2"]
    assert not page.xpath("//img[@src='x'] | //script[not(@src)]")


# Cost


@pytest.fixture
def queries_of(client: Client) -> Callable[[], int]:
    """How many queries the page takes, after a first look."""

    def count() -> int:
        client.get("/my")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/my").status_code == 200
        return len(queries)

    return count


def test_queries_do_not_grow_with_subscriptions_and_papers(
    reader: Reader, week: list[Paper], queries_of: Callable[[], int]
) -> None:
    was_here(reader, MORNING)
    follow(reader, "categories", "cs.CL")
    follow(reader, "author", "Ada Moon")
    few = queries_of()
    day_list("cs.AI", DAYS[4], new=PaperFactory.create_batch(60))
    for text in ("cs.LG", "cs.AI", "cs", "cs-cs.CL", "cs.AI+cs.LG"):
        follow(reader, "categories", text)
    for number in range(10):
        follow(reader, "author", f"Somebody {chr(65 + number)}else")
    assert queries_of() == few
