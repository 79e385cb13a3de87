"""TF-IDF and a linear SVM of scikit-learn, the way of arxiv-sanity-lite."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import sklearn
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers.base import Ids, Peer, Scores, Task
from benchmarks.suite.peers.filters import FilterMaker, Filters, best

FEATURES = 20_000


class TfidfSvm(Peer):
    """Title, abstract and authors as one text; words and pairs of words, the 20,000 most common, sublinear. Words are
    searched by the product of sparse matrices, papers by feature, so that only those with a word are touched. Relatives
    are what an SVM gives that was trained on that paper against all others (balanced, C = 0.01)."""

    name: ClassVar[str] = "tfidf"
    kinds: ClassVar[frozenset[str]] = frozenset({"word", "words", "title", "question", "filtered", "related"})
    fewest: ClassVar[int] = 3  # an SVM of 364,000 papers takes seconds
    note = f"scikit-learn {sklearn.__version__}, {FEATURES:,} features at most"

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """The texts are read once."""
        filters = FilterMaker()
        vectorizer = TfidfVectorizer(
            strip_accents="unicode",
            stop_words="english",
            token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
            ngram_range=(1, 2),
            max_features=FEATURES,
            max_df=0.5,
            min_df=5,
            sublinear_tf=True,
            dtype=np.float32,
        )
        papers = vectorizer.fit_transform(_texts(corpus, filters))
        (folder / "vectorizer.pickle").write_bytes(pickle.dumps(vectorizer))
        sparse.save_npz(folder / "papers.npz", papers, compressed=False)
        filters.write(folder)

    def open(self, corpus: Corpus, folder: Path) -> None:
        """The matrix by paper, which the SVM is trained on, and by feature, which words are looked up in."""
        self._vectorizer: TfidfVectorizer = pickle.loads((folder / "vectorizer.pickle").read_bytes())
        self._papers = sparse.load_npz(folder / "papers.npz").tocsr()
        self._features = self._papers.T.tocsr()
        self._filters = Filters.read(folder)

    def ask(self, kind: str, task: Task) -> tuple[Ids, Scores]:
        """Papers without any of the words are no answer."""
        if kind == "related":
            return self._related(task.paper - 1)
        found = self._vectorizer.transform([task.words]) @ self._features
        rows, scores = found.indices, found.data
        if kind == "filtered":
            kept = self._filters.mask(task)[rows]
            rows, scores = rows[kept], scores[kept]
        return best(rows, scores.astype(np.float32))

    def _related(self, row: int) -> tuple[Ids, Scores]:
        wanted = np.zeros(self._papers.shape[0], np.float32)
        wanted[row] = 1
        machine = LinearSVC(class_weight="balanced", C=0.01, max_iter=10_000, tol=1e-6, dual=True)  # twice as fast
        return best(None, machine.fit(self._papers, wanted).decision_function(self._papers).astype(np.float32))


def _texts(corpus: Corpus, filters: FilterMaker) -> Iterator[str]:
    for document in filters.noted(corpus.documents()):
        yield f"{document.title} {document.abstract} {' '.join(document.authors)}"
