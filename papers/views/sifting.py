"""The page that is sifted: what of a list is shown, in which order, under which headings, and how it goes on."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from papers import selection
from papers.announcements import DayOfLists, DaysOfLists, Entry, left_out
from papers.categories import CategorySpec
from papers.listing import REACH, Listing, Page
from papers.models import Visitor
from papers.paging import page_numbers, read_page
from papers.selection import ORDERS, Item, ItemPage, Order, read_order
from papers.views.announced import asked_without, remarks, toggles, without_parameter
from papers.views.context import read_day
from papers.views.sections import Heading, rows_of, sections
from papers.visitors import seen_times, stars_of, visitor_of
from search.personal import Personal, personal_order

DAYS: Final = ("date", "from", "to")
MOST_SEEN: Final = 20_000  # papers of one visitor that a list without days looks behind


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of a list beside its days: what to leave out, order, page. `part` asks for the cards alone,
    which continue a page whose last heading was `after`; `asof`: when the page began."""

    without: tuple[str, ...]
    order: Order
    unseen: bool
    titles: bool
    number: int
    part: bool
    after: date | None
    asof: datetime

    @classmethod
    def of(cls, request: HttpRequest, notes: list[str]) -> "Asked":
        """Read leniently; what cannot be read is told in `notes`."""
        given = request.GET
        return cls(
            asked_without(given, notes),
            read_order(given.get("sort"), notes),
            given.get("unseen") == "1",
            given.get("titles") == "1",
            read_page(given.get("page"), notes),
            given.get("part") == "1",
            read_day(given, "after", []),
            _moment(given.get("asof", "")),
        )

    @property
    def parameters(self) -> dict[str, str]:
        """All but page and part, as the address carries them."""
        kept = without_parameter(self.without)
        kept |= {"sort": self.order.name} if self.order is not ORDERS[0] else {}
        kept |= {"unseen": "1"} if self.unseen else {}
        return kept | ({"titles": "1"} if self.titles else {})

    @property
    def carried(self) -> str:
        """The parameters as a link to another day has them behind its `?date=`."""
        return f"&{urlencode(self.parameters, safe=',')}" if self.parameters else ""


@dataclass(frozen=True, slots=True)
class OrderLink:
    """One order to choose."""

    name: str
    label: str
    sign: str
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that is on or off, and the address that changes it; of `total` papers `seen` were sifted."""

    on: bool
    address: str
    seen: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of a list and what the reader has sifted of the whole of it; `cut` says that this is its newest part,
    `personal` by what the order ❤ goes."""

    page: Page | ItemPage
    items: Sequence[Item]
    seen: int
    total: int
    cut: bool = False
    personal: Personal | None = None


def sift(
    request: HttpRequest,
    template: str,
    listing: Listing,
    announced: DaysOfLists | None,
    context: dict[str, Any],
    notes: list[str],
) -> HttpResponse:
    """A page of announcement lists, or else of `listing`, in `template`; with `part=1` its cards alone. 400 where the
    address had to be read leniently, 404 beyond the last page."""
    asked, visitor = Asked.of(request, notes), visitor_of(request)
    shown = _shown(listing, announced, asked, visitor)
    page = shown.page
    rows = rows_of(page, visitor)
    if asked.order.name == "preference":
        context |= {"personal": shown.personal, "wants_words": shown.personal is None}
        rows = shown.personal.explained(rows) if shown.personal else rows
    beyond = page.number > page.pages
    context |= {
        "announced": announced,
        "page": page,
        "beyond": beyond,
        "reach": REACH,
        "notes": notes,
        "visitor": visitor,
        "folded": asked.titles,
        "cut": selection.MOST if shown.cut else 0,
        "sections": sections(
            rows,
            _heading(listing, announced, asked),
            shown.items,
            part=asked.part,
            after=asked.after,
        ),
        "more": "" if page.number >= page.pages else _more(request, asked, shown, listing, announced),
        "asof": _stamp(asked) if asked.unseen else None,
    }
    context["page_ids"] = ",".join(row.paper.arxiv_id for row in rows)
    if asked.part:
        return render(request, "papers/_sections.html", context, status=404 if beyond else 200)
    context |= _around(request, asked, shown, announced is not None)
    if announced:
        kept = {**_days(request), **{name: text for name, text in asked.parameters.items() if name != "without"}}
        context["toggles"] = toggles(announced, asked.without, request.path, kept)
        context["remarks"] = remarks(announced) if isinstance(announced, DayOfLists) else []
    return render(request, template, context, status=404 if beyond else 400 if notes else 200)


def _shown(listing: Listing, announced: DaysOfLists | None, asked: Asked, visitor: Visitor | None) -> Shown:
    """The papers of the page; without announcement lists and in order of time a walk of the index gives them."""
    if not announced and not asked.unseen and asked.order.name in ("arxiv", "time"):
        found = listing.page(asked.number)
        return Shown(found, (), 0, found.total)
    items = _listed(announced, asked) if announced else _newest(listing, asked, visitor)
    seen = seen_times(visitor, [item.paper_id for item in items]) if visitor else {}
    total = len(items)
    if asked.unseen:
        items = [item for item in items if item.paper_id not in seen or seen[item.paper_id] >= asked.asof]
    cut = not announced and len(items) >= selection.MOST
    items, personal = _in_order(items[: selection.MOST] if cut else items, asked, visitor)
    return Shown(selection.page_of(items, asked.number, visitor), items, len(seen), total, cut, personal)


def _listed(announced: DaysOfLists, asked: Asked) -> list[Item]:
    """The papers of announcement lists. Those of several days are kept for a minute: such a page goes on many times."""
    if isinstance(announced, DayOfLists):
        return selection.from_entries(announced.entries_without(asked.without))
    stamp = tuple((one.pk, one.fetched, one.built, one.lines) for one in announced.lists)
    minute = int(time.monotonic() / 60)
    unwanted = left_out(asked.without)
    entries = entries_of(announced.spec, announced.start, announced.end, stamp, minute)
    return selection.from_entries(entry for entry in entries if entry.kind not in unwanted)


@lru_cache(maxsize=4)
def entries_of(
    spec: CategorySpec | None, start: date, end: date, stamp: tuple[object, ...], minute: int
) -> tuple[Entry, ...]:
    """The entries of lists as they stood in a minute; `stamp` says which lists these were."""
    return tuple(DaysOfLists(spec, start, end).entries)


def _newest(listing: Listing, asked: Asked, visitor: Visitor | None) -> list[Item]:
    """The newest papers of a list without announcement lists: as many as are left when those seen are left out."""
    seen = visitor.marks.filter(seen__isnull=False)[:MOST_SEEN].count() if asked.unseen and visitor else 0
    return selection.newest_of(listing, seen)


def _in_order(items: list[Item], asked: Asked, visitor: Visitor | None) -> tuple[list[Item], Personal | None]:
    if asked.order.name == "time":
        return selection.by_time(items), None
    ids = [item.paper_id for item in items]
    if asked.order.name == "stars":
        return selection.by_weight(items, stars_of(ids)), None
    personal = personal_order(visitor, ids) if asked.order.name == "preference" else None
    return selection.by_weight(items, personal.weight) if personal else items, personal


def _heading(listing: Listing, announced: DaysOfLists | None, asked: Asked) -> Heading:
    """What parts the papers of this page."""
    if announced and asked.order.name == "arxiv":
        return "kind" if isinstance(announced, DayOfLists) else "day"
    one_day = listing.start is not None and listing.start == listing.end
    return "" if one_day or asked.order.name in ("stars", "preference") else "submitted"


def _around(request: HttpRequest, asked: Asked, shown: Shown, listed: bool) -> dict[str, object]:
    """What stands around the cards: orders, switches, page numbers, canonical address."""
    page, days = shown.page, _days(request)
    kept = asked.parameters
    without = without_parameter(asked.without) if listed else {}
    return {
        "kept": asked.carried,
        "numbers": page_numbers(min(page.number, page.pages), page.pages),
        "orders": [
            OrderLink(
                order.name,
                str(order.label),
                order.sign,
                _address(request, {**days, **kept, "sort": "" if order is ORDERS[0] else order.name}),
                order is asked.order,
            )
            for order in ORDERS
        ],
        "hide": Switch(
            asked.unseen,
            _address(request, {**days, **kept, "unseen": "" if asked.unseen else "1"}),
            shown.seen,
            shown.total,
        ),
        "titles": Switch(asked.titles, _address(request, {**days, **kept, "titles": "" if asked.titles else "1"})),
        "canonical": request.build_absolute_uri(_address(request, {**days, **without, "page": _page(page.number)})),
    }


def _more(request: HttpRequest, asked: Asked, shown: Shown, listing: Listing, announced: DaysOfLists | None) -> str:
    """The address of the cards that continue the page."""
    heading = _heading(listing, announced, asked)
    page = shown.page
    last: date | None = None
    if heading in ("day", "submitted"):
        if isinstance(page, ItemPage):
            for item in page.items[-1:]:
                last = item.entry.day if heading == "day" and item.entry else item.published.date()
        elif page.papers:
            last = page.papers[-1].published.date()
    on = {"page": str(page.number + 1), "part": "1", "after": last.isoformat() if last else ""}
    if asked.unseen:
        on["asof"] = _stamp(asked)
    return _address(request, {**_days(request), **asked.parameters, **on})


def _address(request: HttpRequest, parameters: Mapping[str, str]) -> str:
    query = urlencode({name: text for name, text in parameters.items() if text}, safe=",")
    return request.path + (f"?{query}" if query else "")


def _days(request: HttpRequest) -> dict[str, str]:
    """The days in the address, as far as they can be read, in one order."""
    days = {name: read_day(request.GET, name, []) for name in DAYS}
    return {name: day.isoformat() for name, day in days.items() if day}


def _page(number: int) -> str:
    return str(number) if number > 1 else ""


def _stamp(asked: Asked) -> str:
    """When the page began, in milliseconds, as the address carries it."""
    return str(int(asked.asof.timestamp() * 1000))


def _moment(text: str) -> datetime:
    """When a page began, as its continuation says; else now."""
    if text.isascii() and text.isdigit() and len(text) < 15:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return timezone.now()


def kept_in_days(request: HttpRequest) -> str:
    """What a link to another day carries on, to be put behind its `?date=`."""
    return Asked.of(request, []).carried


def read_days(request: HttpRequest, notes: list[str]) -> tuple[date | None, date | None, date | None]:
    """Day, first and last day of the address: `?date=`, or `?from=` to `?to=`."""
    day = read_day(request.GET, "date", notes)
    start = day or read_day(request.GET, "from", notes)
    end = day or read_day(request.GET, "to", notes)
    if start and end and start > end:
        start, end = end, start
        notes.append(_("The days were given backwards and were turned around."))
    return day, start, end
