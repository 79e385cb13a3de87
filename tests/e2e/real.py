"""A site of real papers for tests in a browser: two weeks of arXiv with announcement lists, vectors and an index.

It runs in a process of its own (gunicorn, compressed static files), since what a page weighs is told by the server that
readers meet. `python -m tests.e2e.real` fills the site of DATA_DIR
and prints what it holds. Where the shared data are absent the sample shelf
takes their place, dealt out over as many days.
"""

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scripts.throwaway import Site
from tests import SHARED

RECORDS, VECTORS = SHARED / "arxiv-364k.jsonl.xz", SHARED / "vectors-100k.f16.npy"
SINCE, BEFORE = "2026-06-15", "2026-05-15"
OLDER = 180  # papers from before, which are replaced in these weeks and found by searches
DAYS = 11
LAST_DAY = date(2026, 6, 30)


@dataclass(frozen=True)
class RealSite:
    """A served site. days: those with announcement lists, newest first. papers: arXiv ids announced as new by day, in
    the order of ids. replaced: ids of papers with an earlier version. real: whether these are arXiv's own records."""

    url: str
    days: list[str]
    papers: dict[str, list[str]]
    replaced: list[str]
    real: bool


def make(folder: Path) -> tuple[Site, RealSite]:
    """A site in `folder`, filled and indexed, and what it holds; it is not served yet."""
    site = Site(folder)
    site.manage("migrate", "--verbosity", "0")
    real = RECORDS.is_file() and VECTORS.is_file()
    if real:
        records, vectors = _cut(folder)
        site.manage("load_papers", records)
        site.manage("vectors", "import", vectors, "--model", "all-MiniLM-L6-v2", "--ids", records)
    told = json.loads(site.run("-m", "tests.e2e.real").splitlines()[-1])
    return site, RealSite(site.url, sorted(told["papers"], reverse=True), real=real, **told)


def _cut(folder: Path) -> tuple[Path, Path]:
    """Files of the records since SINCE and of some before them, as JSON lines, and of their vectors."""
    import numpy as np

    vectors = np.load(VECTORS, mmap_mode="r")
    newer: list[tuple[int, str]] = []
    older: list[tuple[int, str]] = []
    for row, line in _lines(len(vectors)):
        day = json.loads(line)["published"][:10]
        if day >= SINCE:
            newer.append((row, line))
        elif day >= BEFORE and len(older) < OLDER:
            older.append((row, line))
    chosen = newer + older
    records, rows = folder / "records.jsonl", folder / "rows.npy"
    records.write_text("".join(line for _, line in chosen), encoding="utf-8")
    np.save(rows, vectors[[row for row, _ in chosen]])
    return records, rows


def _lines(count: int) -> Iterator[tuple[int, str]]:
    with lzma.open(RECORDS, "rt", encoding="utf-8") as lines:
        yield from zip(range(count), lines, strict=False)


def fill() -> None:
    """Index what was loaded, else the sample shelf, and make the announcement lists."""
    from papers.models import Paper
    from papers.shelf import load_shelf
    from search.indexing import index_pending
    from tests.e2e.fortnight import announce, days_dealt, days_published

    if Paper.objects.exists():
        announce(days_published(DAYS))
    else:
        load_shelf()
        announce(days_dealt(LAST_DAY, DAYS))
    index_pending()


def tell() -> str:
    """What `RealSite` says of the site's papers, as JSON."""
    from papers.models import Announcement, Kind, PaperVersion

    papers: dict[str, list[str]] = {}
    new = Announcement.objects.filter(kind=Kind.NEW).order_by("day", "paper__arxiv_id").distinct()
    for day, arxiv_id in new.values_list("day", "paper__arxiv_id"):
        papers.setdefault(day.isoformat(), []).append(arxiv_id)
    replaced = PaperVersion.objects.order_by("paper__arxiv_id").values_list("paper__arxiv_id", flat=True)
    return json.dumps({"papers": papers, "replaced": list(replaced)})


if __name__ == "__main__":
    import django

    django.setup()
    fill()
    print(tell())
