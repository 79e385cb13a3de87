"""Which papers a list page shows and in which order: announcement lists, or the newest papers of a list, less what the
reader has sifted; in arXiv's order, by time, by stars or by her preference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from papers.announcements import Entry
from papers.listing import PAGE_SIZE, Listing
from papers.models import Paper, Visitor
from papers.visitors import with_told

MOST: Final = 2_000
"""So many newest papers of a list without announcement lists are put into an order other than by time, or sifted."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that `?sort=` names: what a reader calls it, and the sign for it."""

    name: str
    label: str | Promise
    sign: str = ""


ORDERS: Final = (
    Order("arxiv", _("arXiv’s order")),
    Order("time", _("Time")),
    Order("stars", _("Stars"), "★"),
    Order("preference", _("Preference"), "❤"),
)
_BY_NAME: Final = {order.name: order for order in ORDERS}


def read_order(text: str | None, notes: list[str]) -> Order:
    """The order that an address asks for; what is none is arXiv's, with a sentence added to `notes`."""
    if text and text not in _BY_NAME:
        notes.append(
            str(_("“%(text)s” is no order: sort= takes %(names)s.")) % {"text": text[:20], "names": ", ".join(_BY_NAME)}
        )
    return _BY_NAME.get(text or "", ORDERS[0])


@dataclass(frozen=True, slots=True)
class Item:
    """One paper of a selection: its primary key, first submission, and how it was announced where a list says so."""

    paper_id: int
    published: datetime
    entry: Entry | None = None


def from_entries(entries: Iterable[Entry]) -> list[Item]:
    """The items of announcement lists, in their order."""
    return [Item(entry.paper_id, entry.published, entry) for entry in entries]


def newest_of(listing: Listing, more: int = 0) -> list[Item]:
    """The MOST newest papers of a list, and so many more; one database query."""
    return [Item(pk, published) for pk, published in listing.keys(MOST + more)]


def by_time(items: Iterable[Item]) -> list[Item]:
    """The items by first submission, newest first."""
    return sorted(items, key=lambda item: (item.published, item.paper_id), reverse=True)


def by_weight(items: Iterable[Item], weight: Mapping[int, float]) -> list[Item]:
    """The items by a weight of their papers, heaviest first; equal ones stay in the order they come in."""
    return sorted(items, key=lambda item: -weight.get(item.paper_id, 0.0))


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One page of items, counted from 1, with the papers by their primary keys."""

    items: list[Item]
    papers: dict[int, Paper]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The number of the page's first paper within the list, from 1."""
        return (self.number - 1) * self.size + 1

    more_than_counted = False


def page_of(items: Sequence[Item], number: int, visitor: Visitor | None, size: int = PAGE_SIZE) -> ItemPage:
    """A page of items with its papers, and what is told of them for a visitor; one database query."""
    shown = items[(number - 1) * size : number * size]
    papers = with_told(Paper.objects.filter(removed=False), visitor).in_bulk([item.paper_id for item in shown])
    return ItemPage([item for item in shown if item.paper_id in papers], papers, number, size, len(items))
