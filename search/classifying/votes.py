"""How the papers around a text vote for its primary category.

    share(c) = ½ · votes of the nearest by meaning + ½ · votes of the nearest by words
    vote of a paper = e^(a · (score / best − 1)) · e^(−years apart / 5), for its primary category; 0.15 of that for each
    category it is cross-listed under

What is filed where changes with the years, so papers of the text's own time count for more. Constants measured on
papers other than those of docs/quality.md, which tells what each part brings.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log
from typing import Final

import numpy as np

from search.engines.base import Hits

NEAREST: Final = 60  # voters by meaning
BY_WORDS: Final = 150  # voters by words
MEANING_SHARPNESS: Final = 10.0  # a, per cosine
WORDS_SHARPNESS: Final = 6.0  # a, per score as a share of the best
CROSS_SHARE: Final = 0.15
YEARS: Final = 5.0
_DAYS_A_YEAR: Final = 365.25
# The papers of a site count as much as the classifier that ships where there are so many, and leave it a quarter.
PAPERS_ALIKE: Final = 10_000
LEAST_LEARNED: Final = 0.25
# Votes are too flat to be taken for probabilities: to this power, less where the classifier counts for more, shares are
# right as often as they say.
CALIBRATION: Final = 1.5
# Normalised entropy of the best three from which on none of them is clearly ahead.
UNSURE: Final = 0.9

Shares = dict[str, float]


@dataclass(frozen=True, slots=True)
class Voter:
    """A paper that is filed under a category: its categories, the primary one first, and the day of its submission."""

    categories: Sequence[str]
    published: date


def votes(
    hits: Hits, voters: Mapping[int, Voter], when: date, *, sharpness: float, cross: float = CROSS_SHARE
) -> Shares:
    """The shares of the categories among hits, summing to 1; empty where nobody votes.

    hits: best first; scores fall with distance and sharpness says how fast votes do with them. when: the day of the
    text. Hits that are no voters are passed over.
    """
    found: defaultdict[str, float] = defaultdict(float)
    best = float(hits.scores.max(initial=-np.inf))
    for number, score in zip(hits.ids.tolist(), hits.scores.tolist(), strict=True):
        voter = voters.get(number)
        if voter is None or not voter.categories:
            continue
        years = abs((when - voter.published).days) / _DAYS_A_YEAR
        weight = float(np.exp(sharpness * (score - best) - years / YEARS))
        primary, *others = voter.categories
        found[primary] += weight
        for other in others:
            found[other] += cross * weight
    return normalised(found)


def by_both(meaning: Hits, words: Hits, voters: Mapping[int, Voter], when: date) -> Shares:
    """The shares by meaning and by words in equal parts, or those of the one that has any.

    meaning: papers by cosine. words: papers by BM25, in any unit.
    """
    relative = Hits(words.ids, words.scores / max(float(words.scores.max(initial=0)), 1e-9))
    parts = [
        votes(meaning, voters, when, sharpness=MEANING_SHARPNESS),
        votes(relative, voters, when, sharpness=WORDS_SHARPNESS),
    ]
    return mixed([(1.0, part) for part in parts if part])


def blended(voted: Shares, learned: Shares, papers: int) -> Shares:
    """Votes of a site of so many papers with what the classifier says, as probabilities; either may be empty."""
    share = learned_share(papers) if learned else 0.0
    if not voted:
        return normalised(learned)
    power = 1 + (CALIBRATION - 1) * (1 - share) / (1 - LEAST_LEARNED) if learned else CALIBRATION
    return normalised(mixed([(1 - share, voted), (share, learned)]), power)


def learned_share(papers: int) -> float:
    """The part of the classifier beside the votes of so many papers."""
    return max(LEAST_LEARNED, PAPERS_ALIKE / (PAPERS_ALIKE + papers))


def mixed(parts: Sequence[tuple[float, Shares]]) -> Shares:
    """The weighted mean of shares, summing to 1."""
    found: defaultdict[str, float] = defaultdict(float)
    for weight, shares in parts:
        for category, share in shares.items():
            found[category] += weight * share
    return normalised(found)


def normalised(shares: Mapping[str, float], power: float = 1.0) -> Shares:
    """Shares to a power, divided by their sum."""
    raised = {category: share**power for category, share in shares.items()}
    total = sum(raised.values())
    return {category: share / total for category, share in raised.items()} if total > 0 else {}


def best_first(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    """Categories with their shares, largest first, equal ones by the alphabet."""
    return sorted(shares.items(), key=lambda item: (-item[1], item[0]))


def entropy(shares: Sequence[float]) -> float:
    """The entropy of the three largest shares as a part of what it can be: 0 where one has all, 1 where they are equal.

    shares: largest first. As of Jia et al., When in Doubt: Improving Classification Performance with Alternating
    Normalization (arXiv:2109.13449).
    """
    top = [share for share in shares[:3] if share > 0]
    total = sum(top)
    return -sum(share / total * log(share / total) for share in top) / log(3) if total else 0.0
