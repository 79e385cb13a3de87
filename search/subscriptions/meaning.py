"""Papers like a text, or like a reader's stars, by the cosine of full sentence vectors.

To stars it is the mean of the highest fifth of the cosines, NEAREST at least: who stars papers of several fields gets
all of them, and a threshold brings about as many papers with two hundred stars as with ten (docs/decisions.md).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from papers.models import Mark, Subscription
from search import vectors
from search.encoder import get_encoder
from search.engines.base import Ids
from search.service import encode_query
from search.vectors import Vectors

NEAREST: Final = 3
SHARE: Final = 5  # one of so many stars counts
MOST_STARS: Final = 200  # the last ones
LEAST_STARS: Final = 3


def stored(ids: Sequence[int]) -> tuple[Ids, Vectors]:
    """The vectors by the site's model of those papers that have one: ids (n,) and vectors (n, d)."""
    return vectors.fetch(get_encoder().name, np.array(ids, np.int64))


def encode(text: str) -> Vectors:
    """The vector of a text, (d,) float32, L2-normalised. Raises search.encoder.EncoderError."""
    return encode_query(text)


def vectors_of(asked: Sequence[Subscription]) -> Vectors:
    """The vectors of subscriptions to texts, (n, d), at least one; those of another model are made anew and kept.

    Raises search.encoder.EncoderError where one must be made and cannot.
    """
    encoder = get_encoder()
    old = [one for one in asked if not one.vector or one.model != encoder.name]
    if old:
        made = encoder.encode([one.text for one in old]).astype("<f2")
        for one, vector in zip(old, made, strict=True):
            one.vector, one.model = vector.tobytes(), encoder.name
            Subscription.objects.filter(key=one.key).update(vector=one.vector, model=one.model)
    return np.stack([np.frombuffer(bytes(one.vector or b""), "<f2").astype(np.float32) for one in asked])


def star_vectors(visitor: int) -> Vectors:
    """The vectors of the last MOST_STARS papers that a visitor (primary key) starred, (n, d)."""
    stars = Mark.objects.filter(visitor=visitor, starred__isnull=False).order_by("-starred", "-pk")
    return stored(list(stars.values_list("paper_id", flat=True)[:MOST_STARS]))[1]


def like_stars(papers: Vectors, stars: Vectors) -> np.ndarray:
    """How near papers (n, d) are to stars (m, d): the mean of the highest cosines, (n,); -1 without stars."""
    if not len(stars):
        return np.full(len(papers), -1.0, np.float32)
    cosines = papers @ stars.T
    nearest = min(max(NEAREST, len(stars) // SHARE), len(stars))
    highest: np.ndarray = np.partition(cosines, -nearest, axis=1)[:, -nearest:]
    means: np.ndarray = highest.mean(axis=1)
    return means
