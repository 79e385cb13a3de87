"""How fast papers arrive: indexing beside the encoder alone, and loading of records, in one run.

`python -m benchmarks.arrival --loaded 50000 --encoded 5000`, or as a part of `make bench`. Real records from
../shared/data where that folder is present, else the sample shelf repeated under other ids.
"""

import argparse
import itertools
import json
import lzma
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import SHARED

ROOT = Path(__file__).resolve().parent.parent
REAL = SHARED / "arxiv-364k.jsonl.xz"
SHELF = ROOT / "papers" / "fixtures" / "shelf.jsonl"
ROUNDS = 5


def main() -> None:
    """Index, load, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loaded", type=int, default=50_000, help="records to load, each round into a new database")
    parser.add_argument("--encoded", type=int, default=5000, help="papers to encode and index, all rounds together")
    parser.add_argument("--json", type=Path, help="also write the figures into this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        # Loading first: a child of a process that holds the model is counted with its parent's memory.
        figures = _loading(Path(folder), options.loaded)
        os.environ["DATA_DIR"] = f"{folder}/indexing"
        figures |= _indexing(options.encoded)
    print(told(figures))
    if options.json:
        options.json.write_text(json.dumps(figures))


def told(figures: dict[str, Any]) -> str:
    """The figures in two lines."""
    encoder, indexing, loading = (figures[name] for name in ("encoder", "indexing", "loading"))
    ratios = [whole / alone for alone, whole in zip(encoder, indexing, strict=True)]
    rates = (
        f"encoder alone {statistics.median(encoder):.1f} papers/s, indexing {statistics.median(indexing):.1f} papers/s"
    )
    spread = f"median of {len(ratios)} rounds, {min(ratios):.3f} to {max(ratios):.3f}"
    loaded = f"{statistics.median(loading):,.0f} records/s ({min(loading):,.0f} to {max(loading):,.0f})"
    peak = f"{figures['loading_peak'] / 1e6:,.0f} MB"
    return (
        f"{rates}: ratio {statistics.median(ratios):.3f} ({spread})\n"
        f"loading {loaded}, start-up included, peak memory {peak}"
    )


def _indexing(count: int) -> dict[str, Any]:
    """The encoder alone and whole indexing take turns on the same papers, so that a noisy machine hits both. Papers a
    second, by round: "encoder" by the encoder that indexing uses, "indexing" until the last paper is confirmed."""
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
    alone, whole = [], []
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
    return {"encoder": alone, "indexing": whole, "encoded": count}


def _loading(folder: Path, count: int) -> dict[str, Any]:
    """Records a second by round, start-up included, and the peak of memory in bytes."""
    path = folder / "records.jsonl"
    with path.open("w", encoding="utf-8") as out:
        out.writelines(itertools.islice(_rows(), count))
    rates = []
    for number in range(ROUNDS):
        os.environ["DATA_DIR"] = str(folder / f"loading-{number}")
        _manage("migrate", "--verbosity", "0")
        start = time.perf_counter()
        _manage("load_papers", str(path))
        rates.append(count / (time.perf_counter() - start))
        shutil.rmtree(folder / f"loading-{number}")
    peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"loading": rates, "loading_peak": peak, "loaded": count}


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
