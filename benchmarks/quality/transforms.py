"""The transforms that are compared: each β with each γ, and random projections."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from search import whitening
from search.vectors import Vectors
from search.whitening import Transform

BETAS, GAMMAS = (0.0, 1.0), (0.0, 0.25, 0.5, 0.75, 1.0)
Setting = tuple[float, float]  # β, γ
SETTINGS: list[Setting] = [(beta, gamma) for beta in BETAS for gamma in GAMMAS]
DEFAULT: Setting = (0.0, 0.25)
SEEDS = range(3)  # of random projections
FRACTIONS = {0.125: "⅛", 0.25: "¼", 0.5: "½", 0.75: "¾"}


def fit(vectors: NDArray[np.floating], setting: Setting = DEFAULT) -> Transform:
    """Fitted on these vectors (n, d)."""
    parts = np.array_split(vectors, len(vectors) // 10_000 + 1)
    beta, gamma = setting
    return whitening.fit(parts, model="", dimension=vectors.shape[1], beta=beta, gamma=gamma, fitted="")


def settings(vectors: NDArray[np.floating]) -> Iterator[tuple[Setting, Transform]]:
    """Each of SETTINGS, fitted on these vectors."""
    for beta in BETAS:
        transform = fit(vectors, (beta, 0))
        yield from (((beta, gamma), replace(transform, gamma=gamma)) for gamma in GAMMAS)


def random_projection(dimension: int, seed: int) -> Transform:
    """Johnson and Lindenstrauss: independent normal numbers in the place of a basis."""
    basis = np.random.default_rng(seed).normal(size=(dimension, dimension)).astype(np.float32)
    return replace(whitening.rotation("", dimension), basis=basis)


def cut(rows: Vectors, width: int) -> Vectors:
    """The first columns of whitened vectors, L2-normalised again: what `Transform.apply` gives at that width."""
    out = rows[:, :width]
    return np.ascontiguousarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12))


def named(setting: Setting) -> str:
    """β / γ as text."""
    return " / ".join(FRACTIONS.get(value, f"{value:g}") for value in setting)
