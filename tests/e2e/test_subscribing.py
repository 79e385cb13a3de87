"""Subscribing in a real browser: a threshold tried on past weeks, feeds, mails, what is taken back; with and without
scripts, in both languages, on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from papers.models import Paper, Subscription, Visitor
from papers.visitors import mark
from search.subscriptions import keeping
from tests.e2e.axe import assert_accessible
from tests.e2e.watching import Look, Windows, assert_fits
from tests.papers.factories import day_list

TEXT = "Reinforcement learning makes large language models reason better."


@pytest.fixture
def open_shelf(
    transactional_db: None, shelf_site: list[Paper], live_server: LiveServer, browser: Browser, settings: Settings
) -> Iterator[Windows]:
    """Pages of a site of one reader, the shelf's papers announced on three days."""
    settings.SINGLE_USER, settings.EMAIL_HOST, settings.SITE_URL = True, "127.0.0.1", "https://papers.example.org"
    for number, first in enumerate(range(0, 90, 30)):
        day_list("cs.LG", f"2025-11-{19 + number}", new=shelf_site[first : first + 30])
    windows = Windows(browser, live_server.url)
    yield windows
    windows.close()


def above(page: Page) -> int:
    return page.locator(".held .paper:not(.under)").count()


def reader() -> Visitor:
    return Visitor.objects.get()


def test_a_threshold_moves_its_line_and_what_it_shows_is_what_is_kept(open_shelf: Windows) -> None:
    page = open_shelf("/subscriptions")
    page.get_by_role("link", name="Like a text").click()
    page.get_by_label("Papers should be like this text").fill(TEXT)
    page.get_by_role("button", name="Try it on the last weeks").click()
    slide = page.get_by_role("slider", name="Nearness from which papers come")
    expect(slide).to_be_visible()
    number = page.get_by_label("Nearness from", exact=True)
    began = above(page)
    assert page.locator(".line").evaluate("line => line.previousElementSibling.dataset.score >= line.innerText")
    for _step in range(8):
        slide.press("ArrowRight")
    expect(page.locator(".line")).to_have_text(number.input_value())
    higher = above(page)
    assert higher < began
    scores = page.locator(".held .paper").evaluate_all("all => all.map((each) => Number(each.dataset.score))")
    assert higher == sum(score >= float(number.input_value()) for score in scores)
    number.fill("1")
    expect(page.locator(".weekly")).to_have_text("no paper in these weeks")
    number.fill("0.2")
    assert above(page) == sum(score >= 0.2 for score in scores)
    expect(page.locator(".weekly")).to_have_text(f"about {above(page)} papers a week")
    page.get_by_label("Your name for it").fill("Reasoning")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Reasoning")).to_be_visible()
    row = Subscription.objects.get()
    assert (row.text, row.threshold, row.name) == (TEXT, 0.2, "Reasoning")


def test_all_that_is_done_with_one_happens_in_place(open_shelf: Windows) -> None:
    open_shelf("/subscriptions").close()
    row = keeping.subscribe(reader(), keeping.read("categories", "cs.LG"))
    open_shelf.context(Look()).grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_shelf("/subscriptions")
    page.evaluate("window.here = true")
    page.get_by_label("Mail").select_option("weekly")
    expect(page.locator(".toast")).to_contain_text("weekly")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".state")).to_have_text("paused")
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    page.locator(".feed summary").click()
    address = page.locator(".feed-address input[readonly]")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == address.input_value()
    assert row.secret in copied
    page.get_by_role("button", name="Make a new address").click()
    expect(page.locator(".toast")).to_contain_text("new address")
    assert page.request.get(copied).status == 404
    page.get_by_role("button", name="Delete").click()
    undo = page.get_by_role("button", name="Undo cs.LG")
    expect(undo).to_be_focused()
    assert not Subscription.objects.exists()
    page.wait_for_function("!document.querySelector('.htmx-added, .htmx-settling')")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="cs.LG")).to_be_visible()
    again = Subscription.objects.get()
    assert (again.pk, again.paused, again.rhythm) == (row.pk, True, "weekly")
    assert again.secret != row.secret
    assert page.evaluate("window.here")


def test_without_scripts_it_goes_by_forms(open_shelf: Windows) -> None:
    page = open_shelf("/subscriptions/new?kind=text", script=False, width=390)
    page.get_by_label("Papers should be like this text").fill(TEXT)
    page.get_by_role("button", name="Try it on the last weeks").click()
    expect(page.locator(".held .paper:not(.under)")).not_to_have_count(0)
    began = above(page)
    page.get_by_label("Nearness from", exact=True).fill("0.9")
    with page.expect_navigation():
        page.get_by_role("button", name="Show").click()
    assert above(page) < began
    assert_fits(page)
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_label("Mail").select_option("daily")
    with page.expect_navigation():
        page.get_by_role("button", name="Keep").click()
    row = Subscription.objects.get()
    assert (row.rhythm, row.threshold) == ("daily", 0.9)
    page.get_by_role("button", name="Delete").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").click()
    assert Subscription.objects.get() == row


@pytest.mark.parametrize(("width", "scheme", "language"), [(1280, "light", "en-GB"), (390, "dark", "zh-CN")])
def test_the_pages_are_accessible_and_fit(
    open_shelf: Windows, shelf_site: list[Paper], width: int, scheme: str, language: str
) -> None:
    look = {"width": width, "scheme": scheme, "language": language}
    assert_accessible(open_shelf("/subscriptions", **look))  # type: ignore[arg-type]
    mark(reader(), [each.pk for each in shelf_site[:5]], "starred", True)
    for kind, text in (("categories", "cs.LG"), ("author", "A" + "b" * 90), ("search", "x" * 300), ("text", TEXT)):
        row = keeping.subscribe(reader(), keeping.read(kind, text, 0.4))
    keeping.change(row, paused=True)
    addresses = ["/subscriptions", f"/subscriptions/{row.pk}", "/subscriptions/new?kind=search&text=learning"]
    addresses += ["/subscriptions/new?kind=stars", "/subscriptions/new?text=cs.LG"]
    for address in addresses:
        page = open_shelf(address, **look)  # type: ignore[arg-type]
        for summary in page.locator(".feed summary").all():
            summary.click()
        assert_accessible(page)
        assert_fits(page)
