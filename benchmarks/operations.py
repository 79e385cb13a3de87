"""What readers ask, by name: the site's own ranking over one engine, queries already encoded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.clients import Site
from benchmarks.library import KEY, Library, no_encoder
from benchmarks.queries import Asked
from search.engines import elastic_engine
from search.engines.base import FACETS, Engine, Ids, LexicalQuery
from search.engines.embedded import EmbeddedEngine
from search.frequencies import FrequencyTable, smoothed
from search.plan import Plan, make_plan
from search.query import parse
from search.ranking import CANDIDATES
from search.related import rank_related
from search.service import DEEPEST, Context, most_words, rank
from search.vectors import Vectors
from search.whitening import Transform

PAGE = 25


@dataclass(frozen=True)
class Task:
    """A query with its vector, the paper whose relatives are wanted with its own, and a filter. least: as many of the
    query's words as any paper holds."""

    plan: Plan
    vector: Vectors
    least: int
    title: str
    abstract: str
    own: Vectors
    within: Plan


def make_tasks(library: Library, engine: Engine, queries: Sequence[Asked], vectors: dict[str, Vectors]) -> list[Task]:
    """A task for each query that the encoder reads. `engine` knows how many words papers hold together."""
    tasks: list[Task] = []
    for asked in queries:
        plan = make_plan(parse(asked.text), library.table)
        if plan.text not in vectors:
            continue
        number = 1 + (len(tasks) * 997) % len(library.documents)
        document = library.documents[number - 1]
        own = library.fetch(np.array([number]))[1][0]
        day = document.published
        within = make_plan(parse(f"cat:{document.categories[0]} date:>={max(1991, day.year - 3)}"), library.table)
        least, _ = most_words(engine, plan)
        tasks.append(Task(plan, vectors[plan.text], least, document.title, document.abstract, own, within))
    return tasks


def _nearest_within(context: Context, task: Task) -> object:
    short = context.transform.apply(task.vector[None, :], context.width)[0]
    return context.engine.nearest(short, CANDIDATES, task.within.binding)


def _deep_page(context: Context, task: Task) -> object:
    """The last page of a list by date that the site serves, of about all papers."""
    binding = make_plan(parse("date:>=1992"), context.table).binding
    offset = min(DEEPEST, context.engine.statistics().papers) - PAGE
    return context.engine.lexical(LexicalQuery(binding), PAGE, offset, "new")


OPERATIONS: dict[str, Callable[[Context, Task], object]] = {
    "lexical": lambda context, task: rank(context, task.plan, None),
    "semantic": lambda context, task: rank(context, task.plan, task.vector, lexical=False),
    "hybrid": lambda context, task: rank(context, task.plan, task.vector),
    "total": lambda context, task: most_words(context.engine, task.plan),
    "related": lambda context, task: rank_related(context, task.title, task.abstract, task.own),
    "facets": lambda context, task: context.engine.facets(task.plan.lexical(task.least), FACETS, 10),
    "nearest, filtered": _nearest_within,
    "deep page": _deep_page,
}


def contexts(site: Site) -> dict[str, Context]:
    """Each engine of a site with what a search needs, full vectors from one file mapped into memory."""
    full = np.load(site.full, mmap_mode="r")

    def fetch(ids: Ids) -> tuple[Ids, Vectors]:
        return ids, full[ids - 1].astype(np.float32)

    transform, table = Transform.from_bytes(site.transform), smoothed(FrequencyTable.from_bytes(site.table))
    return {
        kind: Context(KEY, _open(kind, root), transform, table, site.width, KEY, no_encoder, fetch)
        for kind, root in site.roots.items()
    }


def _open(kind: str, root: str) -> Engine:
    return elastic_engine(root) if kind == "elasticsearch" else EmbeddedEngine(Path(root))
