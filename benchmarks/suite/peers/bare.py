"""tantivy alone: the least that answers a query by words.

A lean index of id, title and both texts, stemmed as Papertide stems and with the same clauses, side by side: each stem
in title or abstract, and again in the title at a quarter. Its ids come from a fast field. No fields, dates, phrases or
categories.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tantivy
from tantivy import Occur, Query

from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers.base import CANDIDATES, Ids, Peer, Scores, Task
from search import analysis
from search.engines import codes
from search.keywords import query_terms

TITLE_BOOST = 0.25
HEAP = 256_000_000
STEMS = "stems"
PACKED = 100_000  # rows that are coded at once


class Tantivy(Peer):
    """tantivy's Python binding, all cores writing, one commit."""

    name = "tantivy"
    kinds = frozenset({"word", "words", "title", "question"})

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """See Peer."""
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("id", fast=True)
        for name in ("all", "title"):
            builder.add_text_field(name, tokenizer_name=STEMS, index_option="freq")
        index = tantivy.Index(builder.build(), path=str(folder))
        index.register_tokenizer(STEMS, analysis.stem_analyzer())
        writer = index.writer(HEAP)
        for document in corpus.documents():
            row = tantivy.Document()
            row.add_unsigned("id", document.id)
            row.add_text("title", document.title)
            row.add_text("all", f"{document.title}\n{document.abstract}")
            writer.add_document(row)
        writer.commit()
        writer.wait_merging_threads()

    def open(self, corpus: Corpus, folder: Path) -> None:
        """See Peer."""
        index = tantivy.Index.open(str(folder))
        index.register_tokenizer(STEMS, analysis.stem_analyzer())
        self._schema, self._searcher = index.schema, index.searcher()

    def ask(self, kind: str, task: Task) -> tuple[Ids, Scores]:
        """See Peer."""
        return self.find(Counter(analysis.stems(task.words)).items())

    def find(self, weighted: Iterable[tuple[str, float]]) -> tuple[Ids, Scores]:
        """The best papers for weighted stems."""
        terms = [
            Query.boost_query(Query.term_query(self._schema, field, stem, "freq"), weight * boost)
            for stem, weight in weighted
            for field, boost in (("all", 1.0), ("title", TITLE_BOOST))
        ]
        query = Query.boolean_query([(Occur.Should, term) for term in terms])
        hits = self._searcher.search(query, CANDIDATES, False).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in hits])
        return np.array(ids, np.int64), np.array([score for score, _ in hits], np.float32)


def related_words(task: Task, corpus: Corpus) -> list[tuple[str, float]]:
    """The weighted stems that the site looks for the relatives of a paper with."""
    return query_terms(task.title, task.abstract, corpus.table)


class Scan:
    """A scan of the same vectors in a byte a dimension for the CANDIDATES nearest: nothing but the products, as quick
    as the site makes them, and the choice. Codes (n, k) int8 and scales (n,) float32 are in memory."""

    def __init__(self, corpus: Corpus) -> None:
        parts = [codes.pack(corpus.short[start : start + PACKED]) for start in range(0, corpus.papers, PACKED)]
        self._codes = np.concatenate([part for part, _ in parts])
        self._scales = np.concatenate([part for _, part in parts])

    def nearest(self, task: Task) -> tuple[Ids, Scores]:
        """The nearest papers to a task's whitened vector, best first."""
        assert task.short is not None
        found = codes.products(self._codes, self._scales, task.short)
        count = min(CANDIDATES, len(found))
        best = np.argpartition(found, len(found) - count)[len(found) - count :]
        best = best[np.argsort(-found[best])]
        return best.astype(np.int64) + 1, found[best]
