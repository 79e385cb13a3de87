"""Every page in a real browser: it asks no other host, breaks no rule of its own policy, fits the window."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from papers.models import Paper

ADDRESSES = (
    "/",
    "/arxiv/cs.CL",
    "/arxiv/cs.AI+cs.LG-cs.CV",
    "/arxiv/1409.0473",
    "/arxiv/hep-th/9108020",
    "/arxiv/1409.0473/related",
    "/search?q=attention",
    '/search?q="neural+networks"+-cat:cs.CV+sort:new',
    "/search?q=titel:x+((",
    "/search",
    "/help",
    "/nowhere",
    "/arxiv/cs.NOPE",
    "/api/v1/docs",
)
WINDOWS = {"desktop": (1280, 900), "phone": (390, 844)}
Visit = Callable[[str], Page]


@pytest.fixture(params=[(name, script) for name in WINDOWS for script in (True, False)], ids=str)
def visit(
    request: pytest.FixtureRequest,
    transactional_db: None,
    shelf_site: list[Paper],
    live_server: LiveServer,
    browser: Browser,
) -> Iterator[Visit]:
    """Opens an address at one width, with or without JavaScript; fails on a foreign request or a console error."""
    window, script = request.param
    width, height = WINDOWS[window]
    context = browser.new_context(viewport={"width": width, "height": height}, java_script_enabled=script)

    def open_page(address: str) -> Page:
        page = context.new_page()
        asked: list[str] = []
        errors: list[str] = []
        missing: list[str] = []
        page.on("response", lambda got: missing.append(got.url) if got.status >= 400 else None)
        page.on("request", lambda event: asked.append(event.url))
        page.on("console", lambda event: errors.append(event.text) if event.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(live_server.url + address, wait_until="networkidle")
        foreign = [url for url in asked if not url.startswith((live_server.url, "data:"))]
        assert not foreign
        assert not [url for url in missing if url != page.url], "a part of the page is missing"
        # Chromium itself reports the status of a page that is meant to be missing.
        assert not [text for text in errors if "the server responded with a status of 4" not in text]
        return page

    yield open_page
    context.close()


def test_pages_keep_to_their_host_their_policy_and_the_window(visit: Visit) -> None:
    for address in ADDRESSES:
        page = visit(address)
        assert page.title(), address
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{address} is {overflow} px too wide"
        page.close()


def test_a_reader_searches_opens_a_paper_and_walks_to_its_relatives(visit: Visit, shelf_site: list[Paper]) -> None:
    page = visit("/")
    page.get_by_label("Search arXiv’s papers").fill("neural machine translation attention")
    page.get_by_role("button", name="Search").click()
    first = page.locator("article h3 a").first
    title = first.text_content()
    assert page.locator("article mark").count() > 0
    first.click()
    expect(page.locator("h1")).to_have_text(title or "")
    page.goto(f"{page.url}/related")
    expect(page.locator("article")).to_have_count(20)
    assert title not in page.locator("article h3").all_text_contents()
    assert page.get_by_text("shares").count() > 0
