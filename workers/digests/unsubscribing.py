"""Ending mails by the link that each of them carries: no sign-in, no cookie, and no way to make such a link up."""

import uuid
from collections.abc import Mapping
from typing import Final, NamedTuple

from django.core import signing

from papers.models import Digest, Subscription, Visitor

_UNSUBSCRIBE: Final = "papertide.unsubscribe"
_AGAIN: Final = "papertide.subscribe-again"
_DIGEST: Final = "papertide.digest"
AGAIN_AGE: Final = 30 * 86400  # seconds for which what was ended can be taken up again by the page's button


class Ending(NamedTuple):
    """What a link ends: the mails of one subscription of a reader, or all of hers."""

    visitor: Visitor
    subscription: Subscription | None


def unsubscribe_token(visitor: Visitor, subscription: Subscription | None = None) -> str:
    """The signed name of one subscription's mails, or of all; it works as long as the site's secret key stays."""
    return signing.Signer(salt=_UNSUBSCRIBE).sign_object([visitor.key.hex, subscription.pk if subscription else 0])


def read_token(token: str) -> Ending | None:
    """What a token names; None where it is not one of ours or names nothing any more."""
    try:
        key, pk = signing.Signer(salt=_UNSUBSCRIBE).unsign_object(token)
        visitor = Visitor.objects.filter(key=uuid.UUID(key)).first()
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if visitor is None:
        return None
    if not pk:
        return Ending(visitor, None)
    subscription = visitor.subscriptions.filter(pk=pk).first()
    return Ending(visitor, subscription) if subscription else None


def end(ending: Ending) -> list[Subscription]:
    """End the mails; the subscriptions that were mailed, with the rhythm that they had. Ending twice does nothing."""
    rows = _mailed(ending)
    ending.visitor.subscriptions.filter(pk__in=[row.pk for row in rows]).update(rhythm=Subscription.Rhythm.NEVER)
    return rows


def weekly(ending: Ending) -> list[Subscription]:
    """Make daily mails weekly; those that were daily."""
    rows = [row for row in _mailed(ending) if row.rhythm == Subscription.Rhythm.DAILY]
    ending.visitor.subscriptions.filter(pk__in=[row.pk for row in rows]).update(rhythm=Subscription.Rhythm.WEEKLY)
    return rows


def again_token(visitor: Visitor, rows: list[Subscription]) -> str:
    """The signed rhythms of what was ended or changed, for `again`."""
    return signing.dumps([visitor.key.hex, {str(row.pk): row.rhythm for row in rows}], salt=_AGAIN)


def again(visitor: Visitor, token: str) -> bool:
    """Give subscriptions the rhythms back that a token of `again_token` names; False where it is none of this
    reader's, or too old."""
    try:
        key, rhythms = signing.loads(token, salt=_AGAIN, max_age=AGAIN_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return False
    if key != visitor.key.hex:
        return False
    _restore(visitor, rhythms)
    return True


def _restore(visitor: Visitor, rhythms: Mapping[str, str]) -> None:
    for rhythm in (Subscription.Rhythm.DAILY, Subscription.Rhythm.WEEKLY):
        pks = [int(pk) for pk, had in rhythms.items() if had == rhythm]
        visitor.subscriptions.filter(pk__in=pks).update(rhythm=rhythm)


def _mailed(ending: Ending) -> list[Subscription]:
    rows = ending.visitor.subscriptions.exclude(rhythm=Subscription.Rhythm.NEVER)
    return list(rows.filter(pk=ending.subscription.pk) if ending.subscription else rows)


def digest_token(digest: Digest) -> str:
    """The signed name of one digest, for its page."""
    return signing.Signer(salt=_DIGEST).sign_object(digest.pk)


def read_digest_token(token: str) -> Digest | None:
    """The digest that a token names."""
    try:
        pk = signing.Signer(salt=_DIGEST).unsign_object(token)
        return Digest.objects.filter(pk=pk).select_related("visitor").first()
    except (signing.BadSignature, ValueError, TypeError):
        return None
