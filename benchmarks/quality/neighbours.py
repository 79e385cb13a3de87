"""Exact nearest neighbours by inner product, in blocks that fit into memory. A paper is never its own neighbour."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.bench import watch
from search.vectors import Vectors

NEAR = 10
BLOCK = 250
STRETCH = 64
Rows = NDArray[np.int64]
# Similarities (b, n) of the papers `rows` (b,) with all n, as they are to be ordered.
Similarity = Callable[[Rows], Vectors]


def cosines(vectors: Vectors) -> Similarity:
    """Of vectors (n, d), L2-normalised."""
    return lambda rows: np.asarray(vectors[rows] @ vectors.T, dtype=np.float32)


def blocks(similarity: Similarity, rows: Rows, what: str) -> Iterator[tuple[slice, Vectors]]:
    """The similarities of `rows`, block by block, −∞ with themselves."""
    for start in watch(range(0, len(rows), BLOCK), what):
        part = rows[start : start + BLOCK]
        found = similarity(part)
        found[np.arange(len(part)), part] = -np.inf
        yield slice(start, start + len(part)), found


def nearest(similarity: Similarity, rows: Rows, what: str = "neighbours") -> Rows:
    """The NEAR nearest papers of each of `rows`, as (len(rows), NEAR), in no order."""
    out = np.empty((len(rows), NEAR), np.int64)
    for part, found in blocks(similarity, rows, what):
        out[part] = largest(found)
    return out


def largest(similar: NDArray[np.floating]) -> Rows:
    """Where the NEAR largest of each line stand, (b, n) → (b, NEAR), in no order. Much faster than to part whole lines:
    the NEAR largest are not below the NEARth largest of the maxima of stretches."""
    lines, papers = similar.shape
    stretches = similar[:, : papers // STRETCH * STRETCH].reshape(lines, -1, STRETCH).max(axis=2)
    out = np.empty((lines, NEAR), np.int64)
    floors = np.partition(stretches, stretches.shape[1] - NEAR, axis=1)[:, -NEAR]
    for line, floor, best in zip(similar, floors, out, strict=True):
        above = np.flatnonzero(line >= floor)
        best[:] = above[np.argpartition(line[above], len(above) - NEAR)[-NEAR:]]
    return out


def places(vectors: Vectors, rows: Rows, wanted: Rows, what: str = "places") -> Rows:
    """At which place, from 0, `vectors` put each paper of `wanted` (len(rows), m) in the order of its row."""
    out = np.empty(wanted.shape, np.int64)
    for part, found in blocks(cosines(vectors), rows, what):
        for line, papers, place in zip(found, wanted[part], out[part], strict=True):
            place[:] = [np.count_nonzero(line > line[paper]) for paper in papers]
    return out


def within(found: Rows, depth: int) -> float:
    """The share of places that are among the first `depth`."""
    return float((found < depth).mean())
