"""The tracer tells a page that stutters from one that does not."""

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.tracing import LONG, traced
from tests.e2e.watching import Windows

CARDS = 150
_FILL = """(wanted) => {
  const [main, card] = [document.getElementById("main"), document.querySelector("#main .card")];
  while (main.querySelectorAll(".card").length < wanted) main.append(card.cloneNode(true));
}"""
_SLOW = """() => {
  window.dawdle = function dawdle() { const end = performance.now() + 120; while (performance.now() < end); };
  document.addEventListener("keydown", window.dawdle);
}"""


@pytest.fixture
def full(open_page: Windows) -> Page:
    """A list of 150 cards that nothing happens on any more."""
    page = open_page("/")
    page.evaluate(_FILL, CARDS)
    page.wait_for_timeout(500)
    return page


def test_a_handler_that_takes_its_time_is_found_with_its_name(browser: Browser, full: Page):
    full.evaluate(_SLOW)
    found = traced(browser, full, lambda: full.keyboard.press("F8")).long_tasks(100)
    assert len(found) == 1
    assert "dawdle" in found[0].parts[0].name
    assert found[0].parts[0].own == pytest.approx(120, abs=40)


def test_an_idle_page_has_no_long_task(browser: Browser, full: Page):
    trace = traced(browser, full, lambda: full.wait_for_timeout(400))
    assert trace.tasks  # it was this page that was looked at
    assert not trace.long_tasks(LONG, cpu=True)
