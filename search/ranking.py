"""How candidates from words and from meaning become one order, alike on every engine.

    score = 0.3 · BM25 / max BM25 + 0.7 · max(0, cos)  +  title bonus
    title bonus = 0.3 + 0.3 · (query stems / title stems) where the title holds every query stem

cos is that of the full vectors for the best RESCORED candidates (small whitened vectors find, full ones order); the
others follow them in the order of their whitened vectors. Constants measured: docs/quality.md.
"""

import numpy as np
from numpy.typing import NDArray

from search.engines.base import Hits, Ids
from search.vectors import Fetch, Vectors

CANDIDATES = 1000
RESCORED = 200
WORDS_SHARE, MEANING_SHARE = 0.3, 0.7
TITLE_BONUS, COVERAGE_BONUS = 0.3, 0.3
RELATED_MEANING_SHARE = 0.6


def fuse(lexical: Hits, near: Hits | None, titled: Hits, query: Vectors | None, fetch: Fetch) -> Hits:
    """The order of relevance over all candidates.

    near: candidates by the whitened vectors, None where meaning plays no part. query: the full query vector, (d,)
    float32, L2-normalised, None likewise.
    """
    parts = [lexical.ids, titled.ids] + ([near.ids] if near is not None else [])
    ids = np.unique(np.concatenate(parts))
    if not len(ids):
        return Hits()
    words = spread(ids, lexical) / max(float(lexical.scores.max(initial=0)), 1e-9)
    coverage = spread(ids, titled)
    bonus = np.where(coverage > 0, TITLE_BONUS + COVERAGE_BONUS * coverage, 0)
    if near is None or query is None:
        return ordered(ids, words + bonus)
    # A candidate that is not among the nearest is no nearer than the last of them.
    floor = float(near.scores.min(initial=0))
    base = WORDS_SHARE * words + bonus
    first = ordered(ids, base + MEANING_SHARE * np.maximum(0, spread(ids, near, floor)))
    best, rest = first.ids[:RESCORED], first.ids[RESCORED:]
    cosines = full_cosines(best, query, fetch)
    top = ordered(best, base[np.searchsorted(ids, best)] + MEANING_SHARE * np.maximum(0, cosines))
    ceiling = float(top.scores.min(initial=np.inf))
    return Hits(
        np.concatenate([top.ids, rest]),
        np.concatenate([top.scores, np.minimum(first.scores[RESCORED:], ceiling)]).astype(np.float32),
    )


def fuse_related(lexical: Hits, near: Hits, query: Vectors, fetch: Fetch) -> Hits:
    """Relatives of a paper: 0.4 · z(BM25) + 0.6 · z(cos of the full vectors) over all candidates."""
    ids = np.unique(np.concatenate([lexical.ids, near.ids]))
    if not len(ids):
        return Hits()
    words = standardised(spread(ids, lexical))
    meaning = standardised(full_cosines(ids, query, fetch))
    return ordered(ids, (1 - RELATED_MEANING_SHARE) * words + RELATED_MEANING_SHARE * meaning)


def full_cosines(ids: Ids, query: Vectors, fetch: Fetch) -> NDArray[np.float32]:
    """Cosines of full vectors with the query; 0 where the store has none."""
    known, vectors = fetch(ids)
    out = np.zeros(len(ids), np.float32)
    if len(known):
        order = np.argsort(known)
        places = np.searchsorted(known[order], ids).clip(max=len(known) - 1)
        found = known[order][places] == ids
        out[found] = (vectors[order][places[found]]) @ query
    return out


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
