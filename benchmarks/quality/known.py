"""Known items: titles, mistyped titles and three words of titles among 100,000 real papers."""

from collections.abc import Callable, Iterator
from functools import cache

from benchmarks.library import fill
from benchmarks.quality.bench import Bench, watch
from benchmarks.quality.markdown import head, row
from papers.tex import to_text
from search.engines import KINDS, engine_aside
from search.known_items import DEPTH, draw_items, evaluate_items
from search.query import parse
from search.reading import read
from search.service import Context, rank
from search.vectors import Vectors

TITLES = {"embedded": 2000, "elasticsearch": 500}  # the first of the same draw
SEED = 1
NAMES = {"title": "the title", "typo": "the title with one letter changed", "three": "three words of the title"}


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    library = bench.library
    titles = ((number, to_text(record.title)) for number, record in enumerate(library.records, 1))
    items = draw_items(titles, max(TITLES.values()), SEED)

    @cache
    def encode(text: str) -> Vectors:
        vector: Vectors = bench.encoder.encode([text])[0]
        return vector

    yield f"{len(library.records):,} real papers; {', '.join(f'{TITLES[kind]:,} titles on {kind}' for kind in KINDS)}."
    yield from head("query", ["engine", "success@1", f"success@{DEPTH}"])
    for kind in KINDS:
        with engine_aside(kind) as engine:
            fill(engine, library)
            find = _finder(library.context(engine), encode)
            found = evaluate_items(items[: TITLES[kind]], find, lambda part: watch(part, "known items"))
        for asked, figures in found.items():
            yield row(NAMES[asked], [kind, *(f"{figure:.4f}" for figure in figures.values())])


def _finder(context: Context, encode: Callable[[str], Vectors]) -> Callable[[str], list[int]]:
    def find(text: str) -> list[int]:
        plan = read(context.engine, context.table, parse(text)).plan
        ids: list[int] = rank(context, plan, encode(plan.text)).ids[:DEPTH].tolist()
        return ids

    return find
