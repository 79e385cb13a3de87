"""Graded pairs of texts that the database knows: a title and an abstract, the nearer the higher the grade.

CoSENT learns from the order of grades alone, so what counts is which pair is nearer than which. All pairs have one
form, the title of a paper and the abstract of one: if papers of a higher grade came in longer texts, their length would
be what is learned. An abstract of another paper that shares a rare keyphrase is a hard negative to a title's own.
"""

import json
import random
import zlib
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from django.db.models import QuerySet

from papers.batches import batched
from papers.models import Mark, Paper

RARE = 20  # a keyphrase is rare when no more papers than these have it
HELD_OUT = 20  # one paper in so many takes no part in training, nor does a pair that holds one
ROWS = 2000  # rows a query brings at a time
TEXTS = 500  # pairs whose texts are read together
TRIES = 10  # draws for a paper of another kind


class PairsError(Exception):
    """The database has no pairs to learn from; the text says what is missing."""


class Grade(Enum):
    """How near the two texts of a pair are. What one reader starred, or only opened, one after the other lies between
    papers that share a rare keyphrase and such that share the category alone, and counts within one primary category
    only, since readers have several interests."""

    SAME = 1.0
    KEYPHRASES = 0.7
    STARRED = 0.6
    OPENED = 0.5
    CATEGORY = 0.3
    RANDOM = 0.0


@dataclass(frozen=True)
class Pair:
    """The title of one paper and the abstract of another or the same, by primary keys."""

    title: int
    abstract: int
    grade: Grade


def held_out(paper: int) -> bool:
    """Whether a paper (primary key) is kept from training: always the same ones, one in HELD_OUT."""
    return zlib.crc32(str(paper).encode()) % HELD_OUT == 0


def usable() -> QuerySet[Paper]:
    """The papers that pairs are made of: with an abstract of their authors' own, and not withdrawn."""
    return Paper.objects.filter(removed=False, withdrawn=False, is_summary=False).exclude(abstract="")


@dataclass
class Library:
    """The usable papers of one side, held out or not, in order of primary key; some twelve bytes a paper.

    ids: primary keys. primary: the number of each one's primary category. members: their places by that number.
    """

    ids: "array[int]" = field(default_factory=lambda: array("q"))
    primary: "array[int]" = field(default_factory=lambda: array("H"))
    members: "dict[int, array[int]]" = field(default_factory=lambda: defaultdict(lambda: array("I")))

    def add(self, paper: int, category: int) -> None:
        """Take in a paper, by rising primary key."""
        self.members[category].append(len(self.ids))
        self.ids.append(paper)
        self.primary.append(category)

    def category(self, paper: int) -> int | None:
        """The number of a paper's primary category, None where it is not of this side."""
        place = bisect_left(self.ids, paper)
        return self.primary[place] if place < len(self.ids) and self.ids[place] == paper else None


def libraries() -> tuple[Library, Library]:
    """The papers to train on and those that are held out."""
    sides = (Library(), Library())
    numbers: dict[str, int] = {}
    for paper, categories in usable().order_by("pk").values_list("pk", "categories").iterator(chunk_size=ROWS):
        category = numbers.setdefault(categories[0] if categories else "", len(numbers))
        sides[held_out(paper)].add(paper, category)
    return sides


def pairs(library: Library, papers: int, seed: int, *, readers: bool = True) -> Iterator[Pair]:
    """Pairs around `papers` papers drawn at random, or all where there are fewer: each paper's own title and abstract,
    its title with the abstract of one that shares a rare keyphrase and the primary category, of one that shares the
    category alone, and of any other; and, with `readers`, as many pairs again of what was starred or opened together.

    Needs memory for the papers' primary keys and for the keyphrases of those drawn. The same seed over the same
    database gives the same pairs.
    """
    chance = random.Random(seed)  # noqa: S311 -- a sample, no secret
    drawn = sorted(chance.sample(library.ids, min(papers, len(library.ids))))
    near = _sharing(library, drawn)
    for paper in drawn:
        yield Pair(paper, paper, Grade.SAME)
        relatives = near.get(paper, [])
        if relatives:
            yield Pair(paper, chance.choice(relatives), Grade.KEYPHRASES)
        yield from _further(library, paper, {paper, *relatives}, chance)
    if readers:
        for grade, moment in ((Grade.STARRED, "starred"), (Grade.OPENED, "opened")):
            yield from _together(library, moment, grade, papers)


def lines(found: Iterator[Pair], counts: Counter[Grade]) -> Iterator[str]:
    """The pairs as JSON lines of `sentence1`, `sentence2` and `score`, counted as they go."""
    for some in batched(found, TEXTS):
        wanted = {number for pair in some for number in (pair.title, pair.abstract)}
        rows = Paper.objects.filter(pk__in=wanted).values_list("pk", "title", "abstract")
        texts = {number: (title, abstract) for number, title, abstract in rows}
        for pair in some:
            if pair.title in texts and pair.abstract in texts:  # none was deleted meanwhile
                counts[pair.grade] += 1
                title, abstract = texts[pair.title][0], texts[pair.abstract][1]
                yield json.dumps({"sentence1": title, "sentence2": abstract, "score": pair.grade.value})


def _sharing(library: Library, drawn: Sequence[int]) -> dict[int, list[int]]:
    """For each drawn paper those of its side and primary category that share the most rare keyphrases with it."""
    phrases: dict[int, list[str]] = {}
    for some in batched(drawn, ROWS):
        rows = Paper.objects.filter(pk__in=some).values_list("pk", "keywords")
        phrases |= {number: [phrase.casefold() for phrase in keywords] for number, keywords in rows}
    holders: dict[str, list[int]] = {phrase: [] for each in phrases.values() for phrase in each}
    for number, keywords in usable().order_by("pk").values_list("pk", "keywords").iterator(chunk_size=ROWS):
        for phrase in keywords:
            held = holders.get(phrase.casefold())
            if held is not None and len(held) <= RARE:
                held.append(number)
    found = {}
    for paper, own in phrases.items():
        shared = Counter(
            other for phrase in own if len(holders[phrase]) <= RARE for other in holders[phrase] if other != paper
        )
        category = library.category(paper)
        alike = {other: count for other, count in shared.items() if library.category(other) == category}
        most = max(alike.values(), default=0)
        found[paper] = [other for other, count in alike.items() if count == most]
    return found


def _further(library: Library, paper: int, near: set[int], chance: random.Random) -> Iterator[Pair]:
    """A paper of the same primary category that is not among the near ones, and one of any other category."""
    own = library.category(paper)
    assert own is not None
    same = (library.ids[chance.choice(library.members[own])] for _ in range(TRIES))
    places = (chance.randrange(len(library.ids)) for _ in range(TRIES))
    other = (library.ids[place] for place in places if library.primary[place] != own)
    for grade, draws in ((Grade.CATEGORY, same), (Grade.RANDOM, other)):
        partner = next((each for each in draws if each not in near), None)
        if partner is not None:
            yield Pair(paper, partner, grade)


def _together(library: Library, moment: str, grade: Grade, most: int) -> Iterator[Pair]:
    """Papers that one reader starred (or opened) one after the other, of one primary category; `most` pairs, once each.
    Who she is goes no further."""
    marks = Mark.objects.exclude(**{moment: None}).order_by("visitor", moment, "pk").values_list("visitor", "paper")
    seen: set[tuple[int, int]] = set()
    before = (0, 0)
    for visitor, paper in marks.iterator(chunk_size=ROWS):
        last, before = before, (visitor, paper)
        category = library.category(paper)
        pair = (last[1], paper)
        if last[0] != visitor or category is None or library.category(last[1]) != category or pair in seen:
            continue
        seen.add(pair)
        yield Pair(*pair, grade)
        if len(seen) == most:
            return
