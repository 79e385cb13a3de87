"""How an index reads a query: slips corrected, a phrase that no paper holds taken as its words, a long text refined."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from search import analysis
from search.engines.base import Engine, LexicalQuery
from search.frequencies import FrequencyTable
from search.plan import Plan, make_plan
from search.query import And, Node, Phrase, Query, Word, binding_and_free, join, map_written, words_of
from search.spelling import corrected

NOT_AS_PHRASE = "No paper holds this exact phrase: its words were looked for."
LONG = 15  # distinct stems from which on a query is told by its keywords
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
    """Read a query against an index. verbatim: exactly as it stands. without: words that BM25 leaves aside.

    Raises EngineError.
    """
    asked = query if verbatim else _loosened(engine, corrected(engine, table, query))
    if asked is not query:
        asked = corrected(engine, table, asked)
    stems = frozenset(analysis.stems(" ".join(without)))
    keywords = _keywords(asked, table)
    return Reading(
        query=query,
        asked=asked,
        plan=make_plan(asked, table, stems),
        keywords=tuple(word for stem, word in keywords.items() if stem not in stems),
        removed=tuple(word for stem, word in keywords.items() if stem in stems),
    )


def _loosened(engine: Engine, query: Query) -> Query:
    """The query without its quotation marks where no paper holds what they bind."""
    if query.tree is None or not _holds_phrase(query.tree):
        return query
    binding, _ = binding_and_free(query.tree)
    if engine.count(LexicalQuery(binding)):
        return query

    def unquoted(part: Word | Phrase) -> Node:
        return join(And, map(Word, part.text.split())) or part

    return replace(query.with_tree(map_written(query.tree, unquoted)), notes=(*query.notes, NOT_AS_PHRASE))


def _holds_phrase(tree: Node) -> bool:
    found: list[Phrase] = []

    def note(part: Word | Phrase) -> Node:
        if isinstance(part, Phrase):
            found.append(part)
        return part

    map_written(tree, note)
    return bool(found)


def _keywords(query: Query, table: FrequencyTable) -> dict[str, str]:
    """By stem the words of a long query that tell most: often in it, rare elsewhere."""
    written: dict[str, str] = {}
    times: dict[str, int] = {}
    for word in words_of(query.tree):
        for term in analysis.words(word):
            for stem in analysis.stems(term):
                written.setdefault(stem, term)
                times[stem] = times.get(stem, 0) + 1
    if len(times) < LONG:
        return {}
    weight = {stem: count * table.idf(stem) for stem, count in times.items() if table.finds_others(stem)}
    return {stem: written[stem] for stem in sorted(weight, key=lambda stem: -weight[stem])[:KEYWORDS]}
