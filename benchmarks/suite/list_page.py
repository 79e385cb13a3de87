"""What a list page of 25 cards takes on the server: many different lists through all middleware, in one process.

Cold: nothing of it is cached; warm: it was shown before. `python -m benchmarks.suite.list_page` reads addresses as JSON
and prints the rounds as JSON, in the site's environment.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.suite.results import ROUNDS
from benchmarks.suite.site import site_of

LISTS = 60  # in each round


def measure(folder: Path, root: str, lists: Sequence[str]) -> dict[str, list[float]]:
    """The median of each round in milliseconds, "cold" and "warm" by the clock, "cold_cpu" and "warm_cpu" of the
    processor. root: of the embedded index. Raises subprocess.CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.suite.list_page"],
        input=json.dumps(list(lists)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=site_of(folder, "embedded", root).environment(),
    )
    told: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    """Standard input to standard output."""
    import django

    django.setup()
    from django.core.cache import caches
    from django.test import Client

    # As a browser asks; making the client puts the middleware together, which a server does once.
    client = Client(headers={"accept-encoding": "gzip", "accept-language": "en"}, SERVER_NAME="localhost")

    def ask(address: str) -> tuple[float, float]:
        start, cpu = time.perf_counter(), time.process_time()
        answer = client.get(address)
        taken = (time.perf_counter() - start) * 1000, (time.process_time() - cpu) * 1000
        if answer.status_code != 200:
            raise ValueError(f"{answer.status_code}: {address}")
        return taken

    lists = json.load(sys.stdin)
    ask(lists[0])
    told: dict[str, list[float]] = {}
    for turn in range(ROUNDS):
        times: dict[str, list[float]] = {}
        for number in range(min(LISTS, len(lists))):
            address = lists[(turn * LISTS + number) % len(lists)]
            for name in ("default", "pieces", "pickers"):
                caches[name].clear()
            for state in ("cold", "warm"):
                wall, cpu = ask(address)
                times.setdefault(state, []).append(wall)
                times.setdefault(f"{state}_cpu", []).append(cpu)
        for state, each in times.items():
            told.setdefault(state, []).append(statistics.median(each))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
