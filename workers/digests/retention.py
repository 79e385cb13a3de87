"""What is kept of readers, and for how long: each day what is past its time is deleted.

The privacy page goes by the same numbers (`papers.accounts.retention`).
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Final

import structlog
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils import timezone

from papers import visitors
from papers.accounts import retention, tokens
from papers.models import Digest, Mark, Reader, Visitor
from search.subscriptions import matching

SECONDS: Final = 600.0  # of one day's work at most; the rest is for the next day
ROWS: Final = 1_000  # that are deleted in one statement
MATCHES_DAYS: Final = 30  # what was worked out for a day; nobody looks further back

log = structlog.get_logger(__name__)


def sweep(seconds: float = SECONDS) -> dict[str, int]:
    """Delete what is past its time; how many rows of each kind. What is left after so many seconds is for next time."""
    until = time.monotonic() + seconds
    steps: dict[str, Callable[[float], int]] = {
        "visitors": _idle_visitors,
        "accounts": _unverified_accounts,
        "history": _old_history,
        "digests": lambda end: _delete(Digest.objects.filter(due__lt=_before(retention.DIGEST_DAYS)), end),
        "matches": lambda end: matching.forget_before(_before(MATCHES_DAYS).date()),
        "sessions": _expired_sessions,
        "tokens": lambda end: _delete(tokens.ended_before(_before(retention.TOKEN_DAYS)), end),
    }
    done = {name: step(until) for name, step in steps.items()}
    if any(done.values()):
        log.info("what is past its time was deleted", **done)
    return done


def _before(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def _idle_visitors(until: float) -> int:
    """Browsers' visitors without a mark for long; tallies follow."""
    idle = Visitor.objects.filter(reader=None, active__lt=_before(retention.VISITOR_IDLE_DAYS))
    return _forget(idle, until)


def _unverified_accounts(until: float) -> int:
    """Accounts of whom nobody ever showed that the address is hers, and that were never signed in to. Where the site
    sends no mail no address can be verified, and they stay."""
    if not settings.EMAIL_HOST:
        return 0
    verified = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    never = Reader.objects.filter(~Exists(verified), last_login=None, is_staff=False, is_superuser=False)
    never = never.filter(date_joined__lt=_before(retention.UNVERIFIED_DAYS)).exclude(email="")
    found = 0
    for reader in never.order_by("pk")[:ROWS]:
        if time.monotonic() > until:
            break
        if visitor := Visitor.objects.filter(reader=reader).first():
            visitors.forget(visitor)
        reader.delete()
        found += 1
    return found


def _forget(rows: QuerySet[Visitor], until: float) -> int:
    found = 0
    while time.monotonic() < until and (some := list(rows.order_by("pk")[:ROWS])):
        for visitor in some:
            visitors.forget(visitor)
            found += 1
            if time.monotonic() > until:
                break
    return found


def _old_history(until: float) -> int:
    """When a paper was last viewed; the mark itself goes where it says nothing else."""
    old = Mark.objects.filter(viewed__lt=_before(retention.HISTORY_DAYS))
    found = _delete(old.filter(starred=None, seen=None, opened=None), until)
    while time.monotonic() < until and (some := list(old.values_list("pk", flat=True)[:ROWS])):
        found += old.filter(pk__in=some).update(viewed=None)
    return found


def _expired_sessions(until: float) -> int:
    """Sessions past their end, and what is listed as a device without a session."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    gone = ~Exists(Session.objects.filter(session_key=OuterRef("session_key")))
    return _delete(UserSession.objects.filter(gone), until)


def _delete(rows: QuerySet[Model], until: float) -> int:
    found = 0
    while time.monotonic() < until and (some := list(rows.order_by("pk").values_list("pk", flat=True)[:ROWS])):
        found += rows.model._default_manager.filter(pk__in=some).delete()[0]
    return found
