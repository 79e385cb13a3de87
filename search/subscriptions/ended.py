"""Subscriptions that a reader ended a moment ago, kept in her session so that she can take it back: with the address
of their feed, which came back with nothing else."""

from typing import Final

from django.core import serializers
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from papers import visitors
from papers.models import Subscription, Visitor
from search.subscriptions import keeping
from search.subscriptions.keeping import SubscriptionError

_KEY: Final = "ended-subscriptions"
MOST: Final = 5  # the last ones


def end(request: HttpRequest, subscription: Subscription) -> None:
    """End a subscription; `take_back` brings it back as it was."""
    kept = _kept(request)
    kept[str(subscription.pk)] = serializers.serialize("json", [subscription])
    request.session[_KEY] = dict(list(kept.items())[-MOST:])
    keeping.remove(subscription)


def ended(request: HttpRequest, pk: str, visitor: Visitor) -> Subscription | None:
    """A subscription that the visitor ended in this session, not saved; None where there is none of that number."""
    try:
        found = next(serializers.deserialize("json", _kept(request).get(pk, "[]")), None)
    except DeserializationError:  # of a version of the site with other fields
        return None
    row = found.object if found else None
    return row if isinstance(row, Subscription) and row.visitor_id == visitor.pk else None


def take_back(request: HttpRequest, pk: str, visitor: Visitor) -> Subscription | None:
    """Bring a subscription back; None where there is none to bring back. Raises SubscriptionError where she subscribed
    to the same meanwhile, papers.visitors.TooManyError beyond keeping.MOST."""
    row = ended(request, pk, visitor)
    if row is None:
        return None
    try:
        with transaction.atomic():
            if not visitors.locked(visitor):
                return None
            if not Subscription.objects.filter(pk=row.pk).exists():
                if Subscription.objects.filter(visitor=visitor).count() >= keeping.MOST:
                    raise visitors.TooManyError(None)
                row.save(force_insert=True)
    except IntegrityError as error:
        raise SubscriptionError(_("You have a subscription to the same already.")) from error
    request.session[_KEY] = {key: value for key, value in _kept(request).items() if key != pk}
    return row


def _kept(request: HttpRequest) -> dict[str, str]:
    kept = request.session.get(_KEY, {})
    return dict(kept) if isinstance(kept, dict) else {}
