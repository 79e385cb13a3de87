"""What is on a reader's morning page: sections of papers less what she has seen, in her order, and their cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Final

import structlog
from django.urls import reverse

from papers.announcements import Entry
from papers.listing import PAGE_SIZE
from papers.models import Paper, Subscription, Visitor
from papers.selection import Item, ItemPage
from papers.views.context import Row
from papers.views.sections import rows_of
from papers.visitors import seen_times, with_told
from search.encoder import EncoderError
from search.personal import Personal, personal_order
from search.subscriptions.keeping import BY_MEANING, label
from search.subscriptions.news import NewsItem, Section, news
from search.subscriptions.packing import MOST, pack
from search.subscriptions.rows import page_of

log = structlog.get_logger(__name__)
ENOUGH_CARDS: Final = 20  # of a page at once: sections that begin after them come when they are scrolled to


@dataclass(frozen=True, slots=True)
class Topic:
    """One subscription with what it brings: its name; the address of all its papers, empty where there is none; the
    papers left to look at, in the reader's order."""

    subscription: Subscription
    label: str
    address: str
    items: list[NewsItem]

    @property
    def held(self) -> str:
        """Its papers as a form carries them."""
        return pack(item.paper_id for item in self.items)


@dataclass(frozen=True)
class Morning:
    """Everything new on some days. total: papers before what was seen was left out; seen: how many of them were; away:
    whether what goes by meaning is missing, since the encoder does not answer; full: whether there were more than MOST
    papers, of which those after them were cut off; personal: by what its order goes where that is not arXiv's."""

    days: list[date]
    topics: list[Topic]
    total: int
    seen: int
    away: bool
    full: bool
    personal: Personal | None = None

    @cached_property
    def left(self) -> int:
        """Papers on the page."""
        return sum(len(topic.items) for topic in self.topics)

    @cached_property
    def filled(self) -> list[Topic]:
        """The topics that hold something."""
        return [topic for topic in self.topics if topic.items]

    @cached_property
    def empty(self) -> list[Topic]:
        """Those that hold nothing."""
        return [topic for topic in self.topics if not topic.items]


def morning_of(
    visitor: Visitor, subscriptions: Sequence[Subscription], days: Sequence[date], *, asof: datetime, with_seen: bool
) -> Morning:
    """What the subscriptions bring on those days; without `with_seen` less what the visitor had seen when the page
    began, at `asof`."""
    sections, away = _sections(subscriptions, days)
    sections, full = _cut(sections)
    ids = [item.paper_id for section in sections for item in section.items]
    seen = seen_times(visitor, ids)
    if not with_seen:
        sections = [
            replace(section, items=[item for item in section.items if seen.get(item.paper_id, asof) >= asof])
            for section in sections
        ]
    sections, personal = _in_order(sections, visitor)
    asked = [(section.subscription, section.items) for section in sections]
    topics = [Topic(one, label(one), page_of(one), items) for one, items in asked]
    return Morning(list(days), topics, len(ids), len(seen), away, full, personal)


def _sections(subscriptions: Sequence[Subscription], days: Sequence[date]) -> tuple[list[Section], bool]:
    """The news; without those by meaning, and true, where the encoder does not answer."""
    try:
        return news(subscriptions, days), False
    except EncoderError as error:
        log.warning("news without those by meaning", reason=str(error))
        return news([one for one in subscriptions if one.kind not in BY_MEANING], days), True


def _cut(sections: Sequence[Section]) -> tuple[list[Section], bool]:
    """The first MOST papers: as many as a form marks."""
    cut, room = [], MOST
    for section in sections:
        cut.append(replace(section, items=section.items[:room]))
        room -= len(cut[-1].items)
    return cut, any(len(one.items) > len(other.items) for one, other in zip(sections, cut, strict=True))


def _in_order(sections: list[Section], visitor: Visitor) -> tuple[list[Section], Personal | None]:
    """The sections' papers by preference where the visitor wants that and words or stars say what she prefers."""
    if visitor.my_order != Visitor.MyOrder.PREFERENCE:
        return sections, None
    personal = personal_order(visitor, [item.paper_id for section in sections for item in section.items])
    if personal is None:
        return sections, None
    weight = personal.weight
    return [
        replace(section, items=sorted(section.items, key=lambda item: -weight.get(item.paper_id, 0.0)))
        for section in sections
    ], personal


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one announcement day; no day where they are not parted by days."""

    rows: list[Row]
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A topic on the page: some of its papers, from `first` to `last`. `more`: the number of the page that goes on, 0
    where none does; `following` how many papers it brings."""

    topic: Topic
    groups: list[Group]
    first: int
    last: int
    more: int
    following: int

    @property
    def rows(self) -> list[Row]:
        """All of its rows."""
        return [row for group in self.groups for row in group.rows]


def first_cards(morning: Morning, visitor: Visitor) -> list[Shown]:
    """The topics with their first papers; those that begin after ENOUGH_CARDS have none yet."""
    chosen, room = [], ENOUGH_CARDS
    for topic in morning.filled:
        chosen.append((topic, 1, topic.items[:PAGE_SIZE] if room > 0 else []))
        room -= len(chosen[-1][2])
    return _shown(chosen, morning, visitor)


def page_of_topic(topic: Topic, number: int, morning: Morning, visitor: Visitor, *, part: bool) -> Shown:
    """One page of a topic, from 1. A `part` goes on where the page before ended: its day is not said again."""
    first = (number - 1) * PAGE_SIZE
    shown = _shown([(topic, first + 1, topic.items[first : first + PAGE_SIZE])], morning, visitor)[0]
    if part and first and shown.groups and shown.groups[0].day == topic.items[first - 1].match.day:
        shown.groups[0] = replace(shown.groups[0], day=None)
    return shown


def _shown(chosen: Sequence[tuple[Topic, int, Sequence[NewsItem]]], morning: Morning, visitor: Visitor) -> list[Shown]:
    """Rows for some papers of each topic; one database query for the papers, and those of `rows_of`."""
    papers = with_told(Paper.objects.filter(removed=False), visitor).in_bulk(
        [item.paper_id for _topic, _first, items in chosen for item in items]
    )
    there = [item for _topic, _first, items in chosen for item in items if item.paper_id in papers]
    page = ItemPage([_item(item, papers) for item in there], papers, 1, len(there), len(there))
    made = rows_of(page, visitor)
    rows = {row.paper.pk: row for row in (morning.personal.explained(made) if morning.personal else made)}
    by_day = len(morning.days) > 1 and morning.personal is None
    found = []
    for topic, first, items in chosen:
        numbered = [
            (item.match.day, replace(rows[item.paper_id], number=number, also=_also(item)))
            for number, item in enumerate(items, first)
            if item.paper_id in rows
        ]
        last = first + len(items) - 1
        following = min(PAGE_SIZE, len(topic.items) - last)
        more = last // PAGE_SIZE + 1 if following > 0 else 0
        found.append(Shown(topic, _groups(numbered, by_day), first, last, more, following))
    return found


def _item(item: NewsItem, papers: Mapping[int, Paper]) -> Item:
    paper, match = papers[item.paper_id], item.match
    entry = Entry(paper.pk, paper.arxiv_id, match.kind, match.version, match.day, paper.published)
    return Item(paper.pk, paper.published, entry)


def _also(item: NewsItem) -> tuple[tuple[str, str], ...]:
    """What else brings the paper: names and addresses of those subscriptions."""
    return tuple((label(other), reverse("subscription", args=[other.pk])) for other in item.also)


def _groups(numbered: Sequence[tuple[date, Row]], by_day: bool) -> list[Group]:
    if not by_day:
        return [Group([row for _day, row in numbered])] if numbered else []
    groups: list[Group] = []
    for day, row in numbered:
        if not groups or groups[-1].day != day:
            groups.append(Group([], day))
        groups[-1].rows.append(row)
    return groups
