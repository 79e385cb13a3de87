"""A Chromium without a window, which asks nobody but this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from scripts.services.errors import Unavailable

ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    # No name is looked up but this machine's own, so that even a page that went wrong asks nobody.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_program() -> str:
    """The browser's program: that of CHROMIUM, else the one of this machine. Raises Unavailable where there is none."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if not program:
        raise Unavailable("no Chromium: install Debian's package chromium, or set CHROMIUM to a program")
    return program


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, closed at the end. Raises Unavailable where there is none."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
