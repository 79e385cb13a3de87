"""Papers that are not here and should be: asked of arXiv by whoever finds that they are missing.

The row is the request. `asked` only wakes those who can fetch; who has no ear for it (no worker runs) loses nothing.
"""

import time
from collections.abc import Iterable
from datetime import date, timedelta

from django.core.cache import cache
from django.db.models import Case, Q, When
from django.dispatch import Signal
from django.utils import timezone

from papers.models import Paper, WantedPaper

MOST_OPEN = 500
"""So many ids are waited for by readers at a time; somebody who tries all addresses gets no further."""
AGAIN = timedelta(days=1)  # before arXiv is asked again for an id that it did not know
HOUR = 3600  # seconds, counted by the clock: of each hour anew
MOST_OF_ADDRESS = 30  # new ids in an hour: a whole reading list of a person, and slow for who tries numbers
MOST_OF_SITE = 300  # new ids in an hour: as arXiv is asked for a hundred at once, a few requests

asked = Signal()
"""Sent after a reader's request was written."""

Reason, State = WantedPaper.Reason, WantedPaper.State


class AskedTooMuchError(Exception):
    """This hour's new ids are used up, of the reader's address or of the site; `seconds` until the next hour."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Ask again in {seconds} seconds.")
        self.seconds = seconds


def ask(arxiv_id: str, address: str = "") -> WantedPaper | None:
    """A reader opened the address of a paper that is not here: the request for it, None where too many are open.

    An id that arXiv did not know stays absent for a day. `arxiv_id` is well formed and without version. `address` is
    the reader's; without it only the site's bound holds.

    Raises:
        AskedTooMuchError: where the id is new, or absent and forgotten, and MOST_OF_ADDRESS or MOST_OF_SITE is reached;
            nothing is written then.
    """
    known = WantedPaper.objects.filter(arxiv_id=arxiv_id).first()
    if known is not None and known.state == State.ABSENT and timezone.now() < (known.closed or known.asked) + AGAIN:
        return known
    if known is not None and known.state == State.OPEN:
        return known
    if WantedPaper.objects.filter(state=State.OPEN, reason=Reason.READER).count() >= MOST_OPEN:
        return None
    if known is None or known.state == State.ABSENT:
        _count(address)
    now = timezone.now()
    fresh = {"reason": Reason.READER, "state": State.OPEN, "asked": now, "not_before": now, "note": ""}
    known, _ = WantedPaper.objects.update_or_create(arxiv_id=arxiv_id, defaults=fresh | {"closed": None, "tries": 0})
    asked.send(sender=WantedPaper)
    return known


def miss(arxiv_ids: Iterable[str], reason: str, day: date | None, note: str) -> int:
    """A check found that these ids are missing; how many of them are open now. A hole that arXiv does not know stays
    absent; one that is named anew, or came and is lacking again, is asked for again."""
    wanted = set(arxiv_ids)
    wanted -= set(Paper.objects.filter(arxiv_id__in=wanted).values_list("arxiv_id", flat=True))
    now = timezone.now()
    over = Q(state=State.HERE)
    if reason == Reason.NAMED:
        over |= Q(state=State.ABSENT, closed__lt=now - AGAIN)
    WantedPaper.objects.filter(over, arxiv_id__in=wanted).update(
        state=State.OPEN, reason=reason, closed=None, asked=now, not_before=now, tries=0
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
    found = list(rows.order_by(readers_first, "tries", "asked", "id")[:limit])
    # After a failure fewer at a time: one that no answer can be had for must not hold up the others for ever.
    return found[: max(limit >> max(row.tries for row in found), 1)] if found else []


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


def _count(address: str) -> None:
    """Count one new id. Each process counts for itself where the cache is not shared, and a cache that is away counts
    nothing: MOST_OPEN holds all the same."""
    hour, gone = divmod(int(time.time()), HOUR)
    # Who has used up an address's ids takes none of the site's.
    bounds = [(f"address:{address}", MOST_OF_ADDRESS)] if address else []
    for name, most in [*bounds, ("site", MOST_OF_SITE)]:
        key = f"wanted:{hour}:{name}"
        cache.add(key, 0, HOUR)
        try:
            number = cache.incr(key) or 0
        except ValueError:  # the cache has made room in between
            number = 1
        if number > most:
            raise AskedTooMuchError(HOUR - gone)


def _close(which: Q, state: str) -> None:
    WantedPaper.objects.filter(which, state=State.OPEN).update(state=state, closed=timezone.now(), note="")
