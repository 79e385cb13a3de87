"""The guards of the other browser tests fail where they should: on the real site, with pages broken on purpose."""

import pytest
from playwright.sync_api import Page, Route

from tests.e2e.axe import assert_accessible, violations
from tests.e2e.real import RealSite
from tests.e2e.watching import Windows, assert_fits, layout_shift, weight

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'"


def broken(open_page: Windows, body: str, script: bool = True) -> Page:
    """A page of the real site with another body, under a strict policy."""

    def answer(route: Route) -> None:
        text = f"<!doctype html><html lang=en><title>Broken</title><body>{body}"
        route.fulfill(body=text, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    page = open_page("/help", script=script, fits=False)
    page.route("**/broken", answer)
    page.goto(f"{open_page.site}/broken", wait_until="networkidle")
    return page


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<script>alert(1)</script>", "console: .*Content Security Policy"),
        ("<p style='color: red'>x</p>", "console: .*Content Security Policy"),
        ("<img src='https://example.org/x.png' alt=''>", "foreign request: https://example.org"),
        ("<img src='/nowhere.png' alt=''>", "missing part .404.: .*/nowhere.png"),
    ],
    ids=["script", "style", "foreign", "missing"],
)
def test_what_a_page_does_wrong_fails_its_test(open_page: Windows, body: str, message: str) -> None:
    broken(open_page, body)
    with pytest.raises(AssertionError, match=message):
        open_page.watch.check()
    broken(open_page, body)
    open_page.watch.forgiven += ["Content Security Policy", "example.org", "nowhere.png"]
    open_page.watch.check()


def test_a_page_too_wide_is_told_with_what_is(open_page: Windows) -> None:
    page = broken(open_page, "<table width=3000><td>wide</table>")
    with pytest.raises(AssertionError, match=r"too wide: \['<table"):
        assert_fits(page)


@pytest.mark.parametrize("script", [True, False])
def test_axe_core_finds_what_is_not_accessible_and_leaves_the_policy_in_force(open_page: Windows, script: bool) -> None:
    page = broken(
        open_page,
        "<main><input><font color=#999999>pale</font> "
        "<button></button><img src=/favicon.ico>"
        "<table cellspacing=0 cellpadding=0><td><a href=/c>c</a><td><a href=/d>d</a></table>",
        script,
    )
    found = {rule["id"] for rule in violations(page)}
    assert {"label", "color-contrast", "button-name", "image-alt", "target-size"} <= found
    with pytest.raises(AssertionError, match=r"color-contrast \(serious\)"):
        assert_accessible(page)
    assert page.evaluate("matchMedia('(scripting: none)').matches") != script
    open_page.watch.check()


def test_what_jumps_is_measured(open_page: Windows) -> None:
    page = broken(open_page, "<p id=first>above</p><p>below</p>")
    assert layout_shift(page) == (0, [])
    page.evaluate("document.getElementById('first').style.height = '300px'")
    total, moved = layout_shift(page)
    assert total > 0.01
    assert "below" in moved[0]


def test_a_page_weighs_what_travelled(open_page: Windows, real_site: RealSite) -> None:
    page = open_page(f"/?date={real_site.days[0]}")
    found = weight(page)
    assert found.parts[0][0] == page.url
    styles = [part for part in found.parts if ".css" in part[0]]
    assert styles
    for _, sent, unpacked in [found.parts[0], *styles]:
        assert 0 < sent < unpacked / (2 if unpacked > 4_000 else 1)  # compressed; little of a small one is said twice
    assert found.total == sum(sent for _, sent, _ in found.parts)
