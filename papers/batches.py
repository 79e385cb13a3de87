"""Cut a stream into batches."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Tuples of `size` items, the last one shorter (itertools.batched is in Python 3.12 and later only)."""
    stream = iter(items)
    while batch := tuple(islice(stream, size)):
        yield batch
