"""How long the browser's main thread is busy while 1,000 cards are scrolled through, filtered and folded.

`python -m benchmarks.sifting http://127.0.0.1:8071 "/arxiv/cs.LG+cs.CL+cs.CV+cs.AI"` opens a list of a running site in
Chromium and lets it go on until CARDS papers stand on the page. Each step is done twice: as the page is, and, to
compare, with every card drawn whether or not it is in view. Told are the longest task and how many took more than 50
ms, the browser's own measure of a page that hangs (https://w3c.github.io/longtasks/). A machine without a graphics
processor, or with other work, makes all of them longer.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

from scripts.chromium import chromium

CARDS = 1000
_OBSERVE = """
window.__tasks = [];
new PerformanceObserver((list) => window.__tasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({type: "longtask", buffered: true});
"""
_DRAW_ALL = """
() => document.querySelectorAll(".card").forEach((card) => { card.style.contentVisibility = "visible" })
"""
Step = tuple[str, Callable[[Page], None]]


def _wheel(page: Page, by: int) -> None:
    for _ in range(80):
        page.mouse.wheel(0, by)
        page.wait_for_timeout(16)


def _steps() -> Iterator[Step]:
    yield "scroll down", lambda page: _wheel(page, 1200)
    yield "scroll up", lambda page: _wheel(page, -1200)
    yield "to the top", lambda page: page.keyboard.press("g")
    yield "open the filter", lambda page: page.keyboard.press("f")
    yield "type two words", lambda page: page.locator("[name=with]").press_sequentially("learning graph", delay=60)
    yield "only matching", lambda page: page.locator("[name=only]").check()
    yield "without a word", lambda page: page.locator("[name=without]").fill("model")
    yield "three colours", lambda page: page.locator("[name=tint]").fill("data network train")
    yield "dimmed", lambda page: page.locator("[name=only]").uncheck()
    yield "clear", lambda page: page.locator(".filter [type=reset]").click()
    yield "titles only", lambda page: page.locator("[data-do=titles]").click()
    yield "scroll titles", lambda page: _wheel(page, 400)
    yield "all again", lambda page: page.locator("[data-do=titles]").click()
    yield "fold", lambda page: page.locator("[data-do=fold]").click()
    yield "unfold", lambda page: page.locator("[data-do=fold]").click()


def measure(page: Page) -> dict[str, tuple[int, float]]:
    """Tasks over 50 ms and the longest of them in ms, 0 without any, by step."""
    found: dict[str, tuple[int, float]] = {}
    page.mouse.move(500, 500)
    for name, act in _steps():
        page.evaluate("window.__tasks.length = 0")
        act(page)
        page.wait_for_timeout(1200)
        tasks: list[float] = page.evaluate("window.__tasks")
        found[name] = len(tasks), max(tasks, default=0.0)
    page.keyboard.press("f")  # the filter is closed, as it was
    return found


@contextmanager
def _page_of(site: str, address: str) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(_OBSERVE)
        page.goto(site + address, wait_until="networkidle")
        while page.locator("#main .card").count() < CARDS and page.locator(".onward").count():
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            page.wait_for_timeout(150)
        page.keyboard.press("g")
        page.wait_for_timeout(1000)
        yield page


def main(site: str, address: str) -> None:
    """Print both measurements as a table."""
    with _page_of(site, address) as page:
        cards = page.locator("#main .card").count()
        drawn_in_view = measure(page)
        page.evaluate(_DRAW_ALL)
        page.wait_for_timeout(3000)
        page.keyboard.press("g")
        drawn_all = measure(page)
    print(f"{cards} cards: tasks over 50 ms, and the longest (ms)")
    print(f"{'':18}{'as it is':>16}{'all drawn':>16}")
    for name, (count, longest) in drawn_in_view.items():
        count_all, longest_all = drawn_all[name]
        print(f"{name:18}{count:8}{longest:8.0f}{count_all:8}{longest_all:8.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
