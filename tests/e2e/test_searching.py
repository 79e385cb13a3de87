"""The search page in a real browser on real papers: facets, years, chips, saving, help while typing, going on."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from papers.models import Paper
from tests.e2e.axe import assert_accessible
from tests.e2e.watching import Windows, layout_shift

BOX = "Search arXiv’s papers"
QUERY = "learning"


def query_of(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query)["q"][0]


def matches(page: Page) -> int:
    """How many papers the page says that it found."""
    return int(re.sub(r"\D", "", page.locator(".sum").inner_text().partition("paper")[0]))


def test_facets_come_beside_the_papers_and_choose_among_them(open_page: Windows) -> None:
    page = open_page(f"/search?q={QUERY}")
    shift, moved = layout_shift(page)
    assert shift < 0.01, moved
    value = page.locator(".facet", has_text="Category").locator("li").first
    count = int(value.locator(".count").inner_text().replace(",", ""))
    value.get_by_role("link").click()
    page.wait_for_url("**cat%3A**")
    assert matches(page) == count
    page.locator(".values .on a").first.click()
    page.wait_for_url(re.compile(rf"\?q={QUERY}$"))


def test_years_are_chosen_by_drawing_over_the_bars(
    transactional_db: None, shelf_site: list[Paper], live_server: LiveServer, browser: Browser
) -> None:
    windows = Windows(browser, live_server.url)  # the shelf has papers of many years, the real site of one
    page = windows("/search?q=learning")
    bars = page.locator("svg.bars")
    expect(bars).to_be_visible()
    years = page.locator("svg.bars a").evaluate_all("all => all.map((each) => each.dataset.year)")
    assert len(years) > 4
    box = bars.bounding_box()
    assert box is not None
    bar, middle = box["width"] / len(years), box["y"] + box["height"] / 2
    for give_up in ("Escape", "let go far away"):
        page.mouse.move(box["x"] + 3.5 * bar, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + 1.5 * bar, middle, steps=5)
        expect(page.locator("svg.bars a.drawn")).to_have_count(3)
        if give_up == "Escape":
            page.keyboard.press("Escape")
        else:
            page.mouse.move(box["x"] + 1.5 * bar, box["y"] + box["height"] + 100)
        page.mouse.up()
        expect(page.locator("svg.bars a.drawn")).to_have_count(0)
        assert query_of(page) == "learning"
    page.mouse.move(box["x"] + 3.5 * bar, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 1.5 * bar, middle, steps=5)
    page.mouse.up()
    page.wait_for_url("**date**")
    assert query_of(page) == f"learning date:{years[1]}..{years[3]}"
    expect(page.locator("svg.bars a.inside")).to_have_count(3)
    page.locator(".chosen .chip").click()
    page.wait_for_url(re.compile(r"\?q=learning$"))
    windows.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_without_scripts_facets_and_years_are_there_too(open_page: Windows, width: int) -> None:
    page = open_page(f"/search?q={QUERY}", width=width, script=False)
    page.locator("details.narrow > summary").click()
    page.get_by_role("link", name="Show facets").click()
    expect(page.get_by_role("heading", name="Author")).to_be_visible()
    page.get_by_label("From").fill("2026")
    page.get_by_label("to", exact=True).fill("2026")
    with page.expect_navigation():
        page.get_by_role("button", name="Show").click()
    assert query_of(page) == f"{QUERY} date:2026"
    with page.expect_navigation():
        page.locator(".chips a", has_text="date").click()
    assert query_of(page) == QUERY


def test_a_chip_takes_its_part_away(open_page: Windows) -> None:
    page = open_page(f"/search?q={quote('deep learning -cat:cs.CY')}")
    assert page.locator(".chips .chip").count() == 3
    page.locator(".chips a", has_text="cs.CY").click()
    page.wait_for_url("**/search?q=deep+learning")


def test_a_search_is_saved_by_one_click_and_taken_back(open_page: Windows) -> None:
    page = open_page("/search?q=graph+learning")
    page.get_by_role("button", name="Save this search").click()
    saved = page.get_by_role("button", name="Saved")
    expect(saved).to_be_visible()
    page.reload()
    saved.click()
    expect(page.get_by_role("button", name="Save this search")).to_be_visible()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("tide au", 'author:"Yang Song"'),
        ("tide date:", "date:2024-03..2024-06"),
        ("cat:", "cat:cs.*"),
        ('"spring ti', "the second mark closes it"),
        ("tide -sur", "leaves out papers that have it"),
        ("tide OR ", "either"),
        ("(tide moon", "the second one closes the group"),
    ],
)
def test_help_comes_while_typing(open_page: Windows, typed: str, told: str) -> None:
    page = open_page("/help")
    box = page.get_by_label(BOX)
    below = page.locator("main").bounding_box()
    box.press_sequentially(typed)
    expect(page.locator(".syntax-hint")).to_contain_text(told)
    assert page.locator("main").bounding_box() == below
    box.press("Escape")
    expect(page.locator(".syntax-hint")).to_be_hidden()
    box.fill("tides")
    expect(page.locator(".syntax-hint")).to_be_hidden()


def test_results_go_on_where_they_end(open_page: Windows) -> None:
    page = open_page(f"/search?q={QUERY}")
    assert page.locator("article.card").count() >= 25
    page.locator("article.card").nth(24).scroll_into_view_if_needed()
    expect(page.locator("article.card .number").nth(25)).to_have_text("26")
    numbers = page.locator("article.card .number").all_text_contents()
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("query", ["deep learning -cat:cs.CY date:2020..2026", "titel:learning cat:cs.XX", ""])
def test_everyone_can_use_it(open_page: Windows, query: str, width: int, scheme: str) -> None:
    page = open_page(f"/search?q={quote(query)}", width=width, scheme=scheme)  # type: ignore[arg-type]
    if width < 1000 and page.locator("details.narrow").count():
        page.locator("details.narrow > summary").click()
        expect(page.get_by_role("heading", name="Category")).to_be_visible()
    # Cards have tests of their own.
    assert_accessible(page, without=[".cards"])
