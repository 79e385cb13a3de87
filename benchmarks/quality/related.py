"""Related papers: the site's, each of its parts, and Cool Papers' way (ten unweighted TF-IDF words), on a judged set
and on real papers by what these share."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.library import Library, fill
from benchmarks.quality.bench import Bench, watch
from benchmarks.quality.markdown import head, mean, row
from search import analysis
from search.engines import engine_aside
from search.engines.base import Hits, LexicalQuery, Unit
from search.metrics import averages
from search.ranking import CANDIDATES, RESCORED, full_vectors, ordered
from search.related import CATEGORY_SHARE, rank_related, shared_categories
from search.service import Context
from search.vectors import Vectors

SET = "csfcube-dev"
PAPERS, SEED = 2000, 1
TEN, DEPTH = 10, 10
# A rare author signs so many of the papers at hand: two papers of hers are probably related.
RARE = range(2, 11)
MOST_CATEGORIES = 100  # of the best papers, as many as the site's page looks at


@dataclass(frozen=True)
class Paper:
    """What relatives are looked for by. number: its id. vector: (d,) float32."""

    number: int
    title: str
    abstract: str
    vector: Vectors


Way = Callable[[Context, Paper], Hits]


def ten_words(context: Context, paper: Paper) -> Hits:
    """Cool Papers' way: the ten words of largest TF-IDF, each counting as much as another."""
    times = Counter(analysis.stems(f"{paper.title}\n{paper.abstract}"))
    telling = sorted(times, key=lambda stem: (-times[stem] * context.table.idf(stem), stem))[:TEN]
    units = tuple(Unit(((stem,),)) for stem in telling)
    return context.engine.lexical(LexicalQuery(None, units, 1), CANDIDATES)


def words(context: Context, paper: Paper) -> Hits:
    """The site's weighted words without meaning."""
    return rank_related(context, paper.title, paper.abstract, None)


def meaning(context: Context, paper: Paper) -> Hits:
    """The nearest by the short vectors, the best of them in the order of the full ones."""
    short = context.transform.apply(paper.vector[None, :], context.width)[0]
    near = context.engine.nearest(short, CANDIDATES).ids[:RESCORED]
    return ordered(near, full_vectors(near, context.fetch, len(paper.vector)) @ paper.vector)


def both(context: Context, paper: Paper) -> Hits:
    """The site's, without categories."""
    return rank_related(context, paper.title, paper.abstract, paper.vector)


WAYS: dict[str, Way] = {
    "ten unweighted TF-IDF words": ten_words,
    "weighted words alone": words,
    "meaning alone": meaning,
    "both": both,
}


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    judged, corpus = bench.sets[SET]
    keys = list(judged.corpus)
    asked = {query: keys.index(str(judged.paper_of(query))) for query in judged.queries}
    with engine_aside("embedded") as engine:
        corpus.fill(engine, watch)
        context = corpus.context(engine)
        yield from head(f"{SET}, {len(asked)} queries", ["nDCG@10", "recall@100", "MRR@10"])
        for name, way in WAYS.items():
            rankings = []
            for query, place in asked.items():
                found = way(context, Paper(place + 1, *corpus.texts[place], corpus.full[place]))
                names = [keys[number - 1] for number in found.ids.tolist() if number != place + 1]
                rankings.append((names, judged.judgements[query]))
            yield row(name, [f"{figure:.3f}" for figure in averages(iter(rankings)).values()])
    library = bench.library
    with engine_aside("embedded") as engine:
        fill(engine, library)
        yield from _shared(library, library.context(engine))


def _shared(library: Library, context: Context) -> Iterator[str]:
    """What the first relatives of real papers share with them."""
    categories = {number: record.categories for number, record in enumerate(library.records, 1)}
    signed = Counter(name for record in library.records for name in set(record.authors))
    circles: dict[str, set[int]] = {}
    for number, record in enumerate(library.records, 1):
        for name in record.authors:
            if signed[name] in RARE:
                circles.setdefault(name, set()).add(number)
    near = {
        number: set().union(*(circles.get(name, set()) for name in record.authors)) - {number}
        for number, record in enumerate(library.records, 1)
    }
    chosen = np.random.default_rng(SEED).choice([number for number in near if near[number]], PAPERS, replace=False)
    columns = ["same primary category", "by a rare author of the paper's, of those there are"]
    yield from head(f"{PAPERS:,} of {len(library.records):,} real papers, first {DEPTH}", columns)
    found: dict[str, list[tuple[float, float]]] = {}
    for number in watch(chosen.tolist(), "relatives"):
        document = library.documents[number - 1]
        paper = Paper(number, document.title, document.abstract, library.fetch(np.array([number]))[1][0])
        rankings = {name: way(context, paper) for name, way in WAYS.items()}
        rankings["both, categories counted: the site's"] = _with_categories(rankings["both"], number, categories)
        for name, hits in rankings.items():
            first = [other for other in hits.ids[: DEPTH + 1].tolist() if other != number][:DEPTH]
            same = mean(categories[other][0] == categories[number][0] for other in first) if first else 0.0
            circle = near[number]
            found.setdefault(name, []).append((same, len(circle.intersection(first)) / min(DEPTH, len(circle))))
    for name, shares in found.items():
        yield row(name, [f"{figure:.4f}" for figure in np.mean(shares, axis=0)])


def _with_categories(hits: Hits, number: int, categories: Mapping[int, Sequence[str]]) -> Hits:
    ids = hits.ids[:MOST_CATEGORIES]
    shared = [shared_categories(categories[number], categories[other]) for other in ids.tolist()]
    return ordered(ids, hits.scores[:MOST_CATEGORIES] + CATEGORY_SHARE * np.array(shared))
