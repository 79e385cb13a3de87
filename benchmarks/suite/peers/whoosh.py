"""Whoosh, the search library in pure Python (whoosh-reloaded, the last release of the branch that most use)."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import Stemmer
from whoosh import fields, index, query
from whoosh.analysis import Analyzer, StemmingAnalyzer
from whoosh.searching import Results, Searcher

from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers.base import CANDIDATES, Ids, Peer, Scores, Task
from search.analysis import STOP_WORDS

TITLE = 5.0  # how much more a word of the title weighs
TELLING = 40  # words that a paper's relatives are looked for by, as many as the site takes
_STEMMER = Stemmer.Stemmer("english")


class Whoosh(Peer):
    """Title and abstract with the site's stemmer and stop words, category and year as fields; any of the words by
    BM25F, the title five times as heavy. Relatives are `more_like` the abstract. More than 20,000 papers take it too
    long."""

    name: ClassVar[str] = "whoosh"
    kinds: ClassVar[frozenset[str]] = frozenset({"word", "words", "title", "question", "phrase", "filtered", "related"})
    most: ClassVar[int | None] = 20_000
    note = "whoosh-reloaded, not maintained any more"

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """One segment, written by one process."""
        writer = index.create_in(folder, _schema()).writer(limitmb=512)
        for document in corpus.documents():
            writer.add_document(
                id=document.id,
                title=document.title,
                abstract=document.abstract,
                categories=" ".join(document.categories),
                year=document.published.year,
            )
        writer.commit(optimize=True)

    def open(self, corpus: Corpus, folder: Path) -> None:
        """One searcher for all questions, as its documentation advises."""
        self._searcher: Searcher = index.open_dir(folder, readonly=True).searcher()
        self._analyzer = _analyzer()

    def ask(self, kind: str, task: Task) -> tuple[Ids, Scores]:
        """Queries are made without its parser, which would take their marks for syntax."""
        if kind == "related":
            row = self._searcher.document_number(id=task.paper)
            return _found(
                self._searcher.more_like(row, "abstract", text=task.abstract, top=CANDIDATES, numterms=TELLING)
            )
        stems = [token.text for token in self._analyzer(task.words, mode="query")]
        if not stems:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        within = None
        if kind == "filtered":
            first, last = task.years or (0, 9999)
            within = query.And([query.Term("categories", task.category), query.NumericRange("year", first, last)])
        asked = _phrase(stems) if kind == "phrase" else _any_of(stems)
        return _found(self._searcher.search(asked, limit=CANDIDATES, filter=within))


def _analyzer() -> Analyzer:
    return StemmingAnalyzer(r"[^\W_]+", stoplist=STOP_WORDS, minsize=1, stemfn=_stem)


def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))  # a function of a module, since an index keeps its analyzer pickled


def _schema() -> fields.Schema:
    return fields.Schema(
        id=fields.NUMERIC(stored=True, unique=True),
        title=fields.TEXT(analyzer=_analyzer(), field_boost=TITLE),
        abstract=fields.TEXT(analyzer=_analyzer()),
        categories=fields.KEYWORD(),
        year=fields.NUMERIC(),
    )


def _any_of(stems: list[str]) -> query.Query:
    return query.Or([query.Term(field, stem) for stem in dict.fromkeys(stems) for field in ("title", "abstract")])


def _phrase(stems: list[str]) -> query.Query:
    return query.Or([query.Phrase(field, stems) for field in ("title", "abstract")])


def _found(results: Results) -> tuple[Ids, Scores]:
    ids = np.array([hit["id"] for hit in results], np.int64)
    return ids, np.array([hit.score for hit in results], np.float32)
