"""How candidates from words and from meaning become one order, alike on every engine.

    score = 0.35 · BM25 / max BM25 + 0.65 · max(0, cos)
    score of the best = 0.7 · score + 0.3 · mean score of the 8 nearest among the best, weighted by cosine
    + title bonus = 0.3 + (2.1 − 1.8/n) · (query stems / title stems) where the title holds all n query stems

cos is that of the full vectors for the best RESCORED candidates (small whitened vectors find, full ones order); the
others follow them in the order of their whitened vectors. What papers close to each other in meaning score for a
query should be close too: score regularisation (Diaz, Regularizing Ad Hoc Retrieval Scores, CIKM 2005). Constants
measured: docs/quality.md.
"""

import numkong
import numpy as np
from numpy.typing import NDArray

from search.engines.base import Hits, Ids
from search.vectors import Fetch, Vectors

CANDIDATES = 1000
RESCORED = 300
SMOOTHED = 200
WORDS_SHARE, MEANING_SHARE = 0.35, 0.65
NEIGHBOURS, NEIGHBOURS_SHARE = 8, 0.3
TITLE_BONUS, COVERAGE_BONUS, COVERAGE_LESS = 0.3, 2.1, 1.8
RELATED_MEANING_SHARE, RELATED_NEIGHBOURS_SHARE = 0.6, 0.2
HUB_SHARE = 0.5


def fuse(lexical: Hits, near: Hits | None, titled: Hits, stems: int, query: Vectors | None, fetch: Fetch) -> Hits:
    """The order of relevance over all candidates.

    stems: how many distinct ones the query has, all of which the titles of `titled` hold. near: candidates by the
    whitened vectors, None where meaning plays no part. query: the full query vector, (d,) float32, L2-normalised, None
    likewise.
    """
    if near is None and not len(titled.ids):
        return Hits(lexical.ids, lexical.scores / max(float(lexical.scores.max(initial=0)), 1e-9))
    ids = _distinct(lexical.ids, titled.ids, *([] if near is None else [near.ids]))
    if not len(ids):
        return Hits()
    words = spread(ids, lexical) / max(float(lexical.scores.max(initial=0)), 1e-9)
    coverage = spread(ids, titled)
    # One word says little of a title, three say much.
    share = COVERAGE_BONUS - COVERAGE_LESS / max(stems, 1)
    bonus = np.where(coverage > 0, TITLE_BONUS + share * coverage, 0)
    if near is None or query is None:
        return ordered(ids, words + bonus)
    # A candidate that is not among the nearest is no nearer than the last of them.
    floor = float(near.scores.min(initial=0))
    words = WORDS_SHARE * words
    first = ordered(ids, words + bonus + MEANING_SHARE * np.maximum(0, spread(ids, near, floor)))
    best, rest = first.ids[:RESCORED], first.ids[RESCORED:]
    vectors = full_vectors(best, fetch, len(query))
    places = np.searchsorted(ids, best)
    scores = words[places] + MEANING_SHARE * np.maximum(0, vectors @ query)
    kept = np.argsort(-scores, kind="stable")[:SMOOTHED]
    scores[kept] = smoothed(scores[kept], vectors[kept])
    top = ordered(best, scores + bonus[places])
    ceiling = float(top.scores.min(initial=np.inf))
    return Hits(
        np.concatenate([top.ids, rest]),
        np.concatenate([top.scores, np.minimum(first.scores[RESCORED:], ceiling)]).astype(np.float32),
    )


def fuse_related(lexical: Hits, near: Hits, query: Vectors, mean: Vectors, fetch: Fetch) -> Hits:
    """Relatives of a paper: 0.4 · z(BM25) + 0.6 · z(cos − ½·x·μ), smoothed, over the best RESCORED candidates.

    query: the paper's full vector, (d,) float32. mean: μ of the corpus, (d,) float32. A paper near to the mean is near
    to everything, a hub: half of that nearness is taken off.
    """
    ids = _distinct(lexical.ids, near.ids)
    if not len(ids):
        return Hits()
    words = spread(ids, lexical)
    floor = float(near.scores.min(initial=0))
    best = ordered(ids, _both(words, spread(ids, near, floor))).ids[:RESCORED]
    vectors = full_vectors(best, fetch, len(query))
    scores = _both(words[np.searchsorted(ids, best)], vectors @ query - HUB_SHARE * (vectors @ mean))
    return ordered(best, smoothed(scores, vectors, RELATED_NEIGHBOURS_SHARE))


def _both(words: NDArray[np.floating], meaning: NDArray[np.floating]) -> NDArray[np.float64]:
    return (1 - RELATED_MEANING_SHARE) * standardised(words) + RELATED_MEANING_SHARE * standardised(meaning)


def full_vectors(ids: Ids, fetch: Fetch, width: int) -> Vectors:
    """The full vectors of papers, (n, width) float32; zeros where the store has none."""
    known, vectors = fetch(ids)
    if not len(known):
        return np.zeros((len(ids), width), np.float32)
    order = np.argsort(known)
    places = order[np.searchsorted(known, ids, sorter=order).clip(max=len(known) - 1)]
    out: Vectors = vectors[places]
    out[known[places] != ids] = 0
    return out


def smoothed(scores: NDArray[np.float64], vectors: Vectors, share: float = NEIGHBOURS_SHARE) -> NDArray[np.float64]:
    """Each score mixed with the mean of those of the NEIGHBOURS papers nearest to its own, by cosine, of the same list.

    vectors: (n, d) float32, L2-normalised; a row of zeros has no neighbours and keeps its score.
    """
    count = min(NEIGHBOURS, len(scores) - 1)
    if count < 1:
        return scores
    # By numkong: NumPy wakes another thread for so small a product and waits for it. Stored vectors are float16.
    halves = vectors.astype(np.float16)
    similar = np.array(numkong.cdist(halves, halves, "dot", out_dtype="float32"))
    np.fill_diagonal(similar, -1)
    nearest = np.argpartition(similar, -count, axis=1)[:, -count:]
    weights = np.maximum(0, np.take_along_axis(similar, nearest, axis=1))
    total = weights.sum(axis=1)
    mean = (weights * scores[nearest]).sum(axis=1) / np.maximum(total, 1e-9)
    return np.where(total > 0, (1 - share) * scores + share * mean, scores)


def _distinct(*parts: Ids) -> Ids:
    """All ids of the parts once, rising."""
    ids = np.sort(np.concatenate(parts))  # np.unique goes by a hash table, which takes longer for so few
    return ids[np.append(True, ids[1:] != ids[:-1])] if len(ids) else ids


def spread(ids: Ids, hits: Hits, missing: float = 0.0) -> NDArray[np.float64]:
    """The scores of hits at the places of `ids` (sorted, unique), `missing` elsewhere."""
    out = np.full(len(ids), missing)
    out[np.searchsorted(ids, hits.ids)] = hits.scores
    return out


def standardised(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """z-scores; all zero where all scores are equal."""
    values = np.asarray(scores, np.float64)
    return np.asarray((values - values.mean()) / (values.std() or 1.0))


def ordered(ids: Ids, scores: NDArray[np.floating]) -> Hits:
    """Best first, equal scores by descending id."""
    order = np.lexsort((-ids, -scores))
    return Hits(ids[order], np.asarray(scores[order], dtype=np.float32))
