"""How fast papers arrive: indexing beside the encoder alone, and loading of records, in one run.

`make bench` (or `python -m benchmarks.arrival --loaded 100000 --encoded 1000`). Real records from ../shared/data where
that folder is present, else the sample shelf repeated under other ids.
"""

import argparse
import itertools
import json
import lzma
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import SHARED

ROOT = Path(__file__).resolve().parent.parent
REAL = SHARED / "arxiv-364k.jsonl.xz"
SHELF = ROOT / "papers" / "fixtures" / "shelf.jsonl"
ROUNDS = 5


def main() -> None:
    """Index, load, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loaded", type=int, default=100_000, help="records to load")
    parser.add_argument("--encoded", type=int, default=1000, help="papers to encode and index")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # Loading first: a child of a process that holds the model is counted with its parent's memory.
        os.environ |= {"DATA_DIR": f"{folder}/loading", "DJANGO_SETTINGS_MODULE": "config.settings"}
        _loading(Path(folder) / "records.jsonl", options.loaded)
        os.environ["DATA_DIR"] = f"{folder}/indexing"
        _indexing(options.encoded)


def _indexing(count: int) -> None:
    """The encoder alone and whole indexing take turns on the same papers, so that a noisy machine hits both."""
    _manage("migrate", "--verbosity", "0")
    import django

    django.setup()
    from papers.ingest import ingest
    from papers.records import from_json
    from search.encoder import get_encoder, text_of
    from search.indexing import index_pending
    from search.writing import ENCODED_BATCH

    encoder = get_encoder()
    encoder.load()
    index_pending()  # an empty index
    rows = _rows()
    ratios, alone, whole = [], [], []
    for _ in range(ROUNDS):
        records = [from_json(json.loads(next(rows))) for _ in range(count // ROUNDS)]
        ingest(records)
        texts = [text_of(record.title, record.abstract) for record in records]
        start = time.perf_counter()
        for begin in range(0, len(texts), ENCODED_BATCH):
            encoder.encode(texts[begin : begin + ENCODED_BATCH])
        alone.append(len(records) / (time.perf_counter() - start))
        start = time.perf_counter()
        indexed = index_pending()
        whole.append(indexed / (time.perf_counter() - start))
        ratios.append(whole[-1] / alone[-1])
    print(
        f"encoder alone {statistics.median(alone):.1f} papers/s, indexing {statistics.median(whole):.1f} papers/s: "
        f"ratio {statistics.median(ratios):.3f} (median of {ROUNDS} rounds, {min(ratios):.3f} to {max(ratios):.3f})"
    )


def _loading(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(itertools.islice(_rows(), count))
    _manage("migrate", "--verbosity", "0")
    start = time.perf_counter()
    _manage("load_papers", str(path))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"loading {count / seconds:,.0f} records/s, start-up included, peak memory {peak:,.0f} MB")


def _rows() -> Iterator[str]:
    """JSON lines without end."""
    if REAL.exists():
        with lzma.open(REAL, "rt", encoding="utf-8") as lines:
            yield from lines
    shelf = [json.loads(line) for line in SHELF.read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(itertools.cycle(shelf)):
        month, serial = divmod(number, 90_000)
        yield json.dumps(row | {"id": f"{30 + month // 12}{month % 12 + 1:02}.{serial:05}"}) + "\n"


def _manage(*arguments: str) -> None:
    subprocess.run([sys.executable, ROOT / "manage.py", *arguments], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
