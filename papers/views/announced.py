"""What a page shows of a day's announcement lists: sections, marks, changes, and what can be left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils import timezone

from papers.announcements import LEAVES_OUT, SECTIONS, DayOfLists, Entry, EntryPage, left_out, read_without
from papers.changes import change_at, earlier_versions
from papers.models import Kind, PaperVersion
from papers.views.context import Row

REPLACED = frozenset({Kind.REPLACE, Kind.REPLACE_CROSS})
MOST_NAMED = 6  # categories in one sentence
FEED_IS_LATE = time(6, tzinfo=ZoneInfo("America/New_York"))  # of its day; arXiv makes the feeds at midnight there
NAMES = {"cross": "cross-lists", "replace": "replacements"}


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one section on a page, which are those from `first` to `last` of the section's `total`."""

    title: str
    rows: list[Row]
    first: int
    last: int
    total: int


@dataclass(frozen=True, slots=True)
class Toggle:
    """A part of the list that can be left out or taken back; `address` does it."""

    name: str
    papers: int
    out: bool
    address: str


def asked_without(parameters: Mapping[str, str], notes: list[str]) -> tuple[str, ...]:
    """The words of `?without=`; for those that are none, a sentence is added to `notes`."""
    without, unknown = read_without(parameters.get("without", ""))
    notes += [
        f"“{word[:20]}” cannot be left out and was ignored. “cross” leaves out cross-lists, “replace” replacements."
        for word in unknown[:1]
    ]
    return without


def sections(entries: Sequence[Entry], page: EntryPage) -> list[Section]:
    """The page's rows under their sections; the replaced ones, if any, with what changed by one database query."""
    replaced = [page.papers[entry.paper_id] for entry in page.entries if entry.kind in REPLACED]
    earlier = earlier_versions(replaced) if replaced else {}
    found = []
    numbered = enumerate(page.entries, page.first)
    for number, group in groupby(numbered, key=lambda pair: pair[1].section):
        rows = [_row(at, entry, page, earlier) for at, entry in group]
        before = sum(entry.section < number for entry in entries)
        total = sum(entry.section == number for entry in entries)
        found.append(Section(SECTIONS[number][0], rows, rows[0].number - before, rows[-1].number - before, total))
    return found


def _row(number: int, entry: Entry, page: EntryPage, earlier: Mapping[int, Sequence[PaperVersion]]) -> Row:
    paper = page.papers[entry.paper_id]
    change = change_at(paper, entry.version, earlier.get(paper.pk, [])) if entry.kind in REPLACED else None
    return Row(number, paper, kind=entry.kind, change=change, in_feed=entry.in_feed)


def toggles(day: DayOfLists, without: tuple[str, ...], path: str, kept: Mapping[str, str]) -> list[Toggle]:
    """What of the day's list can be left out, where there is any; addresses at `path` with the parameters `kept`."""
    found = []
    for word in LEAVES_OUT:
        others = tuple(other for other in without if other != word)
        papers = sum(entry.kind in LEAVES_OUT[word] - left_out(others) for entry in day.entries)
        then = others if word in without else tuple(each for each in LEAVES_OUT if each in (*without, word))
        if papers or word in without:
            query = urlencode({**kept, **without_parameter(then)}, safe=",")
            found.append(Toggle(NAMES[word], papers, word in without, f"{path}?{query}" if query else path))
    return found


def without_parameter(without: tuple[str, ...]) -> dict[str, str]:
    """`?without=` as the address carries it, none where nothing is left out."""
    return {"without": ",".join(without)} if without else {}


def remarks(day: DayOfLists) -> list[str]:
    """What a reader should know of the lists: which are empty, put together or not here."""
    empty = [one.category for one in day.lists if one.fetched and not one.lines]
    if empty:  # unless another source knows better
        empty = [code for code in empty if not day.counts.get(code)]
    made = [one.category for one in day.lists if not one.fetched]
    found = []
    if day.spec is None:
        found += ["arXiv announced nothing on this day."] if len(empty) == len(day.lists) else []
    elif empty:
        found.append(f"arXiv announced nothing in {_named(empty)} on this day.")
    if made:
        some = f" for {_named(made)}" if len(made) < len(day.lists) else ""
        late = timezone.now() >= datetime.combine(day.day, FEED_IS_LATE)
        feed = f"{_named(made)} was missed" if late else f"this day is not out yet{some}"
        found.append(f"arXiv’s feed of {feed}: the list is put together from its records.")
    if day.missing:
        found.append(f"arXiv’s list of {_named(day.missing)} is not here for this day.")
    return found


def _named(codes: Sequence[str]) -> str:
    if len(codes) > MOST_NAMED:
        return f"{', '.join(codes[:MOST_NAMED])} and {len(codes) - MOST_NAMED} more"
    return " and ".join(filter(None, (", ".join(codes[:-1]), codes[-1])))
