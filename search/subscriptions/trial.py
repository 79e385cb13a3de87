"""What a threshold would have brought in the past weeks, before somebody subscribes by it."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
from django.core.cache import cache
from numpy.typing import NDArray

from papers.models import Announcement, Kind, Subscription, Visitor
from search.encoder import get_encoder, text_hash
from search.engines.base import Ids
from search.subscriptions import meaning
from search.subscriptions.keeping import enough_stars, read
from search.subscriptions.matching import days_announced
from search.vectors import Vectors

WANTED_A_WEEK: Final = 10  # papers that the recommended threshold brings
SHOWN: Final = 300
STEP: Final = 0.01
LOWEST: Final = 0.2
DAYS_A_WEEK: Final = 5  # of announcements
KEPT_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Tried:
    """A paper of the past weeks (its primary key), the day of its announcement, and its cosine."""

    paper_id: int
    day: date
    score: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What thresholds would have brought. weeks: that were looked at, by five announcement days each; papers: the SHOWN
    best, best first, replacements left out; recommended: the highest threshold, in steps of STEP, that brings
    WANTED_A_WEEK papers a week, LOWEST where none does."""

    weeks: float
    papers: list[Tried]
    recommended: float
    _scores: list[float] = field(default_factory=list, repr=False)

    def a_week(self, threshold: float) -> float:
        """How many papers a week are not under a threshold."""
        return bisect_right(self._scores, -threshold) / self.weeks


def try_out(visitor: Visitor, kind: str, text: str, weeks: int = 3) -> Trial:
    """What papers like a text, or like the visitor's stars, the lists of the past weeks had.

    Raises search.subscriptions.keeping.SubscriptionError where it cannot be told: no text, too few stars, no encoder.
    """
    newest = days_announced(date.min, 1)
    days = days_announced(newest[0] - timedelta(weeks=weeks), DAYS_A_WEEK * weeks) if newest else []
    best: dict[int, Tried] = {}
    near = _nearness(visitor, kind, text)
    for day, ids, theirs in _vectors(days):
        for paper, score in zip(ids.tolist(), near(theirs.astype(np.float32)).tolist(), strict=True):
            best.setdefault(paper, Tried(paper, day, score))
    papers = sorted(best.values(), key=lambda one: (-one.score, one.paper_id))
    span = max(1.0, len(days) / DAYS_A_WEEK)
    scores = [-one.score for one in papers]
    enough = papers[round(WANTED_A_WEEK * span) - 1].score if len(papers) >= WANTED_A_WEEK * span else LOWEST
    recommended = max(LOWEST, int(enough / STEP) * STEP)
    return Trial(span, papers[:SHOWN], round(recommended, 2), scores)


def _nearness(visitor: Visitor, kind: str, text: str) -> Callable[[Vectors], np.ndarray]:
    if kind == Subscription.Kind.STARS:
        enough_stars(visitor)
        stars = meaning.star_vectors(visitor.pk)
        return lambda theirs: meaning.like_stars(theirs, stars)
    asked = read(kind, text, LOWEST)
    vector = meaning.encode(asked.text)  # read a moment ago, and kept
    return lambda theirs: theirs @ vector


def _vectors(days: Sequence[date]) -> Iterator[tuple[date, Ids, NDArray[np.float16]]]:
    """The days that announced papers first, with those that have a vector: ids (n,) and vectors (n, d). A day that has
    all of them is kept: whoever chooses a threshold asks again and again."""
    announced: dict[date, list[int]] = {day: [] for day in days}
    lines = Announcement.objects.filter(day__in=days, kind__in=(Kind.NEW, Kind.CROSS)).order_by("day", "paper_id")
    for day, paper in lines.values_list("day", "paper_id").distinct():
        announced[day].append(paper)
    keys = {day: f"day-vectors:{get_encoder().name}:{text_hash(repr(ids))}" for day, ids in announced.items()}
    kept = cache.get_many(keys.values())
    for day, wanted in announced.items():
        found = kept.get(keys[day])
        if found is None:
            ids, vectors = meaning.stored(wanted)
            found = ids, vectors.astype(np.float16)
            if len(ids) == len(wanted):
                cache.set(keys[day], found, KEPT_SECONDS)
        if len(found[0]):
            yield day, *found
