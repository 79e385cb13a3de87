"""Many queries asked of few papers: a small index in memory of one day's papers, with the fields, the analysis and the
compiler of the embedded engine, whichever engine the site has.

A paper that was announced and waits for the site's index is found all the same.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import structlog
import tantivy

from papers.models import Paper
from search.engines.base import Document
from search.engines.embedded import HEAP
from search.engines.tantivy_schema import Compiler, build_schema, register_analyzers, to_tantivy
from search.frequencies import prior
from search.plan import make_plan
from search.query import Query

log = structlog.get_logger(__name__)
_NO_VECTOR: Final = np.zeros(0, np.float32)


class Percolator:
    """Add papers, say that they are all, then ask."""

    def __init__(self) -> None:
        self._index = tantivy.Index(build_schema())
        register_analyzers(self._index)
        self._writer = self._index.writer(HEAP, 1)
        self._compiler = Compiler(self._index.schema)
        self._searcher: tantivy.Searcher | None = None

    def add(self, papers: Iterable[Paper]) -> None:
        """Put papers into the index."""
        for paper in papers:
            self._writer.add_document(to_tantivy(_document(paper)))

    def ready(self) -> None:
        """No paper comes any more."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def holding(self, query: Query) -> set[int]:
        """Primary keys of the papers that hold the query's binding parts and every free word, as the totals and feeds
        of a search have it; none for a query without words, or one that the index cannot compile."""
        assert self._searcher is not None, "ask after ready()"
        if query.tree is None or not self._searcher.num_docs:
            return set()
        plan = make_plan(query, prior())
        try:
            compiled = self._compiler.query(plan.lexical(len(plan.units)), scored=False)
            found = self._searcher.search(compiled, self._searcher.num_docs, False)
        except ValueError as error:
            log.warning("a subscription's query cannot be asked", query=query.text, reason=str(error))
            return set()
        addresses = [address for _score, address in found.hits]
        return (
            set(np.array(self._searcher.fast_field_values("id", addresses), np.int64).tolist()) if addresses else set()
        )


def _document(paper: Paper) -> Document:
    return Document(
        id=paper.pk,
        arxiv_id=paper.arxiv_id,
        title=paper.plain_title,
        abstract=paper.plain_abstract,
        vector=_NO_VECTOR,
        authors=paper.plain_authors,
        categories=paper.categories,
        published=paper.published.date(),
        comment=paper.comment,
        journal_ref=paper.journal_ref,
        doi=paper.doi,
        keywords=paper.keywords,
    )
