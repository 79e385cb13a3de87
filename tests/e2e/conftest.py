"""A real browser on a real server: with the sample shelf (`live_server`), or with real papers (`real_site`)."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from scripts.chromium import chromium, chromium_program
from scripts.services.errors import Unavailable
from tests.e2e.real import RealSite, make
from tests.e2e.watching import Windows
from tests.services import missing

# Playwright's synchronous interface runs a loop in this thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window; where there is none the test is skipped."""
    try:
        chromium_program()
    except Unavailable as error:
        missing(str(error))
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def real_site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    """Two weeks of real papers, served in a process of its own for the whole run.

    Tests share it: what a reader does there belongs to the cookies of her window, and nobody else changes anything.
    """
    site, told = make(tmp_path_factory.mktemp("real") / "site")
    with site.serving():
        yield told


@pytest.fixture
def open_page(browser: Browser, real_site: RealSite) -> Iterator[Windows]:
    """`open_page("/search?q=x", width=390, script=False, scheme="dark", language="zh-CN")`: a watched page of the real
    site. What goes wrong later, while the test acts, fails it at its end; `open_page.watch.forgiven` takes what is
    meant."""
    windows = Windows(browser, real_site.url)
    yield windows
    windows.close()
