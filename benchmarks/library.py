"""A library of real papers for either engine, without a database: what the agreement and the speed of the two engines
are measured on.

Records and vectors come from ../shared/data. Where there are more papers than vectors, each of the rest has the vector
of another with noise added, and that one's keywords: good for measuring time, not for measuring what is found.
"""

import json
import lzma
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from benchmarks import SHARED
from papers.batches import batched
from papers.records import PaperRecord, from_json
from papers.tex import to_text
from search import frequencies, whitening
from search.encoder import DEFAULT_MODEL
from search.engines.base import Document, Engine, Ids
from search.frequencies import FrequencyTable
from search.keywords import keyphrases
from search.service import Context
from search.vectors import Vectors
from search.whitening import Transform, width_for

RECORDS, VECTORS = SHARED / "arxiv-364k.jsonl.xz", SHARED / "vectors-100k.f16.npy"
KEY = "library"  # the name of the fit
BATCH = 2000
KEYWORDS = 10
NOISE = 0.03  # standard deviation of each dimension: cosines of about .86 with the real vector


@dataclass(frozen=True)
class Library:
    """Papers with the ids 1 to n. full: (n, d) float16, L2-normalised. real: so many of them are real vectors.
    documents: what the index holds; empty where there is none to be made."""

    records: list[PaperRecord]
    full: Vectors
    real: int
    transform: Transform
    table: FrequencyTable
    width: int
    documents: list[Document] = field(default_factory=list)

    def fetch(self, ids: Ids) -> tuple[Ids, Vectors]:
        """Full vectors by id, float32, from memory."""
        return ids, self.full[ids - 1].astype(np.float32)

    def context(self, engine: Engine) -> Context:
        """What a search needs. Queries have to come with their vectors."""
        return Context(KEY, engine, self.transform, self.table, self.width, KEY, no_encoder, self.fetch)


def read_library(papers: int, seed: int = 1) -> Library:
    """The first `papers` real papers with their documents. Raises OSError where the shared data are absent."""
    records = list(islice(read_records(), papers))
    given = np.load(VECTORS, mmap_mode="r")
    real = min(len(given), len(records))
    full = np.array(given[:real])
    lenders = np.random.default_rng(seed).integers(real, size=len(records) - real)
    if len(lenders):
        full = np.concatenate([full, _noised(full, lenders, seed)])
    transform = whitening.fit(
        [full[:real]], model=DEFAULT_MODEL, dimension=full.shape[1], beta=0, gamma=0.25, fitted="2026-11-22"
    )
    texts = [(to_text(record.title), to_text(record.abstract)) for record in records]
    table = frequencies.smoothed(frequencies.count(texts[:real]))
    width = width_for(len(records), full.shape[1])
    library = Library(records, full, real, transform, table, width)
    documents = library.documents
    for rows in batched(range(len(records)), BATCH):
        short = transform.apply(full[rows[0] : rows[-1] + 1].astype(np.float32), width)
        for row, vector in zip(rows, short, strict=True):
            title, abstract = texts[row]
            if row < real:
                keywords: Sequence[str] = [phrase.text for phrase in keyphrases(title, abstract, table, KEYWORDS)]
            else:
                keywords = documents[lenders[row - real]].keywords
            documents.append(_document(row + 1, records[row], title, abstract, vector, keywords))
    return library


def read_records() -> Iterator[PaperRecord]:
    """The real records in their order."""
    with lzma.open(RECORDS, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield from_json(json.loads(line))


def fill(engine: Engine, library: Library) -> float:
    """Index the library in place of what the engine holds; how many seconds that took, the switch included."""
    start = time.perf_counter()
    with engine.rebuild(KEY, library.width) as fresh:
        for documents in batched(library.documents, BATCH):
            fresh.index(documents)
    return time.perf_counter() - start


def _document(
    number: int, record: PaperRecord, title: str, abstract: str, vector: Vectors, keywords: Sequence[str]
) -> Document:
    return Document(
        id=number,
        arxiv_id=record.arxiv_id,
        title=title,
        abstract=abstract,
        vector=vector,
        authors=[to_text(name) for name in record.authors],
        categories=record.categories,
        published=record.published.date(),
        comment=record.comment,
        journal_ref=record.journal_ref,
        doi=record.doi,
        keywords=keywords,
    )


def _noised(real: Vectors, lenders: NDArray[np.integer], seed: int) -> Vectors:
    chance = np.random.default_rng(seed)
    rows = []
    for places in np.array_split(lenders, len(lenders) // BATCH + 1):
        copies = real[places] + chance.normal(0, NOISE, (len(places), real.shape[1]))
        rows.append((copies / np.linalg.norm(copies, axis=1, keepdims=True)).astype(real.dtype))
    return np.concatenate(rows)


def no_encoder(text: str) -> Vectors:
    """In the place of an encoder, where queries come with their vectors."""
    raise NotImplementedError("queries come with their vectors")
