"""Rows of a list under their headings: by how they were announced, by day, or under none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Final, Literal

from papers.announcements import SECTIONS
from papers.changes import change_at, earlier_versions
from papers.library.kept import kept_of
from papers.listing import Page
from papers.models import Kind, Visitor
from papers.selection import Item, ItemPage
from papers.views.context import Row, numbered, told_to
from papers.visitors import told

Heading = Literal["kind", "day", "submitted", ""]
REPLACED: Final = frozenset({Kind.REPLACE, Kind.REPLACE_CROSS})


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading: a title, or a day. They are those from `first` to `last` of the section's `total`, 0
    where that is not known. A section that continues the one before it has no heading of its own."""

    rows: list[Row]
    title: str = ""
    day: date | None = None
    first: int = 1
    last: int = 0
    total: int = 0
    continues: bool = False


def rows_of(page: Page | ItemPage, visitor: Visitor | None) -> list[Row]:
    """The page's rows with their numbers, marks, changes and tallies; a database query for the papers of a walk, and
    one where papers were replaced; two for what an account keeps of them."""
    if isinstance(page, Page):
        return told_to(visitor, numbered(page.papers, page.first))
    kept = kept_of(visitor, page.papers)
    replaced = [
        page.papers[item.paper_id] for item in page.items if item.entry is not None and item.entry.kind in REPLACED
    ]
    earlier = earlier_versions(replaced) if replaced else {}
    rows = []
    for number, item in enumerate(page.items, page.first):
        paper, entry = page.papers[item.paper_id], item.entry
        row = Row(number, paper, told=told(paper), item=item, kept=kept.get(paper.pk))
        if entry is not None:
            is_replaced = entry.kind in REPLACED
            change = change_at(paper, entry.version, earlier.get(paper.pk, [])) if is_replaced else None
            row = replace(row, kind=entry.kind, change=change, in_feed=entry.in_feed)
        rows.append(row)
    return rows


def sections(
    rows: Sequence[Row], heading: Heading, items: Sequence[Item], *, part: bool = False, after: date | None = None
) -> list[Section]:
    """The rows under headings of a kind; `items` is the whole list, for the numbers in them. A `part` continues the
    page before, which ended with the day `after`."""
    if not heading:
        return [Section(list(rows))] if rows else []
    if heading == "kind":
        return [_of_kind(number, list(group), items, part) for number, group in groupby(rows, key=_kind)]
    key: Callable[[Row], date] = _announced if heading == "day" else _submitted
    found = [Section(list(group), day=day, continues=part and day == after) for day, group in groupby(rows, key=key)]
    if heading == "day":
        found = [_counted(section, items) for section in found]
    return found


def _of_kind(number: int, rows: list[Row], items: Sequence[Item], part: bool) -> Section:
    of = [item.entry.section for item in items if item.entry is not None]
    before = sum(section < number for section in of)
    first, last = rows[0].number - before, rows[-1].number - before
    title = str(SECTIONS[number][0])
    return Section(rows, title, first=first, last=last, total=of.count(number), continues=part and first > 1)


def _counted(section: Section, items: Sequence[Item]) -> Section:
    days = [item.entry.day for item in items if item.entry is not None]
    before = days.index(section.day) if section.day in days else 0
    first, last = section.rows[0].number - before, section.rows[-1].number - before
    total = days.count(section.day) if section.day else 0
    return Section(section.rows, day=section.day, first=first, last=last, total=total, continues=section.continues)


def _kind(row: Row) -> int:
    assert row.item is not None
    assert row.item.entry is not None
    return row.item.entry.section


def _announced(row: Row) -> date:
    assert row.item is not None
    return row.item.entry.day if row.item.entry else row.item.published.date()


def _submitted(row: Row) -> date:
    return row.paper.published.date()
