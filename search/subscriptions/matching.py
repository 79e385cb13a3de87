"""Which of the papers that arXiv announced on a day match a subscription, worked out once for all who ask the same.

A day's answer to a key is a row (`papers.models.DayMatches`) with a stamp of what it was worked out from: late lines of
a list, vectors that come later and stars that change make it be worked out again.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Final

from django.db import OperationalError, transaction
from django.db.models import Count, Exists, Max, OuterRef, Sum

from papers.batches import batched
from papers.models import Announcement, DayList, DayMatches, Kind, Mark, Subscription
from search.encoder import get_encoder
from search.models import PaperVector
from search.subscriptions.days import DayPapers, Found

MOST_DAYS: Final = 14
CHUNK: Final = 1_000  # distinct keys that are worked out and written together
_BY_MEANING: Final = {Subscription.Kind.TEXT, Subscription.Kind.STARS}
_CROSSES: Final = {Kind.CROSS, Kind.REPLACE_CROSS}
_REPLACEMENTS: Final = {Kind.REPLACE, Kind.REPLACE_CROSS}


@dataclass(frozen=True, slots=True)
class Match:
    """One announced paper (its primary key) that a subscription is about. version: the one announced, None where nobody
    told; score: the cosine where it goes by meaning."""

    paper: int
    day: date
    kind: Kind
    version: int | None = None
    score: float | None = None


def days_announced(after: date, most: int = MOST_DAYS) -> list[date]:
    """The announcement days after a day of which lists with papers are here, the newest first; at most the `most`
    newest; one database query."""
    told = Announcement.objects.filter(day=OuterRef("day"), category=OuterRef("category"))
    days = DayList.objects.filter(Exists(told), day__gt=after).order_by("-day").values_list("day", flat=True)
    return list(days.distinct()[:most])


def matches(subscriptions: Sequence[Subscription], days: Sequence[date]) -> dict[int, list[Match]]:
    """For each subscription's primary key what matches it on those days: the newest day first, in the order of arXiv's
    list within a day (best first where it goes by meaning); without cross-lists and replacements where it wants none.

    Distinct keys are worked out once; the number of database queries grows with the days that have to be worked out
    and with thousands of keys, not with subscriptions.
    """
    found: dict[int, list[Match]] = {subscription.pk: [] for subscription in subscriptions}
    by_key: dict[str, list[Subscription]] = {}
    for subscription in subscriptions:
        by_key.setdefault(subscription.key, []).append(subscription)
    newest_first = sorted(set(days), reverse=True)
    stamps = _Stamps(newest_first, [same[0] for same in by_key.values()])
    for day in newest_first:  # one day's papers at a time are in memory
        papers = DayPapers(day)
        for keys in batched(by_key, CHUNK):
            for key, answer in _answers([by_key[key][0] for key in keys], papers, stamps).items():
                for subscription in by_key[key]:
                    found[subscription.pk] += _wanted(subscription, day, answer)
    return found


def _answers(asked: Sequence[Subscription], papers: DayPapers, stamps: "_Stamps") -> dict[str, list[Found]]:
    """What a day holds for each key, from the rows that are there and still hold, else worked out."""
    day = papers.day
    rows = DayMatches.objects.filter(key__in=[one.key for one in asked], day=day)
    kept = {key: (stamp, found) for key, stamp, found in rows.values_list("key", "stamp", "found")}
    missing = [one for one in asked if one.key not in kept or not stamps.holds(kept[one.key][0], one, day)]
    answers = {one.key: kept.get(one.key, ("", []))[1] for one in asked}
    if missing:
        stamps.count_vectors(missing, day)  # before they are read: one that comes in between is seen the next time
        worked_out = papers.found(missing)
        _keep(day, worked_out, {one.key: stamps.of(one, papers) for one in missing if one.key in worked_out})
        answers |= worked_out
    return answers


def _keep(day: date, answers: Mapping[str, list[Found]], stamps: Mapping[str, str]) -> None:
    """Write a day's answers. Where the database is busy they are worked out again another time."""
    rows = [DayMatches(key=key, day=day, stamp=stamps[key], found=answers[key]) for key in sorted(answers)]
    with suppress(OperationalError), transaction.atomic():
        DayMatches.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["key", "day"],
            update_fields=["stamp", "found"],
            batch_size=500,
        )


def _wanted(subscription: Subscription, day: date, papers: Iterable[Found]) -> list[Match]:
    unwanted = (set() if subscription.crosses else _CROSSES) | (set() if subscription.replacements else _REPLACEMENTS)
    return [
        Match(paper, day, Kind(kind), version, score) for paper, kind, version, score in papers if kind not in unwanted
    ]


def forget_before(day: date) -> int:
    """Delete what was worked out for days before this one; how many rows those were."""
    return DayMatches.objects.filter(day__lt=day).delete()[0]


class _Stamps:
    """The state of what answers are worked out from: the lists of each day and, for meaning, the vectors that are there
    of its papers; for a reader's stars these, too.

    Vectors are counted only where an answer was worked out without some of them: counting those of two weeks takes
    longer than all the rest of a page.
    """

    def __init__(self, days: Sequence[date], asked: Iterable[Subscription]) -> None:
        lists = DayList.objects.filter(day__in=days).order_by().values_list("day")
        read = {day: rest for day, *rest in lists.annotate(Count("pk"), Count("fetched"), Max("fetched"), Sum("lines"))}
        # A line changes in place only when a feed is read; the index alone tells how many there are.
        told = Announcement.objects.filter(day__in=days).order_by().values_list("day")
        lines = dict(told.annotate(Count("day")))
        self._lists = {day: f"{read.get(day)} {lines.get(day)}" for day in days}
        self._counted: dict[date, int] = {}
        self._stars: dict[int, str] = {}
        if hers := {one.visitor_id for one in asked if one.kind == Subscription.Kind.STARS}:
            self._read_stars(hers)

    def _read_stars(self, visitors: set[int]) -> None:
        marks = Mark.objects.filter(visitor__in=visitors, starred__isnull=False).order_by()
        for visitor, count, newest in marks.values_list("visitor").annotate(Count("pk"), Max("starred")):
            self._stars[visitor] = f"{count} {newest}"

    def of(self, one: Subscription, papers: DayPapers) -> str:
        """The stamp of an answer that was worked out from these papers, 32 letters."""
        without = one.kind in _BY_MEANING and papers.without_vector
        return self._stamp(one, papers.day, self._vectors(papers.day) if without else None)

    def holds(self, stamp: str, one: Subscription, day: date) -> bool:
        """Whether an answer with this stamp is still true."""
        if stamp == self._stamp(one, day):
            return True
        return one.kind in _BY_MEANING and stamp == self._stamp(one, day, self._vectors(day))

    def count_vectors(self, asked: Iterable[Subscription], day: date) -> None:
        """Count now what `of` tells of a day without all vectors."""
        if any(one.kind in _BY_MEANING for one in asked):
            self._vectors(day)

    def _stamp(self, one: Subscription, day: date, vectors: int | None = None) -> str:
        """vectors: how many were there, None for all."""
        parts = [self._lists[day]]
        if one.kind in _BY_MEANING:
            parts += [get_encoder().name, f"{vectors}"]
        if one.kind == Subscription.Kind.STARS:
            parts.append(self._stars.get(one.visitor_id, ""))
        return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()

    def _vectors(self, day: date) -> int:
        if day not in self._counted:
            told = Announcement.objects.filter(day=day).values("paper")
            self._counted[day] = PaperVector.objects.filter(model=get_encoder().name, paper__in=told).count()
        return self._counted[day]
