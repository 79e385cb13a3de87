"""What was understood of a query, part by part: each a chip that leads to the query without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from search.query import And, Field, Node, Not, Or, Phrase, Query, Range, Word, parse, to_text
from search.reading import Reading
from search.sorting import SORTS, address

MOST_WORDS = 8  # free words with a chip of their own; more of them share one
FIELD_NAMES = {
    "title": gettext_lazy("title"),
    "abstract": gettext_lazy("abstract"),
    "author": gettext_lazy("author"),
    "cat": gettext_lazy("category"),
    "id": gettext_lazy("arXiv id"),
    "comment": gettext_lazy("comment"),
    "journal": gettext_lazy("journal"),
    "doi": gettext_lazy("DOI"),
}
_OR = pgettext_lazy("between alternatives", "or")


@dataclass(frozen=True, slots=True)
class Chip:
    """name: of the field, empty for words. text: what is wanted. address: of the search without it. excluded: papers
    with it are left out. corrected: it was typed otherwise."""

    name: str
    text: str
    address: str
    excluded: bool = False
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """How the addresses of other searches are made from this one: the order stays, and so does whether slips are
    corrected and which keywords are left out."""

    asked: Query
    sort: str
    verbatim: bool = False
    without: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[Node, ...]:
        """What has to hold together, in order."""
        return parts_of(self.asked.tree)

    def to(self, parts: Sequence[Node]) -> str:
        """The address of the search for these parts."""
        return address("search", parse(text_of(parts)), self.sort, verbatim=self.verbatim, without=self.without)


def parts_of(tree: Node | None) -> tuple[Node, ...]:
    """The parts of a tree that have to hold together."""
    return tree.children if isinstance(tree, And) else () if tree is None else (tree,)


def text_of(parts: Sequence[Node]) -> str:
    """Parts that have to hold together as a query."""
    return " ".join(map(spelled, parts))


def spelled(part: Node) -> str:
    """One part as a query, days as short as they can be written: `date:2019..2022` for whole years."""
    if not isinstance(part, Range):
        return to_text(part)
    start, end = part.start, part.end
    whole = (start is None or (start.month, start.day) == (1, 1)) and (end is None or (end.month, end.day) == (12, 31))
    if not whole:
        return to_text(part)
    first, last = (f"{day.year:04}" if day else "" for day in (start, end))
    return f"date:{first}" if first == last else f"date:{first}..{last}"


def chips(reading: Reading, search: Search) -> list[Chip]:
    """The chips of a query as the index was asked it. None where it is nothing but one word, or a long text, whose
    keywords are told elsewhere; then only what is not words."""
    parts = search.parts
    typed = set(parts_of(reading.query.tree))
    words = [part for part in parts if isinstance(part, Word)]
    found: list[Chip] = []
    if len(words) > MOST_WORDS:
        rest = [part for part in parts if not isinstance(part, Word)]
        if rest and not reading.keywords:
            found.append(Chip("", " ".join(word.text for word in words), search.to(rest)))
        words = []
    for place, part in enumerate(parts):
        if isinstance(part, Word) and (len(parts) == 1 or part not in words):
            continue
        name, text = _told(part)
        left_out = search.to([*parts[:place], *parts[place + 1 :]])
        found.append(Chip(name, text, left_out, isinstance(part, Not), part not in typed))
    if search.sort != "relevance" and search.sort in SORTS:
        plain = parse(search.asked.text)
        by_relevance = address("search", plain, "relevance", verbatim=search.verbatim, without=search.without)
        found.append(Chip(_("order"), str(SORTS[search.sort]), by_relevance))
    return found


def _told(part: Node) -> tuple[str, str]:
    """The field's name, empty for words, and what is wanted in it, for a reader."""
    match part:
        case Not(child):
            return _told(child)
        case Field(name, child):
            return str(FIELD_NAMES[name]), _text(child, bare=name in {"author", "cat", "id", "doi"})
        case Range(start, end):
            return _("date"), _days(start, end)
    return "", _text(part)


def _text(node: Node, *, bare: bool = False) -> str:
    """A part for a reader; `bare`: a phrase needs no quotation marks, being a name."""
    match node:
        case Word(text):
            return text
        case Phrase(text):
            return text if bare else f"“{text}”"
        case And(children):
            return " ".join(_inner(child, bare) for child in children)
        case Or(children):
            return f" {_OR} ".join(_inner(child, bare) for child in children)
        case Not(child):
            return f"−{_inner(child, bare)}"
    return ": ".join(_told(node))


def _inner(node: Node, bare: bool) -> str:
    text = _text(node, bare=bare)
    return f"({text})" if isinstance(node, And | Or) else text


def _days(start: date | None, end: date | None) -> str:
    years = spelled(Range(start, end)).removeprefix("date:").split("..")
    if all(len(year) in {0, 4} for year in years):
        first, last = years[0], years[-1]
    else:
        first, last = (date_format(day, _("j M Y")) if day else "" for day in (start, end))
    if first == last:
        return first
    if not last:
        return _("from %(day)s") % {"day": first}
    if not first:
        return _("to %(day)s") % {"day": last}
    return _("%(first)s to %(last)s") % {"first": first, "last": last}
