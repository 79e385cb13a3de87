"""A month as a calendar page: how many papers each day's list has."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Final

from django.core.cache import cache
from django.db.models import BooleanField, CharField, Count, Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Substr

from papers.categories import CategorySpec
from papers.listing import Listing, unwanted
from papers.models import Announcement, DayList, Kind, Paper, PaperCategory

CACHED_SECONDS: Final = 120
CLOSED_SECONDS: Final = 86_400  # of a month that is over
CLOSED_AFTER: Final = timedelta(days=7)
FIRST: Final = date(1986, 1, 1)  # the oldest papers' month and before
FIRST_ANNOUNCED = (Kind.NEW, Kind.CROSS)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day with the papers that its page shows, replacements not counted; `outside`: of a neighbouring month."""

    day: date
    papers: int
    outside: bool
    announced: bool


@dataclass(frozen=True, slots=True)
class Month:
    """Weeks from Monday to Sunday, and the first days of the months around."""

    first: date
    weeks: list[list[CalendarDay]]
    before: date | None
    after: date | None


def month_of(spec: CategorySpec | None, day: date, newest: date) -> Month:
    """The month of `day` for the categories of `spec` (None: all), without days behind `newest`; at most two database
    queries, kept for CACHED_SECONDS, a month that is over for a day."""
    first = day.replace(day=1)
    announced, submitted = _counts(spec, first)
    weeks = [
        [
            CalendarDay(each, announced.get(each, submitted.get(each, 0)), each.month != first.month, each in announced)
            for each in week
        ]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]
    before = (first - timedelta(days=1)).replace(day=1) if first > FIRST else None
    after = (first + timedelta(days=31)).replace(day=1)
    return Month(first, weeks, before, after if after <= newest else None)


def _counts(spec: CategorySpec | None, first: date) -> tuple[dict[date, int], dict[date, int]]:
    """Papers by day: first announced, for days that have a list; and first submitted."""
    name = blake2b(str(spec).encode(), digest_size=12).hexdigest()
    key = f"month:{name}:{first:%Y%m}"
    kept: tuple[dict[date, int], dict[date, int]] | None = cache.get(key)
    if kept is None:
        kept = dict(_announced(spec, first)), dict(_submitted(spec, first))
        is_over = _last(first) + CLOSED_AFTER < datetime.now(UTC).date()
        cache.set(key, kept, CLOSED_SECONDS if is_over else CACHED_SECONDS)
    return kept


def _last(first: date) -> date:
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _announced(spec: CategorySpec | None, first: date) -> Iterator[tuple[date, int]]:
    include, exclude = Listing(spec).codes
    span = (first, _last(first))
    lists = DayList.objects.filter(day__range=span)
    told = Announcement.objects.filter(day__range=span, kind__in=FIRST_ANNOUNCED, paper__removed=False)
    if spec is not None:
        lists, told = lists.filter(category__in=include), told.filter(category__in=include)
    told = _less(told.filter(Exists(lists.filter(day=OuterRef("day"), category=OuterRef("category")))), exclude)
    counts = dict(told.values_list("day").annotate(Count("paper", distinct=True)).order_by())
    for day in lists.values_list("day", flat=True).distinct().order_by():
        yield day, counts.get(day, 0)


def _submitted(spec: CategorySpec | None, first: date) -> Iterator[tuple[date, int]]:
    include, exclude = Listing(spec).codes
    within = Listing(None, first, _last(first)).within()
    rows: QuerySet[Paper] | QuerySet[PaperCategory]
    if spec is None:
        rows, counted = Paper.objects.filter(within, removed=False), Count("pk")
    else:
        rows = _less(PaperCategory.objects.filter(within, category__in=include), exclude)
        counted = Count("paper", distinct=len(include) > 1)
    # Its beginning is the day on both databases; a function of Python's for each row would take ten times as long.
    day = Substr(Cast("published", CharField()), 1, 10)
    for text, papers in rows.annotate(of=day).values_list("of").annotate(counted).order_by():
        yield date.fromisoformat(text), papers


def _less(rows: QuerySet, exclude: list[str]) -> QuerySet:
    """Rows of papers that have none of the categories. As a subquery of Django's they would be compared with all papers
    that the categories ever had: a minute on PostgreSQL with 2 million links."""
    if not exclude:
        return rows
    return rows.filter(RawSQL(unwanted(exclude, rows.model._meta.db_table), exclude, BooleanField()))  # noqa: S611
