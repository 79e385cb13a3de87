"""From a parsed query to what the engine is asked."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from search import analysis
from search.engines.base import LexicalQuery, Unit
from search.frequencies import FrequencyTable
from search.query import And, Node, Or, Phrase, Query, Word, binding_and_free, words_of

# Of a longer text so many of the most telling words: as good as all of them (docs/quality.md) in less time.
MOST_UNITS = 60
MOST_ALTERNATIVES = 256  # as many as a query has words, so that only combinations of groups are ever cut


@dataclass(frozen=True)
class Plan:
    """binding: what must hold. units: the free words, by stem. text: what the encoder reads, empty where the query
    has no words. title: the stems that a title may hold all of. free: whether there are free words at all."""

    binding: Node | None
    units: tuple[Unit, ...]
    text: str
    title: tuple[str, ...]
    free: bool

    def lexical(self, minimum: int) -> LexicalQuery:
        """The papers that hold `minimum` of the free words."""
        return LexicalQuery(self.binding, self.units if self.free else (), minimum if self.free else 0)

    def candidates(self) -> LexicalQuery:
        """The papers to rank: one free word is enough; quoted words only score."""
        return LexicalQuery(self.binding, self.units, 1 if self.free else 0)


def make_plan(query: Query, table: FrequencyTable, without: Collection[str] = ()) -> Plan:
    """Take a query apart. Free words that are all stop words ("to be or not to be") are taken as a phrase.

    table: tells which words of a long text matter. without: stems that BM25 leaves aside; the encoder reads all.
    """
    if query.tree is None:
        return Plan(None, (), "", (), False)
    binding, free = binding_and_free(query.tree)
    text = " ".join(words_of(query.tree))
    if free and not any(analysis.stems(word) for node in free for word in words_of(node)):
        phrase = Phrase(" ".join(word for node in free for word in words_of(node)))
        binding, free = (phrase if binding is None else And((binding, phrase))), ()
    # Quoted and fielded words must hold anyway; where there are no free ones, they only order.
    units = free_units(free) if free else weighted_units(analysis.stems(text))
    units = refined([unit for unit in units if not _only(unit, without)] or units, table)
    title = tuple(stem for stem in dict.fromkeys(analysis.stems(text)) if stem not in without)
    # Its own punctuation says something to the encoder.
    return Plan(binding, units, query.text if query.plain else text, title, bool(free))


def free_units(nodes: tuple[Node, ...]) -> tuple[Unit, ...]:
    """One unit for each word (its stems apart) and for each group of alternatives."""
    words = [stem for node in nodes if isinstance(node, Word) for stem in analysis.stems(node.text)]
    groups = [_alternatives(node) for node in nodes if not isinstance(node, Word)]
    return weighted_units(words) + tuple(Unit(tuple(group)) for group in groups if group)


def weighted_units(stems: list[str]) -> tuple[Unit, ...]:
    """A unit for each stem, weighing as often as it occurs."""
    return tuple(Unit(((stem,),), float(count)) for stem, count in Counter(stems).items())


def refined(units: Sequence[Unit], table: FrequencyTable) -> tuple[Unit, ...]:
    """The MOST_UNITS units of largest weight · idf, in their order; a group counts as its rarest word."""
    if len(units) <= MOST_UNITS:
        return tuple(units)
    telling = [unit.weight * max(table.idf(stem) for stems in unit.alternatives for stem in stems) for unit in units]
    kept = sorted(range(len(units)), key=lambda place: -telling[place])[:MOST_UNITS]
    return tuple(units[place] for place in sorted(kept))


def _only(unit: Unit, stems: Collection[str]) -> bool:
    return all(stem in stems for alternative in unit.alternatives for stem in alternative)


def _alternatives(node: Node) -> list[tuple[str, ...]]:
    """A group of words as alternatives of stems that belong together (disjunctive normal form, cut at
    MOST_ALTERNATIVES)."""
    match node:
        case Word(text):
            stems = tuple(analysis.stems(text))
            return [stems] if stems else []
        case Or(children):
            return [stems for child in children for stems in _alternatives(child)][:MOST_ALTERNATIVES]
        case And(children):
            found: list[tuple[str, ...]] = [()]
            for child in children:
                options = _alternatives(child)
                if options:
                    found = [left + right for left in found for right in options][:MOST_ALTERNATIVES]
            return found if found != [()] else []
    return []
