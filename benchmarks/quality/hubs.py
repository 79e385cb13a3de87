"""Hubs: papers that are among the nearest of very many others. How uneven that is before and after whitening, and what
corrections that cost nothing at a query do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.library import Library
from benchmarks.quality.bench import Bench
from benchmarks.quality.markdown import head, mean, row
from benchmarks.quality.neighbours import NEAR, Similarity, blocks, cosines, largest, nearest
from benchmarks.quality.transforms import DEFAULT, SETTINGS, fit, named
from search.vectors import Vectors
from search.whitening import width_for

PAPERS = 30_000  # all with all: a ninth of the time that 100,000 take
Numbers = NDArray[np.floating]  # (n,)


@dataclass(frozen=True)
class Papers:
    """What is known of each paper x before any query q. full: (n, d), L2-normalised."""

    full: Vectors

    @cached_property
    def mean(self) -> Numbers:
        """m(x): mean cosine with all papers, which is x·μ."""
        return np.asarray(self.full @ self.full.mean(axis=0))

    @cached_property
    def deviation(self) -> Numbers:
        """s(x): standard deviation of the cosines with all papers, √(xᵀΣx − m²)."""
        products = self.full.T @ self.full / np.float32(len(self.full))
        squares = np.einsum("ij,ij->i", self.full @ products, self.full)
        return np.asarray(np.sqrt(np.maximum(squares - self.mean**2, 1e-9)))

    @cached_property
    def _near(self) -> tuple[NDArray[np.int64], Numbers]:
        found = nearest(cosines(self.full), np.arange(len(self.full)), "neighbours of all")
        similar = np.einsum("ind,id->in", self.full[found], self.full)
        return occurrences(found, len(self.full)), np.asarray(similar.mean(axis=1), np.float32)

    @cached_property
    def near(self) -> Numbers:
        """r(x): mean cosine with the ten nearest papers."""
        return self._near[1]

    @cached_property
    def often(self) -> Numbers:
        """N₁₀(x): among the ten nearest of how many papers it is."""
        return self._near[0].astype(np.float32)


# From cosines c (b, n) of papers q (b,) with papers x (n,) to what they are ordered by.
Correction = Callable[[Papers, Vectors, NDArray[np.int64], NDArray[np.int64]], NDArray[np.floating]]
CORRECTIONS: dict[str, Correction] = {
    "c, the cosine": lambda papers, c, q, x: c,
    "c − ½·m(x)": lambda papers, c, q, x: c - papers.mean[x] / 2,
    "c − m(x)": lambda papers, c, q, x: c - papers.mean[x],
    "z-scores of both, (c − m(x))/s(x) + (c − m(q))/s(q)": lambda papers, c, q, x: (
        ((c - papers.mean[x]) / papers.deviation[x] + (c - papers.mean[q][:, None]) / papers.deviation[q][:, None]) / 20
    ),
    "CSLS, c − ½·r(x)": lambda papers, c, q, x: c - papers.near[x] / 2,
    "local scaling, −(1 − c)/√((1 − r(x))(1 − r(q)))": lambda papers, c, q, x: (
        -(1 - c) / np.sqrt((1 - papers.near[x]) * (1 - papers.near[q][:, None]))
    ),
    "c − 0.01·ln(1 + N₁₀(x))": lambda papers, c, q, x: c - 0.01 * np.log1p(papers.often[x]),
}


def section(bench: Bench) -> Iterator[str]:
    """Tables of hubness and of its corrections."""
    full = bench.library.full[:PAPERS].astype(np.float32)
    yield from _whitened(full)
    yield from _corrected(bench, Papers(full))


def occurrences(near: NDArray[np.int64], papers: int) -> NDArray[np.int64]:
    """N₁₀: how often each of `papers` stands in the lists `near` (n, 10)."""
    return np.bincount(near.ravel(), minlength=papers)


def unevenness(often: NDArray[np.integer]) -> list[str]:
    """Skewness of N₁₀, the share of papers that nobody is near to, and the largest N₁₀."""
    centred = often - often.mean()
    skewness = (centred**3).mean() / (centred**2).mean() ** 1.5
    return [f"{skewness:.2f}", f"{(often == 0).mean():.1%}", str(often.max())]


def _whitened(full: Vectors) -> Iterator[str]:
    width = width_for(len(full), full.shape[1])
    yield (
        f"**Hubs**: among the ten nearest of how many papers each of {len(full):,} papers is, by exact comparison of "
        "all with all (the mean is 10)."
    )
    yield from head("vectors", ["k", "skewness of N₁₀", "never", "largest N₁₀"])
    wide = full.shape[1]
    variants = [((0.0, 0.0), wide), ((1.0, 0.0), wide), (DEFAULT, wide), *((key, width) for key in SETTINGS)]
    for setting, columns in variants:
        found = nearest(cosines(fit(full, setting).apply(full, columns)), np.arange(len(full)), named(setting))
        name = {((0.0, 0.0), wide): "full", ((1.0, 0.0), wide): "full, centred"}.get((setting, columns), named(setting))
        yield row(name, [str(columns), *unevenness(occurrences(found, len(full)))])
    yield ""


def _corrected(bench: Bench, papers: Papers) -> Iterator[str]:
    yield (
        "**Corrections for hubs**: c is the cosine of full vectors, m(x) the mean cosine of paper x with all papers, "
        "s(x) its deviation, r(x) the mean cosine with its ten nearest. For the ten nearest of each of "
        f"{len(papers.full):,} papers: N₁₀, and how many share the primary category."
    )
    yield from head("order by", ["skewness of N₁₀", "never", "largest N₁₀", "primary category shared"])
    for name, cells in _shared(bench.library, papers).items():
        yield row(name, cells)
    yield ""


def _shared(library: Library, papers: Papers) -> dict[str, list[str]]:
    """Unevenness and the share of neighbours of the same primary category, by correction."""
    everyone = np.arange(len(papers.full))
    names = [record.categories[0] for record in library.records[: len(everyone)]]
    primary = np.unique(names, return_inverse=True)[1]
    plain: Similarity = cosines(papers.full)
    found = {name: np.empty((len(everyone), NEAR), np.int64) for name in CORRECTIONS}
    for part, similar in blocks(plain, everyone, "corrections"):
        for name, correction in CORRECTIONS.items():
            ordered = correction(papers, similar, everyone[part], everyone)
            found[name][part] = largest(ordered)
    return {
        name: [
            *unevenness(occurrences(near, len(everyone))),
            f"{mean((primary[near] == primary[:, None]).ravel()):.4f}",
        ]
        for name, near in found.items()
    }
