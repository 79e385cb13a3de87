"""Announcement lists: what the feeds say, and what the other sources know of the same days.

A feed is the list itself: order, kinds, versions. OAI-PMH and the query API know no lists; from submission moments and
datestamps follows the day on which they must have been announced, and each leaves its mark beside the feed's, so that
the sources can be held against each other and a day whose feed was missed has its list all the same.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from django.utils import timezone

from papers.identifiers import month_of
from papers.models import Announcement, DayList, Kind, Paper
from papers.records import PaperRecord
from workers import calendar
from workers.sources import DayList as FeedList

KINDS = {"new": Kind.NEW, "cross": Kind.CROSS, "replace": Kind.REPLACE, "replace-cross": Kind.REPLACE_CROSS}
FIRST_TIME = (Kind.NEW, Kind.CROSS)
STALE = 0.5  # the share of a feed's new papers that were new on an earlier day, from which on it is an old feed
NEAR = timedelta(days=14)  # a paper that is in a category's lists twice within this time was announced once
LATELY = timedelta(days=21)  # whose lists tell what is usual
USUAL = 5  # papers a day from which on an empty list is no quiet day


@dataclass(frozen=True, slots=True)
class _Told:
    """One paper in one category's list, as a source other than a feed has it."""

    paper: int
    day: date
    category: str
    kind: Kind
    version: int | None


def write_feed(feed: FeedList) -> str:
    """Store a feed as the list of its category and day; what is wrong with it, empty where it is the day's list.

    An old list under a new date is not stored. Call it in the transaction that ingests the feed's papers.
    """
    lines = {line.arxiv_id: (position, line) for position, line in reversed(list(enumerate(feed.lines, 1)))}
    ids = dict(Paper.objects.filter(arxiv_id__in=lines).values_list("arxiv_id", "pk"))
    problem = _problem(feed, ids)
    if problem:
        return problem
    DayList.objects.update_or_create(
        category=feed.category,
        day=feed.day,
        defaults={"fetched": timezone.now(), "built": feed.built, "lines": len(lines)},
    )
    rows = [
        Announcement(
            paper_id=ids[name],
            day=feed.day,
            category=feed.category,
            kind=KINDS[line.kind],
            position=position,
            version=line.version,
            by_rss=True,
        )
        for name, (position, line) in lines.items()
        if name in ids
    ]
    _replace(rows, feed)
    return ""


def _replace(rows: list[Announcement], feed: FeedList) -> None:
    """The feed's rows in the place of those of an earlier reading; marks of other sources stay."""
    here = Announcement.objects.filter(category=feed.category, day=feed.day, by_rss=True)
    dropped = here.exclude(paper__in=[row.paper_id for row in rows])
    dropped.filter(by_oai=False, by_api=False).delete()
    dropped.update(by_rss=False, position=None)
    first = [row.paper_id for row in rows if row.kind in FIRST_TIME]
    # Where another source had put the same paper on a day nearby, the feed knows better.
    moved = Announcement.objects.filter(
        category=feed.category, paper__in=first, by_rss=False, kind__in=FIRST_TIME, day__range=_near(feed.day)
    ).exclude(day=feed.day)
    marks = {paper: (oai, api) for paper, oai, api in moved.values_list("paper", "by_oai", "by_api")}
    moved.delete()
    fields = ["kind", "position", "version", "by_rss"]
    key = ["day", "category", "paper"]
    Announcement.objects.bulk_create(rows, update_conflicts=True, unique_fields=key, update_fields=fields)
    for name, place in (("by_oai", 0), ("by_api", 1)):
        told = [paper for paper, told_by in marks.items() if told_by[place]]
        Announcement.objects.filter(category=feed.category, day=feed.day, paper__in=told).update(**{name: True})


def _problem(feed: FeedList, ids: Mapping[str, int]) -> str:
    if not feed.lines:
        return _empty(feed)
    new = [ids[line.arxiv_id] for line in feed.lines if line.kind == "new" and line.arxiv_id in ids]
    before = Announcement.objects.filter(category=feed.category, day__lt=feed.day, by_rss=True)
    if new:
        again = before.filter(paper__in=new, kind=Kind.NEW).values("paper").distinct().count()
        stale = again >= STALE * len(new)
    else:
        last = before.order_by("-day").values("day")[:1]
        lines = {(ids.get(line.arxiv_id), line.version) for line in feed.lines}
        stale = lines == set(before.filter(day=last).values_list("paper", "version"))
    return f"an old list under the date of {feed.day}" if stale else ""


def _empty(feed: FeedList) -> str:
    """What an empty feed means: nothing on a day without announcement, or in a category that is often empty."""
    if calendar.may_be_empty(feed.day):
        return ""
    return "nothing, where there are papers every day" if usual(feed.category, feed.day) >= USUAL else ""


def usual(category: str, before: date) -> float:
    """How many papers the feed of a category has on a day, the median of the last ones; 0 where none is known."""
    return usual_of([category], before).get(category, 0.0)


def usual_of(categories: Iterable[str], before: date) -> dict[str, float]:
    """The same of several categories, those of which nothing is known left out; one database query."""
    rows = DayList.objects.filter(category__in=list(categories), day__range=(before - LATELY, before - calendar.ONE))
    lines: dict[str, list[int]] = {}
    for category, day, number in rows.filter(fetched__isnull=False).values_list("category", "day", "lines"):
        if calendar.is_announcement_day(day):
            lines.setdefault(category, []).append(number)
    return {category: median(numbers) for category, numbers in lines.items()}


def tell_oai(
    records: Iterable[PaperRecord], changed: Mapping[str, date], known: Collection[str], followed: Collection[str]
) -> None:
    """OAI-PMH's word on the days of its records.

    `known` are the ids that were in the database before: a paper that was not, and is in its first version, was
    announced when its datestamp says, also where moderators held it back.
    """
    found = list(records)
    ids = _ids(found)

    def told() -> Iterator[_Told]:
        for record in found:
            day = _day_by_oai(record, changed.get(record.arxiv_id), record.arxiv_id in known)
            if day is not None:
                fresh = record.arxiv_id not in known
                yield from _in_lists(record, ids[record.arxiv_id], day, followed, fresh)

    _mark(list(told()), "by_oai")


def tell_api(records: Iterable[PaperRecord], day: date, followed: Collection[str]) -> None:
    """The query API's word on one day: papers submitted in its window, in their first version then."""
    found = list(records)
    ids = _ids(found)
    start, end = calendar.window(day)
    rows = [
        _Told(ids[record.arxiv_id], day, code, _first_kind(record, code), 1)
        for record in found
        if start <= record.published < end
        for code in record.categories
        if code in followed
    ]
    _mark(rows, "by_api")


def _ids(records: Iterable[PaperRecord]) -> dict[str, int]:
    names = [record.arxiv_id for record in records]
    return dict(Paper.objects.filter(arxiv_id__in=names).values_list("arxiv_id", "pk"))


def _day_by_oai(record: PaperRecord, changed: date | None, known: bool) -> date | None:
    """The announcement day of a record's newest version, None where the datestamp tells of another change."""
    if changed is None:
        return None
    # The datestamp is that of the evening, or in UTC of the morning after it.
    days = {calendar.next_day(changed)} | ({changed} if calendar.is_announcement_day(changed) else set())
    due = calendar.day_of(record.updated or record.published)
    if due in days:
        return due
    first = (record.version or 1) == 1 and record.updated is None
    # Ids are given out when papers are announced: one of an earlier month was changed, not held back.
    fresh = not known and month_of(record.arxiv_id) in {day.replace(day=1) for day in (changed, *days)}
    return calendar.next_day(changed) if first and fresh and due < min(days) else None


def _in_lists(record: PaperRecord, paper: int, day: date, followed: Collection[str], fresh: bool) -> Iterator[_Told]:
    # One that was revised before it was announced is new all the same.
    first = ((record.version or 1) == 1 and record.updated is None) or (
        fresh and calendar.day_of(record.published) == day
    )
    for place, code in enumerate(record.categories):
        if code in followed:
            again = Kind.REPLACE_CROSS if place else Kind.REPLACE
            yield _Told(paper, day, code, _first_kind(record, code) if first else again, record.version)


def _first_kind(record: PaperRecord, category: str) -> Kind:
    return Kind.NEW if record.categories[0] == category else Kind.CROSS


def _mark(told: list[_Told], by: str) -> None:
    """Set the mark `by` on the rows, or make them; a first announcement known on a day nearby is the same one."""
    firsts = {(each.paper, each.category): each for each in told if each.kind in FIRST_TIME}
    near = Announcement.objects.filter(
        paper__in={paper for paper, _ in firsts}, kind__in=FIRST_TIME, category__in={code for _, code in firsts}
    )
    elsewhere: dict[tuple[int, str], tuple[int, date]] = {}
    for number, paper, code, day in near.values_list("pk", "paper", "category", "day"):
        each = firsts.get((paper, code))
        if each is not None and abs(each.day - day) <= NEAR:
            elsewhere[paper, code] = number, day
    Announcement.objects.filter(pk__in=[number for number, _ in elsewhere.values()]).update(**{by: True})
    rows = [
        Announcement(
            paper_id=each.paper,
            day=each.day,
            category=each.category,
            kind=each.kind,
            version=each.version,
            **{by: True},
        )
        for each in told
        if each.kind not in FIRST_TIME or (each.paper, each.category) not in elsewhere
    ]
    key = ["day", "category", "paper"]
    Announcement.objects.bulk_create(rows, update_conflicts=True, unique_fields=key, update_fields=[by])


def _near(day: date) -> tuple[date, date]:
    return day - NEAR, day + NEAR


def make_lists(categories: Iterable[str], since: date, until: date) -> None:
    """Lists without a feed for days that OAI-PMH tells of, where it has papers: so that the day can be shown."""
    codes = list(categories)
    pairs = set(
        Announcement.objects.filter(day__range=(since, until), category__in=codes, by_oai=True)
        .values_list("category", "day")
        .distinct()
    )
    DayList.objects.bulk_create([DayList(category=code, day=day) for code, day in sorted(pairs)], ignore_conflicts=True)
