"""The project's shuffle and GNU shuf on the same file, in turns: whole processes, their time and their peak memory.

`python -m benchmarks.shuffling --lines 5000000`. Lines are invented, 20 to 149 letters of them. Both read the file from
the system's cache and write without waiting for the disk.
"""

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5
LEAST, MOST = 20, 150  # letters of a line
SHUFFLE = (
    "import sys; from pathlib import Path; from search.shuffling import shuffle; shuffle(*map(Path, sys.argv[1:]))"
)


def main() -> None:
    """Write a file, shuffle it in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5_000_000)
    options = parser.parse_args()
    peer = shutil.which("shuf") or shutil.which("gshuf")
    if peer is None:
        parser.error("GNU shuf is not here")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "lines", Path(folder) / "shuffled"
        _write(source, options.lines)
        print(f"{options.lines:,} lines, {source.stat().st_size / 1e6:,.0f} MB; medians of {ROUNDS}")
        commands = {
            "search.shuffling": [sys.executable, "-c", SHUFFLE, str(source), str(target)],
            "GNU shuf": [peer, "-o", str(target), str(source)],
        }
        measured: dict[str, list[tuple[float, float, int]]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                measured[name].append(_run(command))
        for name, runs in measured.items():
            elapsed, processor, peak = (statistics.median(values) for values in zip(*runs, strict=True))
            print(f"{name:17} {elapsed:6.2f} s {processor:6.2f} s of processors {peak / 1e6:6.0f} MB at most")
        ours, theirs = measured.values()
        ratio = statistics.median(mine[0] / other[0] for mine, other in zip(ours, theirs, strict=True))
        print(f"the first takes {ratio:.2f} of the second's time, {os.cpu_count()} processors")


def _write(path: Path, count: int) -> None:
    chance = random.Random(1)
    text = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=100_000))
    with path.open("w") as file:
        for number in range(count):
            start = chance.randrange(len(text) - MOST)
            file.write(f"{number} {text[start : start + chance.randrange(LEAST, MOST)]}\n")


def _run(command: list[str]) -> tuple[float, float, int]:
    """Seconds, seconds of processors, and peak memory in bytes."""
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    elapsed = time.perf_counter() - start
    if status:
        raise SystemExit(f"{command[0]} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


if __name__ == "__main__":
    main()
