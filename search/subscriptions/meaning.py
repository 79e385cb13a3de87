"""Papers like a text, or like a reader's stars, by the cosine of full sentence vectors.

To stars it is the mean of the NEAREST highest cosines, so that who stars papers of two fields gets both, and a
threshold means the same with three stars and with two hundred.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from papers.models import Mark, Subscription
from search import vectors
from search.encoder import get_encoder
from search.engines.base import Ids
from search.service import encode_query
from search.vectors import Vectors

NEAREST: Final = 3
MOST_STARS: Final = 200  # the last ones
LEAST_STARS: Final = 3


def stored(ids: Sequence[int]) -> tuple[Ids, Vectors]:
    """The vectors by the site's model of those papers that have one: ids (n,) and vectors (n, d)."""
    return vectors.fetch(get_encoder().name, np.array(ids, np.int64))


def encode(text: str) -> Vectors:
    """The vector of a text, (d,) float32, L2-normalised. Raises search.encoder.EncoderError."""
    return encode_query(text)


def vectors_of(asked: Iterable[Subscription]) -> Vectors | None:
    """The vectors of subscriptions to texts, (n, d); those of another model are made anew. None without any.

    Raises search.encoder.EncoderError where one must be made and cannot.
    """
    model = get_encoder().name
    rows = [
        np.frombuffer(bytes(one.vector), "<f2").astype(np.float32)
        if one.vector and one.model == model
        else encode(one.text)
        for one in asked
    ]
    return np.stack(rows) if rows else None


def star_vectors(visitor: int) -> Vectors:
    """The vectors of the last MOST_STARS papers that a visitor (primary key) starred, (n, d)."""
    stars = Mark.objects.filter(visitor=visitor, starred__isnull=False).order_by("-starred", "-pk")
    return stored(list(stars.values_list("paper_id", flat=True)[:MOST_STARS]))[1]


def like_stars(papers: Vectors, stars: Vectors) -> np.ndarray:
    """How near papers (n, d) are to stars (m, d): the mean of the NEAREST highest cosines, (n,); -1 without stars."""
    if not len(stars):
        return np.full(len(papers), -1.0, np.float32)
    cosines = papers @ stars.T
    nearest = min(NEAREST, len(stars))
    highest: np.ndarray = np.partition(cosines, -nearest, axis=1)[:, -nearest:]
    means: np.ndarray = highest.mean(axis=1)
    return means
