"""The questions that pages and workers ask the database all day, by name, and the plans PostgreSQL answers them by."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection

from papers.categories import split_spec
from papers.listing import PAGE_SIZE, REACH, Listing, in_order
from papers.models import Paper
from search.marks import claimant
from search.vectors import fetch

Query = Callable[[], object]


LISTS = (
    "cs.LG",
    "q-fin.GN",
    "alg-geom",
    "cs.LG+cs.AI+stat.ML",
    "cs.LG-cs.CV",
    "cs",
    "math-math.CO",
    "math-cs",
    "cs+math+stat-cs.LG",
)
LAST = REACH - PAGE_SIZE  # the last page's offset


def names() -> list[str]:
    """What the queries are called."""
    return list(_queries(date(2020, 1, 1), range(1, 1001), ""))


def hot_queries(papers: int, model: str) -> dict[str, Query]:
    """The queries on a library that `benchmarks.synthetic.fill` made of `papers` papers."""
    newest = Listing().newest_day()
    assert newest is not None
    drawn = np.random.default_rng(1).choice(papers, 1000, replace=False) + 1
    return _queries(newest, drawn.tolist(), model)


def _queries(newest: date, drawn: Sequence[int], model: str) -> dict[str, Query]:
    day = Listing(None, newest, newest)
    past = newest - timedelta(days=5000)
    queries: dict[str, Query] = {
        "newest day of all": Listing().newest_day,
        "a day's papers": lambda: day.papers(PAGE_SIZE),
        "a day's papers, counted": day.total,
        "a day's papers by category": day.category_counts,
        "the day before": lambda: Listing().day_before(past),
        "the day after": lambda: Listing().day_after(past),
        "all papers, last page": lambda: Listing().papers(PAGE_SIZE, LAST),
        "all papers, counted": Listing().total,
        "papers of all categories": Listing().category_counts,
        "a paper by its id": lambda: Paper.objects.filter(arxiv_id=f"x{drawn[0]}").first(),
        "100 papers by their ids": lambda: list(Paper.objects.filter(arxiv_id__in=[f"x{n}" for n in drawn[:100]])),
        "25 papers that were found": lambda: in_order(drawn[:25]),
        "200 vectors": lambda: fetch(model, np.array(drawn[:200])),
        "1,000 vectors": lambda: fetch(model, np.array(drawn)),
        "any real paper": lambda: Paper.objects.filter(is_summary=False).exists(),
        "claim of 2,000 marks": _claim,
    }
    for text in LISTS:
        queries |= _list_queries(text, past)
    return queries


def _list_queries(text: str, past: date) -> dict[str, Query]:
    all_days = Listing(split_spec(text))
    month = Listing(all_days.spec, past, past + timedelta(days=30))
    return {
        f"{text}: first page": lambda: all_days.papers(PAGE_SIZE),
        f"{text}: last page": lambda: all_days.papers(PAGE_SIZE, LAST),
        f"{text}: counted": all_days.total,
        f"{text}: a month's page": lambda: month.papers(PAGE_SIZE),
        f"{text}: a month's papers, counted": month.total,
        f"{text}: the day before": lambda: all_days.day_before(past),
        f"{text}: the day after": lambda: all_days.day_after(past),
    }


def _claim() -> None:
    with claimant() as worker:
        worker.release(worker.claim(2000))


@dataclass(frozen=True)
class Plan:
    """What PostgreSQL says of one statement it ran."""

    sql: str
    root: dict[str, Any]
    milliseconds: float

    def nodes(self) -> Iterator[dict[str, Any]]:
        """All steps."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", [])


@contextmanager
def _seen() -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield seen


def explain(query: Query) -> list[Plan]:
    """The plans of the statements of a query, each of them run once more."""
    with _seen() as statements:
        query()
    plans = []
    with connection.cursor() as cursor:
        for sql, params in statements:
            if sql.startswith(("SAVEPOINT", "RELEASE")):
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
            found = cursor.fetchone()[0]
            [answer] = json.loads(found) if isinstance(found, str) else found
            plans.append(Plan(sql, answer["Plan"], answer["Execution Time"]))
    return plans
