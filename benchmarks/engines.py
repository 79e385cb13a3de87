"""Both engines side by side in one run: time to index, size, memory, and how long readers wait.

`make bench-engines` (or `python -m benchmarks.engines --papers 20000`) prints Markdown; `--write docs/performance.md`
puts it between that file's markers. Needs ../shared/data and an Elasticsearch: that of ELASTICSEARCH_URL, else one is
started with a heap of 2 GB.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import page
from benchmarks.clients import Readers, Site, memory_of
from benchmarks.servers import measuring

if TYPE_CHECKING:
    from benchmarks.library import Library
    from search.engines.base import Engine

HEAP = "2g"
TIMEOUT = 3.0  # seconds, as the site's own
QUERIES = 250
CLIENTS = (1, 8)
ROUNDS = 4  # in turn, so that a noisy machine hits both
PART = "two engines"


@dataclass(frozen=True)
class Waited:
    """Seconds."""

    half: float
    most: float
    rate: float
    failed: int


def main() -> None:
    """Index both, ask both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=364_000)
    parser.add_argument("--seconds", type=float, default=3, help="of each round")
    parser.add_argument("--write", type=Path, help="a Markdown file with markers")
    options = parser.parse_args()
    if options.write is not None:
        try:
            page.check(options.write, PART)
        except (OSError, page.PageError) as error:
            parser.exit(1, f"{error}\n")
    start = time.perf_counter()
    with measuring(HEAP, TIMEOUT) as (folder, server):
        lines = list(_measure(folder, server, options.papers, options.seconds))
    text = "\n".join([*lines, "", f"The run took {(time.perf_counter() - start) / 60:.0f} minutes."])
    print(text)
    if options.write is not None:
        page.put(options.write, PART, text)


def _measure(folder: Path, server: int, papers: int, seconds: float) -> Iterator[str]:
    """The report, line by line."""
    from benchmarks.library import fill, read_library
    from search.engines import engine_aside

    library = read_library(papers)
    with engine_aside("embedded") as embedded, engine_aside("elasticsearch") as elastic:
        yield from _about(library)
        filled = [fill(embedded, library), fill(elastic, library)]
        settled = _settle(elastic)
        yield "| | embedded | Elasticsearch |\n|---|---|---|"
        yield f"| indexing | {filled[0]:,.0f} s | {filled[1]:,.0f} s, then {settled:,.0f} s of merging |"
        yield f"| size on disk | {_mb(_folder_size(embedded))} | {_mb(_store_size(elastic))} |"
        site, encoding = _site(folder, library, embedded, elastic)
        yield f"| memory of a web process | {_web_memory(site, 'embedded')} | {_web_memory(site, 'elasticsearch')} |"
        yield from _waits(site, seconds)
        memory = memory_of(server) if server else {}
        if memory:
            told = f"{_mb(memory['own'])} of its own (heap {HEAP}) and {_mb(memory['files'])} of files"
            yield f"\nElasticsearch's process held {told} at the end."
        yield f"\nEncoding one query beforehand took {encoding * 1000:.0f} ms (median)."


def _about(library: "Library") -> Iterator[str]:
    count, real = len(library.records), library.real
    synthetic = f", {count - real:,} with the noised vector and the keywords of another paper" if count > real else ""
    yield f"{count:,} real papers: {real:,} with their real vectors{synthetic}; {library.width} dimensions.\n"


def _site(folder: Path, library: "Library", embedded: "Engine", elastic: "Engine") -> tuple[Site, float]:
    """All that readers need, and the median of seconds that encoding a query takes."""
    from benchmarks.operations import make_tasks
    from benchmarks.queries import draw_queries
    from search.encoder import get_encoder, readable
    from search.engines.elastic import ElasticEngine
    from search.engines.embedded import EmbeddedEngine
    from search.plan import make_plan
    from search.query import parse

    assert isinstance(embedded, EmbeddedEngine)
    assert isinstance(elastic, ElasticEngine)
    encoder = get_encoder()
    encoder.load()
    queries = draw_queries(library.records, QUERIES)
    vectors, seconds = {}, []
    for text in {make_plan(parse(asked.text), library.table).text for asked in queries}:
        if text and readable(text):
            start = time.perf_counter()
            vectors[text] = encoder.encode([text])[0]
            seconds.append(time.perf_counter() - start)
    np.save(folder / "full.npy", library.full)
    site = Site(
        roots={"embedded": str(embedded.root), "elasticsearch": elastic.alias},
        full=folder / "full.npy",
        transform=library.transform.to_bytes(),
        table=library.table.to_bytes(),
        width=library.width,
        tasks=make_tasks(library, embedded, queries, vectors),
    )
    return site, statistics.median(seconds)


def _waits(site: Site, seconds: float) -> Iterator[str]:
    """One table: every operation by every number of clients, the engines taking turns."""
    from benchmarks.operations import OPERATIONS

    yield "\n| ms: p50 / p95, answers a second | clients | embedded | Elasticsearch |\n|---|---|---|---|"
    with Readers(site) as readers:
        for operation in OPERATIONS:
            for clients in CLIENTS:
                cells = []
                for waited in _turns(readers, site, operation, clients, seconds):
                    failed = f", {waited.failed} failed" if waited.failed else ""
                    cells.append(f"{waited.half * 1000:.1f} / {waited.most * 1000:.1f}, {waited.rate:.0f}/s{failed}")
                yield f"| {operation} | {clients} | {cells[0]} | {cells[1]} |"


def _turns(readers: Readers, site: Site, operation: str, clients: int, seconds: float) -> list[Waited]:
    times: dict[str, list[float]] = {kind: [] for kind in site.roots}
    failed = dict.fromkeys(site.roots, 0)
    for turn in range(ROUNDS + 1):
        for kind in site.roots:
            # The first turn is short and not counted: caches are warm on a site that is used.
            outcome = readers.ask(kind, operation, clients, seconds if turn else seconds / 3, turn * 50)
            if turn:
                times[kind] += outcome.times
                failed[kind] += outcome.failed
    return [
        Waited(
            half=float(np.quantile(found, 0.5)) if found else float("nan"),
            most=float(np.quantile(found, 0.95)) if found else float("nan"),
            rate=len(found) / (ROUNDS * seconds),
            failed=failed[kind],
        )
        for kind, found in times.items()
    ]


def _web_memory(site: Site, kind: str) -> str:
    """What a process that asks this engine only holds after some searches, less what it holds without an engine. Full
    vectors, which come from the database at a site, are left aside."""
    held = []
    for roots in ({}, {kind: site.roots[kind]}):
        with Readers(replace(site, roots=roots), processes=1) as readers:
            if roots:
                for operation in ("lexical", "total", "facets", "nearest, filtered", "deep page"):  # no full vectors
                    readers.ask(kind, operation, 1, 3, 0)
            held.append(readers.memory())
    more = {name: max(0, held[1][name] - held[0][name]) for name in held[0]}
    return f"{_mb(more['own'])} more of its own, {_mb(more['files'])} more of files"


def _settle(engine: "Engine") -> float:
    """Wait until Elasticsearch has merged what it wanted to merge; how many seconds that took."""
    from search.engines.elastic import ElasticEngine

    assert isinstance(engine, ElasticEngine)
    start = time.perf_counter()
    quiet = 0
    while quiet < 5:
        time.sleep(1)
        with engine.cluster.writing() as client:
            stats = client.indices.stats(index=engine.alias, metric="merge")
        quiet = 0 if stats["_all"]["total"]["merges"]["current"] else quiet + 1
    return time.perf_counter() - start - quiet


def _store_size(engine: "Engine") -> int:
    from search.engines.elastic import ElasticEngine

    assert isinstance(engine, ElasticEngine)
    with engine.cluster.writing() as client:
        stats = client.indices.stats(index=engine.alias, metric="store")
    return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])


def _folder_size(engine: "Engine") -> int:
    from search.engines.embedded import EmbeddedEngine

    assert isinstance(engine, EmbeddedEngine)
    return sum(path.stat().st_size for path in engine.root.rglob("*") if path.is_file())


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


if __name__ == "__main__":
    main()
