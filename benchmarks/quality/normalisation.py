"""Classification with alternating normalisation (CAN): Jia, Reiter, Lim, Artzi and Cardie, When in Doubt: Improving
Classification Performance with Alternating Normalization (arXiv:2109.13449); Su Jianlin tells of it too.

An unsure answer b is put below the answers A of n sure ones. Each step raises all to a power α, divides every column by
its sum, multiplies it by the category's prior, and divides every row by its sum; b's row is then the answer:

    L = [A; b]^α,   L ← L · diag(1ᵀL)⁻¹ · diag(prior),   L ← diag(L·1)⁻¹ · L

It moves the unsure towards categories that the sure ones name less often than the prior says.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.classifying.votes import Shares

REFERENCE = 1000  # sure answers, the first of them
_SMALLEST = 1e-12


def alternately_normalised(
    unsure: Sequence[Shares], sure: Sequence[Shares], known: Sequence[str], *, power: float, steps: int
) -> list[Shares]:
    """The unsure shares, each corrected alone among the sure ones. known: categories of the corpus, one a paper, of
    which the prior is made."""
    names = sorted({*known, *(name for one in [*unsure, *sure] for name in one)})
    counted = Counter(known)
    prior = np.array([counted[name] for name in names], np.float64) / len(known)
    reference = _matrix(sure, names)
    return [
        dict(zip(names, _corrected(row, reference, prior, power, steps).tolist(), strict=True))
        for row in _matrix(unsure, names)
    ]


def _corrected(
    row: NDArray[np.float64], reference: NDArray[np.float64], prior: NDArray[np.float64], power: float, steps: int
) -> NDArray[np.float64]:
    answers = np.vstack([reference, row])
    for _ in range(steps):
        answers = answers**power
        answers = answers / np.maximum(answers.sum(axis=0), _SMALLEST) * prior
        answers = answers / np.maximum(answers.sum(axis=1, keepdims=True), _SMALLEST)
    corrected: NDArray[np.float64] = answers[-1]
    return corrected


def _matrix(shares: Sequence[Shares], names: Sequence[str]) -> NDArray[np.float64]:
    places = {name: place for place, name in enumerate(names)}
    out = np.zeros((len(shares), len(names)))
    for number, one in enumerate(shares):
        for name, share in one.items():
            out[number, places[name]] = share
    return out
