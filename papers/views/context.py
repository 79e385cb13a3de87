"""What pages have in common: the reader's settings, rows with numbers, days as typed, the picker of categories."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from typing import Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from papers.accounts.who import has_account
from papers.categories import CATEGORIES, Category, CategorySpec
from papers.category_names import name_of
from papers.changes import Change
from papers.library.kept import Kept, kept_of
from papers.models import Kind, Paper, Visitor
from papers.selection import Item
from papers.visitors import Told, told_of, visitor_of

SINGLES = gettext_lazy("Relativity, high energy, nuclear, quantum")  # physics' archives that are one category each
THEMES = ("light", "dark")
State = Literal["", "in", "out"]
_OFF: State = ""
_IN: State = "in"
_OUT: State = "out"


@dataclass(frozen=True, slots=True)
class Row:
    """One paper of a list with its number, from 1; `words` to mark in it, and the words that made it a relative.

    In an announcement list, `kind` is how the paper stands there, `change` what a replacement changed, and `in_feed`
    false where arXiv's own feed was read and lacks it. `kept` is what a reader with an account wrote and tagged; `also`
    names what else brings it to her, with addresses; `because` the phrases of it that her stars speak for.
    """

    number: int
    paper: Paper
    words: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    kind: Kind | None = None
    change: Change | None = None
    in_feed: bool = True
    told: Told | None = None
    item: Item | None = None
    kept: Kept | None = None
    also: tuple[tuple[str, str], ...] = ()
    because: tuple[str, ...] = ()


def reader(request: HttpRequest) -> dict[str, object]:
    """For every template: the theme that the browser's cookie names, empty for the system's; the page's own address;
    the language; and whether the reader has an account, which is looked up where it is asked for."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in THEMES else "",
        "here": request.get_full_path(),
        "language": get_language() or settings.LANGUAGE_CODE,
        "has_account": partial(has_account, request),
    }


def with_told(request: HttpRequest, rows: Iterable[Row]) -> list[Row]:
    """Rows with what the request's visitor did with their papers, and everybody's tallies; one database query, two
    where a cookie came, four for an account."""
    return told_to(visitor_of(request), rows)


def told_to(visitor: Visitor | None, rows: Iterable[Row]) -> list[Row]:
    """Rows with what a visitor did with their papers, what an account keeps of them, and everybody's tallies; one
    database query, three for an account."""
    found = list(rows)
    ids = [row.paper.pk for row in found]
    told, kept = told_of(visitor, ids), kept_of(visitor, ids)
    return [replace(row, told=told.get(row.paper.pk), kept=kept.get(row.paper.pk)) for row in found]


def numbered(papers: Iterable[Paper], first: int = 1, words: tuple[str, ...] = ()) -> list[Row]:
    """Rows numbered from `first`."""
    return [Row(number, paper, words) for number, paper in enumerate(papers, first)]


def read_day(parameters: Mapping[str, str], name: str, notes: list[str]) -> date | None:
    """The day in an address's parameter; what is none is left out, with a sentence added to `notes`."""
    text = parameters.get(name, "").strip()
    if not text:
        return None
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        notes.append(
            _("“%(text)s” is no day and was left out. A day is written like 2025-11-21.") % {"text": text[:20]}
        )
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """One box of the picker, wanted, unwanted or neither: a category, or a whole archive where `whole` says so."""

    code: str
    name: str
    state: State
    count: int = 0
    whole: bool = False

    @property
    def checked(self) -> bool:
        """Whether its papers are wanted."""
        return self.state == "in"

    @property
    def out(self) -> bool:
        """Whether its papers are unwanted."""
        return self.state == "out"


@dataclass(slots=True)
class Shelf:
    """The boxes of one archive, or those of the archives that are one category each."""

    name: str
    group: str
    choices: list[Choice] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether a box in it is ticked or crossed out."""
        return any(choice.state for choice in self.choices)


def picker(spec: CategorySpec | None, counts: Mapping[str, int] | None = None) -> list[Shelf]:
    """Boxes for every category that takes papers, by archive, with what `spec` says of each; `counts` are papers by
    code."""
    states: dict[str, State] = {}
    if spec is not None:
        states = dict.fromkeys(spec.exclude, _OUT) | dict.fromkeys(spec.include, _IN)
    shelves: dict[str, Shelf] = {}
    for category in CATEGORIES.values():
        if category.historic:
            continue
        single = category.code == category.archive
        key = str(SINGLES) if single else category.archive
        if key not in shelves:
            shelves[key] = _shelf(category, single, states)
        count = (counts or {}).get(category.code, 0)
        choice = Choice(category.code, name_of(category.code), states.get(category.code, _OFF), count)
        shelves[key].choices.append(choice)
    groups = list(dict.fromkeys(category.group for category in CATEGORIES.values()))
    return sorted(shelves.values(), key=lambda shelf: groups.index(shelf.group))


@cache
def boxed() -> frozenset[str]:
    """The codes that have a box."""
    return frozenset(choice.code for shelf in picker(None) for choice in shelf.choices)


def _shelf(category: Category, single: bool, states: Mapping[str, State]) -> Shelf:
    if single:
        return Shelf(str(SINGLES), category.group)
    code, name = category.archive, name_of(category.archive)
    everything = Choice(code, _("All of %(archive)s") % {"archive": name}, states.get(code, _OFF), whole=True)
    return Shelf(name, category.group, [everything])
