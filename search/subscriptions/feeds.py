"""Each subscription as an Atom feed at a secret address, and all of them as an OPML file for a feed reader.

A feed's address needs no sign-in: who knows it may read the feed, and nothing else. A new one ends it.
"""

import io
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from xml.sax.xmlreader import AttributesImpl

import structlog
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from papers.accounts.who import account_needed
from papers.feeds import MOST, Channel, Item, PapersFeed, xml_text
from papers.library.shared_views import LENGTH, secretly
from papers.listing import in_order
from papers.models import DayList, Delivery, Kind, Subscription
from papers.visitors import visitor_for
from search.encoder import EncoderError
from search.subscriptions.keeping import label
from search.subscriptions.matching import Match, days_announced, matches
from search.subscriptions.rows import page_of

log = structlog.get_logger(__name__)
DAYS: Final = 5  # of announcements that a feed holds: who reads it once a week misses none
OPML_NAME: Final = "papertide.opml"


@dataclass(frozen=True, slots=True)
class Told(Item):
    """A paper with how it matches the subscription."""

    match: Match


class PrivateFeed(PapersFeed):
    """What the last announcement days brought to one subscription, each paper with the reason why it is there."""

    def __init__(self, subscription: Subscription, language: str) -> None:
        super().__init__()
        self.subscription = subscription
        self.language = language
        self.name = label(subscription)
        self._matches: dict[int, Match] = {}

    def get_object(self, request: HttpRequest) -> Channel:
        """Its channel; a paused one is empty and says so."""
        own = reverse("subscription-feed", args=[self.subscription.secret])
        page = page_of(self.subscription) or reverse("subscriptions")
        if self.subscription.paused:
            return Channel(_("%(name)s (paused)") % {"name": self.name}, page, own, [])
        days = days_announced(date.min, DAYS)
        found = matches([self.subscription], days)[self.subscription.pk]
        for match in reversed(found):  # a paper of several days stands where it was told last
            self._matches[match.paper] = match
        ids = list(dict.fromkeys(match.paper for match in found))[:MOST]
        kinds = {pk: match.kind for pk, match in self._matches.items()}
        return Channel(self.name, page, own, in_order(ids), kinds, _made(days))

    def subtitle(self, channel: Channel) -> str:
        """What the feed is."""
        if self.subscription.paused:
            return _("This subscription is paused. Take it up again on the page of your subscriptions.")
        return _("What arXiv announced on the last days and matches this subscription.")

    def feed_guid(self, channel: Channel) -> str:
        """A name that stays when the feed gets a new address, and tells neither."""
        return uuid.uuid5(uuid.NAMESPACE_OID, f"papertide.subscription.{self.subscription.pk}").urn

    def items(self, channel: Channel) -> Iterable[Item]:
        """The entries."""
        return [Told(paper, channel.kinds.get(paper.pk), self._matches[paper.pk]) for paper in channel.papers]

    def item_description(self, item: Item) -> str:
        """The reason and the abstract, as HTML."""
        abstract = super().item_description(item)
        return (
            f"<p>{escape(xml_text(self._why(item.match)))}</p><p>{abstract}</p>" if isinstance(item, Told) else abstract
        )

    def _why(self, match: Match) -> str:
        day = date_format(match.day, _("j M Y"))
        known = {"name": self.name, "day": day, "kind": str(Kind(match.kind).label)}
        if match.score is None:
            return _("Why: %(name)s · %(kind)s, %(day)s") % known
        return _("Why: %(name)s, nearness %(score).2f · %(kind)s, %(day)s") % {**known, "score": match.score}


def _made(days: list[date]) -> datetime | None:
    """When the newest of the days' lists became what it is."""
    told = DayList.objects.filter(day__in=days).aggregate(built=Max("built"), fetched=Max("fetched"))
    return max(filter(None, told.values()), default=None)


@require_safe
@secretly
def subscription_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The feed of a secret address, in the language of its reader's mails; 404 for one that is wrong as for one that
    was revoked, 503 while meaning is away."""
    found = Subscription.objects.filter(secret=secret).first() if len(secret) == LENGTH else None
    if found is None:
        raise Http404
    delivery = Delivery.objects.filter(visitor=found.visitor_id).only("language").first()
    language = delivery.language if delivery else "en"
    try:
        with translation.override(language):
            return PrivateFeed(found, language)(request)
    except EncoderError as error:
        log.warning("a feed cannot be made", reason=str(error))
        text = "Search by meaning is away for the moment. Please try again soon.\n"
        headers = {"Retry-After": "300"}
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers=headers)


@require_safe
@never_cache
@account_needed
@secretly
def opml(request: HttpRequest) -> HttpResponse:
    """The feeds of all of a reader's subscriptions, as feed readers take them in."""
    out = io.StringIO()
    xml = SimplerXMLGenerator(out, "utf-8")
    xml.startDocument()
    xml.startElement("opml", AttributesImpl({"version": "2.0"}))
    xml.startElement("head", AttributesImpl({}))
    xml.addQuickElement("title", _("Papertide: your subscriptions"))
    xml.endElement("head")
    xml.startElement("body", AttributesImpl({}))
    for one in visitor_for(request).subscriptions.all():
        name = xml_text(label(one))
        feed = request.build_absolute_uri(reverse("subscription-feed", args=[one.secret]))
        page = request.build_absolute_uri(page_of(one) or reverse("subscriptions"))
        about = {"type": "rss", "text": name, "title": name, "xmlUrl": feed, "htmlUrl": page}
        xml.addQuickElement("outline", "", about)
    xml.endElement("body")
    xml.endElement("opml")
    xml.endDocument()
    response = HttpResponse(out.getvalue(), content_type="text/x-opml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{OPML_NAME}"'
    return response
