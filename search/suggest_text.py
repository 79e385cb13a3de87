"""What of a query is being written, so that it can be completed: its last part, and what that can become."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from search import analysis
from search import query_lexer as lexer
from search.query import FIELDS

LONGEST = 300  # characters; whoever has typed more knows what to look for
KINDS = ("category", "keyword", "author", "title")
_ADDED = ("category", "keyword", "author")  # what makes a query longer; a title is where a search ends
_OF_FIELD = {"cat": "category", "author": "author", "title": "title"}

_PLAIN = rf"[^\s()|{lexer.QUOTES}]"
_BEGINS = r"(?<![^\s(|])"
# "Title: a lecture" is how titles begin; a field is written small or without the blank.
_FIELD = rf"(?![A-Z][a-z]+:\s)(?P<field>(?i:{'|'.join(FIELDS)})):\s*"
_QUOTE = re.compile(rf"[{lexer.QUOTES}][^{lexer.QUOTES}]*(?P<closed>[{lexer.QUOTES}]?)")
_FIELD_AND_QUOTE = re.compile(rf"{_BEGINS}-*{_FIELD}$")
_FIELD_AND_VALUE = re.compile(rf"{_BEGINS}-*{_FIELD}(?P<value>{_PLAIN}*)$")
# What is no free word: phrases, operators, exclusions, fields with their values.
_SYNTAX = re.compile(
    rf"[{lexer.QUOTES}][^{lexer.QUOTES}]*[{lexer.QUOTES}]|\||(?<!\S)(?:AND|OR|NOT)(?!\S)|{_BEGINS}-+{_PLAIN}+"
    rf"|{_BEGINS}{_FIELD}{_PLAIN}*"
)
_OPERATOR = re.compile(r"(?:\||(?<!\S)(?:OR|NOT))$")
_PARENTHESES = re.compile(r"[()]")


@dataclass(frozen=True, slots=True)
class Begun:
    """kept: the query before the part that is being written. part: that part. kinds: of KINDS, what it can become.
    whole: whether words in its place must hold together, being in quotation marks or an operator's other side."""

    kept: str
    part: str
    kinds: tuple[str, ...] = KINDS
    whole: bool = False

    def completed(self, query: str) -> str:
        """The query with `query` in the place of the part."""
        if self.kept.endswith(",") and self.kinds == ("category",):  # a list of categories
            return self.kept + query.partition(":")[2]
        return f"{self.kept}{' ' if self.kept and self.kept[-1] not in ' (-' else ''}{query}"


def begun(text: str) -> Iterator[Begun]:
    """What is being written: everything if it is free words, else what stands behind the last piece of syntax; then,
    for want of something that begins so, the last two words and the last one. Nothing in a field that has no
    suggestions, or TeX."""
    typed = lexer.clean(text)
    if len(text) > LONGEST or "\\" in typed:
        return
    quote = next((each for each in _QUOTE.finditer(typed) if not each["closed"]), None)
    if quote is not None:
        before, part = typed[: quote.start()], typed[quote.start() + 1 :]
        if found := _FIELD_AND_QUOTE.search(before):
            yield from _in_field(found["field"], before[: found.start("field")], part)
        else:
            yield Begun(before, part, ("keyword",), whole=True)
    elif found := _FIELD_AND_VALUE.search(typed):
        yield from _in_field(found["field"], typed[: found.start("field")], found["value"])
    else:
        yield from _free(typed)


def _in_field(field: str, kept: str, value: str) -> Iterator[Begun]:
    name = FIELDS[field.lower()]
    kind = _OF_FIELD.get(name)
    if kind == "category":
        others, comma, value = value.rpartition(",")
        kept += f"{name}:{others}," if comma else ""
    if kind:
        yield Begun(kept, value, (kind,))


def _free(typed: str) -> Iterator[Begun]:
    end = max((item.end() for item in _SYNTAX.finditer(typed)), default=0)
    if end:  # without other syntax, parentheses are those of a title
        end = max([end, *(each.end() for each in _PARENTHESES.finditer(typed))])
    yield Begun(typed[:end], typed[end:], _ADDED if end else KINDS, bool(_OPERATOR.search(typed[:end])))
    starts = [end + word.start() for word in re.finditer(r"\S+", typed[end:])]
    for count in (2, 1):
        if len(starts) > count and analysis.stems(typed[starts[-count] :]):
            yield Begun(typed[: starts[-count]], typed[starts[-count] :], _ADDED)
