"""Subscriptions as their page lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import structlog
from django.http import HttpRequest
from django.urls import reverse

from papers.models import Subscription
from papers.templatetags.citation_tags import author_address
from search.encoder import EncoderError
from search.query import parse
from search.sorting import address
from search.subscriptions import keeping
from search.subscriptions.forms import counts
from search.subscriptions.matching import days_announced, matches

log = structlog.get_logger(__name__)
COUNTED_DAYS: Final = 10  # of announcements: two weeks


@dataclass(frozen=True, slots=True)
class Row:
    """A subscription. page: where all papers that match it are, empty where there is no such page; feed: its address
    with the host; newest: papers on `day`, the newest; weekly: papers a week, None where that cannot be said now."""

    subscription: Subscription
    label: str
    page: str
    feed: str
    newest: int
    weekly: float | None
    day: date | None


def rows_of(request: HttpRequest, subscriptions: Sequence[Subscription]) -> list[Row]:
    """The rows, in the order given."""
    days = days_announced(date.min, COUNTED_DAYS)
    try:
        found = matches(subscriptions, days)
    except EncoderError as error:
        log.warning("subscriptions cannot be counted", reason=str(error))
        found = None
    rows = []
    for one in subscriptions:
        newest, weekly = counts(found[one.pk], days) if found is not None and days else (0, None)
        feed = request.build_absolute_uri(reverse("subscription-feed", args=[one.secret]))
        rows.append(Row(one, keeping.label(one), page_of(one), feed, newest, weekly, days[0] if days else None))
    return rows


def page_of(subscription: Subscription) -> str:
    """The page of all papers that match a subscription, new and old, where there is one; else empty."""
    if subscription.kind == Subscription.Kind.CATEGORIES:
        return reverse("listing", args=[subscription.text])
    if subscription.kind == Subscription.Kind.SEARCH:
        return address("search", parse(subscription.text), "new")
    if subscription.kind == Subscription.Kind.AUTHOR:
        return author_address(subscription.text)
    return ""
