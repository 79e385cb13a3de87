"""The costs whose growth is told: taken from what was measured, in numbers and in words."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.suite import labels
from benchmarks.suite.growth import grow
from benchmarks.suite.pictures import FORETOLD, Line, milliseconds
from benchmarks.suite.results import Measured, Results


@dataclass(frozen=True)
class Cost:
    """of: the figure of a peer at one size in `unit`, None where it was not measured. tell: the figure in words."""

    name: str
    unit: str
    of: Callable[[Measured], float | None]
    tell: Callable[[float], str]


def costs(results: Results) -> Iterator[Cost]:
    """Time, disk, memory, and the wait for each kind of task that was asked."""
    yield Cost("indexing", "s", lambda peer: statistics.median(peer.index_seconds or [0]) or None, duration)
    yield Cost("disk", "MB", lambda peer: peer.disk / 1e6 or None, megabytes)
    yield Cost("memory to index", "MB", lambda peer: peer.fill_peak / 1e6 or None, megabytes)
    yield Cost("memory to answer, with files", "MB", lambda peer: (peer.memory + peer.files) / 1e6 or None, megabytes)
    asked = {kind for size in results.sizes.values() for peer in size.peers.values() for kind in peer.kinds}
    for kind, label in labels.KINDS.items():
        if kind in asked:
            yield Cost(label, "ms", _wait(kind), milliseconds)


def _wait(kind: str) -> Callable[[Measured], float | None]:
    def half(peer: Measured) -> float | None:
        waits = peer.kinds.get(kind)
        return statistics.median(waits.p50) if waits and waits.p50 else None

    return half


def lines(results: Results, cost: Cost) -> dict[str, Line]:
    """By peer the cost at each size where it was measured, and how it grows."""
    found: dict[str, dict[int, float]] = {}
    for papers, size in sorted(results.sizes.items()):
        for name, peer in size.peers.items():
            seen = cost.of(peer)
            if seen is not None:
                found.setdefault(name, {})[papers] = seen
    drawn = {}
    for name, by_size in found.items():
        sizes, figures = list(by_size), list(by_size.values())
        growth = grow(sizes, figures)
        drawn[name] = Line(name, sizes, figures, growth, cost.tell(growth.curve.at(FORETOLD)) if growth else "")
    return drawn


def megabytes(value: float) -> str:
    """ "0.4 MB", "505 MB", "4.5 GB"."""
    if value >= 1000:
        return f"{value / 1000:.1f} GB"
    return f"{value:.0f} MB" if value >= 10 else f"{value:.2g} MB"


def duration(seconds: float) -> str:
    """ "8.2 s", "255 s", "38 min", "2.1 h"."""
    if seconds < 600:
        return f"{seconds:.0f} s" if seconds >= 20 else f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def papers(count: float) -> str:
    """ "40,000", "1.4 million"."""
    return f"{count / 1e6:.2g} million" if count >= 1e6 else f"{float(f'{count:.2g}'):,.0f}"
