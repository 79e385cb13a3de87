"""What tantivy's answers mean: the ids and scores of what it found."""

from collections.abc import Sequence

import numpy as np
import tantivy
from tantivy import DocAddress

from search.engines.base import Hits, Ids
from search.engines.tantivy_schema import ID_BITS, ID_MASK


def best(searcher: tantivy.Searcher, found: Sequence[tuple[float, DocAddress]]) -> Hits:
    """What was found by score, highest first."""
    if not found:
        return Hits()
    ids = np.array(searcher.fast_field_values("id", [address for _, address in found]), np.int64)
    values = np.array([score for score, _ in found], np.float32)
    lower = np.append(0, np.cumsum(values[1:] < values[:-1]))  # how many different scores are higher
    order = np.argsort((lower << ID_BITS) - ids)  # one sort of whole numbers: half the time of np.lexsort
    return Hits(ids[order], values[order])


def titled(found: Sequence[tuple[int, DocAddress]], stems: int) -> Hits:
    """What was found by `shortest`, lowest first, its titles holding so many stems that were asked for."""
    values = np.array([value for value, _ in found], np.int64)
    lengths = np.maximum(values >> ID_BITS, stems)
    return Hits(values & ID_MASK ^ ID_MASK, (stems / lengths).astype(np.float32))


def by_day(searcher: tantivy.Searcher, query: tantivy.Query, column: str, limit: int, offset: int = 0) -> Ids:
    """The ids of what a query finds, by `newest` or `oldest`, highest first."""
    found = searcher.search(query, limit, False, order_by_field=column, offset=offset)
    return np.array([value & ID_MASK for value, _ in found.hits], np.int64)
