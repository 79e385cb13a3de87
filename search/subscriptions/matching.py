"""Which of the papers that arXiv announced on a day match a subscription, worked out once for all who ask the same.

A day's answer to a key is a row (`papers.models.DayMatches`) with a stamp of what it was worked out from: late lines of
a list, vectors that come later and stars that change make it be worked out again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    for keys in batched(by_key, CHUNK):
        asked = [by_key[key][0] for key in keys]
        for day, answers in _answers(asked, newest_first, stamps):
            for key, papers in answers.items():
                for subscription in by_key[key]:
                    found[subscription.pk] += _wanted(subscription, day, papers)
    return found


def _answers(
    asked: Sequence[Subscription], days: Sequence[date], stamps: "_Stamps"
) -> Iterator[tuple[date, dict[str, list[Found]]]]:
    """Each day with what it holds for each key, from the rows that are there and still hold, else worked out."""
    rows = DayMatches.objects.filter(key__in=[one.key for one in asked], day__in=days)
    kept: dict[tuple[date, str], tuple[str, list[Found]]] = {(row.day, row.key): (row.stamp, row.found) for row in rows}
    for day in days:
        answers: dict[str, list[Found]] = {}
        missing: list[Subscription] = []
        for one in asked:
            stamp, papers = kept.get((day, one.key), ("", []))
            if stamp == stamps.of(one, day):
                answers[one.key] = papers
            else:
                missing.append(one)
        if missing:
            worked_out = DayPapers.of(day).found(missing)
            _keep(day, worked_out, {one.key: stamps.of(one, day) for one in missing})
            answers |= worked_out
        yield day, answers


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
    """The state of what answers are worked out from: the lists of each day, for meaning also the vectors that are there
    of its papers, and for a reader's stars these."""

    def __init__(self, days: Sequence[date], asked: Sequence[Subscription]) -> None:
        self._lists = dict.fromkeys(days, "")
        told = Announcement.objects.filter(day__in=days).order_by().values("day")
        for row in told.annotate(Count("pk"), Sum("kind"), Count("position"), Max("version")):
            self._lists[row["day"]] = repr(sorted(row.items()))
        self._vectors: dict[date, int] = {}
        self._stars: dict[int, str] = {}
        meant = [one for one in asked if one.kind in _BY_MEANING]
        if meant:
            self._model = get_encoder().name
            vectors = PaperVector.objects.filter(model=self._model, paper__announcements__day__in=days).order_by()
            counted = vectors.values_list("paper__announcements__day").annotate(Count("paper", distinct=True))
            self._vectors = dict(counted)
        if hers := {one.visitor_id for one in meant if one.kind == Subscription.Kind.STARS}:
            self._read_stars(hers)

    def _read_stars(self, visitors: set[int]) -> None:
        marks = Mark.objects.filter(visitor__in=visitors, starred__isnull=False).order_by()
        for visitor, count, newest in marks.values_list("visitor").annotate(Count("pk"), Max("starred")):
            self._stars[visitor] = f"{count} {newest}"

    def of(self, one: Subscription, day: date) -> str:
        """The stamp of a key's answer on a day, 32 letters."""
        parts = [self._lists[day]]
        if one.kind in _BY_MEANING:
            parts += [self._model, str(self._vectors.get(day, 0))]
        if one.kind == Subscription.Kind.STARS:
            parts.append(self._stars.get(one.visitor_id, ""))
        return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
