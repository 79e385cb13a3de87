"""bm25s: BM25 scores of all words and papers computed beforehand, kept as a sparse matrix."""

import logging
from pathlib import Path
from typing import ClassVar

import bm25s
import numpy as np
import Stemmer
from bm25s.tokenization import Tokenizer

from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers.base import CANDIDATES, Ids, Peer, Scores, Task
from benchmarks.suite.peers.filters import FilterMaker, Filters
from search.analysis import STOP_WORDS

logging.getLogger("bm25s").setLevel(logging.WARNING)


class Bm25s(Peer):
    """Title and abstract as one text, the site's stemmer and stop words, Lucene's BM25, the backend on numba (six times
    as fast as the one on numpy at 100,000 papers), the matrix mapped from its files. It knows no fields: a filter is a
    mask of weights; and no order of words: no phrases. Relatives are what the whole text of the paper finds."""

    name: ClassVar[str] = "bm25s"
    kinds: ClassVar[frozenset[str]] = frozenset({"word", "words", "title", "question", "filtered", "related"})
    note = f"bm25s {bm25s.__version__}, numba"

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """Tokens as a stream, so that no text stays in memory."""
        tokenizer, filters = _tokenizer(), FilterMaker()
        texts = (f"{document.title}\n{document.abstract}" for document in filters.noted(corpus.documents()))
        ids = list(tokenizer.streaming_tokenize(texts))  # type: ignore[arg-type, unused-ignore]
        index = bm25s.BM25(method="lucene", backend="numba")
        index.index((ids, tokenizer.get_vocab_dict()), show_progress=False)
        index.save(folder, show_progress=False)
        tokenizer.save_vocab(folder)
        filters.write(folder)

    def open(self, corpus: Corpus, folder: Path) -> None:
        """numba compiles at the first question."""
        self._index = bm25s.BM25.load(folder, mmap=True, show_progress=False)
        self._tokenizer = _tokenizer()
        self._tokenizer.load_vocab(folder)
        self._filters = Filters.read(folder)
        self._count = min(CANDIDATES, corpus.papers)

    def ask(self, kind: str, task: Task) -> tuple[Ids, Scores]:
        """Papers without any of the words score 0 and are no answer."""
        text = f"{task.title}\n{task.abstract}" if kind == "related" else task.words
        [tokens] = self._tokenizer.tokenize([text], update_vocab=False, return_as="ids", show_progress=False)
        if not tokens:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        mask = self._filters.mask(task).astype(np.float32) if kind == "filtered" else None
        found = self._index.retrieve([tokens], k=self._count, weight_mask=mask, show_progress=False)
        rows, scores = found.documents[0], found.scores[0]
        kept = scores > 0
        return rows[kept].astype(np.int64) + 1, scores[kept].astype(np.float32)


def _tokenizer() -> Tokenizer:
    """Runs of letters and digits in lower case, as `search.analysis` has them but for accents."""
    return Tokenizer(lower=True, splitter=r"[^\W_]+", stopwords=list(STOP_WORDS), stemmer=Stemmer.Stemmer("english"))
