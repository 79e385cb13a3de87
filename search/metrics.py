"""Measures of a ranking, as the field defines them, with linear gains."""

import math
from collections.abc import Iterable, Mapping, Sequence

Judgements = Mapping[str, float]


def ndcg(ranking: Sequence[str], relevant: Judgements, depth: int = 10) -> float:
    """nDCG@depth: Σ gain/log2(rank + 1) over that of the best possible ranking (Järvelin, Kekäläinen 2002)."""
    gained = sum(relevant.get(key, 0) / math.log2(place + 2) for place, key in enumerate(ranking[:depth]))
    best = sorted((gain for gain in relevant.values() if gain > 0), reverse=True)[:depth]
    ideal = sum(gain / math.log2(place + 2) for place, gain in enumerate(best))
    return gained / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevant: Judgements, depth: int = 100) -> float:
    """Recall@depth: the share of the relevant ones among the first `depth`."""
    wanted = {key for key, gain in relevant.items() if gain > 0}
    return len(wanted.intersection(ranking[:depth])) / len(wanted) if wanted else 0.0


def reciprocal_rank(ranking: Sequence[str], relevant: Judgements, depth: int = 10) -> float:
    """MRR@depth of one query: 1/rank of the first relevant one, 0 where none is among the first `depth`."""
    for place, key in enumerate(ranking[:depth]):
        if relevant.get(key, 0) > 0:
            return 1 / (place + 1)
    return 0.0


def averages(runs: Iterable[tuple[Sequence[str], Judgements]]) -> dict[str, float]:
    """nDCG@10, Recall@100 and MRR@10, each the mean over queries; queries with nothing relevant count as 0."""
    rows = [(ndcg(*run), recall(*run), reciprocal_rank(*run)) for run in runs]
    names = ("ndcg@10", "recall@100", "mrr@10")
    if not rows:
        return dict.fromkeys(names, 0.0)
    return {name: sum(row[place] for row in rows) / len(rows) for place, name in enumerate(names)}
