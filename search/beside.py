"""Two questions of one search at a time: a scan of vectors, or a request to Elasticsearch, runs beside the words'."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import ParamSpec, TypeVar

MOST = 8  # at once in a process; others wait

P = ParamSpec("P")
Answer = TypeVar("Answer")


def beside(ask: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Future[Answer]:
    """Ask in another thread, which must not touch the database; `result()` waits, and raises what was raised there."""
    return _threads(os.getpid()).submit(copy_context().run, partial(ask, *args, **kwargs))


@cache
def _threads(_process: int) -> ThreadPoolExecutor:
    """Those of this process: a fork has none of its parent's threads."""
    return ThreadPoolExecutor(MOST, thread_name_prefix="beside")
