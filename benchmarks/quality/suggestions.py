"""How long a reader waits for suggestions while typing, on both engines, with the papers in a database."""

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.quality.bench import Bench, watch

if TYPE_CHECKING:
    from papers.models import Paper
    from search.engines.base import Document, Engine
    from search.engines.embedded import EmbeddedEngine

PAPERS = 364_000
EACH = 300  # texts of a kind
BATCH = 2_000


@dataclass(frozen=True)
class Typed:
    """text: as far as it is typed. kind, whole: what is being typed."""

    text: str
    kind: str
    whole: str


def section(bench: Bench) -> Iterator[str]:
    """Milliseconds by what is typed, and how often what is being typed is among the suggestions."""
    from benchmarks.library import fill, read_library
    from search.engines import engine_aside
    from search.engines.embedded import EmbeddedEngine

    library = read_library(PAPERS)
    store(library.documents)
    with engine_aside("embedded") as embedded, engine_aside("elasticsearch") as elastic:
        assert isinstance(embedded, EmbeddedEngine)
        for engine in (embedded, elastic):
            fill(engine, library)
        yield from compare(library.documents, embedded, elastic)


def compare(documents: Sequence["Document"], embedded: "EmbeddedEngine", elastic: "Engine") -> Iterator[str]:
    """The table. Both engines and the database hold the documents."""
    from django.db import connection

    from search.suggest import LABELS, suggest

    texts = draw(documents)
    bare = _bare(embedded)
    asked: dict[str, Callable[[str], object]] = {
        "embedded": lambda text: suggest(text, engine=embedded),
        "Elasticsearch": lambda text: suggest(text, engine=elastic),
        "bare": bare,
    }
    gc.freeze()  # else Python goes through the whole library again and again, which no site has in memory
    waits = {name: _waits(ask, texts) for name, ask in asked.items()}
    yield (
        f"{len(documents):,} real papers, {connection.display_name} beside the index, {len(texts):,} texts cut off at "
        "random places from the second letter on, one after the other, nothing kept between them. Milliseconds:\n"
    )
    yield "| p50 / p95 / p99 of | embedded | Elasticsearch | one bare prefix look-up in tantivy |\n|---|---|---|---|"
    kinds = np.array([typed.kind for typed in texts])
    for kind in [*LABELS, ""]:
        chosen = kinds == kind if kind else np.ones(len(kinds), bool)
        cells = [
            " / ".join(f"{np.quantile(each[chosen], part):.1f}" for part in (0.5, 0.95, 0.99))
            for each in waits.values()
        ]
        yield f"| {_one(LABELS[kind]) if kind else '**all**'} | {' | '.join(cells)} |"
    yield ""
    yield from _found(texts, embedded)


def _one(label: str) -> str:
    name = label.lower()
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def draw(documents: Sequence["Document"], seed: int = 1) -> list[Typed]:
    """What readers type: titles, authors and keyphrases of papers, names and codes of categories, none to its end."""
    from papers.categories import CATEGORIES
    from search.suggest_text import LONGEST

    chance = random.Random(seed)
    papers = chance.sample(documents, min(len(documents), 3 * EACH))
    wholes = {
        "title": [paper.title for paper in papers],
        "author": [chance.choice(paper.authors) for paper in papers if paper.authors],
        "keyword": [chance.choice(paper.keywords) for paper in papers if paper.keywords],
        "category": [
            chance.choice((each.name, each.code)) for each in chance.choices(list(CATEGORIES.values()), k=EACH)
        ],
    }
    texts = [
        Typed(whole[: chance.randint(2, max(2, min(len(whole), LONGEST) - 1))], kind, whole)
        for kind, each in wholes.items()
        for whole in each[:EACH]
    ]
    chance.shuffle(texts)
    return texts


def store(documents: Sequence["Document"]) -> None:
    """Put papers into the database, which is made where it is missing. Raises SystemExit where it has papers."""
    from django.core.management import call_command

    from papers.batches import batched
    from papers.models import Paper

    call_command("migrate", verbosity=0)
    if Paper.objects.exists():
        raise SystemExit("the database of DATABASE_URL has papers in it: give an empty one, or none")
    for part in batched(documents, BATCH):
        Paper.objects.bulk_create(map(_row, part))


def _row(document: "Document") -> "Paper":
    from papers.models import Paper

    day = document.published
    return Paper(
        pk=document.id,
        arxiv_id=document.arxiv_id,
        title=document.title,
        abstract=document.abstract,
        authors=list(document.authors),
        categories=list(document.categories),
        published=datetime(day.year, day.month, day.day, tzinfo=UTC),
        keywords=list(document.keywords),
    )


def _bare(engine: "EmbeddedEngine") -> Callable[[str], object]:
    """tantivy's own way to complete the last word of a text: ten titles, in no order."""
    import tantivy

    from search import analysis
    from search.engines.tantivy_schema import register_analyzers

    serving = (engine.root / "current").read_text()
    index = tantivy.Index.open(str(engine.root / serving / "tantivy"))
    register_analyzers(index)
    searcher = index.searcher()

    def look_up(text: str) -> object:
        words: list[str | tuple[int, str]] = [*analysis.words(text)[-1:]]
        return words and searcher.search(
            tantivy.Query.phrase_prefix_query(index.schema, "title_exact", words), 10, False
        )

    return look_up


def _waits(ask: Callable[[str], object], texts: Sequence[Typed]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Milliseconds for each text; a first round over some of them is not counted."""
    for typed in texts[: len(texts) // 4]:
        ask(typed.text)
    waited = []
    for typed in watch(texts, "asking"):
        start = time.perf_counter()
        ask(typed.text)
        waited.append((time.perf_counter() - start) * 1000)
    return np.array(waited)


def _found(texts: Sequence[Typed], engine: "EmbeddedEngine") -> Iterator[str]:
    """How often what is being typed is suggested, by how much of it is typed."""
    from search.suggest import LABELS, suggest

    parts = (0.25, 0.5, 0.75, 1.0)
    yield "What is being typed is among the suggestions, by how much of it is typed:\n"
    yield f"| | {' | '.join(f'up to {part:.0%}' for part in parts)} |\n|---|{'---|' * len(parts)}"
    for kind, label in LABELS.items():
        hits: dict[float, list[bool]] = {part: [] for part in parts}
        for typed in texts:
            if typed.kind == kind:
                part = next(each for each in parts if len(typed.text) <= each * len(typed.whole) or each == 1)
                offered = [each.text.lower() for each in suggest(typed.text, engine=engine) if each.kind == kind]
                hits[part].append(any(typed.whole.lower() in each for each in offered))
        cells = [f"{np.mean(each):.2f}" if each else "" for each in hits.values()]
        yield f"| {_one(label)} | {' | '.join(cells)} |"
