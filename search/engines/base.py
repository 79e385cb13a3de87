"""The contract that every search engine keeps: what a document is, what can be asked, what comes back.

Both engines compile the same query tree (`search.query`) and both pass `tests/contract`. Ids are the papers' primary
keys; scores are comparable within one answer only. Nothing here knows about Django.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from papers.categories import subcategories
from search import analysis
from search.query import Node

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]
Order = Literal["score", "new", "old"]
Counted = Literal["stem", "keyword"]
FACETS = ("category", "year", "keyword", "author")
STARTS = ("title", "author", "keyword")
# The title counts a quarter beside title and abstract together (measured: docs/quality.md).
TITLE_BOOST = 0.25
# So many letters that begin a word stand in the index: a shorter beginning is that of few of them, a longer one of few
# words.
BEGINNING = 3
SPELLINGS = 10
SHORTEST_SPELT = 4


class EngineError(Exception):
    """The engine cannot answer now; the text says why in words for an operator."""


class EngineAwayError(EngineError):
    """The engine does not answer, or says that it cannot answer now: nothing is known of its index."""


class StaleIndexError(EngineError):
    """The index was switched between two questions of one search: ask again from the beginning."""


class RejectedError(EngineError):
    """The engine refused some documents of a write and took the others. `reasons`: what it said, by id."""

    def __init__(self, reasons: dict[int, str]) -> None:
        super().__init__(f"{len(reasons)} documents were refused, the first since: {next(iter(reasons.values()))}")
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Document:
    """What the index holds of one paper. Text is plain (`papers.tex.to_text`); `vector` is whitened, L2-normalised
    float32 of shape (k,)."""

    id: int
    arxiv_id: str
    title: str
    abstract: str
    vector: NDArray[np.float32]
    authors: Sequence[str] = ()
    categories: Sequence[str] = ()
    published: date = date(1991, 1, 1)
    comment: str = ""
    journal_ref: str = ""
    doi: str = ""
    keywords: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that is looked for: it matches where all stems of one of its alternatives stand in title or abstract,
    and scores `weight` times the engine's BM25 (which brings the idf)."""

    alternatives: tuple[tuple[str, ...], ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """What BM25 is asked. `binding` must hold and does not score; of `units` at least `minimum` must match."""

    binding: Node | None = None
    units: tuple[Unit, ...] = ()
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class Hits:
    """Ids (int64) and scores (float32) of the same length, best first, equal scores by descending id."""

    ids: Ids = field(default_factory=lambda: np.empty(0, np.int64))
    scores: Scores = field(default_factory=lambda: np.empty(0, np.float32))


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of an index: papers in it, the key of the whitening its vectors have, their width k, and a generation that
    changes with every write (for caches)."""

    papers: int
    transform: str
    width: int
    generation: str


def categories_of(name: str) -> frozenset[str]:
    """The category itself, or all of an archive for `cs.*`."""
    return frozenset(subcategories(name[:-2])) if name.endswith(".*") else frozenset({name})


def title_length(document: Document) -> int:
    """How many distinct stems the title has, at least 1."""
    return max(1, len(set(analysis.stems(document.title))))


def beginnings(document: Document) -> set[str]:
    """The first BEGINNING letters of each word of title, authors and keyphrases, as `beginning` writes them."""
    texts = {"title": (document.title,), "author": document.authors, "keyword": document.keywords}
    return {beginning(kind, word) for kind in STARTS for word in analysis.words("\n".join(texts[kind]))}


def beginning(kind: str, word: str) -> str:
    """The term of what begins a word of a kind (of STARTS); kinds differ in their first letter."""
    return kind[0] + word[:BEGINNING]


def commonest(counted: tuple[str, int]) -> tuple[int, str]:
    """A key that sorts values with their counts, commonest first, equal ones by the alphabet."""
    return -counted[1], counted[0]


class Engine(ABC):
    """A search engine. All writes are durable when the method returns; all methods may raise EngineError."""

    @abstractmethod
    def index(self, documents: Sequence[Document]) -> None:
        """Add the documents or put them in the place of those with the same id.

        Raises ValueError where a vector has not the width of the index, RejectedError where single documents were
        refused.
        """

    @abstractmethod
    def delete(self, ids: Iterable[int]) -> None:
        """Remove documents; unknown ids are no error."""

    @abstractmethod
    def lexical(self, query: LexicalQuery, limit: int, offset: int = 0, order: Order = "score") -> Hits:
        """Papers by BM25, or by date of publication (equal dates by descending id, both ways; scores are 0 then)."""

    @abstractmethod
    def count(self, query: LexicalQuery) -> int:
        """How many papers match."""

    @abstractmethod
    def nearest(self, vector: NDArray[np.float32], limit: int, within: Node | None = None) -> Hits:
        """The papers of largest inner product with `vector` (float32, shape (k,)) among those that hold `within`.

        Raises StaleIndexError where the serving index has another width.
        """

    @abstractmethod
    def titled(self, stems: Sequence[str], limit: int, within: Node | None = None) -> Hits:
        """Papers whose title holds every one of these stems. The score is stems asked for / stems of the title, each
        counted once, in (0, 1]."""

    @abstractmethod
    def facets(self, query: LexicalQuery, names: Sequence[str], size: int) -> dict[str, list[tuple[str, int]]]:
        """For each of `names` (of FACETS) the commonest values among the matches with their counts."""

    @abstractmethod
    def frequencies(self, terms: Sequence[str], kind: Counted = "stem") -> tuple[int, NDArray[np.int64]]:
        """The number of papers, and for each term how many of them hold it: a stem in title or abstract, or a
        keyword. Papers that were replaced or deleted may be counted for a while."""

    @abstractmethod
    def spellings(self, word: str) -> list[tuple[str, int]]:
        """The words of titles and abstracts that differ from an exact term by one letter (more, less, another, or two
        neighbours in the other order), each with its number of titles and abstracts added up; the SPELLINGS commonest
        ones, commonest first, equal ones by the alphabet. Nothing for terms shorter than SHORTEST_SPELT."""

    @abstractmethod
    def starting(self, kinds: Sequence[str], words: Sequence[str], prefix: str, limit: int) -> dict[str, Ids]:
        """For each of `kinds` (of STARTS) the newest papers whose title, or authors, or keyphrases, hold all of `words`
        and a word that begins with `prefix`, an empty one for none; all of them exact terms. No paper where neither is
        given. Newest first, equal days by descending id."""

    @abstractmethod
    def statistics(self, *, fresh: bool = False) -> Statistics:
        """The state of the serving index; cheap enough for every search. It may be a second old where another process
        wrote, unless `fresh` is asked for."""

    @abstractmethod
    def check(self) -> None:
        """Raises EngineError, in words for an operator, where the engine cannot be used with these settings; whether
        there is an index is another question."""

    @abstractmethod
    def rebuild(self, transform: str, width: int, papers: int = 0) -> AbstractContextManager[Self]:
        """A new, empty index beside the serving one, to be filled inside the `with` block; it becomes the serving one
        at the end of the block, atomically, and is thrown away if the block raises. Until then its writes need not be
        durable. papers: about how many will come, for an engine that can lay its index out for that."""
