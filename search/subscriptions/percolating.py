"""Many queries asked of few papers: a small index of one day's papers, with the fields, the analysis and the compiler
of the embedded engine, whichever engine the site has.

A paper that was announced and waits for the site's index is found all the same. To make one of 1,700 papers takes most
of a second, and a new subscription asks those of two weeks: so they are kept as files, each under a hash of what it
holds, for whichever process asks next.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import numpy as np
import structlog
import tantivy
from django.conf import settings

from papers.models import Paper
from search.documents import make_document
from search.engines.tantivy_schema import SCHEMA_VERSION, Compiler, build_schema, register_analyzers
from search.engines.tantivy_writing import add
from search.frequencies import prior
from search.plan import make_plan
from search.query import Query

log = structlog.get_logger(__name__)
INDEXED: Final = (
    "arxiv_id",
    "title",
    "abstract",
    "authors",
    "categories",
    "published",
    "comment",
    "journal_ref",
    "doi",
)
"""The columns of a paper that a query can ask for."""

KEPT: Final = 40  # indexes, some megabytes each; those asked for last stay
_NEW: Final = "new-"  # begins the name of a folder that is being filled
_NO_VECTOR: Final = np.zeros(0, np.float32)


class Percolator:
    """Papers that can be asked for queries."""

    def __init__(self, index: tantivy.Index) -> None:
        register_analyzers(index)
        index.config_reader("manual")
        index.reload()
        self._compiler = Compiler(index.schema)
        self._searcher = index.searcher()

    @classmethod
    def of(cls, papers: Sequence[Paper]) -> "Percolator":
        """Of these papers, from the files that are there or are made now; in memory where no files can be had."""
        folder = settings.DATA_DIR / "days" / _name(papers)
        try:
            if not folder.is_dir():
                _make(folder, papers)
            os.utime(folder)
            return cls(tantivy.Index.open(str(folder)))
        except (OSError, ValueError) as error:
            log.warning("a day's index is made in memory", reason=str(error))
            index = tantivy.Index(build_schema())
            _fill(index, papers)
            return cls(index)

    def holding(self, query: Query) -> set[int]:
        """Primary keys of the papers that hold the query's binding parts and every free word, as the totals and feeds
        of a search have it; none for a query without words, or one that the index cannot compile."""
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
        if not addresses:
            return set()
        return set(np.array(self._searcher.fast_field_values("id", addresses), np.int64).tolist())


def _name(papers: Iterable[Paper]) -> str:
    """A hash of all that an index of these papers would hold, and of how it holds it."""
    digest = blake2b(f"{SCHEMA_VERSION}".encode(), digest_size=16)
    for paper in papers:
        digest.update(repr([paper.pk, *(getattr(paper, name) for name in INDEXED)]).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _make(folder: Path, papers: Iterable[Paper]) -> None:
    """Make an index; it is in its place whole or not at all. Raises OSError, or ValueError for tantivy's errors."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(prefix=_NEW, dir=folder.parent))
    try:
        _fill(tantivy.Index(build_schema(), path=str(scratch)), papers)
        with suppress(OSError):  # somebody else was quicker
            scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _sweep(folder.parent)


def _fill(index: tantivy.Index, papers: Iterable[Paper]) -> None:
    register_analyzers(index)
    add(index, (make_document(paper, _NO_VECTOR) for paper in papers))


def _sweep(root: Path) -> None:
    """Delete what was not asked for longest; a process that has it open reads on."""
    with suppress(OSError):  # others sweep, too
        by_use = sorted(root.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in by_use[KEPT:]:
            shutil.rmtree(path, ignore_errors=True)
