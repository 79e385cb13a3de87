"""A real browser on a real server: with the sample shelf (`live_server`), or with real papers (`real_site`)."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.real import RealSite, make
from tests.e2e.watching import Windows
from tests.services import missing

# Playwright's synchronous interface runs a loop in this thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# No name is looked up but this machine's own, so that even a page that went wrong asks nobody.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def chromium_program() -> str:
    """The browser's path; where there is none the test is skipped."""
    program = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    return program or missing("no Chromium: install Debian's package chromium, or set CHROMIUM to a program")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_program(), args=ARGUMENTS)
        yield chromium
        chromium.close()


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
