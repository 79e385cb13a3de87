"""Subscriptions made, changed and ended."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

import numpy as np
from django.db import IntegrityError, transaction
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from papers import visitors
from papers.categories import UnknownCategory, split_spec
from papers.models import Mark, Subscription, Visitor
from papers.tex import collapse
from search.author_names import form_of
from search.encoder import EncoderError, get_encoder
from search.query import parse, to_text
from search.subscriptions import meaning
from search.subscriptions.matching import days_announced

MOST: Final = 100  # subscriptions of one reader
LONGEST: Final[Mapping[str, int]] = MappingProxyType(
    {
        Subscription.Kind.CATEGORIES: 1_000,
        Subscription.Kind.SEARCH: 2_000,
        Subscription.Kind.TEXT: 5_000,
        Subscription.Kind.AUTHOR: 200,
        Subscription.Kind.STARS: 0,
    }
)
LONGEST_NAME: Final = 120
_LABEL: Final = 60
BY_MEANING: Final = frozenset({Subscription.Kind.TEXT, Subscription.Kind.STARS})


class SubscriptionError(ValueError):
    """What is asked cannot be subscribed to; the text is a sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a subscription is to be about, read: its text as it is kept, and the key without the reader's own part."""

    kind: str
    text: str
    threshold: float | None = None
    sameness: str = ""
    vector: bytes | None = field(default=None, repr=False)
    model: str = ""

    def key(self, visitor: Visitor) -> str:
        """The same for all who ask the same; with a reader's stars only for her."""
        own = f"{visitor.pk}" if self.kind == Subscription.Kind.STARS else ""
        parts = [self.kind, self.sameness, f"{self.threshold}", own]
        return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def read(kind: str, text: str, threshold: float | None = None) -> Asked:
    """Read what somebody wants to follow. Raises SubscriptionError."""
    text = text.replace("\0", "").strip()
    if kind not in LONGEST:
        raise SubscriptionError(_("There is no such kind of subscription."))
    if len(text) > LONGEST[kind] and kind != Subscription.Kind.STARS:
        raise SubscriptionError(
            _("That is too long: at most %(most)s characters.") % {"most": f"{LONGEST[Subscription.Kind(kind)]:,}"}
        )
    if kind == Subscription.Kind.CATEGORIES:
        return _categories(text)
    if kind == Subscription.Kind.SEARCH:
        return _search(text)
    if kind == Subscription.Kind.AUTHOR:
        return _author(text)
    return _meaning(kind, text, threshold)


def _categories(text: str) -> Asked:
    try:
        spec = split_spec(text)
    except UnknownCategory as error:
        if error.part:
            raise SubscriptionError(_("“%(part)s” is no category of arXiv.") % {"part": error.part}) from error
        raise SubscriptionError(_("Name at least one category, such as cs.CL.")) from error
    include, exclude = spec.expand()
    if not include - exclude:
        raise SubscriptionError(_("These categories take each other away: nothing is left."))
    sameness = f"{','.join(sorted(include - exclude))}-{','.join(sorted(exclude))}"
    return Asked(Subscription.Kind.CATEGORIES, f"{spec}", sameness=sameness)


def _search(text: str) -> Asked:
    query = parse(text)
    if query.tree is None:
        raise SubscriptionError(_("Only a search with words can be subscribed to."))
    return Asked(Subscription.Kind.SEARCH, query.text, sameness=to_text(query.tree))


def _author(text: str) -> Asked:
    name = collapse(text)
    form = form_of(name)
    if not any(form.families):
        raise SubscriptionError(_("Write the author’s name, such as Emmy Noether."))
    return Asked(Subscription.Kind.AUTHOR, name, sameness=f"{sorted(form.families)} {sorted(form.givens)}")


def _meaning(kind: str, text: str, threshold: float | None) -> Asked:
    if threshold is None or not 0 <= threshold <= 1:
        raise SubscriptionError(_("Choose how near papers must be, from 0 to 1."))
    threshold = round(threshold, 3)
    if kind == Subscription.Kind.STARS:
        return Asked(kind, "", threshold)
    text = collapse(text)
    if not text:
        raise SubscriptionError(_("Write or paste the text that papers should be like."))
    try:
        vector = meaning.encode(text)
    except EncoderError as error:
        raise SubscriptionError(_("Search by meaning is away for the moment. Please try again soon.")) from error
    return Asked(kind, text, threshold, text, vector.astype(np.dtype("<f2")).tobytes(), get_encoder().name)


def subscribe(
    visitor: Visitor,
    asked: Asked,
    *,
    name: str = "",
    rhythm: str = "",
    crosses: bool = True,
    replacements: bool = False,
) -> Subscription:
    """Make a reader's subscription; who asks the same again changes the one that is there.

    Raises papers.visitors.TooManyError beyond MOST, SubscriptionError for stars of who has too few, or for a reader
    who was forgotten meanwhile.
    """
    if asked.kind == Subscription.Kind.STARS:
        enough_stars(visitor)
    options = {"name": _name(name), "rhythm": rhythm, "crosses": crosses, "replacements": replacements}
    with transaction.atomic():
        if not visitors.locked(visitor):
            raise SubscriptionError(_("You are no longer known here. Please sign in again."))
        known = Subscription.objects.filter(visitor=visitor, key=asked.key(visitor)).first()
        if known is not None:
            _set(known, **options, paused=False, **_since(known, rhythm=rhythm, paused=False))
            return known
        if Subscription.objects.filter(visitor=visitor).count() >= MOST:
            raise visitors.TooManyError(None)
        return Subscription.objects.create(
            visitor=visitor, since=_newest_day(), secret=_secret(), **_about(asked, visitor), **options
        )


def change(
    subscription: Subscription,
    *,
    asked: Asked | None = None,
    name: str | None = None,
    rhythm: str | None = None,
    crosses: bool | None = None,
    replacements: bool | None = None,
    paused: bool | None = None,
) -> None:
    """Change what is given. Mails tell of nothing that was announced while they were off, or before something else was
    asked for. Raises SubscriptionError where another of the reader's subscriptions asks the same."""
    given = {
        "name": None if name is None else _name(name),
        "rhythm": rhythm,
        "crosses": crosses,
        "replacements": replacements,
        "paused": paused,
    }
    about = _about(asked, subscription.visitor) if asked is not None else {}
    about |= _since(subscription, rhythm=rhythm, paused=paused, asked=asked)
    try:
        with transaction.atomic():
            _set(subscription, **about, **{field: value for field, value in given.items() if value is not None})
    except IntegrityError as error:
        raise SubscriptionError(_("You have a subscription to the same already.")) from error


def renew_secret(subscription: Subscription) -> None:
    """Another address for the feed: the one before leads nowhere from now on."""
    _set(subscription, secret=_secret())


def remove(subscription: Subscription) -> None:
    """End a subscription."""
    subscription.delete()


def label(subscription: Subscription) -> str:
    """What a subscription is called: as the reader calls it, else by what it asks."""
    if subscription.name:
        return subscription.name
    short = Truncator(subscription.text).chars(_LABEL)
    if subscription.kind == Subscription.Kind.SEARCH:
        return _("search: %(query)s") % {"query": short}
    if subscription.kind == Subscription.Kind.TEXT:
        return _("papers like “%(text)s”") % {"text": short}
    if subscription.kind == Subscription.Kind.STARS:
        return _("papers like your stars")
    return short


def _about(asked: Asked, visitor: Visitor) -> dict[str, object]:
    return {
        "kind": asked.kind,
        "text": asked.text,
        "threshold": asked.threshold,
        "key": asked.key(visitor),
        "vector": asked.vector,
        "model": asked.model,
    }


def _since(
    subscription: Subscription, *, rhythm: str | None, paused: bool | None, asked: Asked | None = None
) -> dict[str, object]:
    """From when on mails tell, where that changes: from now, as mails begin or go on, or something else is asked."""
    begins = bool(rhythm) and not subscription.rhythm
    goes_on = subscription.paused and paused is False
    other = asked is not None and asked.key(subscription.visitor) != subscription.key
    return {"since": _newest_day()} if begins or goes_on or other else {}


def _set(subscription: Subscription, **values: object) -> None:
    for name, value in values.items():
        setattr(subscription, name, value)
    # Not `save`: one that another window ended meanwhile stays away.
    Subscription.objects.filter(pk=subscription.pk).update(**values)


def enough_stars(visitor: Visitor) -> None:
    """Raises SubscriptionError for a visitor who starred fewer than LEAST_STARS papers."""
    stars = Mark.objects.filter(visitor=visitor, starred__isnull=False)[: meaning.LEAST_STARS].count()
    if stars < meaning.LEAST_STARS:
        raise SubscriptionError(
            _("Star at least %(least)s papers first: new ones are held against them.") % {"least": meaning.LEAST_STARS}
        )


def _newest_day() -> date:
    return next(iter(days_announced(date.min, 1)), date.today())


def _name(text: str) -> str:
    return collapse(text)[:LONGEST_NAME]


def _secret() -> str:
    return secrets.token_urlsafe(32)
