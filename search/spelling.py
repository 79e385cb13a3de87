"""Spelling: a word that the index does not know gives way to one of the index's own, one slip of the finger away.

A word is taken for a slip where no paper of the index holds it. Of several that could be meant, the one goes in whose
best paper fits the other words of the query best.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from string import ascii_lowercase

from search import analysis
from search.engines.base import SHORTEST_SPELT, Engine, LexicalQuery, Unit
from search.frequencies import FrequencyTable
from search.query import Node, Phrase, Query, Word, map_written

# Titles and abstracts that hold the word that goes in: a short word has a neighbour by chance.
LEAST, LEAST_SHORT, LONG_WORD = 3, 30, 6
# A word that one of 10,000 arXiv papers holds is no slip (`FrequencyTable.stem_df`, what ships included), and a slip
# that others made before is so much rarer than what was meant.
COMMON, COMMONER = 1, 100
CHOICE = 4  # words that are tried in the place of one
MOST = 4  # unknown words of one query that are looked at
# "dLNs", "MILo": what is written so is a name.
_INNER_CAPITAL = re.compile(r"\b\w*[^\W\d_][A-Z]\w*\b")
CONTEXT = 20  # of the other words, the most telling, that choose between several
_SPELT = frozenset(ascii_lowercase)
_LETTERS = re.compile(r"[^\W\d_]+")


def corrections(engine: Engine, table: FrequencyTable, words: Sequence[str]) -> dict[str, str]:
    """For each slip among `words` (exact terms, in order) the word that was meant."""
    unknown = _unknown(engine, table, words)
    options = {word: found for word in unknown[:MOST] if (found := _options(engine, table, word))}
    sure = [stem for word in words if word not in options for stem in analysis.stems(word)]
    chosen: dict[str, str] = {}
    for word in options:
        telling = sorted(dict.fromkeys(sure), key=lambda stem: -table.idf(stem))[:CONTEXT]
        chosen[word] = _fitting(engine, options[word], telling)
        sure += analysis.stems(chosen[word])
    return chosen


def corrected(engine: Engine, table: FrequencyTable, query: Query) -> Query:
    """The query with its slips corrected; the same query where there are none.

    Quoted and excluded words, and the values of fields other than title and abstract, stay as they are.
    """
    if query.tree is None:
        return query
    typed: list[str] = []

    def note(part: Word | Phrase, _: str) -> Node:
        if isinstance(part, Word):
            typed.extend(analysis.words(_INNER_CAPITAL.sub(" ", part.text)))
        return part

    map_written(query.tree, note)
    found = corrections(engine, table, list(dict.fromkeys(typed)))
    if not found:
        return query

    def put(part: Word | Phrase, _: str) -> Node:
        return Word(_replaced(part.text, found)) if isinstance(part, Word) else part

    changed = query.with_tree(map_written(query.tree, put))
    return replace(changed, text=_replaced(query.text, found)) if query.plain else changed


def _unknown(engine: Engine, table: FrequencyTable, words: Sequence[str]) -> list[str]:
    """Those of the words that no paper of the index holds and hardly one elsewhere."""
    stems = {
        word: found[0]
        for word in dict.fromkeys(words)
        if len(word) >= SHORTEST_SPELT and _SPELT.issuperset(word) and len(found := analysis.stems(word)) == 1
    }
    asked = [word for word, stem in stems.items() if table.stem_df(stem) < COMMON]
    if not asked:
        return []
    papers, counts = engine.frequencies([stems[word] for word in asked])
    return [word for word, count in zip(asked, counts, strict=True) if papers and not count]


def _options(engine: Engine, table: FrequencyTable, word: str) -> list[str]:
    """What may go in: words that are common, and far commoner than the one typed where that one is known elsewhere."""
    least = LEAST if len(word) >= LONG_WORD else LEAST_SHORT
    known = sum(map(table.stem_df, analysis.stems(word)))
    return [
        other
        for other, times in engine.spellings(word)
        if times >= least
        and other.isalpha()
        and (stems := analysis.stems(other))
        and min(map(table.stem_df, stems)) >= COMMONER * known
    ][:CHOICE]


def _fitting(engine: Engine, options: Sequence[str], others: Sequence[str]) -> str:
    """The option whose best paper has the highest score for the other words; the first where all are alike."""
    if len(options) == 1 or not others:
        return options[0]
    context = tuple(Unit(((stem,),)) for stem in others)

    def fit(option: str) -> float:
        bound = LexicalQuery(Word(option), context, 0)
        return max(engine.lexical(bound, 1).scores.tolist(), default=0.0)

    return max(options, key=fit)


def _replaced(text: str, found: Mapping[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        terms = analysis.words(match.group())
        return found.get(terms[0], match.group()) if len(terms) == 1 else match.group()

    return _LETTERS.sub(one, text)
