"""What a reader may have meant where the query language knows no such name: fields, categories, authors.

Slips in words are corrected by `search.spelling`; this offers, and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from papers.categories import CATEGORIES, canonical
from search import analysis
from search.chips import parts_of, text_of
from search.query import FIELDS, RESEMBLED, And, Field, Node, Not, Or, Phrase, Query, Word, join, parse
from search.query_lexer import FIELD_WITH_VALUE
from search.query_tree import negate
from search.sorting import address
from search.suggest import suggest
from search.suggest_categories import categories
from search.ways import Way

MOST = 4
LIKE = 0.8  # of difflib's ratio, between a name and what it resembles
NEAR = 0.6


def meant(query: Query, *, nothing: bool = False) -> list[Way]:
    """Searches that the query resembles, as links, MOST at most. nothing: no paper was found, so that authors who
    write themselves otherwise are offered too. Never raises EngineError."""
    texts = [*_other_fields(query), *_other_categories(query)]
    if nothing:
        texts += _other_authors(query)
    found = dict.fromkeys(text for text in texts if text != query.text)
    return [Way(text, address("search", parse(text), query.sort)) for text in list(found)[:MOST]]


def _other_fields(query: Query) -> Iterator[str]:
    """The query with a misspelt field's name written right."""
    for match in FIELD_WITH_VALUE.finditer(query.text):
        if match[1].lower() in FIELDS:
            continue
        for near in get_close_matches(match[1].lower(), RESEMBLED, n=1, cutoff=LIKE):
            name = FIELDS.get(near, "cat")
            text = f"{query.text[: match.start()]}{name}:{query.text[match.end() :]}"
            if len(parse(text).notes) < len(query.notes):  # else the colon stands in a phrase
                yield text


def _other_categories(query: Query) -> Iterator[str]:
    """The query with a category in the place of a name that is none."""
    codes = {code.lower(): code for code in CATEGORIES}
    for name in dict.fromkeys(_unknown(query.tree)):
        named = [code for code, _ in categories(name)]
        near = [codes[code] for code in get_close_matches(name.lower(), codes, n=3, cutoff=NEAR)]
        for code in list(dict.fromkeys([*named, *near]))[:3]:
            tree = _changed(query.tree, name, code)
            if tree is not None:
                yield query.with_tree(tree).text


def _unknown(node: Node | None, field: str = "") -> Iterator[str]:
    match node:
        case Word(text) if field == "cat" and canonical(text) is None and not text.endswith(".*"):
            yield text
        case Field(name, child):
            yield from _unknown(child, name)
        case Not(child):
            yield from _unknown(child, field)
        case And(children) | Or(children):
            for child in children:
                yield from _unknown(child, field)


def _changed(node: Node | None, name: str, code: str, field: str = "") -> Node | None:
    """The tree with a category in the place of a name in `cat:`."""
    match node:
        case Word(text) if field == "cat" and text == name:
            return Word(code)
        case Field(inner, child):
            value = _changed(child, name, code, inner)
            return replace(node, child=value) if value is not None else None
        case Not(child):
            value = _changed(child, name, code, field)
            return negate(value) if value is not None else None
        case And(children) | Or(children):
            return join(type(node), [_changed(child, name, code, field) for child in children])
    return node


def _other_authors(query: Query) -> Iterator[str]:
    """The query with another spelling of an author whom no paper has."""
    whole = parts_of(query.tree)
    for place, part in enumerate(whole):
        if not (isinstance(part, Field) and part.name == "author" and isinstance(part.child, Word | Phrase)):
            continue
        names = _written_alike(part.child.text)
        for name in get_close_matches(part.child.text, names, n=3, cutoff=NEAR):
            parts = [*whole[:place], Field("author", Phrase(name)), *whole[place + 1 :]]
            yield text_of(parts)


def _written_alike(name: str) -> list[str]:
    """Authors here who begin like a name: less and less of its last word, then its last word alone."""
    words = analysis.words(name)
    if not words:
        return []
    *first, last = words
    begun = [" ".join([*first, last[:length]]) for length in range(len(last), 1, -1)][:6]
    for text in [*begun, last[: max(3, len(last) - 2)]]:
        found = [each.text for each in suggest(f'author:"{text}') if each.kind == "author" and each.text != name]
        if found:
            return found
    return []
