"""What a reader's papers are about: their keyphrases, weighted by how often she keeps and opens papers with them and by
how rare they are elsewhere."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from search import analysis
from search.frequencies import prior

SIZES: Final = 6
LEAST_PAPERS: Final = 2
"""A phrase of one paper only says nothing of a reader, unless she has few papers."""

FEW: Final = 15  # papers
RAREST: Final = 6.0
"""An idf beyond this counts as this: a name that one group gave its model is no subject."""

_STEPS: Final = (0.04, 0.12, 0.27, 0.5, 0.75)  # shares of the words that have the largest size, the next, and so on
LATE: Final = 0.06  # what each place further down a paper's list of keyphrases takes of the phrase's weight


@dataclass(frozen=True, slots=True)
class ReadWord:
    """A keyphrase as most of her papers write it. papers: how many have it. size: 1 (light) to SIZES, by its place."""

    text: str
    papers: int
    size: int


def words_of_reading(papers: Iterable[tuple[Sequence[str], float]], most: int) -> list[ReadWord]:
    """The `most` telling keyphrases of papers, heaviest first; for each paper its keyphrases, best first, and what it
    counts.

    A phrase's weight is √(Σ counts) · idf, where a phrase's idf is the mean of its words' idf in the table that ships,
    each at most RAREST: "model" stands in every second paper and weighs next to nothing. Forms with the same stems are
    one phrase; one that is part of a heavier phrase of the same papers is left out.
    """
    total: dict[str, float] = defaultdict(float)
    times: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    number = 0
    for keyphrases, counts in papers:
        number += 1
        for place, text in enumerate(keyphrases):
            key = " ".join(analysis.stems(text))
            if not key:
                continue
            total[key] += counts * max(1.0 - LATE * place, 0.2)
            times[key] += 1
            forms[key][text] += 1
    least = LEAST_PAPERS if number > FEW else 1
    table = prior()
    weighed = {
        key: math.sqrt(counts) * sum(min(table.idf(part), RAREST) for part in parts) / len(parts)
        for key, counts in total.items()
        if times[key] >= least and (parts := key.split())
    }
    chosen: list[str] = []
    for key in sorted(weighed, key=lambda key: (-weighed[key], key)):
        if len(chosen) == most:
            break
        if not any(_part_of(key, other) and times[other] * 2 > times[key] for other in chosen):
            chosen.append(key)
    return [
        ReadWord(_form(forms[key]), times[key], SIZES - sum(place >= step * len(chosen) for step in _STEPS))
        for place, key in enumerate(chosen)
    ]


def _form(written: Counter[str]) -> str:
    return min(written, key=lambda text: (-written[text], text))


def _part_of(key: str, other: str) -> bool:
    return key != other and f" {key} " in f" {other} "
