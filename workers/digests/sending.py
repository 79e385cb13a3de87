"""Mails going out, each once.

All of a mail but its last dot is sent; then it is written down that it may be delivered, and which papers it tells;
then the dot follows. A worker killed before that write leaves a mail which the server throws away and which is still
due; one killed after it leaves a mail that is never sent again and that says so (`Digest.State.UNSURE`). Its papers
count as told.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import structlog
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from papers.accounts.addresses import mails_offered
from papers.models import Delivery, Digest, Subscription
from search import locks
from search.engines.base import EngineError
from search.subscriptions import matching
from workers import alarms
from workers.digests import bounces, claiming, composing
from workers.digests.claiming import Claimant
from workers.digests.dialogue import BrokenOffError, Dialogue, RefusedError, ServerAwayError

SLICE: Final = 120.0  # seconds after which a worker lets others have the queue
READERS: Final = 100  # whose mails are claimed at once
MOST_TRIES: Final = 8  # over some six hours; what a mail did not tell comes with the next one
MOST_IN_A_ROW: Final = 5  # mails that broke off, or were refused whoever the reader is
LATE: Final = timedelta(hours=1)  # behind its hour, from which on an operator should know
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=2)
_REFUSED: Final = "mails to readers are refused"

log = structlog.get_logger(__name__)


def is_anything_due() -> bool:
    """Whether there is a mail to be sent now."""
    return mails_offered() and claiming.due(timezone.now()).exists()


def send_digests(seconds: float = SLICE) -> bool:
    """Send what is due; whether there is more after so many seconds. Does nothing where others are at it, or while the
    mail server or the search engine is away: what is due stays so."""
    until = time.monotonic() + seconds
    if not mails_offered():
        return False
    try:
        with claiming.claimant() as claimant, Dialogue() as dialogue:
            sender = _Sender(claimant, dialogue)
            while batch := claimant.claim(READERS):
                evaluate(batch)
                for digest in batch:
                    if time.monotonic() > until:
                        return True
                    sender.send(digest)
    except (ServerAwayError, EngineError) as error:
        log.warning("no mails can be sent to readers now", reason=str(error))
    except locks.BusyError:
        pass
    return False


def evaluate(batch: Iterable[Digest]) -> None:
    """Work out what matches the subscriptions of these mails, each distinct one once: whoever composes finds it."""
    visitors = defaultdict(set)
    for digest in batch:
        visitors[Subscription.Rhythm(digest.rhythm)].add(digest.visitor_id)
    for rhythm, hers in visitors.items():
        since = timezone.now().date() - timedelta(days=composing.WINDOW[rhythm])
        asked = Subscription.objects.filter(visitor__in=hers, rhythm=rhythm, paused=False)
        distinct = {row.key: row for row in asked}
        if days := matching.days_announced(since, composing.MOST_DAYS):
            matching.matches(list(distinct.values()), days)


def watch() -> None:
    """Have an operator know where mails wait and none has gone out for long, and that they do so no more."""
    before = timezone.now() - LATE
    # One that was written down only now, by a site that slept, is not late by anybody's fault.
    late = Digest.objects.filter(Q(tries__gt=0) | Q(not_before__lt=before), state=Digest.State.DUE, due__lt=before)
    count = late.count() if mails_offered() else 0
    if count and Digest.objects.filter(state=Digest.State.SENT, sent__gt=before).exists():
        count = 0
    told = f"No mail to a reader has gone out for an hour, and {count} wait." if count else ""
    alarms.judge("mails to readers", "mail", told)


class _Sender:
    """One run's way through mails: what becomes of each is written down."""

    def __init__(self, claimant: Claimant, dialogue: Dialogue) -> None:
        self._claimant = claimant
        self._dialogue = dialogue
        self._broken = 0  # connections in a row that ended in the middle of a mail
        self._refused = 0  # mails in a row that were refused for other reasons than the reader's address

    def send(self, digest: Digest) -> None:
        """Send one mail. Raises ServerAwayError where the next would fare no better."""
        delivery = digest.visitor.delivery
        mail = None
        try:
            if not delivery.paused and delivery.stopped is None:
                mail = composing.compose(digest, delivery)
        except (DatabaseError, EngineError):
            raise
        except Exception as error:  # one reader's mail must not keep the others'
            log.exception("a mail could not be made by our own mistake", digest=digest.pk)
            self._later(digest, Digest.State.DUE, f"{type(error).__name__}: {error}")
            return
        if mail is None:
            self._claimant.write(digest, state=Digest.State.EMPTY)
        else:
            self._carry(digest, mail)

    def _carry(self, digest: Digest, mail: composing.Mail) -> None:
        state = Digest.State.DUE

        def may_be_delivered() -> bool:
            nonlocal state
            values: dict[str, Any] = {"papers": mail.papers, "sent": timezone.now(), "error": ""}
            if not self._claimant.write(digest, state=Digest.State.UNSURE, **values):
                return False
            state = Digest.State.UNSURE
            return True

        try:
            self._dialogue.send(mail.message, bounces.sender_of(digest), may_be_delivered)
        except RefusedError as error:
            self._turned_down(digest, state, error)
        except ValueError as error:  # an address that no mail can carry
            self._later(digest, state, f"{type(error).__name__}: {error}")
        except BrokenOffError as error:
            self._broke_off(digest, state, str(error))
        else:
            if state == Digest.State.UNSURE:
                self._sent(digest)

    def _sent(self, digest: Digest) -> None:
        self._broken = self._refused = 0
        self._claimant.write(digest, Digest.State.UNSURE, state=Digest.State.SENT, sent=timezone.now())
        alarms.close(_REFUSED)
        delivery = digest.visitor.delivery
        if delivery.bounces and not self._came_back(digest):
            Delivery.objects.filter(pk=delivery.pk, stopped=None).update(bounces=0, reason="")

    def _came_back(self, digest: Digest) -> bool:
        """Whether the reader's mail before this one was refused, if only by a report after it was sent."""
        ended = Digest.objects.filter(visitor=digest.visitor_id, state__in=[Digest.State.SENT, Digest.State.FAILED])
        before = ended.exclude(pk=digest.pk).order_by("-due", "-pk").first()
        return before is not None and before.state == Digest.State.FAILED

    def _turned_down(self, digest: Digest, state: Digest.State, error: RefusedError) -> None:
        self._broken = 0
        if not error.for_good:
            self._later(digest, state, str(error))
            return
        self._fail(digest, state, str(error))
        status = bounces.status_in(error.text)
        if error.whom and bounces.is_of_the_address(status):
            bounces.count(digest.visitor_id, str(error), status)
            return
        self._refused += 1
        if self._refused >= MOST_IN_A_ROW:
            alarms.sound(_REFUSED, "mail", f"The mail server refuses mails to readers, one after the other: {error}")

    def _broke_off(self, digest: Digest, state: Digest.State, reason: str) -> None:
        if state == Digest.State.UNSURE:
            self._claimant.write(digest, Digest.State.UNSURE, error=reason)
            log.warning("nobody knows whether a mail was delivered", digest=digest.pk, reason=reason)
        else:
            self._later(digest, state, reason)
        self._broken += 1
        if self._broken >= MOST_IN_A_ROW:
            raise ServerAwayError(reason)

    def _later(self, digest: Digest, state: Digest.State, reason: str) -> None:
        """It was surely not delivered: again after a while, but not for ever."""
        tries = digest.tries + 1
        if tries >= MOST_TRIES:
            self._fail(digest, state, reason)
            return
        wait = min(_FIRST_WAIT * 2 ** (tries - 1), _LONGEST_WAIT)
        again = {"claim": None, "tries": tries, "not_before": timezone.now() + wait}
        self._claimant.write(digest, state, state=Digest.State.DUE, papers=[], sent=None, error=reason, **again)

    def _fail(self, digest: Digest, state: Digest.State, reason: str) -> None:
        """What it would have told comes with the next mail."""
        self._claimant.write(digest, state, state=Digest.State.FAILED, papers=[], sent=None, error=reason)
        log.info("a mail to a reader was refused", digest=digest.pk, reason=reason)
