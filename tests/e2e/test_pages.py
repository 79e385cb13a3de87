"""Every page in a real browser, on real papers: it asks no other host, breaks no rule of its own policy, fits the
window, is accessible, stands still and is light."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from search.encoder import Encoder
from search.engines.base import Engine
from search.indexing import index_pending
from tests.e2e.axe import assert_accessible
from tests.e2e.real import RealSite
from tests.e2e.watching import Scheme, Windows, layout_shift, weight
from tests.papers.factories import PaperFactory, day_list

WIDTHS = (1280, 390)
LIGHTEST = 100 * 1024  # bytes of a page with all its parts, compressed
STILL = 0.01  # of layout shift; 0.1 is what the web calls good


def addresses(site: RealSite) -> dict[str, str]:
    """One address of each kind of page."""
    day, before = site.days[0], site.days[4]
    paper = site.papers[day][0]
    return {
        "home": "/",
        "day": f"/arxiv/cs.LG?date={day}",
        "week": f"/arxiv/cs.AI+cs.LG-cs.CY?from={before}&to={day}&month={day[:8]}01",
        "titles": "/arxiv/cs.CL?titles=1",
        "order": f"/?date={day}&sort=preference",
        "paper": f"/arxiv/{paper}?map=1",
        "versions": f"/arxiv/{site.replaced[0]}",
        "several": f"/arxiv/{paper},{site.replaced[0]}",
        "related": f"/arxiv/{paper}/related",
        "search": "/search?q=language+models&facets=1",
        "phrase": '/search?q="neural+networks"+-cat:cs.CV+sort:new',
        "odd search": "/search?q=titel:x+((",
        "search help": "/search",
        "author": "/author/Wei+Zhang",
        "library": "/library",
        "help": "/help",
        "tools": "/tools",
        "classify": f"/classify?id={paper}",
        "status": "/status",
        "sign in": "/account/login/",
        "sign up": "/account/signup/",
        "forgotten password": "/account/password/reset/",
        "privacy": "/privacy",
        "nowhere": "/nowhere",
        "no category": "/arxiv/cs.NOPE",
        "no author": "/author/Nobody+Atall",
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_without_scripts_keep_to_their_host_and_the_window(
    open_page: Windows, real_site: RealSite, width: int
) -> None:
    for name, address in addresses(real_site).items():
        page = open_page(address, width=width, script=False)
        assert page.title(), name
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_accessible_stand_still_and_are_light(
    open_page: Windows, real_site: RealSite, width: int, scheme: Scheme
) -> None:
    for name, address in addresses(real_site).items():
        page = open_page(address, width=width, scheme=scheme)
        shift, moved = layout_shift(page)
        assert shift <= STILL, (name, moved)
        told = weight(page)
        # What comes when a reader nears the end is another page's cards.
        later = sum(sent for url, sent, _whole in told.parts if "part=1" in url)
        assert told.total - later < LIGHTEST, (name, str(told))
        assert_accessible(page)
        page.close()


def test_the_api_page_keeps_its_policy(open_page: Windows) -> None:
    assert open_page("/api/v1/docs").title()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_reader_searches_opens_a_paper_and_walks_to_its_relatives(
    open_page: Windows, real_site: RealSite, width: int, script: bool
) -> None:
    page = open_page("/", width=width, script=script)
    page.get_by_label("Search arXiv’s papers").fill("language models")
    with page.expect_navigation():
        page.get_by_role("button", name="Search").click()
    first = page.locator("article h3 a").first
    title = first.text_content()
    assert page.locator("article mark").count() > 0
    first.click()
    expect(page.locator("h1")).to_have_text(title or "")
    page.goto(f"{page.url}/related")
    assert page.locator("article").count() > 10
    assert title not in page.locator("article h3").all_text_contents()
    assert page.get_by_text("shares").count() > 0


HOSTILE = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "'-alert(1)-'<svg onload=window.hit=1>",
    r"$\href{javascript:window.hit=1}{x}$ $</math><script>window.hit=1</script>$",
    'javascript:window.hit=1 <a href="javascript:window.hit=1">x</a>',
    "{{ 7*7 }}{% debug %}<div hx-get=/library hx-trigger=load></div>",
)


@pytest.fixture
def hostile(
    transactional_db: None, engine: Engine, encoder: Encoder, live_server: LiveServer, browser: Browser
) -> Iterator[Windows]:
    """A site whose papers are all attempts."""
    made = [
        PaperFactory.create(
            title=f"Tides {text}",
            abstract=f"Tides are measured. {text}",
            authors=[f"Eve {text}", "Ada Moon"],
            comment=f"see https://x.example/{text} {text}",
            journal_ref=text,
            doi=f"10.1/{text.replace(' ', '')}",
            report_number=text,
            license=text,
        )
        for text in HOSTILE
    ]
    day_list("cs.CL", "2025-11-03", new=made)
    index_pending()
    windows = Windows(browser, live_server.url)
    yield windows
    windows.close()


def harmless(page: Page) -> None:
    """Nothing ran, and no element came into being by which something could."""
    assert page.evaluate("window.hit") is None
    live = (
        "[onerror], [onload], a[href^='javascript:'], main script:not([type]), main [hx-get='/library'], img[src='x']"
    )
    assert page.locator(live).count() == 0
    assert page.get_by_text("49", exact=True).count() == 0


def test_injected_markup_is_inert_in_every_page(hostile: Windows) -> None:
    query = 'tides "<img src=x onerror=window.hit=1>"'
    for address in (
        "/?date=2025-11-03",
        "/arxiv/cs.CL",
        "/arxiv/2511.00001",
        f"/search?q={query}",
        "/search?q=tides",
        f"/author/{HOSTILE[0].replace('/', '')}",
        f"/arxiv/cs.CL?sort={HOSTILE[1]}&date={HOSTILE[0]}",
    ):
        page = hostile(address)
        harmless(page)
        page.close()


def test_injected_markup_is_inert_in_what_scripts_build(hostile: Windows) -> None:
    page = hostile("/?date=2025-11-03")
    cards = page.locator("article.card")
    for place in range(len(HOSTILE)):
        card = cards.nth(place)
        card.locator(".base .to-bibtex").first.click()
        card.locator(".base .to-related").first.click()
        card.locator(".base .star").first.click()
    page.keyboard.press("f")
    page.locator("input[name=with]").fill("<img src=x onerror=window.hit=1>")
    page.locator("input[name=tint]").fill('<script>window.hit=1</script> "><b>')
    page.wait_for_timeout(800)
    box = page.get_by_label("Search arXiv’s papers")
    box.press_sequentially("tides <scr")
    page.wait_for_timeout(600)
    harmless(page)


def test_a_script_in_the_page_would_be_stopped_by_the_policy(hostile: Windows) -> None:
    """The policy holds by itself, so that one slip of the escaping would not be enough."""
    page = hostile("/help")
    hostile.watch.forgiven += ["Content Security Policy", "Content-Security-Policy"]
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hit = 1";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", '<img src="/nowhere.png" onerror="window.hit = 2">');
        }"""
    )
    page.wait_for_timeout(300)
    hostile.watch.forgiven += ["/nowhere.png"]
    assert page.evaluate("window.hit") is None
