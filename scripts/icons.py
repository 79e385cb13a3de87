"""Draw the PNG icons of site and extension from `static/favicon.svg`: `.venv/bin/python scripts/icons.py`.

Needs a Chromium (Debian's package, or CHROMIUM naming one).
"""

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
MARK = ROOT / "static" / "favicon.svg"
FOLDERS = {ROOT / "extension" / "icons": (16, 32, 48, 128), ROOT / "static" / "icons": (16, 64, 192)}


def main() -> None:
    """One file a size, in pixels, the corners transparent."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for folder, sizes in FOLDERS.items():
            folder.mkdir(parents=True, exist_ok=True)
            for size in sizes:
                page = chromium.new_page(viewport={"width": size, "height": size})
                page.set_content(MARK.read_text().replace("<svg", f'<svg width="{size}" height="{size}"', 1))
                page.add_style_tag(content="body { margin: 0 } svg { display: block }")
                page.screenshot(path=folder / f"{size}.png", omit_background=True)
                page.close()
        chromium.close()


if __name__ == "__main__":
    main()
