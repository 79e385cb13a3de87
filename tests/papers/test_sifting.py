"""Lists as they are sifted: orders, days together, what was seen left out, pages that go on, the calendar."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from lxml import html

from papers.announcements import DaysOfLists
from papers.categories import split_spec
from papers.models import Mark, Paper, Visitor
from papers.month import month_of
from papers.views.sifting import Asked
from papers.visitors import mark, set_words
from tests.papers.factories import PaperFactory, day_list
from tests.papers.pages import page_of, paper, shown

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY, THURSDAY = "2025-11-17", "2025-11-18", "2025-11-20"
WEEK = "from=2025-11-17&to=2025-11-23"


@pytest.fixture
def week() -> list[Paper]:
    """Six papers over three lists of a week: the first is new on Monday and replaced on Thursday."""
    made: list[Paper] = PaperFactory.create_batch(6)
    day_list("cs.CL", MONDAY, new=[made[0], made[1]])
    day_list("cs.CL", TUESDAY, new=[made[3]], cross=[made[2]])
    day_list("cs.LG", TUESDAY, new=[made[2]])
    day_list("cs.CL", THURSDAY, new=[made[5], made[4]], replace=[made[0]])
    return made


def places(page: Any, made: list[Paper]) -> list[int]:
    ids = [one.arxiv_id for one in made]
    return [ids.index(arxiv_id) for arxiv_id in shown(page)]


def headings(page: Any) -> list[str]:
    return [" ".join(found.text_content().split()) for found in page.xpath("//section[@class='day']/h2")]


def reader(client: Client) -> Visitor:
    """The visitor that the client's cookie names, made by a first mark."""
    first = Paper.objects.order_by("pk")[0]
    assert client.post("/marks", {"opened": first.arxiv_id}, headers={"Sec-Fetch-Mode": "cors"}).status_code == 204
    return Visitor.objects.get()


def test_a_week_is_one_page_with_each_paper_once(client: Client, week: list[Paper]) -> None:
    page = page_of(client, f"/arxiv/cs.CL?{WEEK}")
    assert places(page, week) == [5, 4, 3, 2, 0, 1]
    assert headings(page) == [
        "Thursday, 20 November 2025 2",
        "Tuesday, 18 November 2025 2",
        "Monday, 17 November 2025 2",
    ]
    assert [found.text for found in page.find_class("mark-kind")] == ["new", "new", "new", "cross-list", "new", "new"]
    assert places(page_of(client, f"/?{WEEK}"), week) == [5, 4, 2, 3, 0, 1]
    page = page_of(client, f"/arxiv/cs.CL+cs.LG?{WEEK}&without=cross")
    assert places(page, week) == [5, 4, 2, 3, 0, 1]  # new in one of both


def test_a_paper_of_several_days_stands_where_it_came_first(week: list[Paper]) -> None:
    some = DaysOfLists(split_spec("cs.CL"), date(2025, 11, 18), date(2025, 11, 20)).entries
    assert [(entry.paper_id, entry.day.day) for entry in some if entry.paper_id == week[0].pk] == [(week[0].pk, 20)]
    every = DaysOfLists(split_spec("cs.CL"), date(2025, 11, 17), date(2025, 11, 20)).entries
    assert [(entry.paper_id, entry.day.day) for entry in every if entry.paper_id == week[0].pk] == [(week[0].pk, 17)]


def test_more_than_a_month_is_by_submission(client: Client, week: list[Paper]) -> None:
    page = page_of(client, "/arxiv/cs.CL?from=2025-10-01&to=2025-11-23")
    assert places(page, week) == [5, 4, 3, 2, 1, 0]
    assert "more than a month" in page.text_content()


def test_a_list_can_be_ordered_by_time_and_by_stars(client: Client, week: list[Paper]) -> None:
    visitor = reader(client)
    mark(visitor, [week[1].pk], "starred", True)
    other = Visitor.objects.create()
    mark(other, [week[1].pk, week[2].pk], "starred", True)
    assert places(page_of(client, f"/arxiv/cs.CL?{WEEK}&sort=time"), week) == [5, 4, 3, 2, 1, 0]
    assert places(page_of(client, f"/arxiv/cs.CL?{WEEK}&sort=stars"), week) == [1, 2, 5, 4, 3, 0]
    assert places(page_of(client, "/arxiv/cs.CL?sort=stars"), week) == [1, 2, 5, 4, 3, 0]
    page = page_of(client, f"/arxiv/cs.CL?{WEEK}&sort=stars")
    assert page.xpath("//a[@aria-current='true'][contains(@href, 'sort=stars')]")
    assert [found.text_content().split()[-1] for found in page.find_class("star")[:2]] == ["2", "1"]
    assert "“best” is no order" in page_of(client, "/arxiv/cs.CL?sort=best", 400).text_content()


def test_preferred_words_come_first(client: Client, week: list[Paper]) -> None:
    Paper.objects.filter(pk=week[1].pk).update(title="Whales sing in harmony", keywords=["whale song"])
    assert "What you prefer" in page_of(client, f"/arxiv/cs.CL?{WEEK}&sort=preference").text_content()
    set_words(reader(client), "whale songs, quarks")
    page = page_of(client, f"/arxiv/cs.CL?{WEEK}&sort=preference")
    assert places(page, week)[0] == 1
    assert "What you prefer" not in page.text_content()
    assert "❤ By your words." in page.text_content()


def test_without_words_the_order_is_learned_from_stars(client: Client, week: list[Paper]) -> None:
    starred = PaperFactory.create(title="Songs of whales", keywords=["whale song", "humpback whale"])
    Paper.objects.filter(pk=week[4].pk).update(title="Whales sing in harmony", keywords=["whale song"])
    address = f"/arxiv/cs.CL?{WEEK}&sort=preference"
    assert "nothing is starred yet" in page_of(client, address).text_content()
    mark(reader(client), [starred.pk], "starred", True)
    page = page_of(client, address)
    assert places(page, week)[0] == 4
    assert "Learned from your 1 star. Because of:" in " ".join(page.find_class("personal")[0].text_content().split())
    [card] = page.xpath("//article[.//p[contains(@class, 'because')]]/@data-paper")
    assert card == week[4].arxiv_id
    assert not page.xpath("//input[@id='words']")
    assert not page_of(client, f"/arxiv/cs.CL?{WEEK}").find_class("personal")


def test_what_was_seen_is_left_out_and_counted(client: Client, week: list[Paper]) -> None:
    assert len(shown(page_of(client, f"/arxiv/cs.CL?{WEEK}&unseen=1"))) == 6  # nobody has seen anything
    mark(reader(client), [week[3].pk, week[5].pk], "seen", True)
    page = page_of(client, f"/arxiv/cs.CL?{WEEK}&unseen=1")
    assert places(page, week) == [4, 2, 0, 1]
    assert [found.text_content() for found in page.find_class("number")] == ["1", "2", "3", "4"]
    assert places(page_of(client, "/arxiv/cs.CL?unseen=1"), week) == [4, 2, 1, 0]
    mark(reader(client), [one.pk for one in week], "seen", True)
    assert "All of them seen" in page_of(client, f"/arxiv/cs.CL?{WEEK}&unseen=1").text_content()
    assert len(shown(page_of(Client(), f"/arxiv/cs.CL?{WEEK}&unseen=1"))) == 6  # somebody else


def test_a_page_goes_on_behind_what_is_marked_meanwhile(client: Client) -> None:
    made = PaperFactory.create_batch(60)
    day_list("cs.CL", MONDAY, new=made)
    visitor = reader(client)
    page = page_of(client, f"/arxiv/cs.CL?date={MONDAY}&unseen=1")
    first = shown(page)
    mark(visitor, list(Paper.objects.filter(arxiv_id__in=first).values_list("pk", flat=True)), "seen", True)
    [more] = page.xpath("//*[@hx-get and contains(@class, 'onward')]/@hx-get")
    second = html.fromstring(client.get(more).content.decode())
    [more] = second.xpath("//*[@hx-get]/@hx-get")
    third = html.fromstring(client.get(more).content.decode())
    assert first + shown(second) + shown(third) == [one.arxiv_id for one in made]
    assert not third.xpath("//*[contains(@class, 'onward')]")
    assert len(shown(page_of(client, f"/arxiv/cs.CL?date={MONDAY}&unseen=1"))) == 25  # but a new page leaves them out
    assert shown(page_of(client, f"/arxiv/cs.CL?date={MONDAY}&unseen=1"))[0] == made[25].arxiv_id


def test_a_continuation_is_cards_alone_and_repeats_no_heading(client: Client) -> None:
    for number in range(30):
        paper(f"2511.{number:05}", "cs.CL", "2025-11-01" if number < 2 else "2025-11-02")
    page = page_of(client, "/arxiv/cs.CL")
    assert headings(page) == ["Sunday, 2 November 2025"]
    [more] = page.xpath("//*[contains(@class, 'onward')]/@hx-get")
    response = client.get(more)
    part = html.fromstring(response.content.decode())
    assert not part.xpath("//main | //head | //nav")
    assert headings(part) == ["Saturday, 1 November 2025"]
    assert shown(page) + shown(part) == [f"2511.{number:05}" for number in reversed(range(30))]


@pytest.mark.parametrize("text", ["", "x", "-1", "99999999999999999", "0", "１２３"])
def test_a_moment_that_makes_no_sense_is_now(rf: Any, text: str) -> None:
    asof = Asked.of(rf.get("/", {"asof": text}), []).asof
    assert (
        asof == datetime(1970, 1, 1, tzinfo=UTC)
        if text == "0"
        else abs((datetime.now(UTC) - asof).total_seconds()) < 60
    )


def test_titles_only_without_a_script(client: Client, week: list[Paper]) -> None:
    opened = page_of(client, "/arxiv/cs.CL").xpath("//details[@class='abstract'][@open]")
    assert len(opened) == 6
    page = page_of(client, "/arxiv/cs.CL?titles=1")
    assert not page.xpath("//details[@class='abstract'][@open]")
    assert page.xpath("//details[@class='abstract']")


def test_the_calendar_counts_each_day_as_its_page_does(client: Client, week: list[Paper]) -> None:
    cache.clear()
    paper("2511.09999", "cs.CL cs.CY", "2025-11-05")
    month = month_of(split_spec("cs.CL"), date(2025, 11, 20), date(2025, 11, 21))
    counts = {day.day.day: (day.papers, day.announced) for line in month.weeks for day in line if not day.outside}
    assert {day: found for day, found in counts.items() if found[0]} == {
        3: (6, False), 5: (1, False), 17: (2, True), 18: (2, True), 20: (2, True)
    }  # fmt: skip
    assert (month.before, month.after) == (date(2025, 10, 1), None)
    without = month_of(split_spec("cs.CL-cs.CY"), date(2025, 11, 20), date(2025, 11, 21))
    assert sum(day.papers for line in without.weeks for day in line) == sum(found[0] for found in counts.values()) - 1
    everything = month_of(None, date(2025, 11, 20), date(2025, 11, 21))
    assert [day.papers for line in everything.weeks for day in line if day.day.day in (5, 18)] == [1, 2]


def test_the_calendar_comes_with_a_script_or_by_its_link(client: Client, week: list[Paper]) -> None:
    [section] = page_of(client, f"/arxiv/cs.CL?date={MONDAY}&sort=time").xpath("//*[@id='calendar']")
    part = html.fromstring(client.get(f"/arxiv/cs.CL{section.get('hx-get')}").content.decode())
    assert f"?date={TUESDAY}&sort=time" in part.xpath("//td/a/@href")
    assert part.xpath("//a[@aria-current='date']/@href") == [f"?date={MONDAY}&sort=time"]
    [link] = section.xpath(".//a/@href")
    page = page_of(client, f"/arxiv/cs.CL{link.partition('#')[0]}")
    assert f"?date={TUESDAY}&sort=time" in page.xpath("//*[@id='calendar']//td/a/@href")
    earlier = page_of(client, "/arxiv/cs.CL?month=2025-10-01")
    assert "October 2025" in earlier.xpath("string(//*[@id='calendar']//h2)")
    for odd in ("0001-01-01", "9999-12-31", "2025-13-01", "x"):
        assert page_of(client, f"/arxiv/cs.CL?month={odd}").xpath("//*[@id='calendar']")


def test_boxes_have_three_states(client: Client, six_papers: None) -> None:
    assert client.get("/arxiv?c=cs&x=cs.CY&x=cs.AI").headers["Location"] == "/arxiv/cs-cs.CY-cs.AI"
    page = page_of(client, "/arxiv/cs.AI+cs.LG-cs.CY")
    states = {box.get("value"): box.get("name") for box in page.xpath("//form[@id='picker']//input[@checked]")}
    assert states == {"cs.AI": "c", "cs.LG": "c", "cs.CY": "x"}


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("/list/cs.CL/new", f"/arxiv/cs.CL?date={THURSDAY}"),
        ("/list/cs.CL/recent", f"/arxiv/cs.CL?from=2025-11-14&to={THURSDAY}"),
        ("/list/cs/2502", "/arxiv/cs?from=2025-02-01&to=2025-02-28"),
        ("/list/hep-th/9108", "/arxiv/hep-th?from=1991-08-01&to=1991-08-31"),
        ("/list/cs/2024-02", "/arxiv/cs?from=2024-02-01&to=2024-02-29"),
        ("/list/cs/2513", "/arxiv/cs"),
        ("/list/cs/current", "/arxiv/cs"),
        ("/list/q-bio/new", "/arxiv/q-bio"),
    ],
)
def test_arxivs_own_lists_lead_to_their_days(client: Client, week: list[Paper], address: str, target: str) -> None:
    assert client.get(address).headers["Location"] == target


def test_a_card_leads_to_lists_with_and_without_its_categories(client: Client, six_papers: None) -> None:
    page = page_of(client, "/arxiv/cs.AI+cs.LG")
    card = page.xpath("//article[@data-paper='2511.00003']")[0]
    assert set(card.xpath(".//*[contains(@class, 'steps')]//a/@href")) >= {
        "/arxiv/cs.AI",
        "/arxiv/cs.AI+cs.LG+cs.CY",
        "/arxiv/cs.AI+cs.LG-cs.CY",
    }
    assert not page_of(client, "/").find_class("steps")


def test_marks_are_of_the_papers_of_the_page(client: Client, week: list[Paper]) -> None:
    page = page_of(client, f"/arxiv/cs.CL?date={TUESDAY}")
    [button] = page.xpath("//button[@name='seen']")
    client.post("/marks", {"seen": button.get("value")}, headers={"Sec-Fetch-Mode": "cors"})
    assert set(Mark.objects.filter(seen__isnull=False).values_list("paper_id", flat=True)) == {week[2].pk, week[3].pk}
    page = page_of(client, f"/arxiv/cs.CL?date={TUESDAY}")
    assert len(page.find_class("is-seen")) == 2
    assert page.xpath("//button[@name='unseen']")


def test_pieces_that_are_kept_follow_what_they_show(client: Client, week: list[Paper]) -> None:
    address = f"/arxiv/cs.CL?date={TUESDAY}"
    before = page_of(client, address).xpath("//article")[0]
    assert html.tostring(page_of(client, address).xpath("//article")[0]) == html.tostring(before)
    Paper.objects.filter(pk=week[3].pk).update(
        title="A new title",
        abstract="A new abstract.",
        keywords=["new keyphrase"],
        comment="A new comment",
        doi="10.1/new",
    )
    text = page_of(client, address).xpath("//article")[0].text_content()
    for said in ("A new title", "A new abstract.", "new keyphrase", "A new comment", "10.1/new"):
        assert said in text
    elsewhere = page_of(client, f"/arxiv/cs?date={TUESDAY}").xpath("//article//*[@class='steps']//a/@href")
    assert not set(elsewhere) & set(before.xpath(".//*[@class='steps']//a/@href"))
    mark(reader(client), [week[3].pk], "starred", True)
    assert page_of(client, address).xpath("//article[1]//button[@aria-pressed='true'][contains(@class, 'star')]")
    assert not page_of(Client(), address).xpath("//article//button[@aria-pressed='true'][contains(@class, 'star')]")
    chinese = page_of(Client(headers={"Accept-Language": "zh-CN"}), address).xpath("//article")[0]
    assert chinese.xpath("string(.//button[contains(@class, 'copy')])") != before.xpath(
        "string(.//button[contains(@class, 'copy')])"
    )
