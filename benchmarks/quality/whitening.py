"""Whitening measured: β, γ and k on the judged sets and on 100,000 real papers, against random projections."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from benchmarks.quality import candidates, hubs
from benchmarks.quality.bench import JUDGED, Bench, watch
from benchmarks.quality.markdown import fat, head, mean, row
from benchmarks.quality.neighbours import Rows, cosines, nearest, places, within
from benchmarks.quality.transforms import (
    DEFAULT,
    SEEDS,
    SETTINGS,
    Setting,
    cut,
    fit,
    named,
    random_projection,
    settings,
)
from search import whitening
from search.engines import engine_aside
from search.engines.base import Engine, Hits, LexicalQuery
from search.evaluation import Corpus, JudgedSet, measure
from search.metrics import ndcg
from search.query import Node
from search.ranking import CANDIDATES, RESCORED, ordered
from search.vectors import Vectors
from search.whitening import Transform, width_for

RULE = 0  # among widths: that of the rule
WIDTHS = (64, RULE, 96, 128, 192, 256, 384)
NAMES = {width: str(width) if width else "kN" for width in WIDTHS}
ORDERS: list[Setting] = [(beta, gamma) for beta in (0.0, 0.5, 1.0) for gamma in (0.0, 0.125, 0.25)]
QUERIES = 1000
RANDOM = f"random projection, {len(SEEDS)} seeds"
Grid = dict[int, float]  # a figure by width
Grids = dict[Setting | int, Grid]  # of each setting, and of the random projection of each seed
Figures = dict[str, float]  # nDCG@10 by set


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    full = bench.library.full.astype(np.float32)
    rows = np.sort(np.random.default_rng(1).choice(len(full), QUERIES, replace=False))
    truth = nearest(cosines(full), rows)
    rankers = {name: Ranker.of(bench, *pair) for name, pair in bench.sets.items()}
    alone = {
        name: {key: ranker.ndcg(transform) for key, transform in _all(ranker.full)} for name, ranker in rankers.items()
    }
    kept = {key: _kept(transform, full, rows, truth) for key, transform in _all(full)}
    yield from _alone(alone, kept, len(full))
    by_setting, by_width, by_order = _hybrids(bench)
    yield from _in_hybrid(by_setting, by_width, by_order)
    columns = {key: {JUDGED[name]: grids[key][RULE] for name, grids in alone.items()} for key in SETTINGS}
    yield from _choice("short vectors alone", columns)
    yield from _choice("the site's ranking", by_setting)
    yield from candidates.growth(full)
    yield from candidates.codes(full, rows, truth)
    yield from hubs.section(bench)


@dataclass(frozen=True)
class Ranker:
    """A judged set for vectors alone. full: (n, d). queries: (m, d). own: the row of the paper that a query is, which
    is left out of its ranking; −1 where it is none."""

    keys: list[str]
    full: Vectors
    queries: Vectors
    own: list[int]
    judgements: list[dict[str, float]]

    @classmethod
    def of(cls, bench: Bench, judged: JudgedSet, corpus: Corpus) -> "Ranker":
        """Where the queries are papers, by the papers' vectors, else by those of their texts."""
        keys = list(judged.corpus)
        papers = [judged.paper_of(query) if "related" in judged.modes() else None for query in judged.queries]
        own = [-1 if paper is None else keys.index(paper) for paper in papers]
        texts = bench.encode(list(judged.queries.values()))
        queries = np.where(np.array(own)[:, None] >= 0, corpus.full[own], texts).astype(np.float32)
        return cls(keys, corpus.full, queries, own, [judged.judgements[query] for query in judged.queries])

    def ndcg(self, transform: Transform) -> Grid:
        """nDCG@10 by width."""
        papers, queries = (transform.apply(rows, transform.dimension) for rows in (self.full, self.queries))
        out = {}
        for width in WIDTHS:
            columns = width or width_for(len(self.keys), transform.dimension)
            scores = cut(queries, columns) @ cut(papers, columns).T
            runs = zip(scores, self.own, self.judgements, strict=True)
            out[width] = mean(ndcg(self._best(line, own), judged) for line, own, judged in runs)
        return out

    def _best(self, scores: Vectors, own: int) -> list[str]:
        order = np.argsort(-scores, kind="stable")[:11].tolist()
        return [self.keys[paper] for paper in order if paper != own][:10]


def _all(vectors: Vectors) -> Iterator[tuple[Setting | int, Transform]]:
    yield from settings(vectors)
    yield from ((seed, random_projection(vectors.shape[1], seed)) for seed in SEEDS)


def _kept(transform: Transform, full: Vectors, rows: Rows, truth: Rows) -> Grid:
    """Recall@10 against the full vectors by width."""
    short = transform.apply(full, transform.dimension)
    columns = {width: width or width_for(len(full), transform.dimension) for width in WIDTHS}
    found = {
        width: within(places(cut(short, width), rows, truth, f"{width} dimensions"), 10)
        for width in sorted(set(columns.values()))
    }
    return {width: found[columns[width]] for width in WIDTHS}


def _alone(alone: dict[str, Grids], kept: Grids, papers: int) -> Iterator[str]:
    yield (
        f"**Short vectors alone**: nDCG@10, mean of {len(alone)} sets (each fitted on itself), and behind the stroke "
        f"recall@10 against the full vectors ({QUERIES:,} of {papers:,} real papers as queries). Fat: best of a column."
    )
    yield from head("β / γ", list(NAMES.values()))
    means = {key: {width: mean(grids[key][width] for grids in alone.values()) for width in WIDTHS} for key in kept}
    lines = {named(key): (means[key], kept[key]) for key in SETTINGS} | {RANDOM: (_random(means), _random(kept))}
    best = [{width: max(pair[side][width] for pair in lines.values()) for width in WIDTHS} for side in (0, 1)]
    for name, pair in lines.items():
        yield row(name, (" / ".join(fat(pair[side][width], best[side][width]) for side in (0, 1)) for width in WIDTHS))
    yield from ("", "<details><summary>nDCG@10 by set</summary>")
    for name, grids in alone.items():
        yield from head(JUDGED[name], list(NAMES.values()))
        for key in SETTINGS:
            yield row(named(key), (f"{figure:.3f}" for figure in grids[key].values()))
        yield row(RANDOM, (f"{figure:.3f}" for figure in _random(grids).values()))
    yield from ("", "</details>", "")


def _random(grids: Grids) -> Grid:
    return {width: mean(grids[seed][width] for seed in SEEDS) for width in WIDTHS}


class Swapped:
    """An engine with other short vectors, scanned exactly: the words' index need not be made again."""

    def __init__(self, engine: Engine, short: Vectors) -> None:
        self._engine, self._short = engine, short

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def nearest(self, vector: Vectors, limit: int, binding: Node | None = None) -> Hits:
        """See Engine."""
        ids = np.arange(len(self._short)) + 1
        if binding is not None:
            ids = self._engine.lexical(LexicalQuery(binding), len(ids)).ids
        hits = ordered(ids, self._short[ids - 1] @ vector)
        return Hits(hits.ids[:limit], hits.scores[:limit])


def _hybrids(bench: Bench) -> tuple[dict[Setting, Figures], dict[str, Figures], dict[Setting, Figures]]:
    """Of each β and γ at the rule's k; of each k at the default β and γ, and of random projections; of full vectors
    that are whitened themselves before they order."""
    by_setting: dict[Setting, Figures] = {key: {} for key in SETTINGS}
    by_order: dict[Setting, Figures] = {key: {} for key in ORDERS}
    by_width: dict[str, Figures] = {name: {} for name in [*NAMES.values(), RANDOM]}
    for name, (judged, corpus) in bench.sets.items():
        with engine_aside("embedded") as engine:
            corpus.fill(engine, watch)
            for key, transform in settings(corpus.full):
                by_setting[key] |= _quality(engine, name, judged, replace(corpus, transform=transform))
            default = replace(corpus, transform=fit(corpus.full))
            for width in WIDTHS:
                variant = replace(default, width=width or corpus.width)
                by_width[NAMES[width]] |= _quality(engine, name, judged, variant)
            projections = [random_projection(corpus.full.shape[1], seed) for seed in SEEDS]
            runs = [_quality(engine, name, judged, replace(corpus, transform=each)) for each in projections]
            by_width[RANDOM] |= {key: mean(run[key] for run in runs) for key in runs[0]}
            for key in ORDERS:
                by_order[key] |= _quality(engine, name, judged, _whitened(corpus, fit(corpus.full, key)))
    return by_setting, by_width, by_order


def _whitened(corpus: Corpus, transform: Transform) -> Corpus:
    """The corpus as if the encoder gave whitened vectors in full width."""
    wide = transform.dimension
    return replace(
        corpus,
        full=transform.apply(corpus.full, wide),
        encode=lambda text: transform.apply(corpus.encode(text)[None], wide)[0],
        transform=whitening.rotation("", wide),
    )


def _quality(engine: Engine, name: str, judged: JudgedSet, corpus: Corpus) -> Figures:
    # The damping of hubs wants the mean, also where nothing was fitted.
    corpus = replace(corpus, transform=replace(corpus.transform, mean=corpus.full.mean(axis=0)))
    swapped = cast(Engine, Swapped(engine, corpus.transform.apply(corpus.full, corpus.width)))
    out = {}
    for mode in judged.modes():
        if mode in ("hybrid", "related"):
            what = JUDGED[name] + (", related" if mode == "related" else "")
            out[what] = measure(corpus.context(swapped), judged, mode, watch)["ndcg@10"]
    return out


def _in_hybrid(
    by_setting: dict[Setting, Figures], by_width: dict[str, Figures], by_order: dict[Setting, Figures]
) -> Iterator[str]:
    full = by_width[NAMES[384]]
    yield (
        f"**Inside the site's ranking**, where short vectors bring {CANDIDATES:,} candidates and full ones order the "
        f"best {RESCORED}: nDCG@10 by k at β / γ = {named(DEFAULT)}, with the difference to {NAMES[384]}; then by β "
        "and γ at kN; then with full vectors that are whitened too."
    )
    yield from head("k", [*full, "mean"])
    for name, figures in by_width.items():
        cells = [f"{figures[key]:.3f} ({figures[key] - full[key]:+.3f})" for key in full]
        yield row(name if name in NAMES.values() else f"kN by {name}", [*cells, f"{mean(figures.values()):.4f}"])
    for what, table in (("β / γ", by_setting), ("full vectors", by_order)):
        yield from head(what, [*full, "mean"])
        for setting, figures in table.items():
            yield row(named(setting), [*(f"{figures[key]:.3f}" for key in full), f"{mean(figures.values()):.4f}"])
    yield ""


def _choice(what: str, figures: dict[Setting, Figures]) -> Iterator[str]:
    """The best β and γ on the mean, and chosen on all sets but one, measured on that one."""
    names = list(figures[DEFAULT])

    def best(on: Sequence[str]) -> Setting:
        return max(figures, key=lambda key: mean(figures[key][name] for name in on))

    chosen = best(names)
    # A set may have several figures: all of them are left out together.
    held = {name: best([other for other in names if other.split(",")[0] != name.split(",")[0]]) for name in names}
    gain = mean(figures[held[name]][name] - figures[DEFAULT][name] for name in names)
    others = "; ".join(f"{name}: {named(key)}" for name, key in held.items())
    yield (
        f"Choice by {what} at kN: {named(chosen)} has the best mean, {mean(figures[chosen].values()):.4f} against "
        f"{mean(figures[DEFAULT].values()):.4f} of the default {named(DEFAULT)}. Chosen on all sets but one and "
        f"measured on that one: {gain:+.4f} against the default ({others})."
    )
    yield ""
