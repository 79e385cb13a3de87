"""The account's pages in a real browser: accessible, no wider than the window, in both languages, with and without
scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from search.engines.base import Engine
from tests.e2e.axe import assert_accessible
from tests.e2e.watching import Scheme, Windows

EMAIL, PASSWORD = "ada@example.org", "tides-rise-twice-a-day"
PAGES = (
    "/account/",
    "/account/data",
    "/account/email/",
    "/account/password/change/",
    "/account/sessions/",
    "/account/reauthenticate/",
    "/account/logout/",
    "/privacy",
)


@pytest.fixture
def windows(transactional_db: None, engine: Engine, live_server: LiveServer, browser: Browser) -> Iterator[Windows]:
    """A site without papers."""
    opened = Windows(browser, live_server.url)
    yield opened
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("width", "language", "script"), [(1280, "en-GB", True), (390, "zh-CN", True), (390, "en-GB", False)]
)
def test_a_reader_signs_up_sees_her_pages_and_deletes_her_account(
    windows: Windows, width: int, language: str, script: bool, scheme: Scheme
) -> None:
    look = {"width": width, "language": language, "script": script, "scheme": scheme}
    page = windows("/account/signup/", **look)  # type: ignore[arg-type]

    page.locator("#id_email").fill(EMAIL)
    page.locator("#id_password1").fill(PASSWORD)
    page.locator("#id_password2").fill("something-else")
    page.locator("main form button").first.click()
    expect(page.locator(".errorlist")).to_have_count(1)
    if script:
        assert_accessible(page)
    page.locator("#id_password1").fill(PASSWORD)
    page.locator("#id_password2").fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/my")
    for address in PAGES:
        page = windows(address, **look)  # type: ignore[arg-type]
        assert page.locator("h1").count() == 1
        assert page.locator("header nav a[href='/my']").is_visible()
        if script:
            assert_accessible(page)

        page.close()
    page = windows("/account/data", **look)  # type: ignore[arg-type]

    page.locator("#id_password").fill(PASSWORD)
    page.locator("button.danger").click()
    expect(page.locator("header nav a[href='/account/login/']")).to_be_visible()
    page.goto(f"{windows.site}/account/")
    expect(page.locator("#id_login")).to_be_visible()
