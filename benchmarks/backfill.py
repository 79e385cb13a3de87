"""How fast a backfill brings papers into the database, end to end: OAI-PMH from a loopback arXiv without its delay.

`make bench-backfill` (or `python -m benchmarks.backfill --records 20000`) measures on SQLite and, where PostgreSQL is
installed, on a fresh one, beside a baseline in the same run: parsing the same answers alone, and writing the same
records from memory alone. It writes the figures into docs/performance.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from benchmarks.page import check, put
from scripts.services import postgres
from scripts.services.base import Unavailable

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
ROUNDS = 3
PARTS = {"parsing": "parsing the answers alone", "memory": "writing from memory alone", "end": "backfill, end to end"}
Rates = dict[str, list[float]]


def main() -> None:
    """Serve, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000, help="papers to bring")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve(options.records)
    elif options.measure:
        _measure(options.records)
    else:
        check(PAGE, "backfill")
        text = _page(options.records, _on_each(options.records))
        print(text)
        put(PAGE, "backfill", text)


def _on_each(records: int) -> dict[str, Rates]:
    """Records a second by database and part."""
    found: dict[str, Rates] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        command = [sys.executable, "-m", "benchmarks.backfill", "--records", str(records)]
        base = os.environ | {"DATABASE_URL": "", "REDIS_URL": "", "ARXIV_DELAY": "0", "LOG_LEVEL": "WARNING"}
        base |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder / "serving")}
        server = subprocess.Popen([*command, "--serve"], cwd=ROOT, env=base, stdout=subprocess.PIPE, text=True)
        stack.callback(server.wait)
        stack.callback(server.kill)
        assert server.stdout is not None
        base["ARXIV_URL"] = server.stdout.readline().strip()
        databases = {"SQLite": ""}
        try:
            databases["PostgreSQL"] = stack.enter_context(postgres.start(folder / "postgres")).url
        except Unavailable as error:
            print(f"without PostgreSQL: {error}", file=sys.stderr)
        for name, url in databases.items():
            environment = base | {"DATA_DIR": str(folder / name), "DATABASE_URL": url}
            done = subprocess.run(
                [*command, "--measure"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            found[name] = json.loads(done.stdout.splitlines()[-1])
    return found


def _page(records: int, found: dict[str, Rates]) -> str:
    lines = [
        f"{records:,} records, records/s: median of {ROUNDS} rounds (range), {date.today()}.",
        "",
        f"| | {' | '.join(found)} |",
        f"|---{'|---' * len(found)}|",
    ]
    for part, title in PARTS.items():
        cells = (
            f"{statistics.median(rates[part]):,.0f} ({min(rates[part]):,.0f} to {max(rates[part]):,.0f})"
            for rates in found.values()
        )
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _serve(records: int) -> None:
    import django

    django.setup()
    from tests.arxiv import LoopbackArxiv, World

    server = LoopbackArxiv(World.bulk(records))
    print(server.url, flush=True)
    server.serve()


def _measure(records: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from papers.ingest import ingest
    from papers.models import Paper
    from papers.records import PaperRecord
    from workers import arrival
    from workers.jobs import order
    from workers.sources.oai import read_harvest, read_page

    call_command("migrate", verbosity=0)
    bodies = list(_bodies())
    read: list[PaperRecord] = []

    def parse() -> None:
        read.clear()
        for body in bodies:
            harvest = read_harvest(body)
            read.extend(read_page(harvest, "").records)

    def write() -> None:
        for start in range(0, len(read), 1000):
            ingest(read[start : start + 1000])

    def backfill() -> None:
        run = arrival.do(order("backfill", "all", arguments={"sets": [], "since": None, "until": None}))
        if run.error or run.new != records:
            raise SystemExit(f"{run.new} of {records} came: {run.error}")

    rates: Rates = {part: [] for part in PARTS}
    for _ in range(ROUNDS):
        rates["parsing"].append(_rate(parse, records))
        for part, do in (("memory", write), ("end", backfill)):
            call_command("flush", interactive=False, verbosity=0)
            rates[part].append(_rate(do, records))
            if Paper.objects.count() != records:
                raise SystemExit(f"{part}: {Paper.objects.count()} papers of {records}")
    print(json.dumps(rates))


def _rate(do: Callable[[], None], records: int) -> float:
    start = time.perf_counter()
    do()
    return records / (time.perf_counter() - start)


def _bodies() -> Iterator[bytes]:
    """The answers of the whole list, as they come."""
    import requests
    from django.conf import settings

    from workers.sources.oai import read_harvest

    query = {"verb": "ListRecords", "metadataPrefix": "arXivRaw"}
    with requests.Session() as session:
        session.trust_env = False
        while query:
            body = session.get(settings.ARXIV_OAI_URL, params=query, timeout=300).content
            yield body
            token = read_harvest(body).token
            query = {"verb": "ListRecords", "resumptionToken": token} if token else {}


if __name__ == "__main__":
    main()
