"""What the page of a new subscription says: read from its address or its form, and what it would have brought."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.http import QueryDict

from papers.listing import in_order
from papers.models import Paper, Subscription, Visitor
from papers.views.lists import chosen
from search.subscriptions import keeping
from search.subscriptions.keeping import BY_MEANING, Asked
from search.subscriptions.matching import Match, days_announced, matches
from search.subscriptions.trial import DAYS_A_WEEK, LOWEST, STEP, Trial, Tried, try_out

LONGEST: Final = max(keeping.LONGEST.values())
PREVIEW_DAYS: Final = 5
PREVIEW_PAPERS: Final = 25
SHOWN: Final = 150  # papers that a threshold is tried on
HIGHEST: Final = 0.9
STEPS: Final = tuple(round(LOWEST + STEP * number, 2) for number in range(round((HIGHEST - LOWEST) / STEP) + 1))
"""The thresholds of the slider."""


@dataclass(frozen=True, slots=True)
class Form:
    """As it was typed; threshold None where none was."""

    kind: str
    text: str
    threshold: float | None = None
    name: str = ""
    rhythm: str = ""
    crosses: bool = True
    replacements: bool = False

    @classmethod
    def of(cls, given: QueryDict) -> "Form":
        """Read parameters of an address or a form. What cannot be read is as if it were not there, a text too long is
        cut one character after what can be kept."""
        kind = given.get("kind", "")
        text = given.get("text", "")
        if kind not in Subscription.Kind.values:
            kind = Subscription.Kind.CATEGORIES
        if kind == Subscription.Kind.CATEGORIES and not text:
            text = chosen(given)
        rhythm = given.get("rhythm", "")
        told = "options" in given  # a box that is not ticked is not sent
        return cls(
            kind,
            text[: LONGEST + 1],
            _number(given.get("threshold", "")),
            given.get("name", "")[: keeping.LONGEST_NAME],
            rhythm if rhythm in Subscription.Rhythm.values else "",
            given.get("crosses") == "1" if told else True,
            given.get("replacements") == "1" if told else False,
        )

    @classmethod
    def as_kept(cls, subscription: Subscription) -> "Form":
        """What a form says of a subscription that there is."""
        return cls(
            subscription.kind,
            subscription.text,
            subscription.threshold,
            subscription.name,
            subscription.rhythm,
            subscription.crosses,
            subscription.replacements,
        )

    @property
    def by_meaning(self) -> bool:
        """Whether it goes by a threshold."""
        return self.kind in BY_MEANING

    @property
    def asks(self) -> bool:
        """Whether it says what to follow."""
        return bool(self.text.strip()) or self.kind == Subscription.Kind.STARS

    def asked(self) -> Asked:
        """Raises SubscriptionError."""
        return keeping.read(self.kind, self.text, self.threshold)


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", ".")[:10])
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Brought:
    """A paper that it would have brought, on which day, how it was announced, and its cosine."""

    paper: Paper
    match: Match


@dataclass(frozen=True, slots=True)
class Preview:
    """What the last announcement days would have brought: the newest PREVIEW_PAPERS of `total`; newest: how many on
    `day`, the newest."""

    brought: list[Brought]
    total: int
    weekly: float
    newest: int
    day: date | None
    days: int

    @property
    def beyond(self) -> int:
        """How many are not shown."""
        return self.total - len(self.brought)


def preview(visitor: Visitor, form: Form, asked: Asked) -> Preview:
    """What a subscription would have brought."""
    row = Subscription(
        pk=0,
        visitor=visitor,
        kind=asked.kind,
        text=asked.text,
        key=asked.key(visitor),
        crosses=form.crosses,
        replacements=form.replacements,
    )
    days = days_announced(date.min, PREVIEW_DAYS)
    found = matches([row], days)[row.pk]
    shown = {match.paper: match for match in reversed(found[: 2 * PREVIEW_PAPERS])}
    papers = in_order(dict.fromkeys(match.paper for match in found[: 2 * PREVIEW_PAPERS]))[:PREVIEW_PAPERS]
    brought = [Brought(paper, shown[paper.pk]) for paper in papers]
    newest, weekly = counts(found, days)
    return Preview(brought, len(found), weekly, newest, days[0] if days else None, len(days))


def counts(found: Sequence[Match], days: Sequence[date]) -> tuple[int, float]:
    """How many of the matches are of the newest of the days, and how many there are a week."""
    of_day = Counter(match.day for match in found)
    return (of_day[days[0]], len(found) * DAYS_A_WEEK / max(len(days), DAYS_A_WEEK)) if days else (0, 0.0)


@dataclass(frozen=True, slots=True)
class Held:
    """A paper of the past weeks, held against the text or the stars."""

    paper: Paper
    tried: Tried


@dataclass(frozen=True, slots=True)
class Trying:
    """The nearest papers of the past weeks, best first, with the threshold that was chosen, or is recommended."""

    trial: Trial
    held: list[Held]
    threshold: float

    @property
    def weeks(self) -> int:
        """The weeks that the papers are of, rounded."""
        return round(self.trial.weeks)

    @property
    def above(self) -> int:
        """How many of the papers reach the threshold."""
        return sum(one.tried.score >= self.threshold for one in self.held)

    @property
    def weekly(self) -> float:
        """Papers a week at the threshold."""
        return self.trial.a_week(self.threshold)

    @property
    def by_step(self) -> str:
        """Papers a week at each threshold of the slider, for its script, as JSON."""
        return json.dumps({f"{step:.2f}": round(self.trial.a_week(step), 1) for step in STEPS})


def trying(visitor: Visitor, form: Form) -> Trying:
    """Hold the past weeks' papers against the text or the stars. Raises keeping.SubscriptionError where there is
    nothing to hold against or no encoder."""
    trial = try_out(visitor, form.kind, form.text)
    papers = {paper.pk: paper for paper in in_order(one.paper_id for one in trial.papers[:SHOWN])}
    held = [Held(papers[one.paper_id], one) for one in trial.papers[:SHOWN] if one.paper_id in papers]
    given = form.threshold
    threshold = given if given is not None and 0 <= given <= 1 else trial.recommended
    return Trying(trial, held, threshold)
