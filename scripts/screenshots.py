"""Take the pictures of the documentation: `make screenshots`, or some: `python -m scripts.screenshots today map`.

The site is made anew of the sample shelf, whose summaries are our own, with announcement lists dealt out over a few
days, so that the newest has many cards of all kinds. Needs a Chromium (Debian's package, or CHROMIUM naming one).
"""

import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page

from scripts.chromium import chromium
from scripts.services.errors import Unavailable
from scripts.throwaway import ROOT, Site

IMAGES = ROOT / "docs" / "images"
HEIGHTS = {1280: 900, 390: 844}
COLOURS = 128  # of a picture; a page has few, and letters their shades
MOST = 3_000_000  # bytes of all pictures
LAST_DAY, DAYS = date(2026, 6, 30), 4  # of the lists
FILL = "--fill"
Scheme = Literal["light", "dark"]


def _filter(page: Page) -> None:
    page.locator('[data-do="filter"]').click()
    page.locator("#filter [name=with]").fill("learning network")
    page.locator("#filter [name=tint]").fill("model image")
    page.wait_for_timeout(600)


def _star(page: Page) -> None:
    for star in page.locator("#main .star").all()[:2]:
        star.click()
        page.wait_for_timeout(200)
    page.locator("#main .card").nth(1).focus()
    page.keyboard.press("m")
    page.wait_for_timeout(3500)  # the mark is sent, and the toast of it is gone
    page.evaluate("document.activeElement.blur(); scrollTo({ top: 0, behavior: 'instant' })")


def _related(page: Page) -> None:
    page.locator("#main .card .to-related").first.click()
    page.locator("#main .below .card").first.wait_for()


def _map(page: Page) -> None:
    page.locator("#neighbourhood:not(.to-come)").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('neighbourhood').scrollIntoView({ block: 'start', behavior: 'instant' })")
    page.wait_for_timeout(400)


def _suggest(page: Page) -> None:
    page.locator("#q").click()
    page.locator("#q").press_sequentially("neural mach", delay=40)
    page.wait_for_timeout(800)


@dataclass(frozen=True)
class Picture:
    """One picture: what is opened how, and what is done before it is taken."""

    name: str
    address: str
    width: int = 1280
    scheme: Scheme = "light"
    language: str = "en"
    act: Callable[[Page], None] | None = None


SEARCH = "/search?q=attention+for+translation"
PAPER = "/arxiv/1409.0473"
PICTURES = (
    Picture("today", "/", act=_star),
    Picture("today-dark", "/", scheme="dark", act=_star),
    Picture("today-phone", "/", 390),
    Picture("today-chinese", "/", language="zh-CN"),
    Picture("filter", "/", act=_filter),
    Picture("titles-phone", "/?titles=1", 390, "dark"),
    Picture("related-in-place", SEARCH, act=_related),
    Picture("search", SEARCH),
    Picture("search-phone", SEARCH, 390, "dark"),
    Picture("search-chinese-phone", SEARCH, 390, language="zh-CN"),
    Picture("suggestions", "/", act=_suggest),
    Picture("paper", PAPER),
    Picture("map", PAPER, act=_map),
    Picture("map-dark", PAPER, scheme="dark", act=_map),
    Picture("related", f"{PAPER}/related"),
)


def main(names: Sequence[str]) -> int:
    """Make the site, take the pictures; 1 where they cannot be taken or are too large."""
    if unknown := set(names) - {picture.name for picture in PICTURES}:
        print(f"no such picture: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="papertide-pictures-") as folder:
        site = Site(Path(folder))
        site.manage("migrate", "--verbosity", "0")
        site.run("-m", "scripts.screenshots", FILL)
        try:
            with site.serving() as url, chromium() as browser:
                for picture in wanted:
                    size = _take(browser, url, picture)
                    print(f"{picture.name}.png  {size:,} bytes")
        except Unavailable as error:
            print(error, file=sys.stderr)
            return 1
    total = sum(path.stat().st_size for path in IMAGES.glob("*.png"))
    print(f"{total:,} bytes in all")
    return int(total > MOST)


def _fill() -> None:
    """The sample shelf with its lists and its index, in the site of DATA_DIR."""
    import django

    django.setup()
    from papers.shelf import load_shelf
    from search.indexing import index_pending
    from tests.e2e.fortnight import announce, days_dealt

    load_shelf()
    announce(days_dealt(LAST_DAY, DAYS))
    index_pending()


def _take(browser: Browser, site: str, picture: Picture) -> int:
    """Bytes of the picture."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": HEIGHTS[picture.width]},
        color_scheme=picture.scheme,
        locale=picture.language,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(site + picture.address, wait_until="networkidle")
    if picture.act is not None:
        picture.act(page)
    shot = page.screenshot()
    context.close()
    path = IMAGES / f"{picture.name}.png"
    path.write_bytes(_smaller(shot))
    return path.stat().st_size


def _smaller(shot: bytes) -> bytes:
    """The picture with a palette of its own, if that is smaller."""
    with Image.open(io.BytesIO(shot)) as image:
        reduced = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        out = io.BytesIO()
        reduced.save(out, "PNG", optimize=True)
    return min(out.getvalue(), shot, key=len)


if __name__ == "__main__":
    if sys.argv[1:] == [FILL]:
        _fill()
    else:
        sys.exit(main(sys.argv[1:]))
