"""Is a page of 1,000 cards smooth? What a reader does, traced in Chromium, beside the same HTML without scripts."""

import re
import time
from collections.abc import Callable, Iterator

import numpy as np
from playwright.sync_api import Browser, Page, Route, ViewportSize

from tests.e2e.tracing import Trace, traced

CARDS = 1000
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
TELLING = 40.0  # milliseconds of running, from which on a task's parts are told
STEP = 1600  # pixels of a turn of the wheel
SETTLING = 1500  # milliseconds after an action
PATIENCE = 180.0  # seconds until all cards are there
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_COUNT = "document.querySelectorAll('#main .card').length"
_GO = "(share) => scrollTo({ top: document.documentElement.scrollHeight * share, behavior: 'instant' })"
_AT_END = "scrollY + innerHeight >= document.documentElement.scrollHeight - 4"
Action = tuple[str, Callable[[], object]]


def smoothness(browser: Browser, site: str, address: str) -> Iterator[str]:
    """Lines of Markdown: a row for each action on the page at `address` with 1,000 cards, and what was in the longest
    tasks. Raises TimeoutError where the page does not go on to so many."""
    page = browser.new_page(viewport=VIEWPORT)
    page.goto(site + address, wait_until="networkidle")
    found = [("going on to 1,000 cards, 25 at a time", traced(browser, page, lambda: _continue(page)))]
    cards = page.evaluate(_COUNT)
    bare = _bare(browser, page, site)
    found.append(("wheel through the same HTML without scripts", _observed(browser, bare, lambda: _wheel(bare))))
    bare.close()
    found += [(name, _observed(browser, page, act)) for name, act in _actions(page)]
    page.close()
    size = f"{VIEWPORT['width']} × {VIEWPORT['height']}"
    yield f"{cards:,} cards of `{address}`, {size}, in milliseconds; no frame is shown while a task runs."
    yield ""
    yield (
        "| | tasks | longest, by the clock | running | over 50 ms, by the clock | running | frames "
        "| between two, p50 / p95 / most |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    yield from (_row(name, trace) for name, trace in found)
    yield "\nWhat was in the longest (“by the clock”, milliseconds of each part):\n"
    yield from (f"- {name}: {trace.longest}" for name, trace in found if trace.longest.cpu > TELLING)


def _observed(browser: Browser, page: Page, act: Callable[[], object]) -> Trace:
    """The trace of one action, without the garbage of those before it."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    page.wait_for_timeout(200)
    return traced(browser, page, act)


def _row(name: str, trace: Trace) -> str:
    between = trace.intervals
    frames = " / ".join(f"{value:.0f}" for value in np.quantile(between, (0.5, 0.95, 1))) if between else "none"
    longest = f"{trace.longest_wall.wall:.0f} | {trace.longest.cpu:.0f}"
    return (
        f"| {name} | {len(trace.tasks):,} | {longest} | {len(trace.long_tasks())} | {len(trace.long_tasks(cpu=True))} "
        f"| {len(trace.frames):,} | {frames} |"
    )


def _continue(page: Page) -> None:
    """Go to the end, as long as more comes, until there are enough."""
    end = time.monotonic() + PATIENCE
    while (there := page.evaluate(_COUNT)) < CARDS:
        if time.monotonic() > end:
            raise TimeoutError(f"{there} of {CARDS} cards came within {PATIENCE:.0f} s")
        page.evaluate("scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })")
        page.wait_for_timeout(50)
    # Enough: the page does not go on in what follows.
    page.evaluate("document.querySelectorAll('.onward').forEach((end) => end.remove())")
    _go(page, 0)
    page.wait_for_load_state("networkidle")


def _bare(browser: Browser, page: Page, site: str) -> Page:
    """The page's present HTML and style sheets, without scripts."""
    html = _SCRIPT.sub("", page.content())
    other = browser.new_page(viewport=VIEWPORT)

    def answer(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    other.route(f"{site}/without-scripts", answer)
    other.goto(f"{site}/without-scripts", wait_until="networkidle")
    return other


def _actions(page: Page) -> Iterator[Action]:
    """What a reader does, one after the other; each goes on from where the one before it ended. Elements are looked for
    between the traces, as Playwright's own script takes its time in the page."""

    def press(key: str) -> Callable[[], None]:
        return lambda: _settled(page, lambda: page.keyboard.press(key))

    def write(name: str, text: str) -> Callable[[], None]:
        page.locator(f"#filter [name={name}]").focus()
        return lambda: _settled(page, lambda: page.keyboard.type(text, delay=60))

    def focus(selector: str) -> None:
        page.locator(selector).focus()

    yield "wheel through all", lambda: _wheel(page)
    _go(page, 0)
    focus("#main")
    yield "open the filter (`f`)", press("f")
    yield "type a filter of two words", write("with", "learn graph")
    focus("#filter [name=how]")
    yield "all words, not any", press("ArrowDown")
    focus("#filter [name=only]")
    yield "only matching: on", press(" ")
    yield "only matching: off", press(" ")
    yield "highlight three words", write("tint", "model data network")
    yield "wheel through all, filtered and highlighted", lambda: _wheel(page)
    _go(page, 0)
    focus("#filter [type=reset]")
    yield "clear the filter", press(" ")
    for share, where in ((0.0, ""), (0.5, ", half way down")):
        focus("#main")
        _go(page, share)
        yield f"titles only (`t`){where}", press("t")
        yield f"with abstracts again{where}", press("t")
        yield f"fold all (`a`){where}", press("a")
        yield f"unfold all{where}", press("a")


def _settled(page: Page, act: Callable[[], object]) -> None:
    """Act, and wait for what it brings about."""
    act()
    page.wait_for_timeout(SETTLING)


def _wheel(page: Page) -> None:
    """From the top to the end in turns of the wheel."""
    page.mouse.move(640, 600)
    while not page.evaluate(_AT_END):
        for _ in range(5):
            page.mouse.wheel(0, STEP)
            page.wait_for_timeout(30)


def _go(page: Page, share: float) -> None:
    """To a share of the page's length."""
    page.evaluate(
        "(share) => scrollTo({ top: document.documentElement.scrollHeight * share, behavior: 'instant' })", share
    )
    page.wait_for_timeout(500)
