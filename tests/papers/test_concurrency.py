"""Several writers at once on PostgreSQL: real processes, no deadlock, no lost update."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import ROOT, OwnDatabase, own_database

pytestmark = [pytest.mark.postgresql, pytest.mark.database]

PAPERS = 600
# Each writer goes through the papers in an order of its own, in small batches, with a version of its own: whoever comes
# last, the newest version has to stay, and all that each alone knew of a paper.
WRITER = f"""
import random, sys
import django; django.setup()
from datetime import datetime, UTC
from papers.ingest import Counts, ingest_batches
from papers.records import PaperRecord
writer = int(sys.argv[1])
numbers = list(range({PAPERS}))
random.Random(writer).shuffle(numbers)
print("ready", flush=True)
sys.stdin.readline()
records = (
    PaperRecord(
        f"2401.{{n:05}}", f"Title {{n}} of version {{writer + 1}}", "About bees.", ("Ada Lovelace",),
        ("cs.LG", "cs.CL")[: 1 + writer % 2], datetime(2024, 1, 1, tzinfo=UTC), version=writer + 1,
        doi=f"10.1/{{n}}" if writer == 0 else "",
    )
    for n in numbers
)
print(sum(ingest_batches(records, 50), Counts()).seen, flush=True)
"""
VECTORS = """
import random, sys
import django; django.setup()
import numpy as np
from papers.models import Paper
from search.vectors import store
print("ready", flush=True)
sys.stdin.readline()
stored = 0
chance = random.Random(int(sys.argv[1]))
for _ in range(30):
    ids = list(Paper.objects.values_list("pk", flat=True))
    chance.shuffle(ids)
    part = ids[:300]
    store("model", part, [1] * len(part), np.ones((len(part), 8), np.float16))
    stored += len(part)
print(stored, flush=True)
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[OwnDatabase]:
    """An empty site on PostgreSQL."""
    with own_database(tmp_path / "data") as database:
        yield database


def at_once(site: OwnDatabase, *scripts: str) -> list[int]:
    """Run all scripts from the same moment on; what each printed at its end."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(number)],
            cwd=ROOT,
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, script in enumerate(scripts)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [int(end) for end in ends]


def test_writers_of_the_same_papers_neither_block_nor_lose_anything(site: OwnDatabase) -> None:
    assert at_once(site, WRITER, WRITER, WRITER) == [PAPERS] * 3
    assert site.rows("SELECT count(*), count(DISTINCT arxiv_id), min(version) FROM papers_paper") == [
        (PAPERS, PAPERS, 3)
    ]
    assert site.rows("SELECT count(*) FROM papers_paper WHERE title NOT LIKE '%of version 3'") == [(0,)]
    links = "SELECT category, count(*) FROM papers_papercategory GROUP BY category"
    assert site.rows(links) == [("cs.LG", PAPERS)]
    assert site.rows("SELECT count(*) FROM papers_indexmark") == [(PAPERS,)]


def test_vectors_are_stored_beside_an_ingest(site: OwnDatabase) -> None:
    at_once(site, WRITER)
    counts = at_once(site, VECTORS, WRITER, VECTORS, WRITER)
    assert counts == [9000, PAPERS, 9000, PAPERS]
    assert site.rows("SELECT min(version), count(*) FROM papers_paper") == [(4, PAPERS)]
