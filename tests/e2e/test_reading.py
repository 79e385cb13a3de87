"""The page of a paper in a real browser on real papers: its map and list, versions, what its buttons do, its weight."""

from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.real import RealSite
from tests.e2e.watching import Scheme, Windows, layout_shift, weight

Box = dict[str, float]


@pytest.fixture
def paper_id(real_site: RealSite) -> str:
    """A paper of the newest day."""
    return real_site.papers[real_site.days[0]][0]


@pytest.fixture
def replaced(real_site: RealSite) -> str:
    """A paper with an earlier version."""
    return real_site.replaced[0]


def with_map(open_page: Windows, address: str, **look: Any) -> Page:
    page = open_page(address, **look)
    expect(page.locator(".map .spot")).to_have_count(20)
    return page


def boxes(page: Page, selector: str) -> list[Box]:
    """Where the elements that are shown stand in the window."""
    found: list[Box] = page.locator(selector).evaluate_all(
        """all => all.map((each) => each.getBoundingClientRect())
          .filter((box) => box.width).map(({left, top, right, bottom}) => ({left, top, right, bottom}))"""
    )
    return found


def overlap(one: Box, other: Box) -> bool:
    return (
        one["left"] < other["right"]
        and other["left"] < one["right"]
        and one["top"] < other["bottom"]
        and other["top"] < one["bottom"]
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_paper_is_accessible_and_stays_in_its_place(
    open_page: Windows, paper_id: str, width: int, scheme: Scheme
) -> None:
    page = with_map(open_page, f"/arxiv/{paper_id}", width=width, scheme=scheme)
    shift, moved = layout_shift(page)
    assert shift < 0.02, moved
    assert_accessible(page)
    assert page.locator("h1").count() == 1


def test_versions_and_pages_without_a_paper_are_accessible(open_page: Windows, replaced: str) -> None:
    for address in (
        f"/arxiv/{replaced}?compare=1..2",
        f"/arxiv/{replaced}?compare=7..9",
        "/arxiv/9912.99999",
        "/arxiv/cs.NO",
    ):
        assert_accessible(open_page(address, width=390))


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_on_the_map_lies_over_anything_else(open_page: Windows, paper_id: str, width: int) -> None:
    page = with_map(open_page, f"/arxiv/{paper_id}", width=width)
    dots, labels = boxes(page, ".map > svg .dot"), boxes(page, ".map > svg .label")
    assert not [True for one, other in combinations(dots, 2) if overlap(one, other)]
    assert not [True for one, other in combinations(labels, 2) if overlap(one, other)]
    assert not [True for dot in dots for label in labels if overlap(dot, label)]
    assert bool(labels) == (width > 390)
    assert all(box["right"] - box["left"] >= 24 for box in boxes(page, ".map .reach"))


def test_dots_and_lines_of_the_list_light_up_together(open_page: Windows, paper_id: str) -> None:
    page = with_map(open_page, f"/arxiv/{paper_id}")
    lit = page.locator(".neighbourhood .is-lit")
    page.locator('.near li[data-near="3"] a').focus()
    expect(lit).to_have_count(2)
    assert lit.evaluate_all("all => all.map((each) => each.dataset.near)") == ["3", "3"]
    page.locator('.map .spot[data-near="5"] .dot').hover()
    assert lit.evaluate_all("all => all.map((each) => each.dataset.near)") == ["5", "5"]
    title = page.locator('.near li[data-near="5"] a').inner_text()
    page.locator('.map .spot[data-near="5"] .dot').click()
    expect(page.locator("h1")).to_have_text(title)


def test_the_tab_key_goes_through_the_list_and_not_the_map(open_page: Windows, paper_id: str) -> None:
    page = with_map(open_page, f"/arxiv/{paper_id}")
    page.locator(".near-head a").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('li').dataset.near") == "1"


@pytest.mark.parametrize("width", [390, 1280])
def test_without_scripts_a_link_brings_the_map(open_page: Windows, paper_id: str, width: int) -> None:
    page = open_page(f"/arxiv/{paper_id}", width=width, script=False)
    expect(page.locator(".with-script").first).to_be_hidden()
    page.get_by_role("link", name="Show them with a map").click()
    expect(page.locator(".map .spot")).to_have_count(20)
    expect(page.locator(".near li")).to_have_count(20)


def test_two_versions_are_chosen_and_compared_without_scripts(open_page: Windows, replaced: str) -> None:
    page = open_page(f"/arxiv/{replaced}?compare=1..2", script=False)
    expect(page.locator(".compared h3")).to_have_text("From v1 to v2")
    page.get_by_label("Compare").select_option("2")
    page.get_by_label("with", exact=True).select_option("1")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**?compare=2..1#versions")
    expect(page.locator(".compared h3")).to_have_text("From v1 to v2")


def test_the_pdf_opens_below_the_paper(open_page: Windows, paper_id: str) -> None:
    page = with_map(open_page, f"/arxiv/{paper_id}")
    open_page.watch.forgiven += ["arxiv.org"]
    assert page.locator("iframe").count() == 0
    page.locator("article.paper > .base .to-pdf").click()
    expect(page.locator("article.paper iframe")).to_have_attribute("src", f"https://arxiv.org/pdf/{paper_id}")


def test_a_paper_is_shared_by_the_system_or_by_its_address(open_page: Windows, paper_id: str) -> None:
    page = with_map(open_page, f"/arxiv/{paper_id}")
    page.evaluate(
        """() => {
          const share = async (what) => { window.shared = what; };
          Object.defineProperty(navigator, "share", { configurable: true, value: share });
          window.copied = [];
          navigator.clipboard.writeText = async (text) => { window.copied.push(text); };
        }"""
    )
    share = page.get_by_role("button", name="Share")
    share.click()
    assert page.evaluate("window.shared.url").endswith(f"/arxiv/{paper_id}")
    assert page.evaluate("window.copied") == []
    page.evaluate("Object.defineProperty(navigator, 'share', { configurable: true, value: undefined })")
    share.click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    assert page.evaluate("window.copied")[0].endswith(f"/arxiv/{paper_id}")
    page.get_by_role("button", name="Copy citation").click()
    assert paper_id in page.evaluate("window.copied")[1]


def test_a_paper_is_starred_on_its_page(open_page: Windows, paper_id: str) -> None:
    page = with_map(open_page, f"/arxiv/{paper_id}")
    star = page.locator("article.paper > .base .star")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(star).to_have_attribute("aria-pressed", "true")


def test_a_paper_weighs_less_than_100_kb(open_page: Windows, paper_id: str) -> None:
    page = with_map(open_page, f"/arxiv/{paper_id}")
    found = weight(page)
    assert found.total < 100_000, str(found)
