"""Notes, tags and lists in a real browser, with scripts and without, wide and narrow."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from papers.library import lists, notes, tags
from papers.models import Note, Reader, ReadingList, Tagged
from tests.e2e.axe import assert_accessible
from tests.papers.factories import PaperFactory
from tests.papers.pages import paper
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
Opened = Callable[..., Page]
WIDTHS = (1280, 390)


@pytest.fixture
def reader(live_server: LiveServer) -> Reader:
    made = make_reader()
    PaperFactory.create_batch(3)
    paper("2511.09999", title="On tides")
    return made


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer, reader: Reader) -> Iterator[Opened]:
    """`opened("/library/tags", width=390, script=False, scheme="dark")`: a page for the reader; its errors fail the
    test."""
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    def page_at(
        address: str, width: int = 1280, *, script: bool = True, scheme: str = "light", mine: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        if mine:
            key = signed_in(reader).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(address)
        return page

    yield page_at
    for context in contexts:
        context.close()
    assert not faults


def test_a_note_is_written_below_its_card_and_its_deletion_undone(opened: Opened) -> None:
    page = opened("/arxiv/cs.CL")
    card = page.locator("[id='p-2511.09999']")
    card.locator(".base .to-keep").click()
    panel = card.locator(".below")
    panel.get_by_label("Your note on this paper").fill("**Look** at $x^2$")
    panel.get_by_role("button", name="Preview").click()
    expect(panel.locator(".preview strong")).to_have_text("Look")
    panel.get_by_role("button", name="Close").click()
    expect(page.locator(".toast")).to_contain_text("not saved yet")
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("Saved")
    expect(panel.locator(".written strong")).to_have_text("Look")
    expect(card.locator(".kept-note")).to_be_visible()
    panel.get_by_text("Edit").click()
    panel.get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_contain_text("deleted")
    expect(card.locator(".kept-note")).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(panel.locator(".written strong")).to_have_text("Look")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    assert Note.objects.get().text == "**Look** at $x^2$"


def test_two_windows_both_keep_their_text(opened: Opened) -> None:
    first, second = (opened("/arxiv/2511.09999") for _window in range(2))
    for page, text in ((first, "from the first"), (second, "from the second")):
        page.get_by_text("Write a note").click()
        page.get_by_label("Your note on this paper").fill(text)
        page.locator(".own-note").get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_contain_text("Nothing is lost")
    expect(second.locator(".other")).to_have_text("from the first")
    assert_accessible(second)
    second.get_by_role("button", name="Keep both texts").click()
    expect(second.locator(".written")).to_contain_text("from the second")
    assert Note.objects.get().text == "from the first\n\nfrom the second"


def test_tags_and_lists_change_in_place(opened: Opened, reader: Reader) -> None:
    lists.make(reader.visitor, "Winter")
    page = opened("/arxiv/2511.09999")
    page.get_by_label("Tags to add").fill("thesis, to read")
    page.get_by_label("Tags to add").press("Enter")
    expect(page.locator(".own-tags .tag")).to_have_count(2)
    page.get_by_role("button", name="Take the tag thesis off").click()
    expect(page.locator(".own-tags .tag")).to_have_count(1)
    page.get_by_label("Winter").check()
    expect(page.locator(".own-lists a")).to_have_count(1)
    page.get_by_label("A new list with this paper").fill("Spring")
    page.locator(".own-lists .joined button").click()
    expect(page.locator(".own-lists input:checked")).to_have_count(2)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("Winter").uncheck()
    expect(page.locator(".own-lists input:checked")).to_have_count(1)
    assert list(Tagged.objects.values_list("tag__name", flat=True)) == ["to read"]
    assert list(ReadingList.objects.filter(entries__isnull=False).values_list("name", flat=True)) == ["Spring"]


@pytest.mark.parametrize("width", WIDTHS)
def test_all_of_it_goes_without_scripts(opened: Opened, width: int) -> None:
    page = opened("/arxiv/cs.CL", width, script=False)
    page.locator("[id='p-2511.09999'] .base .to-keep").click()
    page.get_by_label("Your note on this paper").fill("plain")
    page.locator(".own-note").get_by_role("button", name="Save").click()
    expect(page.locator(".written")).to_have_text("plain")
    page.get_by_label("Tags to add").fill("thesis")
    page.locator(".own-tags .joined button").click()
    expect(page.locator(".own-tags .tag")).to_have_count(1)
    page.get_by_label("A new list with this paper").fill("Winter")
    page.locator(".own-lists .joined button").click()
    page.get_by_role("link", name="open Winter").click()
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("button", name="Make an address for others").click()
    address = page.get_by_label("Address for others").input_value()
    other = opened(address, width, script=False, mine=False)
    expect(other.locator("h1")).to_have_text("Winter")
    expect(other.locator(".card .title")).to_have_text("On tides")
    with page.expect_navigation():
        page.get_by_role("button", name="Take the address back").click()
    other.reload()
    expect(other.locator("h1")).to_have_text("There is nothing at this address")
    page.get_by_label("Choose 2511.09999").check()
    page.get_by_role("button", name="Take chosen out").click()
    expect(page.locator(".card")).to_have_count(0)
    page.goto("/library/papers/2511.09999")
    page.locator(".editor summary").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".written")).to_have_text("plain")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_are_accessible_and_fit_the_window(
    opened: Opened, reader: Reader, live_server: LiveServer, width: int, scheme: str
) -> None:
    tides = paper("2511.08888", title="On ebb")
    visitor = reader.visitor
    notes.save(visitor, tides, "# Waves\n- one\n- $x^2$\n\n```\n" + "long " * 60 + "\n```\n[x](https://e.org)", "")
    tags.add(visitor, [tides], ["to read", "AdS/CFT", "x" * 60])
    winter = lists.make(visitor, "Winter " + "w" * 110)
    lists.make(visitor, "Spring")
    lists.describe(winter, winter.name, "## Plan\nFor **all**")
    lists.add(winter, [tides.pk])
    lists.share(winter)
    addresses = (
        "/arxiv/2511.08888",
        "/arxiv/cs.CL",
        "/library/papers/2511.08888",
        "/library/notes",
        "/library/tags",
        "/library/tags/to read",
        "/library/lists",
        f"/library/lists/{winter.pk}",
        f"/shared/{winter.secret}",
    )
    for address in addresses:
        page = opened(address, width, scheme=scheme)
        page.evaluate(
            "for (const each of document.querySelectorAll('.editor, .change-tag, aside details')) each.open = true"
        )
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
        page.close()
    page = opened("/arxiv/cs.CL", width, scheme=scheme)
    page.locator("[id='p-2511.08888'] .base .to-keep").click()
    expect(page.locator(".below .own-lists")).to_be_visible()
    assert_accessible(page, within=".below")  # it was scrolled to: the bar of the list lies over what is above it
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
