"""A linear classifier of sentence vectors that ships with Papertide: what arXiv's papers of a meaning and of a time are
filed under, so that a site of few papers can tell as well.

    p(c | v, t) = softmax(W · [(v − μ) / 0.05, 3·e(t)] + b)

e(t) are shares of the years around 1992, 1995, … 2025, which move the categories' priors with the time. Trained on
primary categories, cross-lists having a fifth between them, by AdamW (Loshchilov and Hutter, arXiv:1711.05101).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.classifying.votes import Shares
from search.vectors import Vectors

SPREAD: Final = 0.05  # about the standard deviation of a dimension
_ERAS: Final = np.arange(1992, 2028, 3)
_ERA_WIDTH, _ERA_WEIGHT = 1.5, 3.0
CROSS_TARGET: Final = 0.2
_EPOCHS, _BATCH, _RATE, _DECAY, _SEED = 6, 256, 0.003, 0.01, 1
_WARM, _FIRST, _SECOND, _TINY = 0.1, 0.9, 0.999, 1e-8

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Head:
    """model: whose vectors it reads. categories: (c,). mean: μ, (d,). weights: W and, as its last row, b,
    (d + eras + 1, c) float32."""

    model: str
    categories: tuple[str, ...]
    mean: Floats
    weights: Floats

    def shares(self, vector: Vectors, when: date) -> Shares:
        """The probability of each category for a text of that day. vector: full, (d,)."""
        scores = _features(vector[None, :], self.mean, np.array([_year(when)])) @ self.weights
        return dict(zip(self.categories, _softmax(scores)[0].tolist(), strict=True))

    def to_bytes(self) -> bytes:
        """As an .npz file without pickles, weights as float16."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            model=np.array(self.model),
            categories=np.array(self.categories),
            mean=self.mean,
            weights=self.weights.astype(np.float16),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Head":
        """The head of `to_bytes`."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return cls(
                model=str(stored["model"]),
                categories=tuple(stored["categories"].tolist()),
                mean=stored["mean"].astype(np.float32),
                weights=stored["weights"].astype(np.float32),
            )


def train(model: str, vectors: NDArray[np.floating], filed: Sequence[Sequence[str]], days: Sequence[date]) -> Head:
    """A head from papers: vectors (n, d), what each is filed under, the primary category first, and its day.

    One thread takes half a minute for 100,000 papers. Raises ValueError without papers.
    """
    if not len(filed):
        raise ValueError("a classifier needs papers")
    names = tuple(sorted({categories[0] for categories in filed}))
    targets = _targets(names, filed)
    mean = vectors.astype(np.float32).mean(axis=0)
    years = np.array([_year(day) for day in days])
    weights = np.zeros((vectors.shape[1] + len(_ERAS) + 1, len(names)), np.float32)
    weights[-1] = np.log(targets.mean(axis=0) + 1e-6)
    chance = np.random.default_rng(_SEED)
    orders = [chance.permutation(len(filed)) for _ in range(_EPOCHS)]
    batches = [order[start : start + _BATCH] for order in orders for start in range(0, len(order), _BATCH)]
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step, batch in enumerate(batches, 1):
        features = _features(vectors[batch], mean, years[batch])
        gradient = features.T @ (_softmax(features @ weights) - targets[batch]) / len(batch)
        first += (1 - _FIRST) * (gradient - first)
        second += (1 - _SECOND) * (gradient**2 - second)
        rate = _RATE * _schedule(step / len(batches))
        moved = first / (1 - _FIRST**step) / (np.sqrt(second / (1 - _SECOND**step)) + _TINY)
        weights -= rate * (moved + _DECAY * weights)
    return Head(model, names, mean, weights)


@cache
def prior(model: str) -> Head | None:
    """The head that ships, trained on 100,000 arXiv papers (`manage.py make_priors`); None for another model."""
    head = Head.from_bytes((files("search") / "data" / "categories-prior.npz").read_bytes())
    return head if head.model == model else None


def _targets(names: Sequence[str], filed: Sequence[Sequence[str]]) -> Floats:
    places = {name: place for place, name in enumerate(names)}
    targets = np.zeros((len(filed), len(names)), np.float32)
    for row, (primary, *others) in enumerate(filed):
        known = [places[name] for name in others if name in places]
        targets[row, places[primary]] = 1 - CROSS_TARGET * bool(known)
        for place in known:
            targets[row, place] += CROSS_TARGET / len(known)
    return targets


def _features(vectors: NDArray[np.floating], mean: Floats, years: NDArray[np.float64]) -> Floats:
    near = np.exp(-(((years[:, None] - _ERAS) / _ERA_WIDTH) ** 2) / 2)
    eras = _ERA_WEIGHT * near / near.sum(axis=1, keepdims=True)
    meaning = (vectors.astype(np.float32) - mean) / SPREAD
    return np.hstack([meaning, eras, np.ones((len(years), 1))]).astype(np.float32)


def _year(day: date) -> float:
    """A day as a year with its part; days outside of the eras are taken for the first or the last."""
    return float(np.clip(day.year + (day.month - 1) / 12, _ERAS[0], _ERAS[-1]))


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _schedule(done: float) -> float:
    """The share of the full rate: up in the first tenth, then down to nothing by a cosine."""
    return done / _WARM if done < _WARM else (1 + float(np.cos(np.pi * (done - _WARM) / (1 - _WARM)))) / 2
