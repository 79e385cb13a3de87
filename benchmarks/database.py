"""The hot queries on a PostgreSQL with three million papers.

`python -m benchmarks.database` makes the library (10 GB, some minutes) on a PostgreSQL that it starts for it, or in the
empty database that DATABASE_URL names, and prints the table of `docs/performance.md`; `--papers N` makes fewer.
`--filled` measures a database that was filled before.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

ROUNDS = 7


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=3_000_000)
    parser.add_argument("--filled", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="papertide-benchmark-", ignore_cleanup_errors=True) as folder:
        os.environ |= {"DATA_DIR": f"{folder}/data", "DJANGO_SETTINGS_MODULE": "config.settings"}
        if os.environ.get("DATABASE_URL"):
            _run(options.papers, options.filled)
            return
        from scripts.services import postgres

        server = postgres.start(Path(folder) / "postgres")
        os.environ["DATABASE_URL"] = server.url
        try:
            _run(options.papers, filled=False)
        finally:
            server.stop()


def _run(papers: int, filled: bool) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from benchmarks.synthetic import fill

    if not filled:
        call_command("migrate", verbosity=0)
        began = time.perf_counter()
        fill(papers)
        print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
    _measure(papers)


def _measure(papers: int) -> None:
    from benchmarks.hot_queries import explain, hot_queries
    from benchmarks.synthetic import MODEL

    print("| query | first, ms | then, ms | pages read |\n|---|---|---|---|")
    for name, query in hot_queries(papers, MODEL).items():
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            query()
            times.append((time.perf_counter() - began) * 1000)
        pages = sum(plan.root["Shared Hit Blocks"] + plan.root["Shared Read Blocks"] for plan in explain(query))
        print(f"| {name} | {times[0]:.1f} | {statistics.median(times[1:]):.1f} | {pages:,} |", flush=True)


if __name__ == "__main__":
    main()
