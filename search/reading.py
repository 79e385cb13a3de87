"""How an index reads a query: slips corrected, a phrase that no paper holds taken as its words, a long text refined."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy

from search import analysis
from search.engines.base import Engine, LexicalQuery
from search.frequencies import FrequencyTable
from search.plan import Plan, make_plan
from search.query import And, Field, Node, Phrase, Query, Word, join, map_written, words_of
from search.spelling import corrected

NOT_AS_PHRASE = gettext_lazy("No paper holds this exact phrase: its words were looked for.")
LONG = 15  # distinct stems from which on a query is told by its keywords
MOST_PHRASES = 8  # of one query that are asked for
KEYWORDS = 12  # of a long query that are told


@dataclass(frozen=True)
class Reading:
    """query: as it was typed. asked: as the index is asked, the same object where nothing was changed. keywords: of a
    long text the words that tell most, as typed, most telling first. removed: those that are left out on demand."""

    query: Query
    asked: Query
    plan: Plan
    keywords: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def read(
    engine: Engine, table: FrequencyTable, query: Query, *, verbatim: bool = False, without: Collection[str] = ()
) -> Reading:
    """Read a query against an index. verbatim: exactly as it stands. without: words that BM25 leaves aside, of a query
    that is told by its keywords.

    Raises EngineError.
    """
    asked = query if verbatim else corrected(engine, table, _loosened(engine, query))
    keywords = _keywords(asked, table)
    stems = frozenset(analysis.stems(" ".join(without))) if keywords else frozenset()
    return Reading(
        query=query,
        asked=asked,
        plan=make_plan(asked, table, stems),
        keywords=tuple(word for stem, word in keywords.items() if stem not in stems),
        removed=tuple(word for stem, word in keywords.items() if stem in stems),
    )


def _loosened(engine: Engine, query: Query) -> Query:
    """The query with each phrase that no paper holds as its words; phrases of stop words stay, having no others."""
    if query.tree is None:
        return query
    asked = [0]

    def loosen(part: Word | Phrase, field: str) -> Node:
        if isinstance(part, Word) or asked[0] == MOST_PHRASES or not analysis.stems(part.text):
            return part
        asked[0] += 1
        if engine.count(LexicalQuery(Field(field, part) if field else part)):
            return part
        return join(And, map(Word, analysis.words(part.text))) or part

    tree = map_written(query.tree, loosen)
    if tree == query.tree:
        return query
    return replace(query.with_tree(tree), notes=(*query.notes, str(NOT_AS_PHRASE)))


def _keywords(query: Query, table: FrequencyTable) -> dict[str, str]:
    """By stem the words of a long query that tell most: often in it, rare elsewhere."""
    text = " ".join(words_of(query.tree))
    times = Counter(analysis.stems(text))
    if len(times) < LONG:
        return {}
    written = analysis.written(text)
    weight = {stem: count * table.idf(stem) for stem, count in times.items() if table.finds_others(stem)}
    return {stem: written[stem] for stem in sorted(weight, key=lambda stem: -weight[stem])[:KEYWORDS]}
