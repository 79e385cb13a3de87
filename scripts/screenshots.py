"""Take the pictures of the README from a running site: `.venv/bin/python scripts/screenshots.py http://127.0.0.1:8000`.

Needs a Chromium (Debian's package, or CHROMIUM naming one). Take them on the sample shelf: its summaries are our own.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
PAGES = {"search": "/search?q=attention+for+translation", "today": "/", "related": "/arxiv/1409.0473/related"}
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]


def main(site: str) -> None:
    """One picture a page at desktop width, and one of the search at phone width in the dark."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=ARGUMENTS
        )
        for name, address in PAGES.items():
            page = chromium.new_page(viewport={"width": 1280, "height": 860})
            page.goto(site + address)
            page.screenshot(path=IMAGES / f"{name}.png")
        phone = chromium.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        phone.goto(site + PAGES["search"])
        phone.screenshot(path=IMAGES / "search-phone.png")
        chromium.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
