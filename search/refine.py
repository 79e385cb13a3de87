"""Ways on from a search: keyphrases that narrow it, conditions whose loss widens it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from papers.models import Paper
from search import analysis
from search.engines.base import EngineError
from search.plan import make_plan
from search.query import MAX_QUERY_LENGTH, And, Query, Word, join, parse, to_text, words_of
from search.service import Context, site_context

NARROWER, WIDER = 8, 4
LEAST = 2  # papers of those that have a keyphrase
FEW = 50  # papers: a search that finds more needs no widening
MOST_PARTS = 8


@dataclass(frozen=True)
class Step:
    """A changed search: what is added or left out, the query, how many papers hold all its words."""

    text: str
    query: str
    papers: int


def narrower(query: Query, best: Sequence[int]) -> list[Step]:
    """Keyphrases most telling for these papers (primary keys), the best of a search, against the whole index.

    By count · ln((count / papers found) / (count in the index / papers in it)): a term of the Kullback–Leibler
    divergence between results and index. No phrase that only says the query again; as free words,
    since papers write it in the plural too. Empty while the engine is away.
    """
    rows = Paper.objects.filter(pk__in=best).values_list("keywords", flat=True)
    counted = Counter(phrase for phrases in rows for phrase in phrases)
    own = frozenset(analysis.stems(" ".join(words_of(query.tree))))
    shared = [
        phrase for phrase, count in counted.items() if count >= LEAST and not own.issuperset(analysis.stems(phrase))
    ]
    if not shared or not query.text:
        return []
    try:
        context = site_context()
        if context is None:
            return []
        total, frequencies = context.engine.frequencies(shared, "keyword")
        weight = {
            phrase: counted[phrase] * log((counted[phrase] / len(best)) / (max(times, counted[phrase]) / max(total, 1)))
            for phrase, times in zip(shared, frequencies.tolist(), strict=True)
        }
        first = sorted(
            (phrase for phrase in weight if weight[phrase] > 0), key=lambda phrase: (-weight[phrase], phrase)
        )
        steps = [_counted(context, phrase, _with(query, phrase)) for phrase in _different(first)[:NARROWER]]
    except EngineError:
        return []
    return [step for step in steps if step.papers and len(step.query) <= MAX_QUERY_LENGTH]


def _with(query: Query, phrase: str) -> Query:
    return query.with_tree(join(And, [query.tree, parse(phrase).tree]) or Word(phrase))


def wider(query: Query) -> list[Step]:
    """The search without one of its parts, for those parts that keep most papers out; nothing where FEW papers or more
    hold all of it."""
    parts = query.tree.children if isinstance(query.tree, And) else ()
    if not 2 <= len(parts) <= MOST_PARTS:
        return []
    steps: list[Step] = []
    try:
        context = site_context()
        if context is None:
            return []
        total = _counted(context, "", query).papers
        for part in dict.fromkeys(parts) if total < FEW else ():
            rest = join(And, [other for other in parts if other != part])
            if rest is not None:
                steps.append(_counted(context, to_text(part), query.with_tree(rest)))
    except EngineError:
        return []
    return sorted((step for step in steps if step.papers > total), key=lambda step: -step.papers)[:WIDER]


def _counted(context: Context, text: str, query: Query) -> Step:
    plan = make_plan(query, context.table)
    return Step(text, query.text, context.engine.count(plan.lexical(len(plan.units))))


def _different(phrases: Sequence[str]) -> list[str]:
    """Without phrases whose stems are all in a better one, or hold all of a better one's."""
    kept: list[tuple[str, frozenset[str]]] = []
    for phrase in phrases:
        stems = frozenset(analysis.stems(phrase))
        if not any(stems <= other or other <= stems for _, other in kept):
            kept.append((phrase, stems))
    return [phrase for phrase, _ in kept]
