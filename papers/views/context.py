"""What pages have in common: the reader's settings, rows with numbers, days as typed, the picker of categories."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby

from django.http import HttpRequest

from papers.categories import ARCHIVES, CATEGORIES, Category, CategorySpec
from papers.changes import Change
from papers.models import Kind, Paper
from papers.visitors import Told, told_of, visitor_of

SINGLES = "Relativity, high energy, nuclear, quantum"  # physics' archives that are one category each
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Row:
    """One paper of a list with its number, from 1; `words` to mark in it, and the words that made it a relative.

    In an announcement list, `kind` is how the paper stands there, `change` what a replacement changed, and `in_feed`
    false where arXiv's own feed was read and lacks it.
    """

    number: int
    paper: Paper
    words: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    kind: Kind | None = None
    change: Change | None = None
    in_feed: bool = True
    told: Told | None = None


def reader(request: HttpRequest) -> dict[str, object]:
    """For every template: the theme that the browser's cookie names, empty for the system's."""
    theme = request.COOKIES.get("theme", "")
    return {"theme": theme if theme in THEMES else "", "here": request.get_full_path()}


def with_told(request: HttpRequest, rows: Iterable[Row]) -> list[Row]:
    """Rows with what the request's visitor did with their papers, and everybody's tallies; one database query, two
    where a cookie came."""
    found = list(rows)
    told = told_of(visitor_of(request), [row.paper.pk for row in found])
    return [replace(row, told=told.get(row.paper.pk)) for row in found]


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of one day of first submission."""

    day: date
    rows: list[Row]


def numbered(papers: Iterable[Paper], first: int = 1, words: tuple[str, ...] = ()) -> list[Row]:
    """Rows numbered from `first`."""
    return [Row(number, paper, words) for number, paper in enumerate(papers, first)]


def by_day(rows: Iterable[Row]) -> list[Day]:
    """Rows under their days; the rows come sorted by day."""
    return [Day(day, list(group)) for day, group in groupby(rows, key=lambda row: row.paper.published.date())]


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
        notes.append(f"“{text[:20]}” is no day and was left out. A day is written like 2025-11-21.")
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """One box of the picker: a category, or a whole archive where `whole` says so."""

    code: str
    name: str
    checked: bool
    count: int = 0
    whole: bool = False


@dataclass(slots=True)
class Shelf:
    """The boxes of one archive, or those of the archives that are one category each."""

    name: str
    group: str
    choices: list[Choice] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether a box in it is ticked."""
        return any(choice.checked for choice in self.choices)


def picker(spec: CategorySpec | None, counts: Mapping[str, int] | None = None) -> list[Shelf]:
    """Boxes for every category that takes papers, by archive, those of `spec` ticked; `counts` are papers by code."""
    included = spec.include if spec else ()
    shelves: dict[str, Shelf] = {}
    for category in CATEGORIES.values():
        if category.historic:
            continue
        single = category.code == category.archive
        key = SINGLES if single else category.archive
        if key not in shelves:
            shelves[key] = _shelf(category, single, included)
        count = (counts or {}).get(category.code, 0)
        shelves[key].choices.append(Choice(category.code, category.name, category.code in included, count))
    groups = list(dict.fromkeys(category.group for category in CATEGORIES.values()))
    return sorted(shelves.values(), key=lambda shelf: groups.index(shelf.group))


def _shelf(category: Category, single: bool, included: tuple[str, ...]) -> Shelf:
    if single:
        return Shelf(SINGLES, category.group)
    code, name = category.archive, ARCHIVES[category.archive]
    return Shelf(name, category.group, [Choice(code, f"All of {name}", code in included, whole=True)])
