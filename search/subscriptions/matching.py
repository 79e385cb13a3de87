"""Which of the papers that arXiv announced on a day match a subscription."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from papers.models import Kind, Subscription


@dataclass(frozen=True, slots=True)
class Match:
    """One announced paper (its primary key) that a subscription is about. version: the one announced, None where nobody
    told; score: the cosine where it goes by meaning."""

    paper: int
    day: date
    kind: Kind
    version: int | None = None
    score: float | None = None


def days_announced(after: date, most: int = 14) -> list[date]:
    """The announcement days after a day of which lists are here, the newest first; at most the `most` newest."""
    raise NotImplementedError


def matches(subscriptions: Sequence[Subscription], days: Sequence[date]) -> dict[int, list[Match]]:
    """For each subscription's primary key what matches it on those days: the newest day first, in the order of arXiv's
    list within a day; without cross-lists and replacements where it wants none. What several ask is worked out once
    (`papers.models.DayMatches`)."""
    raise NotImplementedError
