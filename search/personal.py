"""The order ❤: by the words that a reader gave, by what her stars tell, or by both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from papers.models import Visitor
from search.preference import preference
from search.ranking import standardised
from search.taste import Taste, learned

if TYPE_CHECKING:
    from papers.views.context import Row

MOST_ORDERED: Final = 3_000  # papers of a list whose preference is told; the others come after them
WORDS_WEIGHT: Final = 0.3  # of the words beside the stars


@dataclass(frozen=True)
class Personal:
    """A reader's order of one list. weight: by primary key, 0 or more. words: hers, empty where the order does not go
    by them. taste: what was learned, None where she starred nothing."""

    weight: Mapping[int, float]
    words: str
    taste: Taste | None

    def explained(self, rows: Iterable["Row"]) -> list["Row"]:
        """The rows of a page with those keyphrases that speak for each paper."""
        if self.taste is None:
            return list(rows)
        return [replace(row, because=self.taste.because(row.paper.keywords)) for row in rows]


def personal_order(visitor: Visitor | None, ids: Sequence[int]) -> Personal | None:
    """How the visitor would order papers (primary keys): None where she gave no words and starred nothing."""
    taste = learned(visitor) if visitor else None
    words = visitor.words if visitor else ""
    if taste is None and not words:
        return None
    ids = ids[:MOST_ORDERED]
    if taste is None:
        return Personal(preference(ids, words), words, None)
    weight = taste.order(ids)
    return Personal(both(ids, preference(ids, words), weight) if words else weight, words, taste)


def both(ids: Sequence[int], by_words: Mapping[int, float], by_stars: Mapping[int, float]) -> dict[int, float]:
    """Two weights of the papers as one, from 0 up: the mean of their z-scores over the list, by WORDS_WEIGHT."""
    if not ids:
        return {}
    words, stars = (standardised(np.array([each.get(pk, 0.0) for pk in ids])) for each in (by_words, by_stars))
    mixed = WORDS_WEIGHT * words + (1 - WORDS_WEIGHT) * stars
    return dict(zip(ids, (mixed - mixed.min(initial=0.0)).tolist(), strict=True))
