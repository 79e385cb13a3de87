"""Announcement lists as arXiv made them: which papers a day's list holds, how each stands there, and the days around.

A list is of one category and day. Several categories together show each paper once, with its best kind.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import ClassVar, Final, NamedTuple

from django.db import connection
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from papers.categories import CATEGORIES, CategorySpec
from papers.listing import Listing
from papers.models import Announcement, DayList, Kind

SECTIONS: Final = (
    (_("New submissions"), frozenset({Kind.NEW})),
    (_("Cross-lists"), frozenset({Kind.CROSS})),
    (_("Replacements"), frozenset({Kind.REPLACE, Kind.REPLACE_CROSS})),
)
"""The parts of a list, as arXiv's own pages have them."""

LEAVES_OUT: Final = {
    "cross": frozenset({Kind.CROSS, Kind.REPLACE_CROSS}),
    "replace": frozenset({Kind.REPLACE, Kind.REPLACE_CROSS}),
}
"""What can be left out of a list, and which kinds then are."""

ANNOUNCE_TYPES: Final = {
    Kind.NEW: "new",
    Kind.CROSS: "cross",
    Kind.REPLACE: "replace",
    Kind.REPLACE_CROSS: "replace-cross",
}
"""The kinds as arXiv's own feeds call them."""

_SECTION_OF: Final = {kind: number for number, (_, kinds) in enumerate(SECTIONS) for kind in kinds}
_FIRST = (Kind.NEW, Kind.CROSS)
_KINDS: Final = {kind.value: kind for kind in Kind}
_LISTS, _ANNOUNCED = DayList._meta.db_table, Announcement._meta.db_table
_NEAR = timedelta(days=7)  # arXiv never rests longer: within it, the next list is the next day


def read_without(text: str) -> tuple[tuple[str, ...], list[str]]:
    """The words of LEAVES_OUT in `cross,replace`, in their order, each once; and the words that are none."""
    words = [word for word in text.lower().replace(",", " ").split() if word]
    return tuple(word for word in LEAVES_OUT if word in words), [word for word in words if word not in LEAVES_OUT]


def left_out(without: Iterable[str]) -> frozenset[Kind]:
    """The kinds that these words of LEAVES_OUT leave out."""
    return frozenset(kind for word in without for kind in LEAVES_OUT[word])


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper in the list of a day; `version` is the one that was announced, None where nobody told.

    `in_feed` is false where arXiv's feed was read and has no such line, but another source told of it.
    """

    paper_id: int
    arxiv_id: str
    kind: Kind
    version: int | None
    day: date
    published: datetime
    in_feed: bool = True

    @property
    def section(self) -> int:
        """The place in SECTIONS."""
        return _SECTION_OF[self.kind]


@dataclass(frozen=True)
class DaysOfLists:
    """What arXiv announced from `start` to `end`, both inclusive, in those categories of `spec` (None: all) whose lists
    of these days are here.

    Where a category's feed was read, it is the list: replacements that only others told of are left out, and first
    announcements come behind the feed's own.
    """

    spec: CategorySpec | None
    start: date
    end: date

    _with_categories: ClassVar[bool] = False

    @cached_property
    def lists(self) -> list[DayList]:
        """The lists, by day and category; one database query. Without any, nothing is known of the days."""
        rows = DayList.objects.filter(day__range=(self.start, self.end)).order_by("day", "category")
        wanted = Listing(self.spec).codes[0]
        return list(rows if self.spec is None else rows.filter(category__in=wanted))

    @cached_property
    def entries(self) -> list[Entry]:
        """All papers announced, each once, the newest day first; one database query.

        Within a day: in arXiv's order where there is one list, else by kind and id, and in each section last what its
        feed lacks. A paper of several days stands where its kind is best, on the first of such days.
        """
        days = Counter(one.day for one in self.lists)
        of_day: dict[date, list[_Placed]] = {day: [] for day in sorted(days, reverse=True)}
        for entry, place in self._told():
            of_day[entry.day].append((entry, place))
        best: dict[int, Entry] = {}
        for pairs in of_day.values():
            for entry, _place in pairs:
                known = best.get(entry.paper_id)
                if known is None or (entry.kind, entry.day) <= (known.kind, known.day):
                    best[entry.paper_id] = entry
        return [
            entry
            for day, pairs in of_day.items()
            for entry, _place in sorted(pairs, key=_in_arxivs_order if days[day] == 1 else _by_kind)
            if best[entry.paper_id] is entry
        ]

    def _told(self) -> Iterator["_Placed"]:
        """Each paper of each day with its place in arXiv's order, where it has one."""
        unwanted = set(Listing(self.spec).codes[1])
        for (day, pk), lines in self._lines_of_papers().items():
            first = lines[0]
            if unwanted and unwanted.intersection(first.categories):
                continue
            best = min(line.kind for line in lines)
            sure = any(line.sure for line in lines if line.kind == best)
            place = min((line.position for line in lines if line.position is not None), default=None)
            version = max((line.version for line in lines if line.version is not None), default=None)
            yield Entry(pk, first.arxiv_id, _KINDS[best], version, day, first.published, sure), place

    def _lines_of_papers(self) -> dict[tuple[date, int], list["_Line"]]:
        found: dict[tuple[date, int], list[_Line]] = {}
        for line in self._lines:
            found.setdefault((line.day, line.paper_id), []).append(line)
        return found

    @cached_property
    def _lines(self) -> list["_Line"]:
        """The lines of the lists that count; one database query.

        Papers are put together here: asked to group them, a database takes longer, and once more for the counts.
        """
        unread = {(one.day, one.category) for one in self.lists if one.fetched is None}
        rows = Announcement.objects.filter(
            Q(by_rss=True) | Q(kind__in=_FIRST) | self._is_unread,
            day__range=(self.start, self.end),
            category__in={one.category for one in self.lists},
            paper__removed=False,
        )
        # Left to a database, unwanted categories would be compared with all papers that they ever had.
        categories = "paper__categories" if self._with_categories or Listing(self.spec).codes[1] else Value("")
        return [
            _Line(by_rss or (day, category) in unread, day, category, *rest)
            for by_rss, day, category, *rest in rows.order_by().values_list(
                "by_rss",
                "day",
                "category",
                "paper_id",
                "kind",
                "position",
                "version",
                "paper__arxiv_id",
                "paper__published",
                categories,
            )
        ]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Papers announced in each category that has a list, those of two in both."""
        return dict(Counter(line.category for line in self._lines))

    def entries_without(self, without: Iterable[str]) -> list[Entry]:
        """The entries less the kinds that `without`, words of LEAVES_OUT, leaves out."""
        unwanted = left_out(without)
        if not unwanted:
            return self.entries
        return [entry for entry in self.entries if entry.kind not in unwanted]

    @property
    def _is_unread(self) -> Q:
        """Whether a line is of a list whose feed was not read, so that others are all that tells."""
        unread = Q(pk__in=[])
        for day, lists in groupby(self.lists, key=lambda one: one.day):
            categories = [one.category for one in lists if one.fetched is None]
            unread |= Q(day=day, category__in=categories) if categories else Q()
        return unread


class DayOfLists(DaysOfLists):
    """What arXiv announced on one day."""

    def __init__(self, spec: CategorySpec | None, day: date) -> None:
        super().__init__(spec, day, day)

    @property
    def day(self) -> date:
        """The announcement day."""
        return self.start

    @cached_property
    def missing(self) -> list[str]:
        """Categories of `spec` that have no list of the day here."""
        known = {one.category for one in self.lists}
        return [] if self.spec is None else [code for code in Listing(self.spec).codes[0] if code not in known]


class WholeDay:
    """The lists of all categories of one day, read by two database queries, from which those of any categories are
    taken without asking again."""

    def __init__(self, day: date) -> None:
        self.day = day
        everything = _AllOfDay(None, day)
        self._lists: dict[str, DayList] = {one.category: one for one in everything.lists}
        self._lines: dict[str, list[_Line]] = {code: [] for code in self._lists}
        for line in everything._lines:
            self._lines[line.category].append(line)

    def of(self, spec: CategorySpec | None) -> DayOfLists:
        """What `DayOfLists(spec, day)` is."""
        part = DayOfLists(spec, self.day)
        codes = (
            sorted(self._lists) if spec is None else [code for code in Listing(spec).codes[0] if code in self._lists]
        )
        vars(part).update(
            lists=[self._lists[code] for code in codes], _lines=[line for code in codes for line in self._lines[code]]
        )
        return part


class _AllOfDay(DayOfLists):
    """A day whose lines bring their papers' categories, for any difference."""

    _with_categories = True


class _Line(NamedTuple):
    """One line of a list. `sure`: a feed says so, or none was read that could."""

    sure: bool
    day: date
    category: str
    paper_id: int
    kind: int
    position: int | None
    version: int | None
    arxiv_id: str
    published: datetime
    categories: list[str] | str


_Placed = tuple[Entry, int | None]


def _in_arxivs_order(pair: tuple[Entry, int | None]) -> tuple[int, bool, bool, int, str]:
    entry, place = pair
    return entry.section, not entry.in_feed, place is None, place or 0, entry.arxiv_id


def _by_kind(pair: tuple[Entry, int | None]) -> tuple[int, bool, str]:
    return pair[0].kind, not pair[0].in_feed, pair[0].arxiv_id


@dataclass(frozen=True, slots=True)
class ListDays:
    """Days of which lists with papers are here: the newest of all, and those next to a given day."""

    newest: date | None
    before: date | None = None
    after: date | None = None


def list_days(spec: CategorySpec | None, day: date | None = None) -> ListDays:
    """The days of the lists of `spec` (None: all categories) that hold papers: the newest, and those around `day`, or
    around the newest without one; one database query.

    Each category walks its own stretch of the index and stops at the first list that holds something.
    """
    codes = sorted(CATEGORIES) if spec is None else Listing(spec).codes[0]
    if not codes:
        return ListDays(None)
    names = ", ".join(["(%s)"] * len(codes))
    newest = f"SELECT max(({_seek('', 'DESC')})) FROM wanted"  # noqa: S608 (own names)
    before, after = _seek("AND list.day < given.day", "DESC"), _seek("AND list.day > given.day", "ASC")
    given = "SELECT CAST(%s AS date)" if day is not None and connection.vendor != "sqlite" else "SELECT %s"
    parameters: list[str | date | None] = list(codes)
    if day is not None:
        parameters.append(connection.ops.adapt_datefield_value(day))
    else:
        given = "SELECT day FROM newest"
    query = (
        f"WITH wanted(code) AS (VALUES {names}), newest(day) AS ({newest}), given(day) AS ({given}) "  # noqa: S608
        f"SELECT (SELECT day FROM newest), max(({before})), min(({after})) FROM wanted, given"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        found = [date.fromisoformat(value) if isinstance(value, str) else value for value in cursor.fetchone()]
    return ListDays(*found)


def _seek(bound: str, direction: str) -> str:
    """SQL of the first day of one category's lists, from one end, that holds papers."""
    holds = (
        f"EXISTS (SELECT 1 FROM {_ANNOUNCED} AS told WHERE told.day = list.day AND told.category = list.category "  # noqa: S608
        f"AND (list.fetched IS NULL OR told.kind IN ({', '.join(str(kind.value) for kind in _FIRST)})))"
    )
    return (
        f"SELECT list.day FROM {_LISTS} AS list WHERE list.category = wanted.code {bound} "  # noqa: S608
        f"AND (list.lines > 0 OR {holds}) ORDER BY list.day {direction} LIMIT 1"
    )


def newest_day(spec: CategorySpec | None, lists: ListDays) -> date | None:
    """The newest day that has something: of a list, or of a paper's first submission; one database query."""
    return max(filter(None, (lists.newest, Listing(spec).newest_day())), default=None)


def day_before(listing: Listing, day: date, lists: ListDays) -> date | None:
    """The day to go back to: of the last list; where none is near, the last day with submissions if that is later."""
    if lists.before and day - lists.before <= _NEAR:
        return lists.before
    return max(filter(None, (lists.before, listing.day_before(day))), default=None)


def day_after(listing: Listing, day: date, lists: ListDays) -> date | None:
    """The day to go on to: of the next list; where none is near, the next day with submissions if that is sooner."""
    if lists.after and lists.after - day <= _NEAR:
        return lists.after
    return min(filter(None, (lists.after, listing.day_after(day))), default=None)
