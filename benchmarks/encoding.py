"""How fast and how large the encoder is by ONNX Runtime and by PyTorch: `python -m benchmarks.encoding`.

Each runtime encodes the same texts in a process of its own, one after the other, the two in turns; the medians of all
turns are written into docs/performance.md. Real papers are needed: the records of the developers' shared data.
"""

import argparse
import json
import lzma
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import page
from benchmarks.clients import memory_of
from tests import SHARED

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
RECORDS = SHARED / "arxiv-364k.jsonl.xz"
QUERIES, PAPERS = 800, 200
RUNTIMES = {"torch": "PyTorch", "onnx": "ONNX Runtime"}


def texts() -> tuple[list[str], list[str]]:
    """Queries of one to eight words of a title, and papers whole."""
    chance = random.Random(1)
    queries, papers = [], []
    with lzma.open(RECORDS, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            record = json.loads(line)
            words = record["title"].split()
            if number < QUERIES:
                size = min(len(words), chance.randint(1, 8))
                start = chance.randrange(len(words) - size + 1)
                queries.append(" ".join(words[start : start + size]))
            elif number < QUERIES + PAPERS:
                papers.append(f"{record['title']}. {record['abstract']}")
            else:
                break
    return queries, papers


def measure(folder: str) -> None:
    """In a process of its own: print what one runtime takes, and keep its vectors in `folder`."""
    import django

    django.setup()
    from django.conf import settings

    from search.encoder import get_encoder

    queries, papers = texts()
    before = memory_of(os.getpid())["own"]
    began = time.perf_counter()
    encoder = get_encoder()
    encoder.encode(["warm"])
    ready = time.perf_counter() - began
    seconds: dict[str, list[float]] = {"query": [], "paper": []}
    vectors = []
    for kind, asked in (("query", queries), ("paper", papers)):
        for text in asked:
            began = time.perf_counter()
            vectors.append(encoder.encode([text])[0])
            seconds[kind].append(1000 * (time.perf_counter() - began))
    began = time.perf_counter()
    encoder.encode(papers)
    told = {
        "ready": ready,
        "memory": (memory_of(os.getpid())["own"] - before) / 1e6,
        "p50": statistics.median(seconds["query"]),
        "p95": float(np.quantile(seconds["query"], 0.95)),
        "paper": statistics.median(seconds["paper"]),
        "papers a second": len(papers) / (time.perf_counter() - began),
    }
    np.save(Path(folder) / f"{settings.ENCODER_RUNTIME}.npy", np.stack(vectors))
    print(json.dumps(told))


def main() -> None:
    """Measure both, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures into this file, and no page")
    parser.add_argument("--of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.of:
        measure(options.of)
        return
    if not RECORDS.is_file():
        raise SystemExit("Real papers are needed: there is no shared data beside the project.")
    if not options.json:
        page.check(PAGE, "encoding")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in RUNTIMES}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": folder}
        command = [sys.executable, "-m", "benchmarks.encoding", "--of", folder]
        for turn in range(options.turns + 1):  # the first writes the model down, and counts for nothing
            for name in RUNTIMES:
                done = subprocess.run(
                    command, env={**environment, "ENCODER_RUNTIME": name}, check=True, stdout=subprocess.PIPE
                )
                if turn:
                    found[name].append(json.loads(done.stdout.splitlines()[-1]))
        ours, theirs = (np.load(Path(folder) / f"{name}.npy") for name in ("onnx", "torch"))
    least = float(np.einsum("nd,nd->n", ours, theirs).min())
    text = table(found, least, options.turns)
    print(text)
    if options.json:
        options.json.write_text(json.dumps({"found": found, "least": least, "turns": options.turns}))
    else:
        page.put(PAGE, "encoding", text)


def table(found: dict[str, list[dict[str, float]]], least: float, turns: int) -> str:
    """The figures of both, and how they stand to each other."""
    middle = {
        name: {key: statistics.median(each[key] for each in measured) for key in measured[0]}
        for name, measured in found.items()
    }
    rows = {
        "ready after, s": "ready",
        "memory of its own, MB": "memory",
        "a query, p50, ms": "p50",
        "a query, p95, ms": "p95",
        "a paper, p50, ms": "paper",
        "papers a second": "papers a second",
    }
    lines = ["| | PyTorch | ONNX Runtime | ratio |", "|---|---|---|---|"]
    for label, key in rows.items():
        torch, onnx = middle["torch"][key], middle["onnx"][key]
        lines.append(f"| {label} | {torch:.3g} | {onnx:.3g} | {onnx / torch:.2f} |")
    lines += ["", f"Least cosine of both vectors of a text, {QUERIES + PAPERS} texts: {least:.7f}."]
    lines += ["", f"`python -m benchmarks.encoding --turns {turns}`, medians of {turns} turns, {os.cpu_count()} cores."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
