"""The embedded engine's vectors: one matrix of bytes in one file, scanned whole.

Two files grow together and are only ever appended to: `vectors.i8` (rows of k codes, `search.engines.codes`) and
`rows.bin` (id, day, scale of the codes and categories of each row). The last row of an id is the paper's; a row with
TOMBSTONE for a day says that the paper is gone. How many rows are valid stands in the index's state file: what a killed
writer left behind that number is cut off by the next writer, so a write counts whole or not at all.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.engines import codes
from search.engines.base import Document, Hits, Ids, categories_of
from search.query import And, Field, Node, Not, Or, Range, Word

WORDS = 4  # 64-bit words of category bits
CATEGORY_ROOM = WORDS * 64
ROW = np.dtype([("id", "<i8"), ("day", "<i4"), ("scale", "<f4"), ("categories", "<u8", (WORDS,))])
TOMBSTONE = -1
Mask = NDArray[np.bool_]
# Where fewer than one of so many rows are wanted, those are taken out and multiplied; else all are.
FEW = 8
SAMPLE = 16  # one of so many scores tells which ones need not be ordered


class VectorTable:
    """The valid rows of one index folder at one moment: `count` rows of `width` dimensions, mapped into memory.

    `categories` names the category bits in their order; the writer adds new names to it.
    """

    def __init__(self, folder: Path, width: int, count: int, categories: list[str]) -> None:
        self.folder, self.width, self.count, self.categories = folder, width, count, categories
        self.codes = self._map("vectors.i8", np.dtype("i1"), (count, width))
        self.rows = self._map("rows.bin", ROW, (count,))
        self.scales: codes.Scales = self.rows["scale"].astype(np.float32)
        ids = self.rows["id"]
        rising = bool((ids[1:] > ids[:-1]).all())  # as after a rebuild: no paper twice
        if rising:
            slots = np.arange(count)
        else:
            order = np.argsort(ids, kind="stable")
            last = np.append(ids[order][1:] != ids[order][:-1], True)
            slots = order[last]
        self.slots = slots[self.rows["day"][slots] != TOMBSTONE]
        self.ids: Ids = ids[self.slots].astype(np.int64)
        self.whole = rising and len(self.slots) == count  # every row is a paper, in the order of ids

    def _map(self, name: str, dtype: np.dtype, shape: tuple[int, ...]) -> NDArray:
        if not self.count:
            return np.empty(shape, dtype)
        return np.asarray(np.memmap(self.folder / name, dtype=dtype, mode="r", shape=shape))

    def nearest(self, vector: NDArray[np.float32], limit: int, mask: Mask | None) -> Hits:
        """The `limit` papers of largest inner product with `vector`, among those of `mask` (over `self.ids`), by codes;
        equal ones by descending id."""
        if not self.count or limit < 1:
            return Hits()
        found, ids = self._scores(vector, mask)
        best = _largest(found, limit)
        found, ids = found[best], ids[best]
        order = np.lexsort((-ids, -found))[:limit]
        return Hits(ids[order], found[order])

    def _scores(self, vector: NDArray[np.float32], mask: Mask | None) -> tuple[codes.Scales, Ids]:
        places = None if mask is None else np.flatnonzero(mask)
        if places is not None and len(places) * FEW < self.count:
            rows = self.slots[places]
            return codes.products(self.codes[rows], self.scales[rows], vector), self.ids[places]
        scores = codes.products(self.codes, self.scales, vector)
        found = scores if self.whole else scores[self.slots]
        return (found, self.ids) if places is None else (found[places], self.ids[places])

    def holding(self, ids: Ids) -> Mask:
        """The mask of these papers over `self.ids`; ids that are not in the table are passed over."""
        mask = np.zeros(len(self.ids), bool)
        if len(self.ids):
            places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
            mask[places[self.ids[places] == ids]] = True
        return mask

    def mask(self, node: Node) -> Mask | None:
        """Which papers hold a tree of categories and dates, over `self.ids`; None where the tree asks for more than
        the columns know."""
        match node:
            case Range(start, end):
                days = self._column("day")
                after = days >= (start or date.min).toordinal()
                return np.asarray(after & (days <= (end or date.max).toordinal()))
            case Field("cat", Word(name)):
                return self._in_category(name)
            case And(children) | Or(children):
                masks = [self.mask(child) for child in children]
                known = [mask for mask in masks if mask is not None]
                if len(known) < len(masks):
                    return None
                join = np.logical_and if isinstance(node, And) else np.logical_or
                return np.asarray(join.reduce(known), dtype=bool)
            case Not(child):
                inner = self.mask(child)
                return None if inner is None else ~inner
        return None

    def _in_category(self, name: str) -> Mask | None:
        names = categories_of(name)
        wanted = [bit for bit, code in enumerate(self.categories) if code in names]
        if any(bit >= CATEGORY_ROOM for bit in wanted):
            return None
        bits, column = _bits(wanted), self._column("categories")
        mask = np.zeros(len(self.ids), bool)
        for word in np.flatnonzero(bits):
            mask |= (column[:, word] & bits[word]) != 0
        return mask

    def _column(self, name: str) -> NDArray:
        column: NDArray = self.rows[name]
        return column if self.whole else column[self.slots]

    def append(self, documents: Sequence[Document]) -> int:
        """Write rows behind the valid ones and return the count that makes them valid.

        Raises ValueError where a vector has not the width of the index.
        """
        rows = np.zeros(len(documents), ROW)
        for place, document in enumerate(documents):
            bits = [self._bit(name) for name in document.categories]
            rows[place] = (document.id, document.published.toordinal(), 0, _bits(bits))
        for document in documents:
            if document.vector.shape != (self.width,):
                raise ValueError(f"a vector of {document.vector.size} dimensions for an index of {self.width}")
        packed, rows["scale"] = codes.pack(np.stack([document.vector for document in documents]))
        return self._write(rows, packed)

    def bury(self, ids: Iterable[int]) -> int:
        """Write the tombstones of papers and return the count that makes them valid."""
        numbers = list(ids)
        rows = np.zeros(len(numbers), ROW)
        rows["id"], rows["day"] = numbers, TOMBSTONE
        return self._write(rows, np.zeros((len(numbers), self.width), np.int8))

    def _bit(self, name: str) -> int:
        if name not in self.categories:
            self.categories.append(name)
        return self.categories.index(name)

    def _write(self, rows: NDArray, packed: codes.Codes) -> int:
        for name, data, size in (("vectors.i8", packed, self.width), ("rows.bin", rows, ROW.itemsize)):
            path = self.folder / name
            with path.open("r+b" if path.exists() else "w+b") as file:
                file.truncate(self.count * size)
                file.seek(self.count * size)
                file.write(data.tobytes())
        return self.count + len(rows)


def _largest(scores: NDArray[np.float32], limit: int) -> NDArray[np.intp]:
    """The places of the `limit` largest scores, and of all that are equal to the last of them; maybe of some more."""
    total = len(scores)
    if limit >= total:
        return np.arange(total)
    sample = scores[::SAMPLE]
    # As many of the sample as are among the largest with near certainty; where they were not, all are looked at.
    share = limit // SAMPLE
    rank = share + 5 * math.isqrt(share) + 5
    if rank < len(sample):
        places = np.flatnonzero(scores >= np.partition(sample, len(sample) - rank)[len(sample) - rank])
        if len(places) >= limit:
            return places
    return np.flatnonzero(scores >= np.partition(scores, total - limit)[total - limit])


def _bits(places: Sequence[int]) -> NDArray[np.uint64]:
    words = np.zeros(WORDS, np.uint64)
    for place in places:
        if place < CATEGORY_ROOM:
            words[place // 64] |= np.uint64(1 << (place % 64))
    return words
