"""The search box as a combobox, by keyboard and by mouse, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from search.engines.base import Engine
from tests.search.suggestible import make_library

BOX = "Search arXiv’s papers"


@pytest.fixture
def page(transactional_db: None, engine: Engine, live_server: LiveServer, browser: Browser) -> Iterator[Page]:
    """A page of the small library; fails on whatever the browser complains of."""
    make_library(engine)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda event: errors.append(event.text) if event.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/help")
    yield page
    context.close()
    assert not [text for text in errors if "the server responded with a status of 503" not in text]


def test_suggestions_are_chosen_by_keyboard(page: Page) -> None:
    box = page.get_by_label(BOX)
    below = page.locator("main").bounding_box()
    expect(box).to_have_role("combobox")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("smith")
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    assert page.locator("main").bounding_box() == below  # nothing moves
    texts = options.all_inner_texts()
    assert len(texts) > 3
    for place in (0, 1):
        box.press("ArrowDown")
        expect(options.nth(place)).to_have_attribute("aria-selected", "true")
        expect(box).to_have_attribute("aria-activedescendant", f"suggestion-{place}")
    box.press("ArrowUp")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    box.press("ArrowUp")
    expect(page.locator('[aria-selected="true"]')).to_have_count(0)
    box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("smith")
    box.press("ArrowDown")
    expect(options.first).to_be_visible()
    place = next(number for number, text in enumerate(texts) if "Bob Smith" in text)
    for _ in range(place + 1):
        box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/search?q=author%3A%22Bob+Smith%22")


def test_enter_without_a_choice_searches(page: Page) -> None:
    box = page.get_by_label(BOX)
    box.press_sequentially("attention")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("Enter")
    page.wait_for_url("**/search?q=attention")


def test_a_title_is_chosen_with_the_mouse(page: Page) -> None:
    box = page.get_by_label(BOX)
    box.press_sequentially("attention is")
    page.get_by_role("option", name="Attention is all you need").click()
    page.wait_for_url("**/arxiv/2401.00000")


def test_the_list_goes_with_the_focus_and_with_the_text(page: Page) -> None:
    box, options = page.get_by_label(BOX), page.get_by_role("option")
    box.press_sequentially("graph")
    expect(options.first).to_be_visible()
    box.press("Tab")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.fill("graphs")
    expect(options.first).to_be_visible()
    box.fill("")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_text_stays_text(page: Page) -> None:
    page.get_by_label(BOX).press_sequentially("wavelets")
    title = page.locator(".suggestions .what", has_text="<b>wavelets</b>")
    expect(title).to_have_text('On "graph <b>wavelets</b>" OR cat:foo -x (again)')
    assert page.locator(".suggestions b").count() == 0


def test_one_question_after_a_pause_and_none_that_is_late(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.continue_()

    page.route("**/api/v1/suggest?*", answer)
    page.get_by_label(BOX).press_sequentially("attention", delay=10)
    expect(page.get_by_role("option").first).to_be_visible()
    assert [url.rpartition("=")[2] for url in asked] == ["attention"]
    page.get_by_label(BOX).press_sequentially("x")
    page.get_by_label(BOX).press("Escape")
    page.wait_for_timeout(500)
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_a_site_that_does_not_answer_suggests_nothing(page: Page) -> None:
    page.route("**/api/v1/suggest?*", lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_label(BOX).press_sequentially("graph")
    page.wait_for_timeout(500)
    expect(page.get_by_role("listbox")).to_be_hidden()
