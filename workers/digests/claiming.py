"""Who has which mail in hand.

A claim holds as long as its worker lives, as in `search.marks`: a killed one's mails are free at once. All mails of
one reader are in one worker's hands, so that her daily and her weekly mail never tell the same paper.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from papers.models import Delivery, Digest
from papers.turns import shared
from search import locks

SENDERS: Final = 2  # processes of a site that send at the same time, where it has PostgreSQL; on SQLite one does
_SENDING_KEY: Final = 0x70617065_00000100  # of the first sender's lock; see `papers.turns`


@dataclass(frozen=True)
class Claimant:
    """One run of one worker."""

    token: int

    def claim(self, readers: int) -> list[Digest]:
        """The mails of up to so many readers that are due and that nobody has in hand, those that wait longest first;
        each with its visitor, account and delivery."""
        now = timezone.now()
        with transaction.atomic():
            waiting = _free(due(now)).filter(~Exists(_held(OuterRef("visitor"))))
            first = list(waiting.order_by("not_before", "pk").values_list("visitor", flat=True)[:readers])
            # Whoever claims mails of a reader holds her delivery meanwhile.
            rows = Delivery.objects.select_for_update(skip_locked=True).filter(pk__in=first)
            hers = list(rows.order_by("pk").values_list("pk", flat=True))
            mine = _free(due(now)).filter(~Exists(_held(OuterRef("visitor"))), visitor__in=hers)
            taken = list(mine.values_list("pk", flat=True))
            Digest.objects.filter(pk__in=taken).update(claim=self.token, claimed=now)
        found = Digest.objects.filter(pk__in=taken, claim=self.token)
        return list(found.select_related("visitor__reader", "visitor__delivery").order_by("not_before", "pk"))

    def write(self, digest: Digest, was: Digest.State = Digest.State.DUE, **values: object) -> bool:
        """Change a mail that is in this one's hands and in the state `was`; whether it still is."""
        rows = Digest.objects.filter(pk=digest.pk, claim=self.token, state=was)
        return bool(rows.update(**values))

    def release(self) -> None:
        """Give back all that is still due."""
        Digest.objects.filter(claim=self.token, state=Digest.State.DUE).update(claim=None)


@contextmanager
def claimant() -> Iterator[Claimant]:
    """A new claimant. Raises BusyError where as many as may send at the same time do so."""
    with _sender():
        found = Claimant(secrets.randbits(62))
        with locks.alive(found.token):
            try:
                yield found
            finally:
                found.release()


def due(now: datetime) -> QuerySet[Digest]:
    """The mails that are to be sent now."""
    return Digest.objects.filter(state=Digest.State.DUE, not_before__lte=now)


@contextmanager
def _sender() -> Iterator[None]:
    for number in range(SENDERS if shared() else 1):
        lock = locks.exclusive(f"digests-{number}", _SENDING_KEY + number)
        try:
            lock.__enter__()
        except locks.BusyError:
            continue
        try:
            yield
        finally:
            lock.__exit__(None, None, None)
        return
    raise locks.BusyError


def _free(rows: QuerySet[Digest]) -> QuerySet[Digest]:
    """Those whose claimant is dead or that have none."""
    # Else the lock says that every claimant but this one is dead.
    return rows.exclude(_is_held()) if shared() else rows


def _held(visitor: OuterRef) -> QuerySet[Digest]:
    """The mails of a reader that a living claimant is about to send."""
    rows = Digest.objects.filter(visitor=visitor, state=Digest.State.DUE)
    return rows.filter(_is_held()) if shared() else rows.none()


def _is_held() -> Q:
    return Q(claim__isnull=False) & Q(claim__in=RawSQL(locks.LIVING, []))  # noqa: S611 -- no foreign word
