"""Which categories a reader's texts and stars lie in, where she does not follow these as a whole: a hint."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from papers.categories import split_spec
from papers.models import Subscription, Visitor
from search.classifying.suggesting import classify
from search.classifying.votes import best_first
from search.engines.base import EngineError
from search.subscriptions.meaning import MOST_STARS

log = structlog.get_logger()
MOST_NAMED: Final = 3
MOST_TEXTS: Final = 3  # of a reader, the newest
LEAST_CONFIDENCE: Final = 0.15
LEAST_SHARE: Final = 0.15  # of the starred papers


@dataclass(frozen=True, slots=True)
class Mostly:
    """Categories, the commonest first, that hold most of what a text or, with `of_stars`, her stars are about."""

    categories: tuple[str, ...]
    of_stars: bool

    @property
    def joined(self) -> str:
        """As the text of a subscription."""
        return "+".join(self.categories)

    @property
    def one(self) -> bool:
        """Whether it is a single category."""
        return len(self.categories) == 1


def of_subscriptions(visitor: Visitor, subscriptions: Iterable[Subscription]) -> Mostly | None:
    """The hint below a list of subscriptions: of the newest texts, else of the stars; None where neither is followed
    or all is followed anyway."""
    texts = [one.text for one in subscriptions if one.kind == Subscription.Kind.TEXT]
    if texts:
        return of_texts(visitor, texts[-MOST_TEXTS:])
    if any(one.kind == Subscription.Kind.STARS for one in subscriptions):
        return of_stars(visitor)
    return None


def of_texts(visitor: Visitor, texts: Iterable[str]) -> Mostly | None:
    """Those of the categories of papers like the texts that the reader does not follow; None while the index is
    away."""
    told: defaultdict[str, float] = defaultdict(float)
    try:
        for text in texts:
            found = classify(text)
            for guess in found.guesses if found else ():
                if guess.confidence >= LEAST_CONFIDENCE:
                    told[guess.category] += guess.confidence
    except EngineError as error:
        log.warning("no categories of texts", reason=str(error))
        return None
    return _unfollowed(visitor, told, of_stars=False)


def of_stars(visitor: Visitor) -> Mostly | None:
    """The primary categories of the last MOST_STARS starred papers that the reader does not follow."""
    stars = visitor.marks.filter(starred__isnull=False).order_by("-starred", "-pk")
    filed = stars.values_list("paper__categories", flat=True)[:MOST_STARS]
    primary = Counter(categories[0] for categories in filed if categories)
    least = max(2, LEAST_SHARE * primary.total())
    told = {code: float(count) for code, count in primary.items() if count >= least}
    return _unfollowed(visitor, told, of_stars=True)


def _unfollowed(visitor: Visitor, told: Mapping[str, float], *, of_stars: bool) -> Mostly | None:
    followed = followed_by(visitor)
    left = [code for code, _ in best_first(told) if code not in followed][:MOST_NAMED]
    return Mostly(tuple(left), of_stars) if left else None


def followed_by(visitor: Visitor) -> set[str]:
    """The categories that the reader's subscriptions to categories bring."""
    followed: set[str] = set()
    for text in visitor.subscriptions.filter(kind=Subscription.Kind.CATEGORIES).values_list("text", flat=True):
        wanted, unwanted = split_spec(text).expand()
        followed |= wanted - unwanted
    return followed
