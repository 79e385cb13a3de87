"""How documents come into a tantivy index: one write at a time, or a whole index at once, laid out for reading.

tantivy's log merge policy makes one segment of eight of a size (sizes within a factor of 2^0.75, all below 10,000
documents alike). Every segment is searched for the best by itself, so that few are quicker to ask: an index of as many
equal segments as a power of eight ends as one.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import tantivy

from search.engines.base import Document
from search.engines.tantivy_schema import register_analyzers, to_tantivy

HEAP = 64_000_000  # bytes a writer may hold before it writes a segment
FILLING_HEAP = 128_000_000
MERGED = 8  # segments of a size that become one
LARGEST = 20_000  # documents that surely are one segment in FILLING_HEAP
SPARE = 0.99  # of the papers that are announced: some will turn out to be gone


def open_index(folder: Path) -> tantivy.Index:
    """The index in a folder, with its analyzers. Raises OSError, ValueError."""
    index = tantivy.Index.open(str(folder))
    register_analyzers(index)
    return index


def add(index: tantivy.Index, documents: Iterable[Document], old: Collection[int] = ()) -> None:
    """Take the ids of `old` out and put documents in, durable when it returns. Raises OSError, ValueError."""
    writer = index.writer(HEAP, 1)
    _take_out(index, writer, old)
    for document in documents:
        writer.add_document(to_tantivy(document))
    writer.commit()
    writer.wait_merging_threads()


class Filling:
    """An empty index that some number of papers is written into. What is written counts from the next `commit` on: who
    is killed before begins anew. All raise OSError, ValueError."""

    def __init__(self, folder: Path, papers: int) -> None:
        self._index = open_index(folder)
        self._writer = self._index.writer(FILLING_HEAP, 1)
        segments = 1
        while papers > segments * LARGEST:
            segments *= MERGED
        self._each = max(int(SPARE * papers / segments), 1)
        self._last = segments * self._each  # documents, after which the index is as it was planned
        self._written = 0
        self._pending = False

    def write(self, documents: Sequence[Document], old: Collection[int]) -> None:
        """Take the ids of `old` out and put documents in."""
        _take_out(self._index, self._writer, old)
        for document in documents:
            self._writer.add_document(to_tantivy(document))
            self._written += 1
            if self._written == self._last:  # waited for now, as nobody waits for the index yet
                self.end()
                self._writer = self._index.writer(FILLING_HEAP, 1)
            elif self._written < self._last and self._written % self._each == 0:
                self._writer.commit()
        self._pending = True

    def commit(self) -> None:
        """Make what was written last."""
        if self._pending:
            self._writer.commit()
            self._pending = False

    def end(self) -> None:
        """Commit, and wait until the segments are as they will stay."""
        self._writer.commit()
        self._writer.wait_merging_threads()


def _take_out(index: tantivy.Index, writer: tantivy.IndexWriter, old: Collection[int]) -> None:
    if not old:
        return
    # By query: deletion by term takes a number for a signed one and finds nothing in an unsigned field.
    writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "id", list(old)))
