"""Relatives of a paper: its weighted keywords by BM25 joined with the nearest by meaning; categories it shares count a
little.

The words are the 20 stems of largest (tf + 2·tf in the title)·idf, each weighing √(tf + 2·tf in the title): BM25
brings the idf itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.core.cache import cache

from papers.models import Paper
from papers.tex import fold
from search import analysis
from search.beside import beside
from search.engines.base import Hits, LexicalQuery, Unit
from search.keywords import query_terms
from search.ranking import CANDIDATES, fuse_related
from search.service import CACHED_SECONDS, Context, in_one_index
from search.vectors import Vectors

MOST = 100
REASONS = 3
SPARE = 20
# Weak beside the other parts, which are z-scores: enough to part papers that are else alike.
CATEGORY_SHARE = 0.1
# Cosine from which on two papers are one: of 800 nearest neighbours of real papers only reposts came so close.
NEAR_DUPLICATE = 0.97


@dataclass(frozen=True)
class Related:
    """A relative: its primary key, its score (comparable within one answer), and words of the paper it shares."""

    id: int
    score: float
    reason: tuple[str, ...]


def related(paper: Paper, limit: int = 20) -> list[Related]:
    """The relatives of a paper, best first, without the paper and other papers of the same title.

    Raises EngineError where the index cannot be used.
    """
    return in_one_index(lambda context: _kept(context, paper, min(limit, MOST))) or []


def _kept(context: Context, paper: Paper, limit: int) -> list[Related]:
    key = f"related:{context.generation}:{paper.pk}:{limit}"
    kept: list[Related] | None = cache.get(key)
    if kept is None:
        kept = _find(context, paper, limit)
        cache.set(key, kept, CACHED_SECONDS)
    return kept


def rank_related(context: Context, title: str, abstract: str, vector: Vectors | None) -> Hits:
    """All candidates, best first, the paper itself among them. vector: its full vector (d,), None where it has none."""
    near = None
    if vector is not None:
        near = beside(context.engine.nearest, context.transform.apply(vector[None, :], context.width)[0], CANDIDATES)
    terms = query_terms(title, abstract, context.table)
    units = tuple(Unit(((stem,),), weight) for stem, weight in terms)
    lexical = context.engine.lexical(LexicalQuery(None, units, 1), CANDIDATES) if units else Hits()
    if near is None or vector is None:
        return lexical
    return fuse_related(lexical, near.result(), vector, context.transform.mean, context.fetch)


def _find(context: Context, paper: Paper, limit: int) -> list[Related]:
    title, abstract = paper.plain_title, paper.plain_abstract
    known, full = context.fetch(np.array([paper.pk]))
    vector = full[0] if len(known) else None
    hits = rank_related(context, title, abstract, vector)
    # Some more than wanted: categories change the order, and some are the same paper again.
    scores = dict(zip(hits.ids[: 2 * limit + SPARE].tolist(), hits.scores.tolist(), strict=False))
    scores.pop(paper.pk, None)
    papers = Paper.objects.filter(removed=False).in_bulk(scores)
    again = _duplicates(context, vector, list(papers)) | {
        number for number, other in papers.items() if _same(other.plain_title) == _same(title)
    }
    best = {
        number: scores[number] + CATEGORY_SHARE * shared_categories(paper.categories, papers[number].categories)
        for number in scores
        if number in papers and number not in again
    }
    words = _weighty_words(context, title, abstract)
    return [
        Related(number, best[number], _shared(words, papers[number]))
        for number in sorted(best, key=lambda number: (-best[number], -number))[:limit]
    ]


def shared_categories(one: Sequence[str], other: Sequence[str]) -> float:
    """Jaccard's coefficient of two papers' categories: shared / all of both."""
    every = {*one, *other}
    return len({*one} & {*other}) / len(every) if every else 0.0


def _duplicates(context: Context, vector: Vectors | None, others: Sequence[int]) -> set[int]:
    """Those of the papers whose text means the same to the encoder as the one of this vector: reposted."""
    if vector is None:
        return set()
    ids, vectors = context.fetch(np.array(others, np.int64))
    return set(ids[vectors @ vector > NEAR_DUPLICATE].tolist()) if len(ids) else set()


def _weighty_words(context: Context, title: str, abstract: str) -> dict[str, str]:
    """The paper's query stems, most telling first, each with the word it is written as."""
    written = analysis.written(f"{title} {abstract}")
    weight = {stem: value * context.table.idf(stem) for stem, value in query_terms(title, abstract, context.table)}
    return {stem: written.get(stem, stem) for stem in sorted(weight, key=weight.__getitem__, reverse=True)}


def _shared(words: dict[str, str], relative: Paper) -> tuple[str, ...]:
    theirs = set(analysis.stems(f"{relative.plain_title} {relative.plain_abstract}"))
    return tuple(word for stem, word in words.items() if stem in theirs)[:REASONS]


def _same(title: str) -> Sequence[str]:
    return analysis.words(fold(title))
