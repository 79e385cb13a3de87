"""What a mail to a reader tells: everything new of her subscriptions that no mail told her yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from django.core.mail import EmailMultiAlternatives

from papers.accounts.addresses import mail_address
from papers.models import Delivery, Digest, Kind, Subscription, Visitor
from search.subscriptions.matching import Match, days_announced, matches
from search.subscriptions.news import Section, sections
from workers.digests import rendering

WINDOW: Final[dict[str, int]] = {Subscription.Rhythm.DAILY: 7, Subscription.Rhythm.WEEKLY: 14}
"""Days that a mail looks back, so that a list that came late, or a day without a worker, is told still."""
SAMPLE: Final[dict[str, int]] = {Subscription.Rhythm.DAILY: 1, Subscription.Rhythm.WEEKLY: 5}
"""Announcement days that a preview shows where nothing is new."""
MOST_DAYS: Final = 14
REMEMBERED: Final = timedelta(days=60)
"""How long it counts what earlier mails told; longer than any mail looks back."""
MOST_TOLD: Final = 5_000
"""Papers of one mail; those beyond come with the next one."""

Told = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready to be sent, and what it tells: `[paper, version or 0]` each, for `Digest.papers`."""

    message: EmailMultiAlternatives
    papers: list[list[int]]


def compose(digest: Digest, delivery: Delivery) -> Mail | None:
    """The mail of a digest; None where nothing is new, or where the reader has no verified address.

    What other digests of hers told is left out. Sends nothing and writes nothing.
    """
    address = _address(delivery.visitor)
    if address is None:
        return None
    found = news_for(delivery.visitor, digest.rhythm, digest.due, told_before(digest.visitor_id, digest.due, digest.pk))
    if not found:
        return None
    message = rendering.message(found, delivery, address, digest.due, digest)
    return Mail(message, [list(told(item.match)) for section in found for item in section.items])


class Preview(NamedTuple):
    """A mail that is not sent; whether it tells anything new, and whether it tells anything."""

    mail: EmailMultiAlternatives
    fresh: bool
    filled: bool


def preview(delivery: Delivery, address: str, rhythm: str, now: datetime) -> Preview:
    """The mail of a rhythm as it would be if it were due now; where it tells nothing new, it shows what the last
    announcement day, or week, had."""
    found = news_for(delivery.visitor, rhythm, now, told_before(delivery.visitor_id, now))
    shown = found or news_for(delivery.visitor, rhythm, now, frozenset(), sample=True)
    return Preview(rendering.message(shown, delivery, address, now), bool(found), bool(shown))


def news_for(
    visitor: Visitor, rhythm: str, moment: datetime, before: frozenset[Told], *, sample: bool = False
) -> list[Section]:
    """What her subscriptions of a rhythm have to tell at a moment, without `before`, by subscription; each paper once.

    A `sample` is of the last days whether or not she subscribed before them.
    """
    subscriptions = list(visitor.subscriptions.filter(rhythm=rhythm, paused=False))
    if not subscriptions:
        return []
    start = moment.astimezone(UTC).date() - timedelta(days=WINDOW[rhythm])
    if not sample:
        start = max(start, min(subscription.since for subscription in subscriptions))
    days = days_announced(start, SAMPLE[rhythm] if sample else MOST_DAYS)
    found = matches(subscriptions, days) if days else {}
    wanted = {
        subscription.pk: _untold(found.get(subscription.pk, ()), start if sample else subscription.since, before)
        for subscription in subscriptions
    }
    return _bounded([section for section in sections(subscriptions, wanted) if section.items])


def told(match: Match) -> Told:
    """How `Digest.papers` names what a mail told: a replacement with its version, since there may be further ones."""
    return match.paper, (match.version or 1) if match.kind in {Kind.REPLACE, Kind.REPLACE_CROSS} else 0


def told_before(visitor: int, moment: datetime, this: int = 0) -> frozenset[Told]:
    """What a reader's mails told in the time up to a moment, but for `this` digest; those included of which it is not
    known whether they arrived."""
    others = Digest.objects.filter(
        visitor=visitor, state__in=[Digest.State.SENT, Digest.State.UNSURE], due__gt=moment - REMEMBERED
    ).exclude(pk=this)
    lists = others.values_list("papers", flat=True)
    return frozenset((paper, version) for papers in lists for paper, version in papers)


def _untold(found: Iterable[Match], since: date, before: frozenset[Told]) -> list[Match]:
    return [match for match in found if match.day > since and told(match) not in before]


def _bounded(found: list[Section]) -> list[Section]:
    """The sections cut at MOST_TOLD papers."""
    room = MOST_TOLD
    out = []
    for section in found:
        if room > 0:
            out.append(Section(section.subscription, section.items[:room]))
            room -= len(section.items)
    return out


def _address(visitor: Visitor) -> str | None:
    return mail_address(visitor.reader) if visitor.reader else None
