"""Atom feeds of papers: of a list, and of one paper."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from xml.sax.xmlreader import AttributesImpl

from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.xmlutils import SimplerXMLGenerator

from papers.categories import UnknownCategory, split_spec
from papers.identifiers import ArxivId
from papers.listing import Listing
from papers.models import Paper

LEAST, MOST = 100, 1_000
DAYS = 3

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def xml_text(text: str) -> str:
    """`text` without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)


class PaperAtom(Atom1Feed):
    """Atom with one `author` element for each author."""

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        """Write one entry."""
        for name in item.pop("author_names"):
            handler.startElement("author", AttributesImpl({}))
            handler.addQuickElement("name", name)
            handler.endElement("author")
        super().add_item_elements(handler, item)

    def latest_post_date(self) -> datetime:
        """The newest entry's date; for an empty feed this midnight, so that its text does not change all the time."""
        return super().latest_post_date() if self.items else datetime.combine(datetime.now(UTC), time.min, UTC)


@dataclass(frozen=True, slots=True)
class Channel:
    """What a feed says of itself, and its papers. `page` and `address` are paths, the latter with its query."""

    title: str
    page: str
    address: str
    papers: Iterable[Paper]


if TYPE_CHECKING:  # Django's class takes no parameters when it runs
    _ChannelFeed = Feed[Paper, Channel]
else:
    _ChannelFeed = Feed


class PapersFeed(_ChannelFeed):
    """The Atom feed of a Channel; subclasses say in `get_object` which."""

    feed_type = PaperAtom
    author_name = "arXiv authors"  # Atom wants one where an entry has none

    def title(self, channel: Channel) -> str:
        """The feed's title."""
        return xml_text(f"{channel.title} · Papertide")

    def link(self, channel: Channel) -> str:
        """The page that the feed belongs to."""
        return channel.page

    def feed_url(self, channel: Channel) -> str:
        """The feed's own address."""
        return channel.address

    def items(self, channel: Channel) -> Iterable[Paper]:
        """The entries."""
        return channel.papers

    def item_title(self, item: Paper) -> str:
        """The paper's title, plain text."""
        return xml_text(item.plain_title)

    def item_description(self, item: Paper) -> str:
        """The abstract as HTML, for so Atom's `summary` is declared."""
        return escape(xml_text(item.plain_abstract))

    def item_guid(self, item: Paper) -> str:
        """The paper's address at arXiv, which names it wherever the feed comes from."""
        return f"https://arxiv.org/abs/{item.arxiv_id}"

    def item_pubdate(self, item: Paper) -> datetime:
        """When the first version was submitted."""
        return item.published

    def item_updateddate(self, item: Paper) -> datetime:
        """When the newest version was submitted."""
        return item.updated or item.published

    def item_categories(self, item: Paper) -> list[str]:
        """The category codes."""
        return [xml_text(code) for code in item.categories]

    def item_extra_kwargs(self, item: Paper) -> dict[str, Any]:
        """The authors, for PaperAtom."""
        return {"author_names": [xml_text(name) for name in item.plain_authors]}


class ListingFeed(PapersFeed):
    """The newest papers of a list: its last days' papers, so that who reads it once a day misses none."""

    def get_object(self, request: HttpRequest, spec: str = "") -> Channel:
        """The channel of a category list; of all papers without one."""
        try:
            read = split_spec(spec) if spec else None
        except UnknownCategory as error:
            raise Http404(str(error)) from error
        page = reverse("listing", args=[read]) if read else reverse("home")
        address = reverse("listing-feed", args=[read]) if read else reverse("home-feed")
        return Channel(f"{read}" if read else "New papers", page, address, _newest(Listing(read)))


class PaperFeed(PapersFeed):
    """One paper, so that a reader learns of its new versions."""

    def get_object(self, request: HttpRequest, arxiv_id: ArxivId) -> Channel:
        """The channel of one paper."""
        paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first()
        if paper is None:
            raise Http404(f"There is no paper {arxiv_id} here.")
        address = reverse("paper-feed", args=[paper.arxiv_id])
        return Channel(f"{paper.arxiv_id} {paper.plain_title}", paper.get_absolute_url(), address, [paper])


def _newest(listing: Listing) -> list[Paper]:
    newest = listing.papers(LEAST)
    if len(newest) < LEAST:
        return newest
    first: date = newest[0].published.date() - timedelta(days=DAYS - 1)
    if newest[-1].published.date() < first:
        return newest
    return Listing(listing.spec, start=first).papers(MOST)
