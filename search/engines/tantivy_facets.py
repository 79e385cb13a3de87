"""Counts of the embedded engine: how many papers match, and the commonest values of a facet, exactly.

Of a facet of more than FEW papers each segment of the index tells its commonest values first, DEPTH of them at least
(no author is common) and CHOICE times as many as are asked for: what is common in the whole may be rare in a segment.
Values that may be among the commonest are then counted one by one, where they are at most one for WORTH papers, which
is the quicker way; else all are.
"""

from collections.abc import Sequence
from typing import Any

import tantivy

from search.engines.base import LexicalQuery, commonest
from search.engines.tantivy_schema import Compiler

FEW, CHOICE, WORTH, ALL = 500, 20, 50, 2**31
DEPTH = {"category": 256, "year": 256, "keyword": 256, "author": 1_000}
_FIELDS = {"category": "category", "year": "year", "keyword": "keyword", "author": "author_name"}

Counts = list[tuple[str, int]]


def count(searcher: tantivy.Searcher, query: tantivy.Query) -> int:
    """How many papers match."""
    return int(searcher.aggregate(query, {"papers": {"value_count": {"field": "id"}}})["papers"]["value"])


def facets(
    searcher: tantivy.Searcher, compiler: Compiler, query: LexicalQuery, names: Sequence[str], size: int
) -> dict[str, Counts]:
    """See Engine.facets."""
    compiled = compiler.query(query, scored=False)
    total = count(searcher, compiled)
    terms = {}
    for name in names:
        choice = max(CHOICE * size, DEPTH[name])
        terms[name] = _terms(_FIELDS[name], choice, ALL if total <= FEW else choice)
    found = searcher.aggregate(compiled, terms)
    return {name: _commonest(searcher, compiler, compiled, _FIELDS[name], size, found[name], total) for name in names}


def _commonest(
    searcher: tantivy.Searcher,
    compiler: Compiler,
    query: tantivy.Query,
    field: str,
    size: int,
    found: dict[str, Any],
    total: int,
) -> Counts:
    """The commonest values of a facet of `total` papers. found: what the segments told of them."""
    rows, error = found["buckets"], found["doc_count_error_upper_bound"]

    def counted(some: Sequence[dict[str, Any]]) -> Counts:
        return [(row["key"], count(searcher, compiler.within(query, field, row["key"]))) for row in some]

    if error and field != "year":
        values = counted(rows[:size])
        least = min(papers for _, papers in values)
        # No value counts for more than `error` above what it was told with: are those not told out of reach?
        near = [row for row in rows[size:] if row["doc_count"] + error >= least]
        if size + len(near) < len(rows) and len(near) * WORTH <= total:
            return sorted(values + counted(near), key=commonest)[:size]
    if error:
        rows = searcher.aggregate(query, {field: _terms(field, size, ALL)})[field]["buckets"]
    return [(_text(row["key"]), row["doc_count"]) for row in rows[:size]]


def _terms(field: str, choice: int, depth: int) -> dict[str, Any]:
    return {"terms": {"field": field, "size": choice, "segment_size": depth}}


def _text(key: object) -> str:
    return str(int(key)) if isinstance(key, float) else str(key)
