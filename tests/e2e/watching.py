"""Browser windows that are watched: no foreign request, no error in the console, no breach of the page's own policy, no
missing part, nothing wider than the window. And what they measure: how far things jump, how much a page weighs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, Response

Scheme = Literal["light", "dark"]
HEIGHTS = {390: 844, 768: 1024, 1280: 900, 1920: 1080}

# Chromium keeps the first 150 entries for a late observer; ours begins with the document.
_OBSERVE = """
window.__shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const moved = entry.sources.map((source) => {
      const node = source.node && (source.node.nodeType === 1 ? source.node : source.node.parentElement);
      return node ? `${node.tagName.toLowerCase()}.${node.className}: ${node.textContent.trim().slice(0, 40)}` : "?";
    });
    window.__shifts.push([entry.value, moved.join(" | ")]);
  }
}).observe({type: "layout-shift", buffered: true});
"""
_WEIGH = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map((entry) => [entry.name, entry.encodedBodySize, entry.decodedBodySize])
"""


@dataclass(frozen=True)
class Look:
    """How a window is opened. language: an Accept-Language such as `zh-CN`."""

    width: int = 1280
    script: bool = True
    scheme: Scheme = "light"
    language: str = "en-GB"
    reduced_motion: bool = False


@dataclass
class Watch:
    """What the pages of one test did wrong. forgiven: parts of addresses and messages that a test expects."""

    forgiven: list[str] = field(default_factory=list)
    _wrong: list[str] = field(default_factory=list)

    def follow(self, page: Page, site: str) -> None:
        """Listen to a page from now on; `site` is the only address it may ask."""
        page.on("request", lambda request: self._asked(request, site))
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)
        page.on("console", lambda said: self._note(f"console: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: self._note(f"script: {error}"))

    def check(self) -> None:
        """Raises AssertionError with all that was wrong since the last check."""
        wrong = [text for text in self._wrong if not any(part in text for part in self.forgiven)]
        self._wrong.clear()
        assert not wrong, "\n".join(wrong)

    def _asked(self, request: Request, site: str) -> None:
        if not request.url.startswith((f"{site}/", "data:", "blob:", "about:")):
            self._note(f"foreign request: {request.url}")

    def _answered(self, response: Response) -> None:
        # A page itself may say 404; then its status is what the test is about.
        if response.status >= 400 and not response.request.is_navigation_request():
            self._note(f"missing part ({response.status}): {response.url}")

    def _failed(self, request: Request) -> None:
        # What a reader leaves behind by going on is not a failure.
        if request.failure != "net::ERR_ABORTED":
            self._note(f"failed ({request.failure}): {request.url}")

    def _note(self, text: str) -> None:
        # Chromium reports the status of each missing thing; parts are noted above.
        if "the server responded with a status of" not in text:
            self._wrong.append(text)


class Windows:
    """Opens pages of one site; pages of the same look share their cookies, as one reader's do. first: a script that
    each page runs before its own."""

    def __init__(self, browser: Browser, site: str, first: str = "") -> None:
        self.site = site
        self._first = first
        self.watch = Watch()
        self._browser = browser
        self._contexts: dict[Look, BrowserContext] = {}

    def __call__(
        self,
        address: str = "/",
        *,
        width: int = 1280,
        script: bool = True,
        scheme: Scheme = "light",
        language: str = "en-GB",
        reduced_motion: bool = False,
        fits: bool = True,
    ) -> Page:
        """The page of an address, all its parts there; `fits` demands that it is no wider than the window."""
        page = self.context(Look(width, script, scheme, language, reduced_motion)).new_page()
        self.watch.follow(page, self.site)
        page.goto(self.site + address, wait_until="networkidle")
        self.watch.check()
        if fits:
            assert_fits(page)
        return page

    def context(self, look: Look) -> BrowserContext:
        """The browser context of a look, with nothing in it at first."""
        if look not in self._contexts:
            self._contexts[look] = self._browser.new_context(
                viewport={"width": look.width, "height": HEIGHTS.get(look.width, 900)},
                java_script_enabled=look.script,
                color_scheme=look.scheme,
                locale=look.language,
                reduced_motion="reduce" if look.reduced_motion else "no-preference",
            )
            self._contexts[look].add_init_script(_OBSERVE + self._first)
        return self._contexts[look]

    def close(self) -> None:
        """Close all, once no part of a page is under way that would meet a database being emptied; raises
        AssertionError for what went wrong since the last check."""
        for context in self._contexts.values():
            for page in context.pages:
                for _ in range(40):
                    if page.evaluate("document.querySelector('.htmx-request') === null"):
                        break
                    page.wait_for_timeout(50)
            context.close()
        self._contexts.clear()
        self.watch.check()


def assert_fits(page: Page) -> None:
    """Raises AssertionError where a page can be scrolled sideways."""
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if overflow > 0:
        widest = page.evaluate(
            """() => [...document.body.querySelectorAll("*")]
              .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
              .slice(0, 5).map((each) => each.outerHTML.slice(0, 120))"""
        )
        raise AssertionError(f"{page.url} is {overflow} px too wide: {widest}")


def layout_shift(page: Page) -> tuple[float, list[str]]:
    """Sum of the layout shifts so far that no input caused (an upper bound of Cumulative Layout Shift, which is the
    worst five seconds of them: https://web.dev/articles/cls), and what moved. The page must run scripts."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    shifts: Sequence[tuple[float, str]] = page.evaluate("window.__shifts")
    return sum(value for value, _ in shifts), [f"{value:.4f} {moved}" for value, moved in shifts]


@dataclass(frozen=True)
class Weight:
    """Bytes of the bodies of a page and its parts, as they travelled. parts: address, bytes travelled, bytes unpacked,
    the page first."""

    total: int
    parts: list[tuple[str, int, int]]

    def __str__(self) -> str:
        each = (f"{sent:,} ({whole:,} unpacked) {urlsplit(url).path}" for url, sent, whole in self.parts)
        return "\n".join([f"{self.total:,} bytes", *each])


def weight(page: Page) -> Weight:
    """What a page and all the parts that it has fetched so far weigh, by the browser's own account.

    Parts out of the browser's cache count in full. Only a site that is served as readers meet it (`real_site`) tells
    the truth: a `live_server` does not compress static files.
    """
    parts = [(url, sent, whole) for url, sent, whole in page.evaluate(_WEIGH)]
    return Weight(sum(sent for _, sent, _ in parts), parts)
