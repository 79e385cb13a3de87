"""Atom feeds of papers: of a list, and of one paper."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.sax.xmlreader import AttributesImpl

from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.xmlutils import SimplerXMLGenerator

from papers.announcements import ANNOUNCE_TYPES, DayOfLists, list_days, read_without
from papers.categories import CategorySpec, UnknownCategory, split_spec
from papers.identifiers import ArxivId
from papers.listing import Listing, in_order
from papers.models import Kind, Paper

LEAST, MOST = 100, 1_000
DAYS = 3
STALE = timedelta(days=4)  # lists that end so long before the newest paper do not make the feed

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def xml_text(text: str) -> str:
    """`text` without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)


class PaperAtom(Atom1Feed):
    """Atom with one `author` element for each author, and arXiv's own element for how a paper was announced."""

    def root_attributes(self) -> dict[str, str]:
        """The name spaces."""
        return {**super().root_attributes(), "xmlns:arxiv": "http://arxiv.org/schemas/atom"}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        """Write one entry."""
        for name in item.pop("author_names"):
            handler.startElement("author", AttributesImpl({}))
            handler.addQuickElement("name", name)
            handler.endElement("author")
        if kind := item.pop("announce_type"):
            handler.addQuickElement("arxiv:announce_type", kind)
        super().add_item_elements(handler, item)

    def latest_post_date(self) -> datetime:
        """When the feed became what it is: when its lists were made, or the newest entry's date if that is later; for
        an empty feed this midnight, so that its text does not change all the time."""
        if not self.items:
            return datetime.combine(datetime.now(UTC), time.min, UTC)
        newest = super().latest_post_date()
        made: datetime | None = self.feed["made"]
        return max(newest, made) if made else newest


@dataclass(frozen=True, slots=True)
class Channel:
    """What a feed says of itself, and its papers. `page` and `address` are paths, the latter with its query.

    `kinds` says by primary key how papers were announced, and `made` when the lists were that say so.
    """

    title: str
    page: str
    address: str
    papers: Iterable[Paper]
    kinds: Mapping[int, Kind] = field(default_factory=dict)
    made: datetime | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: a paper, and how it was announced where that is known."""

    paper: Paper
    kind: Kind | None


if TYPE_CHECKING:  # Django's class takes no parameters when it runs
    _ChannelFeed = Feed[Item, Channel]
else:
    _ChannelFeed = Feed


class PapersFeed(_ChannelFeed):
    """The Atom feed of a Channel; subclasses say in `get_object` which."""

    feed_type = PaperAtom
    author_name = "arXiv authors"  # Atom wants one where an entry has none
    language = "en"  # a feed reader asks once for many people

    def __call__(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """The feed, in English whoever asks."""
        response = super().__call__(request, *args, **kwargs)
        response["Content-Language"] = self.language
        return response

    def title(self, channel: Channel) -> str:
        """The feed's title."""
        return xml_text(f"{channel.title} · Papertide")

    def link(self, channel: Channel) -> str:
        """The page that the feed belongs to."""
        return channel.page

    def feed_url(self, channel: Channel) -> str:
        """The feed's own address."""
        return channel.address

    def feed_extra_kwargs(self, channel: Channel) -> dict[str, Any]:
        """When the lists were made, for PaperAtom."""
        return {"made": channel.made}

    def items(self, channel: Channel) -> Iterable[Item]:
        """The entries."""
        return [Item(paper, channel.kinds.get(paper.pk)) for paper in channel.papers]

    def item_title(self, item: Item) -> str:
        """The paper's title, plain text."""
        return xml_text(item.paper.plain_title)

    def item_description(self, item: Item) -> str:
        """The abstract as HTML, for so Atom's `summary` is declared."""
        return escape(xml_text(item.paper.plain_abstract))

    def item_guid(self, item: Item) -> str:
        """The paper's address at arXiv, which names it wherever the feed comes from."""
        return f"https://arxiv.org/abs/{item.paper.arxiv_id}"

    def item_link(self, item: Item) -> str:
        """The paper's page."""
        return item.paper.get_absolute_url()

    def item_pubdate(self, item: Item) -> datetime:
        """When the first version was submitted."""
        return item.paper.published

    def item_updateddate(self, item: Item) -> datetime:
        """When the newest version was submitted."""
        return item.paper.updated or item.paper.published

    def item_categories(self, item: Item) -> list[str]:
        """The category codes."""
        return [xml_text(code) for code in item.paper.categories]

    def item_extra_kwargs(self, item: Item) -> dict[str, Any]:
        """The authors and how the paper was announced, for PaperAtom."""
        return {
            "author_names": [xml_text(name) for name in item.paper.plain_authors],
            "announce_type": ANNOUNCE_TYPES[item.kind] if item.kind is not None else "",
        }


class ListingFeed(PapersFeed):
    """The newest papers of a list: its last days' papers, so that who reads it once a day misses none.

    They are what arXiv announced on the last days of which lists are here, replacements only with `?replacements=1`
    and without cross-lists with `?without=cross`; and where there are no such lists, what was submitted last.
    """

    def get_object(self, request: HttpRequest, spec: str = "") -> Channel:
        """The channel of a category list; of all papers without one."""
        try:
            read = split_spec(spec) if spec else None
        except UnknownCategory as error:
            raise Http404(str(error)) from error
        without = set(read_without(request.GET.get("without", ""))[0])
        asked = {"without": "cross"} if "cross" in without else {}
        if request.GET.get("replacements") == "1":
            asked["replacements"] = "1"
        else:
            without.add("replace")
        title = f"{read}" if read else "New papers"
        page = reverse("listing", args=[read]) if read else reverse("home")
        address = reverse("listing-feed", args=[read]) if read else reverse("home-feed")
        address += f"?{urlencode(asked)}" if asked else ""
        days = _last_days(read)
        if not days:
            return Channel(title, page, address, _newest(Listing(read)))
        kinds = _announced(days, without)
        made = max(filter(None, (one.built or one.fetched for day in days for one in day.lists)), default=None)
        return Channel(title, page, address, in_order(kinds), kinds, made)


class PaperFeed(PapersFeed):
    """One paper, so that a reader learns of its new versions."""

    def get_object(self, request: HttpRequest, arxiv_id: ArxivId) -> Channel:
        """The channel of one paper."""
        paper = Paper.objects.filter(arxiv_id=arxiv_id.base, removed=False).first()
        if paper is None:
            raise Http404(f"There is no paper {arxiv_id} here.")
        address = reverse("paper-feed", args=[paper.arxiv_id])
        return Channel(f"{paper.arxiv_id} {paper.plain_title}", paper.get_absolute_url(), address, [paper])


def _last_days(spec: CategorySpec | None) -> list[DayOfLists]:
    """The last days of which announcement lists are here, newest first; none where those have become old."""
    submitted, newest = Listing(spec).newest_day(), list_days(spec).newest
    if newest is None or (submitted and submitted - newest > STALE):
        return []
    days = [newest]
    while len(days) < DAYS and (before := list_days(spec, days[-1]).before):
        days.append(before)
    return [DayOfLists(spec, day) for day in days]


def _announced(days: Iterable[DayOfLists], without: Iterable[str]) -> dict[int, Kind]:
    """The newest MOST papers of the lists by their primary keys, each once, with how it stood there last."""
    kinds: dict[int, Kind] = {}
    for entry in chain.from_iterable(day.entries_without(without) for day in days):
        kinds.setdefault(entry.paper_id, entry.kind)
    return dict(islice(kinds.items(), MOST))


def _newest(listing: Listing) -> list[Paper]:
    newest = listing.papers(LEAST)
    if len(newest) < LEAST:
        return newest
    first: date = newest[0].published.date() - timedelta(days=DAYS - 1)
    if newest[-1].published.date() < first:
        return newest
    return Listing(listing.spec, start=first).papers(MOST)
