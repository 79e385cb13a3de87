"""The papers that are measured on, kept on disk so that any process opens them at once.

Records and vectors come from ../shared/data, in their order; a smaller corpus is the beginning of a larger one. Where
there are more papers than vectors, each of the rest has the vector of another with noise added, and that one's
keyphrases; where there are more papers than records, records are repeated under altered ids with noise upon their
vectors. That is good for measuring time, not for measuring what is found.

    <folder>/documents.jsonl, documents.at   what an index holds of each record but its vector, and where each begins
    <folder>/records.jsonl                   the records as they were given
    <folder>/full.f16                        full vectors, (n, 384) float16
    <folder>/state.json                      how much of these counts; what a killed process left behind it is cut off
    <folder>/fit-<n>.npz, fit-<n>.table      whitening and document frequencies of the first n papers
    <folder>/short-<n>.f32                   whitened vectors of a corpus of n papers, (n, k) float32
"""

import json
import lzma
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from benchmarks import SHARED
from papers.records import from_json
from papers.tex import to_text
from search import frequencies, whitening
from search.encoder import DEFAULT_MODEL
from search.engines.base import Document, Ids
from search.frequencies import FrequencyTable
from search.keywords import keyphrases
from search.vectors import Vectors
from search.whitening import Transform, width_for

RECORDS, VECTORS = SHARED / "arxiv-364k.jsonl.xz", SHARED / "vectors-100k.f16.npy"
KEYWORDS = 10
DIMENSION = 384
NOISE = 0.03  # standard deviation of each dimension: cosines of about .86 with the real vector
CHUNK = 500  # papers that are made, and count, together
SEED = 1
FITTED = "2026-11-22"


@dataclass(frozen=True)
class Corpus:
    """`papers` papers with the ids 1 to n. real: so many of them have real vectors. given: so many of them are
    different records. width: k of the whitened vectors. Small to pickle: all else is on disk."""

    folder: Path
    papers: int
    real: int
    given: int
    width: int

    @cached_property
    def full(self) -> NDArray[np.float16]:
        """Full vectors, (n, 384) float16, L2-normalised; row i is the paper with the id i + 1. Mapped from the file."""
        return np.memmap(self.folder / "full.f16", np.float16, mode="r", shape=(self.papers, DIMENSION))

    @cached_property
    def short(self) -> Vectors:
        """Whitened vectors, (n, width) float32, L2-normalised, likewise."""
        path = self.folder / f"short-{self.papers}.f32"
        return np.memmap(path, np.float32, mode="r", shape=(self.papers, self.width))

    @cached_property
    def transform_bytes(self) -> bytes:
        """The whitening as `Transform.to_bytes`."""
        return (self.folder / f"fit-{self.real}.npz").read_bytes()

    @cached_property
    def table_bytes(self) -> bytes:
        """The document frequencies as `FrequencyTable.to_bytes`, the prior not mixed in."""
        return (self.folder / f"fit-{self.real}.table").read_bytes()

    @cached_property
    def transform(self) -> Transform:
        """The whitening, fitted on the real vectors."""
        return Transform.from_bytes(self.transform_bytes)

    @cached_property
    def table(self) -> FrequencyTable:
        """Document frequencies, the prior behind them as at the site."""
        return frequencies.smoothed(FrequencyTable.from_bytes(self.table_bytes))

    def documents(self) -> Iterator[Document]:
        """What an index holds, in the order of ids: a stream, so that memory stays flat."""
        short, number = self.short, 0
        while number < self.papers:
            with (self.folder / "documents.jsonl").open("rb") as lines:
                for line in islice(lines, min(self.given, self.papers - number)):
                    yield self._document(json.loads(line), number + 1, short[number])
                    number += 1

    def document(self, number: int) -> Document:
        """The document with this id."""
        row = (number - 1) % self.given
        at = np.memmap(self.folder / "documents.at", np.int64, mode="r")
        with (self.folder / "documents.jsonl").open("rb") as lines:
            lines.seek(int(at[row]))
            return self._document(json.loads(lines.readline()), number, self.short[number - 1])

    def records(self) -> Iterator[str]:
        """The papers' records as lines of JSON, in the order of ids: what `load_papers` reads."""
        number = 0
        while number < self.papers:
            with (self.folder / "records.jsonl").open(encoding="utf-8") as lines:
                for line in islice(lines, min(self.given, self.papers - number)):
                    number += 1
                    yield line if number <= self.given else _renamed(line, number)

    def fetch(self, ids: Ids) -> tuple[Ids, Vectors]:
        """Full vectors by id, float32, (n, 384)."""
        return ids, self.full[ids - 1].astype(np.float32)

    def __reduce__(self) -> tuple[type["Corpus"], tuple[Any, ...]]:
        """Without what is mapped from files."""
        return Corpus, (self.folder, self.papers, self.real, self.given, self.width)

    def _document(self, row: list[Any], number: int, vector: Vectors) -> Document:
        arxiv_id, title, abstract, authors, categories, day, comment, journal_ref, doi, keywords = row
        return Document(
            id=number,
            arxiv_id=arxiv_id if number <= self.given else altered_id(number),
            title=title,
            abstract=abstract,
            vector=vector,
            authors=authors,
            categories=categories,
            published=date.fromisoformat(day),
            comment=comment,
            journal_ref=journal_ref,
            doi=doi,
            keywords=keywords,
        )


def corpus(folder: Path, papers: int) -> Corpus:
    """The corpus of `papers` papers in `folder`, made there as far as it is not. One process makes it, others wait.

    Raises OSError where the shared data are absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "making.lock"):
        state = _Maker(folder).make(papers)
        real = min(papers, state.real)
        found = Corpus(folder, papers, real, min(papers, state.records), width_for(papers, DIMENSION))
        _fit(found)
        _shorten(found)
    return found


def altered_id(number: int) -> str:
    """The arXiv id of a record that is repeated as the paper `number`: of years that are to come."""
    month, serial = divmod(number, 90_000)
    return f"{40 + month // 12}{month % 12 + 1:02}.{serial:05}"


def _renamed(line: str, number: int) -> str:
    return json.dumps(json.loads(line) | {"id": altered_id(number)}) + "\n"


@dataclass(frozen=True)
class _State:
    """records: made so far. complete: there are no more. vectors: made so far. text, lines: bytes of documents.jsonl
    and records.jsonl that count. real: how many real vectors there are."""

    records: int = 0
    complete: bool = False
    vectors: int = 0
    text: int = 0
    lines: int = 0
    real: int = 0


class _Maker:
    """Appends to a folder of corpora, a chunk at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "state.json"
        self.state = _State(**json.loads(path.read_text())) if path.exists() else _State()

    def make(self, papers: int) -> _State:
        """Let there be the records and vectors of `papers` papers, as many as are given of the former."""
        if self.state.records < papers and not self.state.complete:
            self._records(papers)
        if self.state.vectors < papers:
            self._vectors(papers)
        return self.state

    def _keep(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        _write(self.folder / "state.json", json.dumps(self.state.__dict__).encode())

    def _records(self, papers: int) -> None:
        table = frequencies.smoothed(None)  # what ships, so that papers to come change nothing
        real = len(np.load(VECTORS, mmap_mode="r"))
        with (
            lzma.open(RECORDS, "rt", encoding="utf-8") as given,
            _appending(self.folder / "documents.jsonl", self.state.text) as documents,
            _appending(self.folder / "documents.at", self.state.records * 8) as places,
            _appending(self.folder / "records.jsonl", self.state.lines) as records,
        ):
            lines = islice(given, self.state.records, None)
            while self.state.records < papers and not self.state.complete:
                chunk = list(islice(lines, CHUNK))
                rows = [self._row(self.state.records + place, line, table, real) for place, line in enumerate(chunk)]
                texts = [json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows]
                starts = self.state.text + np.cumsum([0, *map(len, texts)])
                documents.write(b"".join(texts))
                places.write(starts[:-1].astype(np.int64).tobytes())
                records.write("".join(chunk).encode())
                for file in (documents, places, records):
                    file.flush()
                self._keep(
                    records=self.state.records + len(chunk),
                    complete=len(chunk) < CHUNK,
                    text=int(starts[-1]),
                    lines=records.tell(),
                    real=real,
                )

    def _row(self, row: int, line: str, table: FrequencyTable, real: int) -> list[object]:
        record = from_json(json.loads(line))
        title, abstract = to_text(record.title), to_text(record.abstract)
        if row < real:
            keywords: Sequence[str] = [phrase.text for phrase in keyphrases(title, abstract, table, KEYWORDS)]
        else:
            keywords = self._lent[_lenders(row // CHUNK, real)[row % CHUNK]]
        return [
            record.arxiv_id,
            title,
            abstract,
            [to_text(name) for name in record.authors],
            record.categories,
            record.published.date().isoformat(),
            record.comment,
            record.journal_ref,
            record.doi,
            keywords,
        ]

    @cached_property
    def _lent(self) -> list[list[str]]:
        """The keyphrases of the papers with real vectors."""
        with (self.folder / "documents.jsonl").open("rb") as lines:
            return [json.loads(line)[-1] for line in islice(lines, self.state.real)]

    def _vectors(self, papers: int) -> None:
        given = np.load(VECTORS, mmap_mode="r")
        real, records = len(given), self.state.records
        lenders = np.concatenate([_lenders(chunk, real) for chunk in range(records // CHUNK + 1)])
        lenders[:real] = np.arange(real)[: len(lenders)]
        path = self.folder / "full.f16"
        with _appending(path, self.state.vectors * DIMENSION * 2) as out:
            while self.state.vectors < papers:
                rows = np.arange(self.state.vectors, self.state.vectors + CHUNK)
                chunk = int(rows[0]) // CHUNK
                lent = lenders[rows % records if self.state.complete else rows]
                vectors = given[lent].astype(np.float32)
                noised = rows >= real
                noise = np.random.default_rng([SEED, chunk, 1]).normal(0, NOISE, (CHUNK, DIMENSION))
                vectors[noised] += noise[noised].astype(np.float32)
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                vectors[~noised] = given[lent[~noised]]
                out.write(vectors.astype(np.float16).tobytes())
                out.flush()
                self._keep(vectors=self.state.vectors + CHUNK)


def _lenders(chunk: int, real: int) -> NDArray[np.int64]:
    """Whose vectors and keyphrases the records of a chunk have that have none of their own: (CHUNK,) rows."""
    return np.random.default_rng([SEED, chunk]).integers(real, size=CHUNK)


def _fit(found: Corpus) -> None:
    """Whitening and frequencies of the papers with real vectors."""
    paths = found.folder / f"fit-{found.real}.npz", found.folder / f"fit-{found.real}.table"
    if all(path.exists() for path in paths):
        return
    transform = whitening.fit(
        np.array_split(found.full[: found.real], found.real // 10_000 + 1),
        model=DEFAULT_MODEL,
        dimension=DIMENSION,
        beta=0,
        gamma=0.25,
        fitted=FITTED,
    )
    with (found.folder / "documents.jsonl").open("rb") as lines:
        table = frequencies.count(tuple(json.loads(line)[1:3]) for line in islice(lines, found.real))
    _write(paths[0], transform.to_bytes())
    _write(paths[1], table.to_bytes())


def _shorten(found: Corpus) -> None:
    """Whitened vectors of one corpus."""
    path = found.folder / f"short-{found.papers}.f32"
    if path.exists():
        return
    part = path.with_suffix(".part")
    with part.open("wb") as out:
        for start in range(0, found.papers, 10_000):
            rows = found.full[start : start + 10_000].astype(np.float32)
            out.write(found.transform.apply(rows, found.width).tobytes())
    os.replace(part, path)


def _appending(path: Path, size: int) -> Any:
    """The file, cut off at `size` bytes and open for writing behind them."""
    file = path.open("r+b" if path.exists() else "w+b")
    file.truncate(size)
    file.seek(size)
    return file


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)
