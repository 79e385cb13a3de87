"""When a reader was at her morning page, and so which announcement days are new to her."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Max

from papers.models import DayList, Visitor
from search.subscriptions.matching import MOST_DAYS, days_announced

OVER: Final = timedelta(hours=4)
"""A visit is over after so long without opening the page: until then a look at it again shows the same days."""
_NOTED: Final = timedelta(minutes=1)  # a visit is not written down again sooner
_ARXIV: Final = ZoneInfo("America/New_York")


def note(visitor: Visitor, now: datetime) -> None:
    """The visitor opened the page: her visit goes on, or a new one begins; of two windows at once one counts."""
    before = visitor.visited
    if before is not None and before <= now < before + _NOTED:
        return
    changed = {"visited": now}
    if before is not None and not before - OVER <= now < before + OVER:
        changed["visited_before"] = before
    if Visitor.objects.filter(pk=visitor.pk, visited=before).update(**changed):
        for name, value in changed.items():
            setattr(visitor, name, value)
    else:
        visitor.refresh_from_db(fields=["visited", "visited_before"])


def days_since(visitor: Visitor, since: date | None = None) -> list[date]:
    """The announcement days to show, the newest first: from `since` on, else those that are new since the last visit
    and at least the newest; at most the MOST_DAYS newest. Two database queries at most, none more without lists.

    New is a day after that of the visit (by arXiv's clock), and one of which a list came here only after it.
    """
    if since is not None:
        return days_announced(since - timedelta(days=1)) if since > date.min else days_announced(since)
    days = days_announced(date.min)
    visit = visitor.visited_before
    if visit is None or not days:
        return days[:1]
    its_day = visit.astimezone(_ARXIV).date()
    came = _last_lists(days)
    new = [day for day in days if day > its_day or _came_after(came.get(day), day, visit, its_day)]
    return new or days[:1]


def day_back(count: int) -> date | None:
    """The first of the newest `count` (at most MOST_DAYS) announcement days; None without any; one database query."""
    days = days_announced(date.min, min(count, MOST_DAYS))
    return days[-1] if days else None


def _last_lists(days: list[date]) -> dict[date, datetime | None]:
    """When the last feed of each day was read; None where only others told of the day."""
    rows = DayList.objects.filter(day__in=days).order_by().values_list("day")
    return dict(rows.annotate(Max("fetched")))


def _came_after(came: datetime | None, day: date, visit: datetime, its_day: date) -> bool:
    """Whether a day's lists came after a visit; of those that nobody read it is taken for true on the visit's day."""
    return came > visit if came is not None else day == its_day
