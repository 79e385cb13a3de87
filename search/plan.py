"""From a parsed query to what the engine is asked."""

from collections import Counter
from dataclasses import dataclass

from search import analysis
from search.engines.base import LexicalQuery, Unit
from search.query import And, Node, Or, Phrase, Query, Word, binding_and_free, words_of

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


def make_plan(query: Query) -> Plan:
    """Take a query apart. Free words that are all stop words ("to be or not to be") are taken as a phrase."""
    if query.tree is None:
        return Plan(None, (), "", (), False)
    binding, free = binding_and_free(query.tree)
    text = " ".join(words_of(query.tree))
    if free and not any(analysis.stems(word) for node in free for word in words_of(node)):
        phrase = Phrase(" ".join(word for node in free for word in words_of(node)))
        binding, free = (phrase if binding is None else And((binding, phrase))), ()
    # Quoted and fielded words must hold anyway; where there are no free ones, they only order.
    units = free_units(free) if free else weighted_units(analysis.stems(text))
    return Plan(binding, units, text, tuple(dict.fromkeys(analysis.stems(text))), bool(free))


def free_units(nodes: tuple[Node, ...]) -> tuple[Unit, ...]:
    """One unit for each word (its stems apart) and for each group of alternatives."""
    words = [stem for node in nodes if isinstance(node, Word) for stem in analysis.stems(node.text)]
    groups = [_alternatives(node) for node in nodes if not isinstance(node, Word)]
    return weighted_units(words) + tuple(Unit(tuple(group)) for group in groups if group)


def weighted_units(stems: list[str]) -> tuple[Unit, ...]:
    """A unit for each stem, weighing as often as it occurs."""
    return tuple(Unit(((stem,),), float(count)) for stem, count in Counter(stems).items())


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
