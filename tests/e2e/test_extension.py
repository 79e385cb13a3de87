"""The extension loaded into Chromium, and the bookmarklet, on pages at arXiv's addresses that the test serves."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, Worker, expect
from pytest_django.live_server_helper import LiveServer

from scripts.chromium import ARGUMENTS, chromium_program
from tests.e2e.axe import assert_accessible
from tests.papers.pages import paper

EXTENSION = Path(__file__).resolve().parents[2] / "extension"
ABSTRACT = """<!doctype html><title>[2511.00001] Tides</title><h1>Title: Tides</h1>
<p id="text">tidal locking of moons</p><a href="/pdf/2511.00001">View PDF</a>"""


def _serve(route: Route) -> None:
    route.fulfill(status=200, content_type="text/html", body=ABSTRACT)


@pytest.fixture(scope="module", params=["en", "zh-CN"])
def language(request: pytest.FixtureRequest) -> str:
    """The browser's language: one of the extension's two."""
    return str(request.param)


@pytest.fixture(scope="module")
def chromium(language: str, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser of its own that has the extension."""
    context = browser.browser_type.launch_persistent_context(
        tmp_path_factory.mktemp("profile"),
        executable_path=chromium_program(),
        headless=False,  # or Playwright would ask for the old headless mode, which knows no extensions
        args=[
            "--headless=new",
            *ARGUMENTS,
            "--enable-unsafe-extension-debugging",
            f"--disable-extensions-except={EXTENSION}",
            f"--load-extension={EXTENSION}",
            f"--lang={language}",
        ],
        env={"LANGUAGE": language.replace("-", "_")},
    )
    context.route("https://arxiv.org/**", _serve)
    context.route("https://example.org/**", _serve)
    yield context
    context.close()


@pytest.fixture
def worker(chromium: BrowserContext) -> Worker:
    """The extension's background."""
    return chromium.service_workers[0] if chromium.service_workers else chromium.wait_for_event("serviceworker")


@pytest.fixture
def options(chromium: BrowserContext, worker: Worker) -> Iterator[Page]:
    """The page of options."""
    page = chromium.new_page()
    page.goto(worker.url.replace("background.js", "options.html"))
    yield page
    page.close()


@pytest.fixture
def at_site(options: Page, live_server: LiveServer) -> str:
    """The address of a site that runs, given in the options."""
    options.locator("#site").fill(f"{live_server.url}/")
    options.get_by_role("button").click()
    expect(options.locator("#result")).not_to_be_empty()
    return live_server.url


def press(chromium: BrowserContext, worker: Worker, page: Page) -> Page:
    """The page that opens when the toolbar's button is pressed on a page."""
    assert chromium.browser
    devtools = chromium.browser.new_browser_cdp_session()
    tabs = devtools.send("Target.getTargets", {"filter": [{"type": "tab"}]})["targetInfos"]
    [tab] = [each["targetId"] for each in tabs if each["url"] == page.url]
    with chromium.expect_page() as opened:
        devtools.send("Extensions.triggerAction", {"id": worker.url.split("/")[2], "targetId": tab})
    opened.value.wait_for_load_state()
    return opened.value


def choose(chromium: BrowserContext, worker: Worker, info: dict[str, str]) -> str:
    """The address that opens when an entry of the context menu is chosen, told as the browser tells it."""
    with chromium.expect_page() as opened:
        worker.evaluate("info => chrome.contextMenus.onClicked.dispatch(info, {index: 0})", info)
    opened.value.wait_for_load_state()
    address = opened.value.url
    opened.value.close()
    return address


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://arxiv.org/abs/2511.00001", "/arxiv/2511.00001"),
        ("https://arxiv.org/pdf/hep-th/9108020v1", "/arxiv/hep-th/9108020v1"),
        ("https://arxiv.org/list/cs.CL/new", "/arxiv/cs.CL"),
        ("https://example.org/", "/"),
    ],
)
def test_the_button_opens_the_counterpart_at_the_readers_site(
    transactional_db: None, chromium: BrowserContext, worker: Worker, at_site: str, address: str, place: str
) -> None:
    paper("2511.00001")
    paper("hep-th/9108020", "hep-th", "1991-08-26")
    page = chromium.new_page()
    page.goto(address)
    opened = press(chromium, worker, page)
    assert opened.url == at_site + place
    expect(opened.locator("h1")).to_be_visible()
    opened.close()
    page.close()


def test_the_context_menu_opens_pages_links_and_searches(
    transactional_db: None, chromium: BrowserContext, worker: Worker, at_site: str
) -> None:
    here = "https://arxiv.org/list/cs.CL/new"
    assert choose(chromium, worker, {"menuItemId": "page", "pageUrl": here}) == f"{at_site}/arxiv/cs.CL"
    link = {"menuItemId": "link", "pageUrl": here, "linkUrl": "https://arxiv.org/list/math/recent"}
    assert choose(chromium, worker, link) == f"{at_site}/arxiv/math"
    text = {"menuItemId": "selection", "pageUrl": here, "selectionText": " tides & moons "}
    assert choose(chromium, worker, text).startswith(f"{at_site}/search?q=tides%20%26%20moons")


def test_options_refuse_what_is_no_address_and_keep_what_is(options: Page, worker: Worker) -> None:
    field = options.locator("#site")
    field.fill("https://papers.example.org/tide/")
    options.get_by_role("button").click()
    expect(field).to_have_value("https://papers.example.org/tide")
    for wrong in ("papers.example.org", "javascript:alert(1)", "https://papers.example.org/?x"):
        field.fill(wrong)
        options.get_by_role("button").click()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(options.locator("#result")).to_have_class("wrong")
        expect(field).to_be_focused()
    kept = worker.evaluate("chrome.storage.local.get('site')")
    assert kept == {"site": "https://papers.example.org/tide"}
    options.reload()
    expect(field).to_have_value("https://papers.example.org/tide")
    options.locator("#address").fill("https://arxiv.org/abs/1706.03762v7")
    expect(options.locator("#place")).to_have_text("https://papers.example.org/tide/arxiv/1706.03762v7")


def test_options_speak_the_browsers_language_and_fit_a_phone(options: Page, language: str) -> None:
    expect(options.locator("html")).to_have_attribute("lang", {"en": "en", "zh-CN": "zh-Hans"}[language])
    expect(options.get_by_role("button")).to_have_text({"en": "Save", "zh-CN": "保存"}[language])
    options.set_viewport_size({"width": 390, "height": 844})
    assert options.evaluate("document.documentElement.scrollWidth") <= 390
    assert_accessible(options)


def test_without_options_the_site_is_this_machine(worker: Worker) -> None:
    # The tab is not made: somebody's own site may be at that address.
    opened = worker.evaluate(
        """async () => {
            await chrome.storage.local.clear();
            const create = chrome.tabs.create;
            const asked = new Promise((resolve) => { chrome.tabs.create = async (tab) => resolve(tab.url); });
            chrome.action.onClicked.dispatch({ url: "https://arxiv.org/abs/2511.00001", index: 0 });
            const url = await asked;
            chrome.tabs.create = create;
            return url;
        }"""
    )
    assert opened == "http://127.0.0.1:8000/arxiv/2511.00001"


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["desktop", "phone"])
def tools(
    request: pytest.FixtureRequest, transactional_db: None, live_server: LiveServer, browser: Browser
) -> Iterator[Page]:
    """The page of tools; fails on whatever the browser complains of, above all a broken policy."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    context.route("https://arxiv.org/**", _serve)
    context.route("https://example.org/**", _serve)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda event: errors.append(event.text) if event.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/tools")
    yield page
    assert not errors
    context.close()


def test_the_bookmarklet_can_be_dragged_and_a_click_says_how_it_is_meant(tools: Page) -> None:
    link = tools.locator(".bookmarklet")
    address = link.get_attribute("href") or ""
    tools.evaluate(
        "document.addEventListener('dragstart', (event) => "
        "{ window.dragged = event.dataTransfer.getData('text/uri-list'); })"
    )
    link.hover()
    tools.mouse.down()
    tools.mouse.move(5, 5, steps=5)
    tools.mouse.up()
    assert tools.evaluate("window.dragged") == address
    link.click()
    expect(tools.locator("#hint")).to_contain_text("bookmarks bar")
    assert tools.url.endswith("/tools")
    tools.locator("summary").click()
    expect(tools.locator("#code")).to_have_value(address)
    tools.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tools.get_by_role("button", name="Copy").click()
    expect(tools.locator("#copied")).to_have_text("Copied")
    assert tools.evaluate("navigator.clipboard.readText()") == address
    assert tools.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(tools)


@pytest.mark.parametrize(
    ("address", "selects", "place"),
    [
        ("https://arxiv.org/abs/2511.00001?context=cs", False, "/arxiv/2511.00001"),
        ("https://arxiv.org/list/cs.CL/2025-11", False, "/arxiv/cs.CL?from=2025-11-01&to=2025-11-30"),
        ("https://example.org/", True, f"/search?q={quote('tidal locking of moons')}"),
        ("https://example.org/", False, "/search"),
    ],
)
def test_the_bookmarklet_leads_from_a_page_to_its_counterpart(
    tools: Page, live_server: LiveServer, address: str, selects: bool, place: str
) -> None:
    paper("2511.00001")
    code = tools.locator(".bookmarklet").get_attribute("href")
    tools.goto(address)
    if selects:
        tools.evaluate("getSelection().selectAllChildren(document.getElementById('text'))")
    with tools.expect_navigation():
        tools.evaluate("code => { location.href = code; }", code)  # as from the bookmarks bar
    assert tools.url == live_server.url + place


def test_without_javascript_a_click_on_the_bookmarklet_does_nothing(
    transactional_db: None, live_server: LiveServer, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/tools")
    page.locator(".bookmarklet").click()
    expect(page.locator("h1")).to_have_text("Tools")
    assert page.url == f"{live_server.url}/tools"
    page.locator("summary").click()
    expect(page.locator("#code")).to_be_visible()
    context.close()
