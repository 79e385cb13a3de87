"""What the short vectors are for: that the full vectors' nearest are among their candidates. How many dimensions that
asks for as a library grows, and what codes of one byte a dimension keep of it."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.quality.markdown import head, row
from benchmarks.quality.neighbours import Rows, cosines, nearest, places, within
from benchmarks.quality.transforms import DEFAULT, cut, fit, named
from search.engines import codes as bytewise
from search.ranking import CANDIDATES, RESCORED
from search.vectors import Vectors
from search.whitening import width_for

WIDTHS = (4, 8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128)
SHOWN = (16, 32, 48, 64, 80, 96, 128)
LIBRARIES = (3_000, 10_000, 30_000, 100_000)
DEPTHS = (RESCORED, CANDIDATES)
ENOUGH = 0.99
LARGE = 3_000_000
QUERIES = 1000
SCANNED = (100_000, 364_000)
TURNS = 50


def growth(full: Vectors) -> Iterator[str]:
    """The k that candidates ask for at several sizes, beside the rule's."""
    yield (
        f"**Candidates**: the share of the full vectors' ten nearest among the first {RESCORED} / {CANDIDATES:,} by "
        f"short ones (β / γ = {named(DEFAULT)}, fitted on so many papers, {QUERIES:,} of them as queries), by k, and "
        f"the k at which it reaches {ENOUGH:.0%}."
    )
    yield from head("papers", [*map(str, SHOWN), *(f"k for {depth:,}" for depth in DEPTHS), "kN"])
    asked: dict[int, list[float]] = {depth: [] for depth in DEPTHS}
    for papers in LIBRARIES:
        shares = _shares(full[:papers])
        for depth in DEPTHS:
            asked[depth].append(_reached(shares[depth]))
        cells = [" / ".join(f"{shares[depth][width]:.3f}" for depth in DEPTHS) for width in SHOWN]
        needs = [f"{asked[depth][-1]:.0f}" for depth in DEPTHS]
        yield row(f"{papers:,}", [*cells, *needs, str(width_for(papers, full.shape[1]))])
    lines = {depth: np.polyfit(np.log(LIBRARIES), asked[depth], 1) for depth in DEPTHS}
    steps = ", ".join(f"k = {a:.1f}·ln N {b:+.0f} for {depth:,}" for depth, (a, b) in lines.items())
    far = ", ".join(f"{np.polyval(line, math.log(LARGE)):.0f} for {depth:,}" for depth, line in lines.items())
    yield ""
    yield (
        f"As straight lines in ln N: {steps}; the rule is k = 8.33·ln N. Drawn on to {LARGE:,} papers they ask for "
        f"{far}; the rule gives {width_for(LARGE, full.shape[1])}."
    )
    yield ""


def codes(full: Vectors, rows: Rows, truth: Rows) -> Iterator[str]:
    """Codes of one byte a dimension against single precision: what they keep, what they cost.

    truth: the nearest papers of `rows` by the full vectors.
    """
    width = width_for(len(full), full.shape[1])
    short = fit(full).apply(full, width)
    packed, scales = bytewise.pack(short)
    steps = np.abs(short).max(axis=0) / bytewise.LARGEST
    kinds = {
        "single precision": (short, 4 * width),
        "a byte, one scale a paper (the engine's)": (packed * scales[:, None], width + 4),
        "a byte, one scale a dimension": (np.rint(short / steps) * steps, width),
    }
    yield (
        f"**Codes**: {len(full):,} papers, {width} dimensions. Recall@10 against the full vectors of the short ones "
        f"alone, and after the full ones have ordered the best {RESCORED}, or all {CANDIDATES:,} candidates."
    )
    yield from head(
        "vectors of the index", ["bytes a paper", "alone", f"{RESCORED} ordered", f"{CANDIDATES:,} ordered"]
    )
    for name, (vectors, size) in kinds.items():
        found = places(cut(vectors, width), rows, truth, name)
        yield row(name, [str(size), *(f"{within(found, depth):.4f}" for depth in (10, *DEPTHS))])
    yield from head("papers", ["scan by single precision (BLAS), ms, p50 / p95", "by codes", "ratio of p50"])
    for papers in SCANNED:
        times = _scans(np.resize(short, (papers, width)), np.resize(packed, (papers, width)), np.resize(scales, papers))
        cells = [f"{np.median(each) * 1e3:.1f} / {np.percentile(each, 95) * 1e3:.1f}" for each in times]
        yield row(f"{papers:,}", [*cells, f"{np.median(times[1]) / np.median(times[0]):.2f}"])
    yield ""


def _scans(short: Vectors, packed: bytewise.Codes, scales: bytewise.Scales) -> Sequence[Sequence[float]]:
    """Seconds of TURNS scans by single precision and by codes, in turns."""
    scans: list[Callable[[Vectors], Vectors]] = [
        lambda vector: np.asarray(short @ vector),
        lambda vector: bytewise.products(packed, scales, vector),
    ]
    times: list[list[float]] = [[] for _ in scans]
    for turn in range(TURNS):
        for scan, each in zip(scans, times, strict=True):
            start = time.perf_counter()
            scan(short[turn])
            each.append(time.perf_counter() - start)
    return times


def _shares(full: Vectors) -> dict[int, dict[int, float]]:
    """By depth and width."""
    rows = np.sort(np.random.default_rng(2).choice(len(full), QUERIES, replace=False))
    truth = nearest(cosines(full), rows)
    short = fit(full).apply(full, max(WIDTHS))
    found = {width: places(cut(short, width), rows, truth, f"{len(full):,} papers") for width in WIDTHS}
    return {depth: {width: within(found[width], depth) for width in WIDTHS} for depth in DEPTHS}


def _reached(shares: dict[int, float]) -> float:
    """The width at which a rising share reaches ENOUGH, between the measured ones by a straight line."""
    widths = list(shares)
    for before, after in pairwise(widths):
        if shares[before] < ENOUGH <= shares[after]:
            return before + (after - before) * (ENOUGH - shares[before]) / (shares[after] - shares[before])
    return float(widths[0] if shares[widths[0]] >= ENOUGH else widths[-1])
