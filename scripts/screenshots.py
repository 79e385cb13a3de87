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
from typing import TYPE_CHECKING, Literal

from PIL import Image
from playwright.sync_api import Browser, Page

from scripts.chromium import chromium
from scripts.services.errors import Unavailable
from scripts.throwaway import ROOT, Site

if TYPE_CHECKING:
    from papers.models import Reader

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


def _threshold(page: Page) -> None:
    page.locator("#threshold").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('form.ask').scrollIntoView({ block: 'start', behavior: 'instant' })")


@dataclass(frozen=True)
class Picture:
    """One picture: what is opened how, by whom, and what is done before it is taken."""

    name: str
    address: str
    width: int = 1280
    scheme: Scheme = "light"
    language: str = "en"
    act: Callable[[Page], None] | None = None
    signed_in: bool = False


SEARCH = "/search?q=attention+for+translation"
PAPER = "/arxiv/1409.0473"
TEXT = "Neural+networks+that+translate+from+one+language+into+another"
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
    Picture("my", "/my", signed_in=True),
    Picture("my-phone", "/my", 390, "dark", signed_in=True),
    Picture("threshold", f"/subscriptions/new?kind=text&text={TEXT}", act=_threshold, signed_in=True),
    Picture("library", "/library", signed_in=True),
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
        session = site.run("-m", "scripts.screenshots", FILL).split()[-1]
        try:
            with site.serving() as url, chromium() as browser:
                for picture in wanted:
                    size = _take(browser, url, picture, session)
                    print(f"{picture.name}.png  {size:,} bytes")
        except Unavailable as error:
            print(error, file=sys.stderr)
            return 1
    total = sum(path.stat().st_size for path in IMAGES.glob("*.png"))
    print(f"{total:,} bytes in all")
    return int(total > MOST)


def _fill() -> None:
    """The sample shelf with its lists and index, in the site of DATA_DIR, and a reader; prints her session's key."""
    import django

    django.setup()
    from django.test import Client

    from papers.models import Reader
    from papers.shelf import load_shelf
    from search.indexing import index_pending
    from tests.e2e.fortnight import announce, days_dealt

    load_shelf()
    announce(days_dealt(LAST_DAY, DAYS))
    index_pending()
    reader = Reader.objects.create_user("ada", "ada@example.org")
    client = Client()
    client.force_login(reader)
    _keep(reader)
    print(client.session.session_key)


def _keep(reader: "Reader") -> None:
    """What a reader has after some days: subscriptions, stars, tags, a note."""
    from papers import visitors
    from papers.library import notes, tags
    from papers.models import Paper
    from search.subscriptions import keeping

    visitor = reader.visitor
    for kind, text, name in (
        ("search", "translation OR transformer", "translation"),
        ("categories", "cs.CV-cs.CL", ""),
        ("categories", "cs.LG+stat.ML", "learning"),
    ):
        keeping.subscribe(visitor, keeping.read(kind, text), name=name)
    papers = list(Paper.objects.filter(announcements__isnull=False).order_by("-published").distinct()[:6])
    visitors.mark(visitor, [paper.pk for paper in papers], "starred", True)
    for number, paper in enumerate(papers):
        tags.add(visitor, [paper], ["reading group"] if number % 2 else ["thesis", "chapter 2"])
    notes.save(visitor, papers[1], "Compare with the **second** table.", notes.stamp(None))


def _take(browser: Browser, site: str, picture: Picture, session: str) -> int:
    """Bytes of the picture; `session` is the key of the reader's."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": HEIGHTS[picture.width]},
        color_scheme=picture.scheme,
        locale=picture.language,
        reduced_motion="reduce",
    )
    if picture.signed_in:
        context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
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
