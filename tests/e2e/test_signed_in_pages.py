"""Every page of a reader with an account, in a real browser on real papers: accessible in both colours, no wider than
the window, still, light; and what a page that stayed open says when its reader has been signed out elsewhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.real import RealSite
from tests.e2e.watching import Look, Windows, layout_shift, weight
from tests.papers.readers import PASSWORD

WIDTHS = (1280, 390)
LIGHTEST = 100 * 1024  # bytes of a page with all its parts, compressed
STILL = 0.05  # of layout shift; 0.1 is what the web calls good
LONG = "Papers on the tides of long names " * 3


@pytest.fixture(scope="module")
def cookies(browser: Browser, real_site: RealSite) -> Iterator[list[Any]]:
    """Cookies of a reader who has kept something of each kind."""
    context = browser.new_context(base_url=real_site.url)
    page = context.new_page()
    page.goto("/account/signup/")
    page.locator("#id_email").fill("ada@example.org")
    page.locator("#id_password1").fill(PASSWORD)
    page.locator("#id_password2").fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/my")
    _keep(context, page, real_site)
    yield of(context)
    context.close()


def of(context: BrowserContext) -> list[Any]:
    """A window's cookies, as another one takes them."""
    return list(context.cookies())


def _keep(context: BrowserContext, page: Page, site: RealSite) -> None:
    token = page.locator("#marks [name=csrfmiddlewaretoken]").input_value()

    def post(address: str, **fields: str) -> None:
        answer = context.request.post(
            address, form={"csrfmiddlewaretoken": token, **fields}, headers={"Referer": f"{site.url}/"}
        )
        assert answer.ok, (address, answer.status)

    papers = site.papers[site.days[0]][:6]
    for paper in papers:
        post("/marks", star=paper)
        post("/marks", viewed=paper)
    post(
        f"/library/papers/{papers[0]}/note", text=f"# Read\n\n> It says $x^2$.\n\n{'word ' * 800}", do="save", before=""
    )
    post(f"/library/papers/{papers[0]}/tags", add=f"to read, {'t' * 60}")
    post("/library/lists", new=LONG)
    post("/library/lists/1", do="share")
    post("/library/lists/add", list="1", starred="1")
    for kind, text in (
        ("categories", "cs.CL"),
        ("search", "language models"),
        ("text", "language models that answer questions about long documents"),
        ("stars", ""),
        ("author", "Wei Zhang"),
    ):
        post("/subscriptions/new", kind=kind, text=text, threshold="0.4", crosses="1", name=LONG if text else "")


def addresses(site: RealSite) -> list[str]:
    """One address of each kind of page that is hers."""
    paper = site.papers[site.days[0]][0]
    return [
        f"/my?since={site.days[1]}",
        f"/arxiv/cs.CL?date={site.days[0]}",
        f"/arxiv/{paper}",
        "/library",
        "/library/lists",
        "/library/lists/1",
        "/library/tags",
        "/library/tags/to%20read",
        "/library/notes",
        "/library/history",
        "/library/words",
        "/library/import",
        f"/library/papers/{paper}",
        "/subscriptions",
        "/subscriptions/new?kind=categories&text=cs.CL",
        "/subscriptions/new?kind=search&text=language+models",
        "/subscriptions/new?kind=text&text=language+models",
        "/subscriptions/new?kind=author&text=Wei+Zhang",
        "/subscriptions/4",
        "/subscriptions/mail",
        "/account/",
        "/account/email/",
        "/account/password/change/",
        "/account/sessions/",
        "/account/tokens",
        "/account/data",
        "/account/logout/",
        "/help",
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_her_pages_are_accessible_in_both_colours_fit_stand_still_and_are_light(
    open_page: Windows, real_site: RealSite, cookies: list[Any], width: int
) -> None:
    open_page.context(Look(width)).add_cookies(cookies)
    for address in addresses(real_site):
        page = open_page(address, width=width)
        assert page.url.endswith(address), (address, page.url)
        shift, moved = layout_shift(page)
        assert shift <= STILL, (address, moved)
        told = weight(page)
        later = sum(sent for url, sent, _whole in told.parts if "part=1" in url)
        assert told.total - later < LIGHTEST, (address, str(told))
        assert_accessible(page)
        page.emulate_media(color_scheme="dark")
        assert_accessible(page)
        page.close()


def test_the_top_says_where_she_is(open_page: Windows, cookies: list[Any]) -> None:
    open_page.context(Look()).add_cookies(cookies)
    for address, name, current in (
        ("/my", "My page", "page"),
        ("/subscriptions", "My page", "true"),
        ("/library/history", "Library", "true"),
        ("/account/", "Account", "page"),
        ("/", "Today", "page"),
    ):
        page = open_page(address)
        marked = page.locator(".masthead nav [aria-current]")
        expect(marked).to_have_text(name)
        expect(marked).to_have_attribute("aria-current", current)
        page.close()


def test_a_page_left_open_says_that_its_reader_is_signed_out_and_keeps_what_she_wrote(
    open_page: Windows, real_site: RealSite, cookies: list[Any]
) -> None:
    context = open_page.context(Look())
    context.add_cookies(cookies)
    paper = real_site.papers[real_site.days[0]][1]
    page = open_page(f"/arxiv/{paper}")
    page.get_by_text("Write a note").click()
    page.get_by_label("Your note on this paper").fill("Not to be lost.")
    session = next(cookie for cookie in of(context) if cookie["name"] == "sessionid")
    context.clear_cookies(name="sessionid")
    open_page.watch.forgiven += [f"/library/papers/{paper}/note", "code 401", "code 403"]
    page.get_by_role("button", name="Save", exact=True).click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("no longer signed in")
    expect(toast.get_by_role("link", name="Sign in")).to_have_attribute("href", "/account/login/")
    expect(page.get_by_label("Your note on this paper")).to_have_value("Not to be lost.")

    # Signed in again elsewhere, her forms are known by another sign: the first try fetches it.
    csrf = next(cookie for cookie in of(context) if cookie["name"] == "csrftoken")
    context.add_cookies([session, {**csrf, "value": "b" * 32}])
    page.get_by_role("button", name="Save", exact=True).click()
    expect(toast).to_contain_text("another window")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".written")).to_contain_text("Not to be lost.")
