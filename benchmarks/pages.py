"""What pages cost at 364,000 papers, beside a plain Django view of the same rows, and whether 1,000 cards are smooth.

`make bench-pages` makes a site of ../shared/data in a folder that is thrown away (`--site FOLDER` takes one that is
there, with announcement lists and an index), measures it in one process and over gunicorn, traces a page of 1,000 cards
in Chromium, and writes the figures into docs/performance.md (`--print`: only prints them).
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from benchmarks import SHARED, page_costs
from benchmarks.page import check, put
from benchmarks.scrolling import smoothness
from scripts.chromium import chromium
from scripts.services.errors import Unavailable
from scripts.throwaway import Site

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
PART = "pages"
SCROLLED = "/arxiv/cs.LG"


def main() -> None:
    """Make the site, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, help="a folder with a site; readers' marks are made and taken back in it")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", choices=("costs", "browser"), help="one of the two parts; implies --print")
    parser.add_argument("--print", action="store_true", help="do not write the document")
    options = parser.parse_args()
    if options.site is None and not SHARED.is_dir():
        parser.exit(0, f"skipped: no shared data in {SHARED}\n")
    if options.site is not None and not options.site.is_dir():
        parser.error(f"there is no folder {options.site}")
    printed = options.print or options.only
    if not printed:
        check(DOCUMENT, PART)
    lines: list[str] = []
    with _folder(options.site) as folder:
        lines += [f"Measured on {date.today()}, {options.rounds} rounds.", ""]
        if options.only != "browser":
            lines += page_costs.report(folder, options.rounds)
        if options.only != "costs":
            lines += ["", "### 1,000 cards", "", *_browser(folder)]
    lines += ["", f"Load of the machine over the last 15 minutes: {os.getloadavg()[2]:.1f} on {os.cpu_count()} cores."]
    text = "\n".join(lines)
    print(text)
    if not printed:
        put(DOCUMENT, PART, text)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The folder given, or a new one with a site of all real papers, which takes a quarter of an hour."""
    if given is not None:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="papertide-bench-") as name:
        site = Site(Path(name))
        records, vectors = SHARED / "arxiv-364k.jsonl.xz", SHARED / "vectors-100k.f16.npy"
        given_vectors = ("--model", "all-MiniLM-L6-v2", "--ids", records, "--limit", "100000")
        site.manage("migrate", "--verbosity", "0")
        site.manage("load_papers", records)
        site.manage("vectors", "import", vectors, *given_vectors)
        site.run("-m", "benchmarks.page_site")
        yield site.folder


def _browser(folder: Path) -> list[str]:
    """The part in a browser; why not, where there is none."""
    try:
        with Site(folder).serving() as url, chromium() as browser:
            return list(smoothness(browser, url, SCROLLED))
    except Unavailable as error:
        print(f"without a browser: {error}", file=sys.stderr)
        return [f"Not measured: {error}"]


if __name__ == "__main__":
    main()
