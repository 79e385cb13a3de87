"""The nearest vectors and nothing else: by numpy, by faiss one by one, by faiss approximately."""

import logging
import os
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.suite.corpus import DIMENSION, Corpus
from benchmarks.suite.peers.base import CANDIDATES, Ids, Peer, Scores, Task
from benchmarks.suite.peers.filters import best

logging.getLogger("faiss.loader").setLevel(logging.WARNING)  # it tells of builds that it looks for and does not need
import faiss  # noqa: E402

Rows = NDArray[np.float32]

CHUNK = 20_000  # vectors that are handed over together
RECALL = 0.95  # of the CANDIDATES nearest, which the approximate index is tuned to
TRIED = 64  # vectors that it is tuned with
NOISE = 0.03  # upon a paper's vector, in each dimension: as far from it as the question of a reader


class _Scan(Peer):
    """Full vectors, (n, 384) float32. Relatives are the nearest to the paper's own vector, itself among them."""

    kinds: ClassVar[frozenset[str]] = frozenset({"meaning", "related"})

    def ask(self, kind: str, task: Task) -> tuple[Ids, Scores]:
        """By inner product, which is the cosine."""
        assert task.vector is not None
        return self._nearest(task.vector.astype(np.float32, copy=False))

    @abstractmethod
    def _nearest(self, vector: Rows) -> tuple[Ids, Scores]:
        """The nearest and their inner products."""


class NumpyScan(_Scan):
    """One product of a matrix with a vector by BLAS on all cores, then the CANDIDATES best by argpartition."""

    name: ClassVar[str] = "numpy"
    note = "float32, all cores"

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """A file of numpy's."""
        shape = corpus.full.shape
        stored = np.lib.format.open_memmap(folder / "vectors.npy", mode="w+", dtype=np.float32, shape=shape)
        for start, rows in _chunks(corpus):
            stored[start : start + len(rows)] = rows
        stored.flush()

    def open(self, corpus: Corpus, folder: Path) -> None:
        """All in memory."""
        self._vectors: Rows = np.load(folder / "vectors.npy")

    def _nearest(self, vector: Rows) -> tuple[Ids, Scores]:
        return best(None, self._vectors @ vector)


class FaissFlat(_Scan):
    """`IndexFlatIP`, which looks at every vector; one question at a time is answered on one core."""

    name: ClassVar[str] = "faiss"
    note = f"faiss {faiss.__version__}, float32, one core"

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """A file of faiss's."""
        index = faiss.IndexFlatIP(DIMENSION)
        for _, rows in _chunks(corpus):
            index.add(rows)
        faiss.write_index(index, os.fspath(folder / "index.faiss"))

    def open(self, corpus: Corpus, folder: Path) -> None:
        """All in memory. Without threads: a single question has no use for them, and waits for them to end."""
        faiss.omp_set_num_threads(1)
        self._index = faiss.read_index(os.fspath(folder / "index.faiss"))
        self._count = min(CANDIDATES, corpus.papers)

    def _nearest(self, vector: Rows) -> tuple[Ids, Scores]:
        scores, rows = self._index.search(vector[None, :], self._count)
        found = rows[0] >= 0  # lists that are looked at may hold fewer
        return rows[0][found].astype(np.int64) + 1, scores[0][found]


class FaissIvf(FaissFlat):
    """`IndexIVFFlat`: 4·√n lists by k-means, of which as many are looked at as find 95% of the CANDIDATES nearest. That
    number is sought when the index is filled, in the time that filling takes."""

    name: ClassVar[str] = "faiss-ivf"

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """Trained on 64 papers a list, then tuned."""
        lists = max(1, round(4 * corpus.papers**0.5))
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(DIMENSION), DIMENSION, lists, faiss.METRIC_INNER_PRODUCT)
        index.cp.max_points_per_centroid = 64
        chance = np.random.default_rng(1)
        sample = np.sort(chance.choice(corpus.papers, min(corpus.papers, 64 * lists), replace=False))
        index.train(corpus.full[sample].astype(np.float32))
        for _, rows in _chunks(corpus):
            index.add(rows)
        recall = _tune(index, corpus, chance)
        faiss.write_index(index, os.fspath(folder / "index.faiss"))
        self.note = (
            f"{FaissFlat.note}; {index.nprobe:,} of {lists:,} lists: {recall:.1%} of the {CANDIDATES:,} that flat finds"
        )


def _tune(index: faiss.IndexIVFFlat, corpus: Corpus, chance: np.random.Generator) -> float:
    """Let the index look at about as few lists as give RECALL; what it then gives."""
    count = min(CANDIDATES, corpus.papers)
    papers = np.sort(chance.choice(corpus.papers, min(TRIED, corpus.papers), replace=False))
    asked = corpus.full[papers] + chance.normal(0, NOISE, (len(papers), DIMENSION)).astype(np.float32)
    exact = faiss.ResultHeap(len(asked), count, keep_max=True)
    for start, rows in _chunks(corpus):
        scores, places = faiss.knn(asked, rows, min(count, len(rows)), faiss.METRIC_INNER_PRODUCT)
        exact.add_result(scores, places + start)
    exact.finalize()
    index.nprobe = max(1, index.nlist // 64)
    while True:
        _, rows = index.search(asked, count)
        found = [len(np.intersect1d(one, other)) for one, other in zip(rows, exact.I, strict=True)]
        recall = float(np.mean(found)) / count
        if recall >= RECALL or index.nprobe >= index.nlist:
            return recall
        index.nprobe = min(index.nlist, index.nprobe * 5 // 4 + 1)


def _chunks(corpus: Corpus) -> Iterator[tuple[int, Rows]]:
    for start in range(0, corpus.papers, CHUNK):
        yield start, corpus.full[start : start + CHUNK].astype(np.float32)
