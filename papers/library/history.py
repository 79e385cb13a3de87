"""What a reader opened, day by day, and how she has it forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from papers import visitors
from papers.accounts.who import account_needed
from papers.identifiers import parse_id
from papers.models import Mark, Paper, Tally, Visitor
from papers.paging import page_numbers, read_page
from papers.views.answers import SeeOther
from papers.views.context import read_day

PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper of the history: when it was looked at last, whether its full text was opened from here."""

    paper: Paper
    when: datetime
    opened: bool


def looked_at(visitor: Visitor) -> QuerySet[Mark]:
    """The marks of papers that a visitor viewed or opened, each with `at`, when she did last; newest first."""
    there = Mark.objects.filter(Q(viewed__isnull=False) | Q(opened__isnull=False), visitor=visitor)
    return there.annotate(at=Coalesce("viewed", "opened")).order_by("-at", "-pk")


def forget(marks: QuerySet[Mark], visitor: Visitor) -> int:
    """Take papers out of a visitor's history, how many; what she opened is no longer counted, and rows that say nothing
    more go."""
    with transaction.atomic():
        if not visitors.locked(visitor):
            return 0
        rows = list(marks.values_list("pk", "paper_id", "opened"))
        for start in range(0, len(rows), visitors.MOST_AT_ONCE):
            part = rows[start : start + visitors.MOST_AT_ONCE]
            hers = Mark.objects.filter(visitor=visitor, pk__in=[pk for pk, _paper, _opened in part])
            hers.filter(starred=None, seen=None).delete()
            hers.update(viewed=None, opened=None)
            opened = [paper for _pk, paper, when in part if when]
            Tally.objects.filter(paper__in=opened, opened__gt=0).update(opened=F("opened") - 1)
    return len(rows)


@account_needed
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def history(request: HttpRequest) -> HttpResponse:
    """The history, newest first, PAGE_SIZE papers a page. POST: `forget` (an arXiv id), `day` (2026-11-28) and `all=1`
    take it away; `keep=0` or `keep=1` says whether one is kept."""
    if request.method == "POST":
        return _change(request)
    notes: list[str] = []
    number = read_page(request.GET.get("page"), notes)
    visitor = visitors.visitor_of(request)
    zone = zone_of(visitor)
    marks = looked_at(visitor).filter(paper__removed=False) if visitor else Mark.objects.none()
    total = marks.count()
    pages = max(1, -(-total // PAGE_SIZE))
    shown = marks.select_related("paper").defer("paper__abstract")[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    entries = [Entry(mark.paper, timezone.localtime(_at(mark), zone), mark.opened is not None) for mark in shown]
    days = [(day, list(those)) for day, those in groupby(entries, key=lambda entry: entry.when.date())]
    context = {
        "account": True,
        "visitor": visitor,
        "keeps": visitor is None or visitor.keeps_history,
        "days": days,
        "total": total,
        "number": number,
        "numbers": page_numbers(min(number, pages), pages),
        "beyond": number > pages,
        "asof": None,
        "notes": notes,
        "zone": zone.key,
        "today": timezone.localtime(timezone=zone).date(),
    }
    return render(
        request, "papers/library/history.html", context, status=404 if number > pages else 400 if notes else 200
    )


def zone_of(visitor: Visitor | None) -> ZoneInfo:
    """The time zone of a reader's mails, where she chose one, else the site's."""
    try:
        return ZoneInfo(visitor.delivery.zone if visitor else timezone.get_default_timezone_name())
    except (ObjectDoesNotExist, ValueError, KeyError, OSError):  # a name that this machine does not know
        return ZoneInfo(timezone.get_default_timezone_name())


def _at(mark: Any) -> datetime:
    when: datetime = mark.at
    return when


def _change(request: HttpRequest) -> HttpResponse:
    visitor = visitors.visitor_for(request)
    if keep := request.POST.get("keep"):
        Visitor.objects.filter(pk=visitor.pk).update(keeps_history=keep == "1")
        return _back(request)
    marks = looked_at(visitor)
    if name := request.POST.get("forget"):
        found = parse_id(name)
        if found is None:
            raise Http404
        marks = marks.filter(paper__arxiv_id=found.base)
    elif request.POST.get("day"):
        notes: list[str] = []
        day = read_day(request.POST, "day", notes)
        if day is None:
            return HttpResponseBadRequest(notes[0], content_type="text/plain")
        start, end = _bounds(day, zone_of(visitor))
        marks = marks.filter(at__gte=start, at__lt=end)  # type: ignore[misc]
    elif request.POST.get("all") != "1":
        return HttpResponseBadRequest(_("Nothing was asked for."), content_type="text/plain")
    forget(marks, visitor)
    return _back(request)


def _bounds(day: date, zone: ZoneInfo) -> Sequence[datetime]:
    following = day + timedelta(days=1) if day < date.max else day
    return [datetime.combine(each, time.min, zone) for each in (day, following)]


def _back(request: HttpRequest) -> HttpResponse:
    page = request.POST.get("page", "")
    known = page.isascii() and page.isdigit() and len(page) < 6 and int(page) > 1
    return SeeOther(reverse("library-history", query={"page": page} if known else None))
