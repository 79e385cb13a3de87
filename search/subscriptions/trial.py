"""What a threshold would have brought in the past weeks, before somebody subscribes by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from papers.models import Subscription, Visitor
from search.subscriptions import meaning
from search.subscriptions.days import DayPapers
from search.subscriptions.matching import days_announced

WANTED_A_WEEK: Final = 10  # papers that the recommended threshold brings
SHOWN: Final = 60
STEPS: Final = tuple(round(0.2 + 0.02 * step, 2) for step in range(31))
"""The thresholds to choose from, .2 to .8."""


@dataclass(frozen=True, slots=True)
class Near:
    """A paper of the past weeks with its cosine and the day of its announcement."""

    paper: int
    cosine: float
    day: date


@dataclass(frozen=True, slots=True)
class Trial:
    """What thresholds would have brought. nearest: the SHOWN best papers; weekly: papers a week by threshold, each of
    STEPS; recommended: the highest step that brings WANTED_A_WEEK. days: that were looked at."""

    nearest: list[Near]
    weekly: Mapping[float, float]
    recommended: float
    days: int


def try_out(visitor: Visitor, kind: str, text: str, weeks: int = 3) -> Trial:
    """What papers like a text, or like the visitor's stars, the past weeks' lists had.

    Raises search.encoder.EncoderError where the text cannot be encoded.
    """
    newest = days_announced(date.min, 1)
    days = days_announced(newest[0] - timedelta(weeks=weeks), 5 * weeks) if newest else []
    asked = meaning.encode(text) if kind == Subscription.Kind.TEXT else meaning.star_vectors(visitor.pk)
    best: dict[int, Near] = {}
    for day in days:
        ids, theirs = DayPapers.of(day).announced_first()
        if not len(ids):
            continue
        cosines = theirs @ asked if asked.ndim == 1 else meaning.like_stars(theirs, asked)
        for paper, cosine in zip(ids.tolist(), cosines.tolist(), strict=True):
            best.setdefault(paper, Near(paper, cosine, day))
    near = sorted(best.values(), key=lambda one: (-one.cosine, one.paper))
    span = max(1.0, len(days) / 5)
    weekly = {step: sum(one.cosine >= step for one in near) / span for step in STEPS}
    enough = [step for step in STEPS if weekly[step] >= WANTED_A_WEEK]
    return Trial(near[:SHOWN], weekly, max(enough, default=STEPS[0]), len(days))
