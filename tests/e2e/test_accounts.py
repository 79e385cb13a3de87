"""The account's pages in a real browser: accessible, no wider than the window, in both languages, with and without
scripts."""

import re
from collections.abc import Iterator

import oidc_provider_mock
import pytest
from django.conf import settings as site_settings
from playwright.sync_api import Browser, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from config.institute import institute, origin
from search.engines.base import Engine
from tests.e2e.axe import assert_accessible
from tests.e2e.watching import Scheme, Windows

EMAIL, PASSWORD = "ada@example.org", "tides-rise-twice-a-day"
PAGES = (
    "/account/",
    "/account/data",
    "/account/tokens",
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


def test_the_pages_policy_lets_a_reader_go_to_her_institute_and_nowhere_else(
    windows: Windows, settings: Settings
) -> None:
    with oidc_provider_mock.run_server_in_thread() as server:
        issuer = f"http://127.0.0.1:{server.server_port}"
        settings.SOCIALACCOUNT_PROVIDERS = institute(issuer, "papertide", "secret", "Tidal Institute")
        page = windows("/account/login/")
        # The institute's page wants a style sheet from elsewhere: the browser does not get it.
        page.context.route(re.compile("^https:"), lambda route: route.abort())
        windows.watch.forgiven += [issuer, "form-action", "https://", "Failed to load resource"]
        button = page.get_by_role("button", name="Sign in with Tidal Institute")
        button.click()
        page.wait_for_timeout(500)
        assert page.url == f"{windows.site}/account/login/"  # the policy of a site without an institute holds
        directives = site_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        forms = [*directives["form-action"], *origin(issuer)]
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives | {"form-action": forms}}
        page.reload()
        button.click()
        page.wait_for_url(f"{issuer}/**")
        page.locator("input[name=sub]").fill("ada")
        page.locator("button, input[type=submit]").first.click()
        page.wait_for_url(f"{windows.site}/account/**")
        expect(page.locator("h1")).to_be_visible()
