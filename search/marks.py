"""The papers that wait for the index, and who works on them.

A worker claims marks (`select … for update skip locked`, so that none waits for another), writes the papers, and
clears the marks that were not renewed meanwhile. A claim holds as long as its worker lives: a killed one's papers are
free at once. While a new index is being made, a cleared mark is kept for it as `kept`.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from papers.batches import batched
from papers.models import IndexMark
from papers.turns import shared
from search import locks

ROWS = 2000  # rows named in one statement
REFUSED_REST = timedelta(hours=1)


@dataclass(frozen=True)
class Claimant:
    """One run of one worker."""

    token: int

    def claim(self, limit: int, after: int = 0) -> dict[int, int]:
        """Up to `limit` papers that nobody works on, with the stamps of their marks, by rising primary key from
        beyond `after`."""
        with transaction.atomic():
            rows = _free().filter(paper__gt=after).select_for_update(skip_locked=True).order_by("paper")[:limit]
            marks = dict(rows.values_list("paper", "stamp"))
            IndexMark.objects.filter(paper__in=list(marks)).update(claim=self.token)
        return marks

    def still(self, papers: Iterable[int]) -> set[int]:
        """Those of the papers whose claim is this one's: a broken connection may have given them to another."""
        rows = IndexMark.objects.filter(paper__in=list(papers), claim=self.token)
        return set(rows.values_list("paper", flat=True))

    def clear(self, marks: Mapping[int, int]) -> None:
        """The papers with these stamps are in the serving index. A renewed mark stays, free for the next claim."""
        keep = locks.rebuild_runs()
        with locked(marks):
            for rows in _stamped(marks):
                if keep:
                    rows.update(kept=True, claim=None)
                else:
                    rows.delete()
            for part in batched(marks, ROWS):
                self._give_back(part)

    def release(self, papers: Iterable[int]) -> None:
        """Give back what is still claimed of these papers."""
        for part in batched(papers, ROWS):
            with locked(part):
                self._give_back(part)

    def rest(self, reasons: Mapping[int, str]) -> None:
        """Leave papers that cannot be indexed alone for an hour, or until they change; `reasons` by primary key."""
        until = timezone.now() + REFUSED_REST
        with locked(reasons):
            for paper, reason in reasons.items():
                self._give_back([paper], rests_until=until, reason=reason)

    def _give_back(self, papers: Iterable[int], **more: datetime | str) -> None:
        IndexMark.objects.filter(paper__in=list(papers), claim=self.token).update(claim=None, **more)


@contextmanager
def claimant() -> Iterator[Claimant]:
    """A new claimant; when the block ends, nothing is claimed by it any more."""
    found = Claimant(secrets.randbits(62))
    with locks.alive(found.token):
        yield found


def pending() -> QuerySet[IndexMark]:
    """The marks of papers whose present text is not in the serving index."""
    return IndexMark.objects.filter(kept=False)


def resting() -> QuerySet[IndexMark]:
    """The marks of papers that could not be indexed and wait for their next try."""
    return IndexMark.objects.filter(rests_until__gt=timezone.now())


def runs_of(papers: Iterable[int]) -> list[str]:
    """The runs that brought these papers, each once, for the log."""
    rows = IndexMark.objects.filter(paper__in=list(papers)).exclude(run="")
    return sorted(set(rows.values_list("run", flat=True)))


def stamps(papers: Iterable[int]) -> dict[int, int]:
    """Stamp by paper of those that are marked."""
    return dict(IndexMark.objects.filter(paper__in=list(papers)).values_list("paper", "stamp"))


def kept(limit: int) -> dict[int, int]:
    """Papers that were written into the serving index while the new one was being made, with their stamps."""
    return dict(IndexMark.objects.filter(kept=True).order_by("paper")[:limit].values_list("paper", "stamp"))


def drop(marks: Mapping[int, int]) -> None:
    """Remove marks that have not been renewed."""
    for part in batched(sorted(marks), ROWS):
        with locked(part):
            for rows in _stamped({paper: marks[paper] for paper in part}):
                rows.delete()


def put_back_kept() -> None:
    """Have papers indexed again that no rebuild has caught up with."""
    IndexMark.objects.filter(kept=True).update(kept=False)


def _free() -> QuerySet[IndexMark]:
    rows = pending().filter(Q(rests_until=None) | Q(rests_until__lt=timezone.now()))
    if shared():
        # In one statement with the claim: whoever claimed before it began held its token before that.
        rows = rows.filter(Q(claim=None) | ~Q(claim__in=RawSQL(locks.LIVING, [])))  # noqa: S611 -- no foreign word
    # Else the lock on DATA_DIR says that every claimant but this one is dead.
    return rows


@contextmanager
def locked(papers: Iterable[int]) -> Iterator[None]:
    """A transaction that holds these marks, taken by rising primary key as whoever sets marks takes them: two that
    took them each in an order of its own would wait for each other."""
    with transaction.atomic():
        for part in batched(sorted(papers), ROWS):
            rows = IndexMark.objects.filter(paper__in=part).select_for_update().order_by("paper")
            list(rows.values_list("paper", flat=True))
        yield


def _stamped(marks: Mapping[int, int]) -> Iterator[QuerySet[IndexMark]]:
    by_stamp = defaultdict(list)
    for paper, stamp in marks.items():
        by_stamp[stamp].append(paper)
    for stamp, papers in by_stamp.items():
        for part in batched(papers, ROWS):
            yield IndexMark.objects.filter(stamp=stamp, paper__in=part)
