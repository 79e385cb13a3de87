"""Categories and years of papers for peers that have no fields: a mask over all papers for each question."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.suite.peers.base import CANDIDATES, Ids, Scores, Task
from search.engines.base import Document

FILE = "filters.npz"


@dataclass(frozen=True)
class Filters:
    """years: (n,) of row i, the paper i + 1. rows: of each category, ascending."""

    years: NDArray[np.int16]
    rows: dict[str, NDArray[np.int32]]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What a FilterMaker wrote."""
        with np.load(folder / FILE) as stored:
            parts = np.split(stored["rows"], stored["ends"][:-1])
            return cls(stored["years"], dict(zip(stored["names"].tolist(), parts, strict=True)))

    def mask(self, task: Task) -> NDArray[np.bool_]:
        """(n,): whether a paper is within the category and the years of the task."""
        found = np.zeros(len(self.years), bool)
        rows = self.rows.get(task.category, np.empty(0, np.int32))
        first, last = task.years or (0, 9999)
        years = self.years[rows]
        found[rows[(years >= first) & (years <= last)]] = True
        return found


class FilterMaker:
    """Gathers categories and years of documents that pass by."""

    def __init__(self) -> None:
        self._years: list[int] = []
        self._rows: dict[str, list[int]] = defaultdict(list)

    def noted(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents, in the order of ids from 1 on."""
        for row, document in enumerate(documents):
            self._years.append(document.published.year)
            for name in document.categories:
                self._rows[name].append(row)
            yield document

    def write(self, folder: Path) -> None:
        """For `Filters.read`."""
        names = sorted(self._rows)
        np.savez(
            folder / FILE,
            years=np.array(self._years, np.int16),
            names=np.array(names, str),
            rows=np.concatenate([np.empty(0, np.int32), *(np.array(self._rows[name], np.int32) for name in names)]),
            ends=np.cumsum([len(self._rows[name]) for name in names]),
        )


def best(rows: NDArray[np.integer] | None, scores: Scores) -> tuple[Ids, Scores]:
    """The CANDIDATES rows of the highest scores as ids, best first. rows: (m,) of the scores; None: 0 to m - 1."""
    kept = np.argpartition(-scores, CANDIDATES)[:CANDIDATES] if len(scores) > CANDIDATES else np.arange(len(scores))
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    return (kept if rows is None else rows[kept]).astype(np.int64) + 1, scores[kept]
