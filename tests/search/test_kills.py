"""Indexing killed at any moment and started again ends in the same index as one clean run."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from search.engines.base import FACETS, LexicalQuery, Unit
from search.engines.embedded import EmbeddedEngine
from tests.databases import OwnDatabase, own_database

pytestmark = pytest.mark.database
ROOT = Path(__file__).resolve().parents[2]
PAPERS = 600
# Fills a fresh site with papers that have vectors already, so that indexing takes seconds and no model.
FILL = f"""
import django; django.setup()
import numpy as np
from datetime import datetime, UTC
from papers.ingest import ingest
from papers.models import Paper
from papers.records import PaperRecord
from search.documents import paper_text
from search.encoder import text_hash
from search.vectors import store
words = "bees dance on warm evenings near old quiet rivers while slow networks learn maps of gravity".split()
ingest(
    PaperRecord(
        f"2401.{{n:05}}",
        " ".join(words[(n * k) % len(words)] for k in range(1, 6)),
        f"On {{words[n % 16]}} number {{n}}.",
        ("Ada Lovelace", f"Author {{n % 9}}"),
        (("cs.LG", "cs.CL", "hep-th")[n % 3],),
        datetime(2024, 1, 1 + n % 28, tzinfo=UTC),
    )
    for n in range({PAPERS})
)
papers = list(Paper.objects.order_by("pk"))
vectors = np.random.default_rng(1).normal(size=(len(papers), 384))
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
store("all-MiniLM-L6-v2", [p.pk for p in papers], [text_hash(paper_text(p)) for p in papers], vectors)
"""


class Site:
    """A site in a folder of its own, worked on by real processes."""

    def __init__(self, database: OwnDatabase) -> None:
        self.folder = database.folder
        self.environment = database.environment
        self.rows = database.rows
        subprocess.run([sys.executable, "-c", FILL], env=self.environment, cwd=ROOT, check=True)

    def run(self, *arguments: str) -> None:
        """One command to its end."""
        subprocess.run([sys.executable, ROOT / "manage.py", *arguments], env=self.environment, check=True)

    def kill_after(self, delay: float, *arguments: str) -> bool:
        """Start a command, wait until it has the lock and for `delay` more seconds, and kill it; whether it was still
        running."""
        process = subprocess.Popen([sys.executable, ROOT / "manage.py", *arguments], env=self.environment)
        began = self.state()
        deadline = time.monotonic() + 60
        while self.state() == began and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(delay)
        alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        return alive

    def state(self) -> tuple[tuple[str, int], ...]:
        """What the writer has touched so far."""
        touched = []
        # A file may be there one moment and replaced the next.
        for folder, _, names in os.walk(self.folder / "index"):
            for name in names:
                with suppress(FileNotFoundError):
                    touched.append((f"{folder}/{name}", os.stat(f"{folder}/{name}").st_mtime_ns))
        return tuple(sorted(touched))

    def contents(self) -> dict[str, object]:
        """Everything a reader could tell of the index."""
        engine = EmbeddedEngine(self.folder / "index")
        everything = LexicalQuery()
        found: dict[str, object] = {
            "ids": engine.lexical(everything, 10_000, order="new").ids.tolist(),
            "facets": {name: sorted(rows) for name, rows in engine.facets(everything, FACETS, 500).items()},
            "frequencies": engine.frequencies(["bee", "river", "network", "graviti"])[1].tolist(),
            "keywords": self.rows("SELECT id, keywords FROM papers_paper ORDER BY id"),
            "transform": (engine.statistics().transform, engine.statistics().papers),
        }
        width = engine.statistics().width
        for seed in range(5):
            vector = np.random.default_rng(seed).normal(size=width).astype(np.float32)
            found[f"nearest {seed}"] = engine.nearest(vector, 50).ids.tolist()
        for stem in ("danc", "quiet", "map"):
            found[stem] = sorted(engine.lexical(LexicalQuery(None, (Unit(((stem,),)),), 1), 1000).ids.tolist())
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site whose papers wait for the index."""
    with own_database(tmp_path / "data") as database:
        yield Site(database)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The index of one undisturbed run."""
    with own_database(tmp_path_factory.mktemp("clean") / "data") as database:
        site = Site(database)
        site.run("index", "--batch", "20")
        contents = site.contents()
    assert contents["transform"] == ("prior:all-MiniLM-L6-v2", PAPERS)
    return contents


def test_indexing_killed_many_times_ends_in_the_same_index(site: Site, clean: dict[str, object]) -> None:
    chance = random.Random(7)
    kills = sum(site.kill_after(chance.uniform(0, 0.6), "index", "--batch", "20") for _ in range(6))
    assert kills >= 3, "the runs ended before they could be killed"
    site.run("index", "--batch", "20")
    assert site.contents() == clean
    assert site.rows("SELECT count(*) FROM papers_indexmark") == [(0,)]


def test_a_killed_rebuild_leaves_the_serving_index_and_the_next_one_is_whole(
    site: Site, clean: dict[str, object]
) -> None:
    site.run("index", "--batch", "20")
    chance = random.Random(8)
    kills = 0
    for _ in range(3):
        kills += site.kill_after(chance.uniform(0, 0.6), "index", "--rebuild", "--batch", "20")
        assert site.contents() == clean
    assert kills >= 2
    site.run("index", "--rebuild", "--batch", "20")
    assert site.contents() == clean
    assert len([path for path in (site.folder / "index").iterdir() if path.is_dir()]) == 1
