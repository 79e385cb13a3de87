"""The morning page in a real browser: sections, keys, marks and their undoing, long sections that go on; with and
without scripts, on both widths, in both languages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import APIResponse, Browser, Locator, Page, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from papers.models import Mark, Paper, Reader, Visitor
from search.engines.base import Engine
from search.subscriptions import keeping
from tests.e2e.axe import assert_accessible
from tests.e2e.watching import Scheme, Windows, layout_shift
from tests.papers.factories import PaperFactory, day_list

DAYS = ("2025-11-20", "2025-11-21")


@pytest.fixture
def papers(transactional_db: None) -> list[Paper]:
    """30 papers of cs.CL on one day and 4 on the next, one of these in cs.LG, too, which has 25 of its own."""
    made: list[Paper] = PaperFactory.create_batch(64)
    day_list("cs.CL", DAYS[0], new=made[:30])
    day_list("cs.CL", DAYS[1], new=made[30:34])
    day_list("cs.LG", DAYS[1], new=made[34:59], cross=made[30:31])
    day_list("cs.AI", DAYS[1], new=made[59:])
    return made


@pytest.fixture
def visitor(papers: list[Paper]) -> Visitor:
    """The one reader, who follows three categories and somebody without papers."""
    found = Visitor.objects.create(reader=Reader.objects.create(username="reader"))
    for text in ("cs.CL", "cs.LG", "cs.AI"):
        keeping.subscribe(found, keeping.read("categories", text))
    keeping.subscribe(found, keeping.read("author", "Emmy Noether"))
    return found


@pytest.fixture
def morning(
    visitor: Visitor, engine: Engine, live_server: LiveServer, browser: Browser, settings: Settings
) -> Iterator[Windows]:
    """Pages of a site of one reader, where papers are marked by hand only."""
    settings.SINGLE_USER = True
    # How many cards are scrolled past after a look at them is up to how fast the machine is.
    windows = Windows(browser, live_server.url, first="localStorage.setItem('passing', 'off');")
    yield windows
    windows.close()


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    """How wide the window is."""
    found: int = request.param
    return found


PAGE = f"/my?since={DAYS[0]}"


def topic(page: Page, name: str) -> Locator:
    return page.locator(".topic").filter(has=page.get_by_role("heading", name=name, level=2))


def seen(visitor: Visitor) -> int:
    return Mark.objects.filter(visitor=visitor, seen__isnull=False).count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_the_page_is_accessible_and_stands_still(morning: Windows, width: int, scheme: Scheme, language: str) -> None:
    page = morning(PAGE, width=width, scheme=scheme, language=language)
    expect(page.locator(".topic > h2")).to_have_count(3)
    assert_accessible(page)
    assert layout_shift(page)[0] < 0.02


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_what_is_said_where_nothing_is_new_is_accessible(
    morning: Windows, visitor: Visitor, width: int, script: bool
) -> None:
    visitor.subscriptions.exclude(kind="author").delete()
    page = morning("/my", width=width, script=script)
    expect(page.locator(".all-done")).to_contain_text("Nothing new.")
    assert_accessible(page)
    visitor.subscriptions.all().delete()
    page = morning("/my", width=width, script=script)
    expect(page.get_by_role("heading", name="Begin with categories")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Other categories").click()
    page.wait_for_url("**/subscriptions/new?kind=categories")


def test_the_line_of_sections_leads_to_each(morning: Windows, width: int) -> None:
    page = morning(PAGE, width=width)
    links = page.get_by_role("navigation", name="Sections of this page").get_by_role("link")
    expect(links).to_have_text(["cs.CL 34", "cs.LG 25", "cs.AI 5"])
    links.nth(1).click()
    expect(topic(page, "cs.LG").locator("h2")).to_be_in_viewport()


def test_a_section_is_marked_in_place_and_undone_by_key(morning: Windows, visitor: Visitor, width: int) -> None:
    page = morning(PAGE, width=width)
    section = topic(page, "cs.LG")
    button = section.get_by_role("button", name="Mark as seen")
    button.click()
    expect(page.locator(".toast")).to_contain_text("Marked as seen: 25")
    expect(section.locator(".card.is-seen")).to_have_count(25)
    expect(page.locator(".topic .card.is-seen")).to_have_count(25)
    expect(section.locator("button[form=mine]")).to_have_attribute("aria-disabled", "true")
    expect(section.locator("button[form=mine]")).to_be_focused()
    assert seen(visitor) == 25
    assert_accessible(page, within=".topic-does:has([aria-disabled=true])")  # cards are in part below bar and toast
    page.keyboard.press("u")
    expect(page.locator(".topic .card.is-seen")).to_have_count(0)
    expect(button).to_be_visible()
    assert seen(visitor) == 0


@pytest.mark.parametrize(("undo", "number"), [(False, 25), (True, 0)], ids=["marked", "undone"])
def test_what_is_on_its_way_while_a_section_is_marked_comes_as_marked(
    morning: Windows, visitor: Visitor, width: int, undo: bool, number: int
) -> None:
    page = morning("/help", width=width)
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/my?*part=1*", lambda route: held.append((route, route.fetch())))
    page.goto(morning.site + PAGE)
    section = topic(page, "cs.LG")
    section.locator(".onward").scroll_into_view_if_needed()
    expect(section.locator(".onward.htmx-request")).to_have_count(1)
    for _ in range(50):
        if held:
            break
        page.wait_for_timeout(100)  # until the site has answered, with what is not marked yet
    section.get_by_role("button", name="Mark as seen").click()
    expect(page.locator(".toast")).to_contain_text("Marked as seen: 25")
    if undo:
        with page.expect_response("**/my/seen"):
            page.get_by_role("button", name="Undo").click()
    for route, answer in held:
        route.fulfill(response=answer)
    expect(section.locator(".card")).to_have_count(25)
    expect(section.locator(".card.is-seen")).to_have_count(number)
    assert seen(visitor) == number


def test_all_is_marked_also_what_is_not_on_the_page_yet_and_undo_leaves_what_was_marked_before(
    morning: Windows, visitor: Visitor, width: int
) -> None:
    page = morning(PAGE, width=width)
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.locator(".topic .card.is-seen")).to_have_count(1)
    page.get_by_role("button", name="Mark all as seen").click()
    expect(page.locator(".toast")).to_contain_text("Marked as seen: 63")
    expect(page.locator(".tally-seen")).to_have_text("64 seen")
    assert seen(visitor) == 64
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".topic .card.is-seen")).to_have_count(1)
    expect(page.locator(".tally-seen")).to_have_text("1 seen")
    assert seen(visitor) == 1


def test_marked_all_the_page_is_calm_until_there_is_something_new(
    morning: Windows, visitor: Visitor, width: int
) -> None:
    page = morning(PAGE, width=width)
    page.get_by_role("button", name="Mark all as seen").click()
    expect(page.locator(".toast")).to_contain_text("Marked as seen: 64")
    page.reload()
    expect(page.locator(".all-done")).to_contain_text("You have seen everything.")
    assert_accessible(page)
    page.get_by_role("link", name="Show what you have seen").click()
    expect(page.locator(".topic .card.is-seen").first).to_be_visible()


def test_without_script_a_page_says_what_was_marked_and_takes_it_back(
    morning: Windows, visitor: Visitor, width: int
) -> None:
    page = morning(PAGE, width=width, script=False)
    page.get_by_role("button", name="Mark all as seen").click()
    expect(page.get_by_role("status")).to_contain_text("64 papers are marked as seen.")
    assert_accessible(page)
    assert seen(visitor) == 64
    with page.expect_navigation(url=f"{morning.site}{PAGE}"):
        page.get_by_role("button", name="Undo").click()
    assert seen(visitor) == 0


def test_keys_walk_over_sections_star_open_and_fold(morning: Windows, visitor: Visitor) -> None:
    page = morning(PAGE)
    first = page.locator(".topic .card").first
    page.keyboard.press("j")
    expect(first).to_be_focused()
    page.keyboard.press("s")
    expect(first.locator(".star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("x")
    expect(first.locator(".abstract")).not_to_have_attribute("open", "")
    for _step in range(24):
        page.keyboard.press("j")
    expect(topic(page, "cs.LG").locator(".card").first).to_be_attached()  # its cards come as one comes near
    page.keyboard.press("j")
    expect(topic(page, "cs.LG").locator(".card").first).to_be_focused()
    page.keyboard.press("k")
    expect(topic(page, "cs.CL").locator(".card").last).to_be_focused()
    page.keyboard.press("t")
    expect(page.locator("#bar")).to_have_class("bar is-titles")
    page.keyboard.press("o")
    page.wait_for_url("**/arxiv/*")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_long_section_goes_on(morning: Windows, papers: list[Paper], width: int, script: bool) -> None:
    page = morning(PAGE, width=width, script=script)
    section = topic(page, "cs.CL")
    section.get_by_role("link", name="9 more of 34").click()
    if script:
        expect(section.locator(".card")).to_have_count(34)
        numbers = section.locator(".card > .number")
        assert numbers.all_text_contents() == [f"{number}" for number in range(1, 35)]
        expect(section.locator(".topic-day")).to_have_count(2)
    else:
        expect(page.locator(".topic .card")).to_have_count(9)
        page.get_by_role("link", name="All sections").click()
        expect(page).to_have_url(f"{morning.site}{PAGE}")


def test_sections_further_down_come_when_they_are_near(morning: Windows) -> None:
    page = morning(PAGE)
    expect(topic(page, "cs.AI").locator(".card")).to_have_count(0)
    topic(page, "cs.AI").scroll_into_view_if_needed()
    expect(topic(page, "cs.AI").locator(".card")).to_have_count(5)


def test_the_order_by_preference_asks_for_words(morning: Windows, width: int) -> None:
    page = morning(PAGE, width=width)
    page.locator("form.orders").get_by_role("button", name="Preference").click()
    field = page.get_by_label("What you prefer")
    expect(field).to_be_visible()
    assert_accessible(page)
    field.fill("Tidal flow number 33")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("form.orders [aria-current]")).to_have_attribute("value", "preference")
    expect(field).to_have_count(0)
