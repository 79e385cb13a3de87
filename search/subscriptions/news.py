"""What is new for one reader: each paper once, under the first of her subscriptions that it matches, with the others
that it matches, too."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from papers.batches import batched
from papers.models import Paper, Subscription
from search.subscriptions.matching import Match, matches

_AT_ONCE: Final = 10_000  # papers of one query


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One paper. match: how it stands under its section's subscription; also: the others that it matches."""

    paper_id: int
    match: Match
    also: tuple[Subscription, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What one subscription brings that none before it did."""

    subscription: Subscription
    items: list[NewsItem] = field(default_factory=list)


def news(subscriptions: Sequence[Subscription], days: Sequence[date], without: Collection[int] = ()) -> list[Section]:
    """What matches the subscriptions on those days, one section each (empty ones too), papers of `without` (primary
    keys) left out."""
    found = matches(subscriptions, days)
    left = {pk: [match for match in of_one if match.paper not in without] for pk, of_one in found.items()}
    return sections(subscriptions, left)


def sections(subscriptions: Sequence[Subscription], found: Mapping[int, Sequence[Match]]) -> list[Section]:
    """The matches, by the subscriptions' primary keys, parted into sections in the order of the subscriptions; papers
    that arXiv removed are left out; one database query for 10,000 papers."""
    matching: dict[int, list[Subscription]] = {}
    for subscription in subscriptions:
        for paper in dict.fromkeys(match.paper for match in found.get(subscription.pk, ())):
            matching.setdefault(paper, []).append(subscription)
    removed = _removed(matching)
    parted = []
    for subscription in subscriptions:
        items: dict[int, NewsItem] = {}
        for match in found.get(subscription.pk, ()):
            first, *others = matching[match.paper]
            if first is subscription and match.paper not in removed:
                items.setdefault(match.paper, NewsItem(match.paper, match, tuple(others)))
        parted.append(Section(subscription, list(items.values())))
    return parted


def _removed(papers: Iterable[int]) -> set[int]:
    """Those of them that arXiv removed; asked by primary key, since no index tells of it."""
    removed = Paper.objects.filter(removed=True)
    return {pk for some in batched(papers, _AT_ONCE) for pk in removed.filter(pk__in=some).values_list("pk", flat=True)}
