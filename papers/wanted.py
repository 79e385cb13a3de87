"""Papers that are not here and should be: asked of arXiv by whoever finds that they are missing.

The row is the request. `asked` only wakes those who can fetch; who has no ear for it (no worker runs) loses nothing.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import Case, Q, When
from django.dispatch import Signal
from django.utils import timezone

from papers.models import Paper, WantedPaper

MOST_OPEN = 500
"""So many ids are waited for by readers at a time; somebody who tries all addresses gets no further."""
AGAIN = timedelta(days=1)  # before arXiv is asked again for an id that it did not know

asked = Signal()
"""Sent after a reader's request was written."""

Reason, State = WantedPaper.Reason, WantedPaper.State


def ask(arxiv_id: str) -> WantedPaper | None:
    """A reader opened the address of a paper that is not here: the request for it, None where too many are open.

    An id that arXiv did not know stays absent for a day. `arxiv_id` is well formed and without version.
    """
    known = WantedPaper.objects.filter(arxiv_id=arxiv_id).first()
    if known is not None and known.state == State.ABSENT and timezone.now() < (known.closed or known.asked) + AGAIN:
        return known
    if known is not None and known.state == State.OPEN:
        return known
    if WantedPaper.objects.filter(state=State.OPEN, reason=Reason.READER).count() >= MOST_OPEN:
        return None
    now = timezone.now()
    fresh = {"reason": Reason.READER, "state": State.OPEN, "asked": now, "not_before": now, "note": ""}
    known, _ = WantedPaper.objects.update_or_create(arxiv_id=arxiv_id, defaults=fresh | {"closed": None, "tries": 0})
    asked.send(sender=WantedPaper)
    return known


def miss(arxiv_ids: Iterable[str], reason: str, day: date | None, note: str) -> int:
    """A check found that these ids are missing; how many of them are open now. One that arXiv does not know stays
    absent, and one that came and is lacking again is asked for again."""
    wanted = set(arxiv_ids)
    wanted -= set(Paper.objects.filter(arxiv_id__in=wanted).values_list("arxiv_id", flat=True))
    now = timezone.now()
    WantedPaper.objects.filter(arxiv_id__in=wanted, state=State.HERE).update(
        state=State.OPEN, closed=None, not_before=now
    )
    WantedPaper.objects.bulk_create(
        [
            WantedPaper(arxiv_id=name, reason=reason, day=day, note=note, asked=now, not_before=now)
            for name in sorted(wanted)
        ],
        ignore_conflicts=True,
    )
    return WantedPaper.objects.filter(arxiv_id__in=wanted, state=State.OPEN).count()


def due(limit: int) -> list[WantedPaper]:
    """The requests to be tried now, readers' first, then the oldest."""
    rows = WantedPaper.objects.filter(state=State.OPEN, not_before__lte=timezone.now())
    readers_first = Case(When(reason=Reason.READER, then=0), default=1)
    return list(rows.order_by(readers_first, "asked", "id")[:limit])


def found(arxiv_ids: Iterable[str]) -> None:
    """These are here now, whoever brought them."""
    _close(Q(arxiv_id__in=list(arxiv_ids)), State.HERE)


def absent(arxiv_ids: Iterable[str]) -> None:
    """ArXiv says that it has no such papers."""
    _close(Q(arxiv_id__in=list(arxiv_ids)), State.ABSENT)


def later(rows: Iterable[WantedPaper], why: str) -> None:
    """ArXiv could not be asked: try again after 1, 2, 4, … minutes, two hours at most."""
    for row in rows:
        row.tries += 1
        row.not_before = timezone.now() + min(timedelta(minutes=2 ** min(row.tries - 1, 10)), timedelta(hours=2))
        row.note = why
        row.save(update_fields=["tries", "not_before", "note"])


def _close(which: Q, state: str) -> None:
    WantedPaper.objects.filter(which, state=State.OPEN).update(state=state, closed=timezone.now(), note="")
