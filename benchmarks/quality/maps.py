"""Maps of a paper's neighbourhood: ways to lay relatives out in the plane, by what of their neighbourhoods is kept."""

import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.library import VECTORS
from benchmarks.quality.bench import Bench
from benchmarks.quality.markdown import head, row
from search.neighbourhood import (
    RELATIVES,
    Distances,
    Points,
    classical,
    cosine_distances,
    lay_out,
    majorize,
    ranks,
)
from search.related import NEAR_DUPLICATE

PAPERS, SEED = 200, 1
NEAR = 5
SPRINGS, ROUNDS = 3, 200

Way = Callable[[Distances], Points]


def springs(distances: Distances) -> Points:
    """Fruchterman and Reingold's forces on the graph of each paper's SPRINGS nearest."""
    n = len(distances)
    places = classical(distances)
    places /= places.std()
    tied = np.zeros((n, n))
    near = np.argsort(distances + 9 * np.eye(n), axis=1)[:, :SPRINGS]
    np.put_along_axis(tied, near, 1, axis=1)
    tied = np.maximum(tied, tied.T)
    length, most = 1.5 / np.sqrt(n), 0.3
    for _ in range(ROUNDS):
        apart = places[:, None] - places
        far = np.maximum(np.linalg.norm(apart, axis=2), 1e-3)
        force = (apart * (length**2 / far**2 - tied * far / length)[..., None]).sum(axis=1)
        size = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-9)
        places = places + force / size * np.minimum(size, most)
        most *= 0.98
    return places


WAYS: dict[str, Way] = {
    "principal components of the vectors": lambda distances: classical(np.sqrt(2 * distances)),
    "classical scaling of 1 − cos": classical,
    f"springs to the {SPRINGS} nearest": springs,
    "stress majorization of 1 − cos": lambda distances: majorize(distances, power=0, paper=1),
    "of ranks": lambda distances: majorize(ranks(distances), power=0, paper=1),
    "of ranks, w = 1/δ": lambda distances: majorize(ranks(distances), power=1, paper=1),
    "of ranks, w = 1/δ²": lambda distances: majorize(ranks(distances), power=2, paper=1),
    "of ranks, w = 1/δ², 2 for the paper": lambda distances: majorize(ranks(distances), power=2, paper=2),
    "of ranks, w = 1/δ², 4 for the paper": lambda distances: majorize(ranks(distances), power=2, paper=4),
    "the site’s: 1/δ², 2 for the paper, dots parted": lay_out,
}


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    yield (
        f"**Maps**: {PAPERS} real papers, each with its {RELATIVES} nearest of 100,000 by full vectors, laid out in "
        f"the plane. Trustworthiness and the share of the {NEAR} nearest of each paper that stay so; how often its "
        "nearest paper stays that; rank correlation of the distances from the paper that the map is about; stress-1 "
        "against 1 − cos."
    )
    columns = ["trustworthiness", f"{NEAR} nearest kept", "nearest kept", "order from the paper", "stress", "ms"]
    yield from head("way", columns)
    every = [cosine_distances(vectors) for vectors in neighbourhoods()]
    for name, way in WAYS.items():
        start = time.perf_counter()
        laid = [way(distances) for distances in every]
        took = (time.perf_counter() - start) / len(every) * 1000
        measured = np.mean([_figures(d, p) for d, p in zip(every, laid, strict=True)], axis=0)
        yield row(name, [*(f"{figure:.3f}" for figure in measured), f"{took:.1f}"])


def neighbourhoods() -> Iterator[Points]:
    """The full vectors of a paper and of its nearest, (RELATIVES + 1, d), for each of the papers chosen."""
    full = np.array(np.load(VECTORS, mmap_mode="r")).astype(np.float32)
    for paper in np.random.default_rng(SEED).choice(len(full), PAPERS, replace=False):
        similar = full @ full[paper]
        similar[similar > NEAR_DUPLICATE] = -1  # itself among them
        yield full[[paper, *np.argsort(-similar)[:RELATIVES]]].astype(np.float64)


def _figures(distances: Distances, places: Points) -> list[float]:
    shown: Distances = np.linalg.norm(places[:, None] - places, axis=2)
    pairs = np.triu_indices(len(shown), 1)
    wanted, got = distances[pairs], shown[pairs]
    scale = (wanted @ got) / (got @ got)
    return [
        trustworthiness(distances, shown),
        kept(distances, shown, NEAR),
        kept(distances, shown, 1),
        float(np.corrcoef(_places(distances[0, 1:]), _places(shown[0, 1:]))[0, 1]),
        float(np.sqrt(((wanted - scale * got) ** 2).sum() / (wanted**2).sum())),
    ]


def trustworthiness(distances: Distances, shown: Distances, near: int = NEAR) -> float:
    """1 − 2/(nk(2n − 3k − 1)) · Σ (rank − k) over what is shown among the k nearest and is not (Venna, Kaski 2001)."""
    n = len(distances)
    rank = np.argsort(np.argsort(distances - np.eye(n), axis=1), axis=1)
    beyond = np.take_along_axis(rank, _nearest(shown, near), axis=1) - near
    return float(1 - 2 / (n * near * (2 * n - 3 * near - 1)) * np.maximum(beyond, 0).sum())


def kept(distances: Distances, shown: Distances, near: int) -> float:
    """The share of the `near` nearest of each that are among the `near` nearest as shown."""
    both = zip(_nearest(distances, near).tolist(), _nearest(shown, near).tolist(), strict=True)
    return float(np.mean([len({*one} & {*other}) / near for one, other in both]))


def _nearest(distances: Distances, near: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.argsort(distances + 9e9 * np.eye(len(distances)), axis=1)[:, :near]


def _places(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.argsort(np.argsort(values))
