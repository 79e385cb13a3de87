"""What every peer does: take in a corpus, open what it wrote, answer the same tasks."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.suite.corpus import Corpus

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]
CANDIDATES = 1000  # as the site takes them
KINDS = ("word", "words", "title", "question", "phrase", "filtered", "meaning", "both", "hybrid", "related")
"""Of tasks: one word; 2 to 5 words of a paper; a paper's title; a question; a quoted phrase; words within a category
and years; the nearest to a vector that is given; words and a vector that is given; words that are encoded first; the
relatives of a paper."""


@dataclass(frozen=True)
class Task:
    """One question of a kind, told in every form that some peer takes, so that none has to read Papertide's language.

    text: as a reader types it. words: the free words as typed, the filter and quotes apart (of a phrase its words, in
    order). category, years: of "filtered", both years inclusive. vector: of the text or of the paper, (384,) float32,
    L2-normalised. short: the same whitened, (k,) float32. paper: the id of that whose relatives are wanted, with title
    and abstract as plain text; 0 elsewhere. Vectors are None for kinds that take none.
    """

    kind: str
    text: str
    words: str
    category: str = ""
    years: tuple[int, int] | None = None
    vector: NDArray[np.float32] | None = None
    short: NDArray[np.float32] | None = None
    paper: int = 0
    title: str = ""
    abstract: str = ""


class Peer(ABC):
    """Something that finds papers. `fill` and `open` each run in a process of its own, Django's settings loaded.

    kinds: of KINDS, those that it answers. most: papers that it can take in a bearable time, None for any number.
    fewest: tasks of a kind that it is asked in each round, however slow it is.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[str]]
    most: ClassVar[int | None] = None
    fewest: ClassVar[int] = 10
    note: str = ""

    @abstractmethod
    def fill(self, corpus: Corpus, folder: Path) -> None:
        """Index the corpus into the empty folder; what is not in memory only must be written when this returns.

        Reading `corpus.documents()` is not counted in the time that this takes.
        """

    @abstractmethod
    def open(self, corpus: Corpus, folder: Path) -> None:
        """Get ready to answer from what `fill` wrote."""

    @abstractmethod
    def ask(self, kind: str, task: Task) -> tuple[Ids, Scores]:
        """The CANDIDATES best papers for a task of a kind of `kinds`, best first, all text analysed here: what a reader
        waits for."""

    def settle(self) -> None:  # noqa: B027 -- few have anything to wait for
        """Wait after `fill` until what goes on in the background is done; not counted."""

    def disk(self, folder: Path) -> int:
        """Bytes of the index on disk."""
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    def servers(self) -> Sequence[int]:
        """The process numbers of servers whose memory counts with that of this process."""
        return ()
