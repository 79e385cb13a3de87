"""The store of full sentence vectors, one row for each paper and model in the database.

float16 on disk; a new whitening or a new index never embeds again, and any process can order candidates by meaning.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter

import numpy as np
from django.db import DEFAULT_DB_ALIAS, connections
from numpy.typing import NDArray

from papers.batches import batched
from search.engines.base import Ids
from search.models import PaperVector

Vectors = NDArray[np.float32]
# Fetches the full vectors of papers: those that exist, as (ids, vectors of shape (n, d)).
Fetch = Callable[[Ids], tuple[Ids, Vectors]]


def fetch(model: str, ids: Ids) -> tuple[Ids, Vectors]:
    """The stored vectors of these papers: ids (n,) of those that have one, and vectors (n, d) float32."""
    if not len(ids):
        return _stack([])
    # By hand: to prepare some hundred ids takes the ORM longer than SQLite takes to find them.
    table, places = PaperVector._meta.db_table, ", ".join(["%s"] * len(ids))
    statement = f"SELECT paper_id, data FROM {table} WHERE model = %s AND paper_id IN ({places})"  # noqa: S608 -- ours
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement, [model, *np.asarray(ids).tolist()])
        return _stack(cursor.fetchall())


def store(model: str, ids: Sequence[int], hashes: Sequence[int], vectors: NDArray[np.floating]) -> None:
    """Write vectors of shape (n, d), in the place of older ones of the same papers and model."""
    rows = np.asarray(vectors, dtype="<f2")
    # In one order, so that of two processes that write the same papers none waits for the other without end.
    given = sorted(zip(ids, hashes, rows, strict=True), key=itemgetter(0))
    PaperVector.objects.bulk_create(
        [
            PaperVector(paper_id=number, model=model, text_hash=text_hash, data=row.tobytes())
            for number, text_hash, row in given
        ],
        update_conflicts=True,
        unique_fields=["model", "paper"],
        update_fields=["text_hash", "data"],
        batch_size=500,
    )


def stream(model: str, size: int = 2000) -> Iterator[tuple[Ids, Vectors]]:
    """All vectors of a model in order of paper, in batches of (ids, vectors): memory stays flat."""
    rows = PaperVector.objects.filter(model=model).order_by("paper_id").values_list("paper_id", "data")
    for batch in batched(rows.iterator(chunk_size=size), size):
        yield _stack(list(batch))


def _stack(rows: Sequence[tuple[int, bytes | memoryview]]) -> tuple[Ids, Vectors]:
    if not rows:
        return np.empty(0, np.int64), np.empty((0, 0), np.float32)
    ids = np.array([number for number, _ in rows], np.int64)
    joined = b"".join([data for _, data in rows])
    return ids, np.frombuffer(joined, "<f2").reshape(len(rows), -1).astype(np.float32)
