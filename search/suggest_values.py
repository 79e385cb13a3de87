"""What the papers that hold a typed text offer to complete it: titles, and the commonest of authors and keyphrases.

Hundreds of papers are read for each letter that is typed. So their lists come as the text that the database stores,
and only what begins with the right letters is taken out of it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import NamedTuple

from django.db import connection

from papers.models import Paper
from papers.tex import to_text
from search import analysis

# Characters of a list: some 120 authors. Those of great collaborations would take longer than all the rest.
LONGEST_LIST = 2_500
MOST = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Exact terms: all of `words`, and one that begins with `prefix`."""

    words: tuple[str, ...]
    prefix: str

    @classmethod
    def of(cls, typed: str) -> "Wanted | None":
        """What was typed; None where that is less than two letters."""
        terms = analysis.words(typed)
        return cls(tuple(terms[:-1]), terms[-1]) if len("".join(terms)) > 1 else None

    def within(self, terms: Sequence[str]) -> bool:
        """Whether the exact terms of a text hold them."""
        # As a loop, since it is the innermost of all: a hundred names for each letter that is typed.
        for term in terms:
            if term.startswith(self.prefix):
                return not self.words or set(self.words).issubset(terms)
        return False

    def begins(self, terms: Sequence[str]) -> bool:
        """Whether the exact terms of a text begin with them, in this order."""
        place = len(self.words)
        return len(terms) > place and tuple(terms[:place]) == self.words and terms[place].startswith(self.prefix)

    def possible(self, text: str) -> bool:
        """Whether a text as arXiv serves it may hold the prefix: most do not, and need not be taken apart."""
        return self.prefix in text.lower() or not text.isascii() or "\\" in text

    def among(self, stored: str) -> Iterable[str]:
        """The texts of a list, stored as JSON, that may hold them."""
        if "\\" in stored or not (stored.isascii() and self.prefix.isascii()):
            return filter(self.possible, json.loads(stored))
        return self._written(stored)

    def _written(self, stored: str) -> Iterator[str]:
        """The texts with a word that begins with the prefix, of a list without any escapes."""
        small, place = stored.lower(), 0
        while (place := small.find(self.prefix, place)) >= 0:
            if small[place - 1].isalnum():
                place += 1
            else:
                start, place = stored.rindex('"', 0, place) + 1, stored.index('"', place)
                yield stored[start:place]


class Stored(NamedTuple):
    """Of a paper. authors, keywords: JSON."""

    number: int
    arxiv_id: str
    title: str
    authors: str
    keywords: str


def read(ids: Iterable[int]) -> dict[int, Stored]:
    """Papers by their primary keys; those that are gone are left out."""
    numbers = sorted(set(ids))
    if not numbers:
        return {}
    places = ", ".join(["%s"] * len(numbers))
    with connection.cursor() as cursor:
        # The ORM takes as long to check the numbers and to read the lists as the database for the rows.
        cursor.execute(
            "SELECT id, arxiv_id, title, CAST(authors AS text), CAST(keywords AS text) "  # noqa: S608 (own names)
            f"FROM {Paper._meta.db_table} WHERE id IN ({places})",
            numbers,
        )
        return {row[0]: Stored._make(row) for row in cursor.fetchall()}


def titles(papers: Iterable[Stored], wanted: Wanted) -> list[tuple[str, str]]:
    """arXiv ids and titles of at most MOST papers, those that begin with what is wanted before the others."""
    first: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    for paper in papers:
        if wanted.possible(paper.title):
            title = to_text(paper.title)
            terms = analysis.words(title)
            if wanted.begins(terms):
                first.append((paper.arxiv_id, title))
            elif wanted.within(terms):
                others.append((paper.arxiv_id, title))
            if len(first) == MOST:
                break
    return [*first, *others][:MOST]


def commonest(lists: Iterable[str], wanted: Wanted) -> list[str]:
    """At most MOST texts of the lists (JSON) that are wanted: those of most lists first, equal ones in order; of
    spellings that differ in case and accents the commonest."""
    written = Counter(text for stored in lists if len(stored) <= LONGEST_LIST for text in wanted.among(stored))
    counts: dict[str, int] = {}
    spellings: dict[str, tuple[int, str]] = {}
    for text, count in written.items():
        plain = to_text(text)
        terms = analysis.words(plain)
        if wanted.within(terms):
            key = " ".join(terms)
            counts[key] = counts.get(key, 0) + count
            if key not in spellings or spellings[key][0] < count:
                spellings[key] = count, plain
    return [spellings[key][1] for key in nlargest(MOST, counts, key=counts.__getitem__)]
