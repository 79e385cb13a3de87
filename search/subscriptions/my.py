"""The morning page: everything new for one reader since her last visit, by subscription."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from papers import visitors
from papers.accounts.who import account_needed, has_account
from papers.batches import batched
from papers.listing import PAGE_SIZE
from papers.models import Subscription, Visitor
from papers.paging import read_page
from papers.views.context import read_day
from papers.views.errors import too_many
from papers.views.reader import way_back
from papers.views.sifting import OrderLink, Switch
from search.saved import searches_of
from search.subscriptions import visits
from search.subscriptions.matching import MOST_DAYS
from search.subscriptions.morning import Morning, Shown, Topic, first_cards, morning_of, page_of_topic
from search.subscriptions.packing import pack, unpack

DAYS_BACK: Final = 5  # of the link that looks back
MOST_OFFERED: Final = 8  # categories and searches to begin with
HELD: Final = "held-"
MOST_HELD: Final = 50_000  # papers of one form: a page has those of MOST_DAYS days at most, some of them twice


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. section: the key of one subscription, alone on its page; part: its cards alone; asof:
    when the page began that the part continues."""

    since: date | None
    seen: bool
    titles: bool
    section: int | None
    number: int
    part: bool
    asof: datetime

    @classmethod
    def of(cls, request: HttpRequest, notes: list[str]) -> "Asked":
        """Read leniently; what cannot be read is told in `notes`."""
        given = request.GET
        if (seen := given.get("seen", "")) not in ("", "show"):
            notes.append(_("“seen=%(text)s” was ignored: seen=show shows what you have seen.") % {"text": seen[:20]})
        return cls(
            read_day(given, "since", notes),
            seen == "show",
            given.get("titles") == "1",
            _key(given.get("section", "")),
            read_page(given.get("page"), notes),
            given.get("part") == "1",
            _moment(given.get("asof", "")),
        )

    def address(self, **others: str) -> str:
        """The page's address with some parameters changed, those that are empty left out."""
        parameters = {
            "since": self.since.isoformat() if self.since else "",
            "seen": "show" if self.seen else "",
            "titles": "1" if self.titles else "",
            "section": str(self.section) if self.section else "",
            **others,
        }
        query = urlencode({name: text for name, text in parameters.items() if text})
        return reverse("my") + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the bar says of the page: as much of a page of papers as it asks for."""

    papers: Sequence[object]
    total: int
    more_than_counted: bool = False


@require_safe
@never_cache
def my_page(request: HttpRequest) -> HttpResponse:
    """Everything new since the reader's last visit, or from `?since=` on; `&seen=show` with what she has seen.

    `&section=` shows one subscription alone, page by page; `&part=1` only its cards, for a page that goes on. Who has
    no account is told what the page is. 404 for a subscription that is not hers or is paused, and beyond its last page;
    400 where the address had to be read leniently.
    """
    if not has_account(request):
        return render(request, "search/my_guest.html")
    notes: list[str] = []
    asked, visitor = Asked.of(request, notes), visitors.visitor_for(request)
    if request.method == "GET" and not asked.part:
        visits.note(visitor, timezone.now())
    subscriptions = list(Subscription.objects.filter(visitor=visitor))
    running = [one for one in subscriptions if not one.paused]
    days = visits.days_since(visitor, asked.since) if running else []
    morning = morning_of(visitor, running, days, asof=asked.asof, with_seen=asked.seen)
    if asked.section is not None:
        shown = [page_of_topic(_topic(asked, morning), asked.number, morning, visitor, part=asked.part)]
    else:
        shown = first_cards(morning, visitor)
    context: dict[str, object] = {
        "asked": asked,
        "morning": morning,
        "shown": shown,
        "visitor": visitor,
        "notes": notes,
        "folded": asked.titles,
        "onward": asked.address(section="", asof=str(int(asked.asof.timestamp() * 1000))),
    }
    if asked.part:
        return render(request, "search/_my_part.html", context)
    context |= _around(asked, morning, visitor, shown)
    if not running:
        context |= _to_begin_with(visitor, subscriptions)
    return render(request, "search/my.html", context, status=400 if notes else 200)


@require_POST
@never_cache
@account_needed
def set_seen(request: HttpRequest) -> HttpResponse:
    """Mark as seen the papers that a page held: those of `section` (a subscription's key), or of all of its sections;
    `undo` takes back what an earlier answer names.

    A page says what it held, so that what came meanwhile is not marked. A script gets how many papers changed and what
    takes that back, as JSON; a form gets a page with a button for it.
    """
    section, undo = request.POST.get("section", "all"), request.POST.get("undo", "")
    names = [name for name in request.POST if name.startswith(HELD) and section in ("all", name.removeprefix(HELD))]
    try:
        ids = unpack(undo) if undo else [pk for name in names for pk in unpack(request.POST[name])]
        if len(ids) > MOST_HELD:
            raise ValueError
    except ValueError:
        return HttpResponseBadRequest(_("A page that is marked as seen names its papers."), content_type="text/plain")
    visitor = visitors.visitor_for(request)
    changed: list[int] = []
    try:
        for chunk in batched(sorted(set(ids)), visitors.MOST_AT_ONCE):
            changed += visitors.mark(visitor, chunk, "seen", not undo)
    except visitors.TooManyError as error:
        return too_many(request, error.seconds)
    back = way_back(request, reverse("my"))
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return JsonResponse({"changed": len(changed), "undo": "" if undo else pack(changed)})
    if undo:
        return redirect(back)
    return render(request, "search/my_seen.html", {"count": len(changed), "undo": pack(changed), "back": back})


@require_POST
@account_needed
def set_order(request: HttpRequest) -> HttpResponse:
    """Keep the order in which the reader wants each section, and go back."""
    wanted = request.POST.get("order", "")
    if wanted not in Visitor.MyOrder.values:
        return HttpResponseBadRequest(_("There is no such order."), content_type="text/plain")
    visitor = visitors.visitor_for(request)
    Visitor.objects.filter(pk=visitor.pk).update(my_order=wanted)
    return redirect(way_back(request, reverse("my")))


def _topic(asked: Asked, morning: Morning) -> Topic:
    """The one that is asked for."""
    for topic in morning.topics:
        if topic.subscription.pk == asked.section and (asked.number - 1) * PAGE_SIZE < max(1, len(topic.items)):
            return topic
    raise Http404


def _around(asked: Asked, morning: Morning, visitor: Visitor, shown: Sequence[Shown]) -> dict[str, object]:
    """What stands around the cards: order, switches, counts, and the way to look back."""
    whole = asked.section is None
    cards = [row for topic in shown for row in topic.rows]
    total = morning.left if whole else sum(len(one.topic.items) for one in shown)
    arxiv, preference = Visitor.MyOrder.ARXIV, Visitor.MyOrder.PREFERENCE
    return {
        "page": _Counts(cards, total),
        "held": morning.filled if whole else [one.topic for one in shown],
        "order_choices": [
            OrderLink(arxiv, _("arXiv’s order"), "", "", visitor.my_order == arxiv),
            OrderLink(preference, _("Preference"), "❤", "", visitor.my_order == preference),
        ],
        "wants_words": visitor.my_order == preference and morning.personal is None,
        "personal": morning.personal,
        "hide": Switch(not asked.seen, asked.address(seen="" if asked.seen else "show"), morning.seen, morning.total),
        "titles": Switch(asked.titles, asked.address(titles="" if asked.titles else "1")),
        "whole": asked.address(section=""),
        "look_back": asked.address(since=_look_back(asked)),
        "days_back": DAYS_BACK,
        "only_new": asked.address(since=""),
        "most_days": MOST_DAYS,
        "is_cut_off": asked.since is not None and len(morning.days) == MOST_DAYS,
    }


def _look_back(asked: Asked) -> str:
    """The first of the last DAYS_BACK announcement days, for who does not look back yet."""
    day = visits.day_back(DAYS_BACK) if asked.since is None else None
    return day.isoformat() if day else ""


def _to_begin_with(visitor: Visitor, subscriptions: Sequence[Subscription]) -> dict[str, object]:
    """What can be subscribed to with one click, for who follows nothing yet."""
    return {
        "paused": len(subscriptions),
        "offered_categories": settings.PULL_CATEGORIES[:MOST_OFFERED],
        "offered_searches": searches_of(visitor)[:MOST_OFFERED],
    }


def _key(text: str) -> int | None:
    """A primary key as an address has it; one of nothing where it is none."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _moment(text: str) -> datetime:
    """When a page began, as its continuation says; else now."""
    if text.isascii() and text.isdigit() and len(text) < 15:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return timezone.now()
