"""Titles and abstracts as HTML: the words of a query marked where they stand, formulas as MathML."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from papers import maths
from search import analysis
from search.query import And, Field, Node, Or, Phrase, Word

_TOKEN = re.compile(r"[^\W_]+")
LONGEST_PHRASE = 50


def wanted(node: Node | None) -> tuple[str, ...]:
    """What of a query's tree may be marked in titles and abstracts: words, and phrases whole; nothing excluded."""
    match node:
        case Word(text):
            return (text,)
        case Phrase(text):
            return (text,)
        case Field(name, child) if name in {"title", "abstract"}:
            return wanted(child)
        case And(children) | Or(children):
            return tuple(text for child in children for text in wanted(child))
    return ()


def highlight(text: str, words: Iterable[str]) -> SafeString:
    """`text` as HTML, formulas as MathML, with `<mark>` around what the query asked for.

    An entry of `words` that is one word marks every word of the same stem; one of several words is a phrase and
    marks only these words in this order. Formulas are left alone. Takes time linear in the text.
    """
    stems, phrases = _read(tuple(words))
    if not stems and not phrases:
        return maths.to_html(text)
    return maths.join(
        (html or _marked(text, start, end, stems, phrases), html is not None) for start, end, html in maths.pieces(text)
    )


@lru_cache(maxsize=256)
def _read(words: tuple[str, ...]) -> tuple[frozenset[str], dict[str, list[tuple[str, ...]]]]:
    """The stems of single words, and the phrases by their first word."""
    stems: set[str] = set()
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for entry in words:
        terms = tuple(analysis.words(entry))[:LONGEST_PHRASE]
        if len(terms) == 1:
            stems.update(analysis.stems(entry))
        elif terms:
            phrases.setdefault(terms[0], []).append(terms)
    if not stems and not phrases:  # nothing but stop words: then they are what was asked for
        stems.update(term for entry in words for term in analysis.words(entry))
    return frozenset(stems), phrases


@lru_cache(maxsize=50_000)
def _terms(token: str) -> tuple[str, str]:
    """A token's exact term and its stem (a stop word's is the word); both empty for what the index leaves out."""
    exact = "".join(analysis.words(token))
    return exact, "".join(analysis.stems(token)) or exact


def _marked(
    text: str, begin: int, finish: int, stems: frozenset[str], phrases: dict[str, list[tuple[str, ...]]]
) -> SafeString:
    """A stretch of prose with its marks."""
    pieces: list[str] = []
    at = begin
    for start, end in _spans(text, begin, finish, stems, phrases):
        pieces += (escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>")
        at = end
    pieces.append(escape(text[at:finish]))
    return mark_safe("".join(pieces))  # noqa: S308 (every piece of the text went through escape)


def _spans(
    text: str, begin: int, finish: int, stems: frozenset[str], phrases: dict[str, list[tuple[str, ...]]]
) -> Iterator[tuple[int, int]]:
    """Where marks begin and end in a stretch of prose, from left to right, none within another."""
    if not phrases:  # each word of the text stands there several times, and few are marked
        marked = {token for token in set(_TOKEN.findall(text, begin, finish)) if _terms(token)[1] in stems}
        if marked:
            yield from (found.span() for found in _TOKEN.finditer(text, begin, finish) if found[0] in marked)
        return
    tokens = [(found.start(), found.end(), *_terms(found[0])) for found in _TOKEN.finditer(text, begin, finish)]
    exact = tuple(token[2] for token in tokens)
    at = 0
    while at < len(tokens):
        fitting = [p for p in phrases.get(exact[at], ()) if exact[at : at + len(p)] == p]
        length = max(map(len, fitting), default=0) or int(tokens[at][3] in stems)
        if length:
            yield tokens[at][0], tokens[at + length - 1][1]
        at += length or 1
