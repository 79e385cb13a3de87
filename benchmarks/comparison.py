"""Two engines asked the same: how many of the first papers, which totals, which facets are the same."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.library import Library
from benchmarks.queries import Asked
from search.encoder import Encoder, readable
from search.engines.base import FACETS, Engine, Ids
from search.frequencies import FrequencyTable
from search.plan import Plan, make_plan
from search.query import parse
from search.ranking import CANDIDATES
from search.related import rank_related
from search.service import Context, most_words, rank
from search.vectors import Vectors

TOP = 10
FACET_SIZE = 10
DEPTHS = (10, 100, CANDIDATES)


Facet = list[tuple[str, int]]
Shares = dict[str, dict[str, list[float]]]


@dataclass
class Agreement:
    """What was seen. asked: queries by kind. shares: by ranking (shown, words, meaning) and kind of query the shares
    of the first TOP papers that both have, one a query. totals, facets: queries whose numbers differ, with either."""

    asked: Counter[str] = field(default_factory=Counter)
    shares: Shares = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    totals: list[tuple[Asked, int, int]] = field(default_factory=list)
    facets: list[tuple[Asked, Facet, Facet]] = field(default_factory=list)

    def mean(self, ranking: str, kind: str | None = None) -> float | None:
        """The average share of a ranking, over one kind of query or all; None where no query was ranked so."""
        kinds = self.shares[ranking]
        values = [share for name, part in kinds.items() for share in part if kind in (None, name)]
        return float(np.mean(values)) if values else None


def encode_queries(queries: Iterable[Asked], encoder: Encoder, table: FrequencyTable) -> dict[str, Vectors]:
    """The full vector of each text that the site would encode for these queries."""
    plans = [make_plan(parse(asked.text), table) for asked in queries]
    texts = sorted({plan.text for plan in plans if plan.text and readable(plan.text)})
    return dict(zip(texts, encoder.encode(texts), strict=True))


def compare(
    one: Context, other: Context, queries: Sequence[Asked], vectors: dict[str, Vectors], agreement: Agreement
) -> None:
    """Ask both everything. vectors: of `encode_queries`."""
    for asked in queries:
        agreement.asked[asked.kind] += 1
        plan = make_plan(parse(asked.text), one.table)
        (least, total), (other_least, other_total) = most_words(one.engine, plan), most_words(other.engine, plan)
        if (least, total) != (other_least, other_total):
            agreement.totals.append((asked, total, other_total))
        matches = plan.lexical(least)
        facets = [context.engine.facets(matches, FACETS, FACET_SIZE) for context in (one, other)]
        for name in FACETS:
            left, right = (facet[name] for facet in facets)
            if not same_facet(left, right):
                agreement.facets.append((asked, left, right))
        for ranking, first, second in _rankings(one, other, plan, vectors.get(plan.text)):
            agreement.shares[ranking][asked.kind].append(overlap(first, second))


def same_facet(one: Facet, other: Facet) -> bool:
    """Whether two facets are the same but for which of equally common values are the last ones."""
    least = min((count for _, count in one), default=0)
    above = [[row for row in facet if row[1] > least] for facet in (one, other)]
    return sorted(above[0]) == sorted(above[1]) and [row[1] for row in one] == [row[1] for row in other]


def overlap(one: Ids, other: Ids, depth: int = TOP) -> float:
    """The share of the first `depth` that both have; 1 where both are empty."""
    left, right = set(one[:depth].tolist()), set(other[:depth].tolist())
    longest = max(len(left), len(right))
    return len(left & right) / longest if longest else 1.0


def _rankings(one: Context, other: Context, plan: Plan, vector: Vectors | None) -> Iterable[tuple[str, Ids, Ids]]:
    """What the site shows, and what becomes of it by words only and by meaning only."""
    both = (one, other)
    if not plan.text:
        shown = [context.engine.lexical(plan.lexical(0), TOP, 0, "new").ids for context in both]
        yield "shown", shown[0], shown[1]
        return
    words = [rank(context, plan, None).ids for context in both]
    yield "words", words[0], words[1]
    if vector is None:
        yield "shown", words[0], words[1]
        return
    for name, lexical in (("shown", True), ("meaning", False)):
        ranked = [rank(context, plan, vector, lexical=lexical).ids for context in both]
        yield name, ranked[0], ranked[1]


def related_overlap(one: Context, other: Context, library: Library, numbers: Sequence[int]) -> list[float]:
    """The overlap of the relatives of these papers."""
    shares = []
    for number in numbers:
        document = library.documents[number - 1]
        vector = library.fetch(np.array([number]))[1][0]
        left, right = (rank_related(context, document.title, document.abstract, vector) for context in (one, other))
        shares.append(overlap(left.ids[left.ids != number], right.ids[right.ids != number]))
    return shares


def recalls(
    exact: Engine, engine: Engine, library: Library, asked: Sequence[tuple[Vectors, Plan]]
) -> tuple[dict[int, float], float]:
    """The average recall of the nearest against the exact scan at each of DEPTHS, as many asked for as the site asks
    for and among the papers of each plan; and the median of seconds a question takes."""
    found: dict[int, list[float]] = {depth: [] for depth in DEPTHS}
    seconds = []
    for vector, plan in asked:
        short = library.transform.apply(vector[None, :], library.width)[0]
        truth = exact.nearest(short, CANDIDATES, plan.binding).ids
        start = time.perf_counter()
        ids = engine.nearest(short, CANDIDATES, plan.binding).ids
        seconds.append(time.perf_counter() - start)
        for depth, values in found.items():
            wanted = truth[:depth]
            values.append(len(np.intersect1d(wanted, ids[:depth])) / len(wanted) if len(wanted) else 1.0)
    return {depth: float(np.mean(values)) for depth, values in found.items()}, float(np.median(seconds))
