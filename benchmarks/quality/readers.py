"""Simulated readers of real papers: who stars papers of one sub-field, of two, or of a circle of authors, and what a
day brings them."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from papers.records import PaperRecord

MOST_STARS, HERS, OTHERS, PASSED = 30, 20, 400, 500
FIELD = range(60, 401)  # papers of a pair of primary category and first cross-list
FIELDS_WITHIN = 30_000  # records, from the first on: as in recipes.md, which the bar is taken from
CIRCLE = range(50, 201)
TOGETHER = 2  # papers that somebody of a circle wrote with its centre
LEAST_WRITTEN = 6  # papers of a circle's centre
LONGEST_NAME_OF_MANY = 11  # letters: a shorter full name ("Wei Wang") is several people's
MOST_AUTHORS = 10  # of a paper; more are a collaboration


@dataclass(frozen=True)
class Reader:
    """Rows of papers: her stars in the order she gave them, the day's papers of which the first HERS are hers, and
    papers that she passed over."""

    stars: list[int]
    day: list[int]
    passed: list[int]


def kinds(records: Sequence[PaperRecord]) -> dict[str, Callable[[int, int], Iterator[Reader]]]:
    """By kind, what draws readers: from a seed so many of them."""
    near = records[:FIELDS_WITHIN]
    fields, circles = _fields(near), _circles(records)
    return {
        "one sub-field": lambda seed, count: _drawn(fields, 1, len(near), seed, count),
        "two sub-fields": lambda seed, count: _drawn(fields, 2, len(near), seed, count),
        "an author circle": lambda seed, count: _drawn(circles, 1, len(records), seed, count),
    }


def _drawn(groups: list[list[int]], together: int, papers: int, seed: int, count: int) -> Iterator[Reader]:
    """Readers of `together` groups each; what is not hers comes from the first `papers` rows."""
    chance = random.Random(seed)
    for _ in range(count):
        chosen = [list(group) for group in chance.sample(groups, together)]
        for group in chosen:
            chance.shuffle(group)
        each = HERS // together
        day = [row for group in chosen for row in group[:each]]
        starred = [group[each : each + MOST_STARS // together] for group in chosen]
        hers = {row for group in chosen for row in group}
        others = [row for row in chance.sample(range(papers), 1_200) if row not in hers]
        stars = [row for turn in zip(*starred, strict=True) for row in turn]
        yield Reader(stars, day + others[:OTHERS], others[OTHERS : OTHERS + PASSED])


def _fields(records: Sequence[PaperRecord]) -> list[list[int]]:
    pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        if len(record.categories) > 1:
            pairs[record.categories[0], record.categories[1]].append(row)
    return [rows for _pair, rows in sorted(pairs.items()) if len(rows) in FIELD]


def _circles(records: Sequence[PaperRecord]) -> list[list[int]]:
    """The papers of an author and of those who wrote TOGETHER papers with her, two at least."""
    written: dict[str, set[int]] = defaultdict(set)
    joined: dict[str, Counter[str]] = defaultdict(Counter)
    for row, record in enumerate(records):
        names = {name for name in record.authors if _is_one_person(name)} if len(record.authors) <= MOST_AUTHORS else ()
        for name in names:
            written[name].add(row)
            joined[name].update(other for other in names if other != name)
    found: dict[tuple[int, ...], None] = {}
    for name in sorted(written):
        around = sorted(other for other, times in joined[name].items() if times >= TOGETHER)
        if len(written[name]) >= LEAST_WRITTEN and len(around) >= 2:
            rows = set(written[name]).union(*(written[other] for other in around))
            if len(rows) in CIRCLE:
                found[tuple(sorted(rows))] = None
    return [list(rows) for rows in found]


def _is_one_person(name: str) -> bool:
    first, _, last = name.partition(" ")
    return len(name) > LONGEST_NAME_OF_MANY and len(first.rstrip(".")) > 1 and bool(last)
