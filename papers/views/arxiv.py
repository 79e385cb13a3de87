"""ArXiv's own address shapes: abstracts and lists lead to our pages, full texts to arXiv."""

import re
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers.announcements import list_days, newest_day
from papers.categories import UnknownCategory, split_spec
from papers.identifiers import ArxivId
from papers.views.lists import unknown_category

_RECENT: Final = frozenset({"new", "recent", "pastweek"})


@require_safe
def abstract(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """`/abs/<id>`: the paper's page."""
    return redirect("paper", arxiv_id)


@require_safe
def pdf(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """`/pdf/<id>`: the PDF at arXiv."""
    return HttpResponseRedirect(f"https://arxiv.org/pdf/{arxiv_id}")


@require_safe
def html(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """`/html/<id>`: the HTML version at arXiv."""
    return HttpResponseRedirect(f"https://arxiv.org/html/{arxiv_id}")


@require_safe
def listing(request: HttpRequest, spec: str, which: str) -> HttpResponse:
    """`/list/<categories>/new`: the newest day's list; `recent` and `pastweek`: that of the last week; a month such as
    `2511` or `2025-11`: all of it; anything else: the list of the categories, newest first."""
    try:
        read = split_spec(spec)
    except UnknownCategory as error:
        return unknown_category(request, error)
    address = reverse("listing", args=[read])
    newest = newest_day(read, list_days(read)) if which in _RECENT else None
    if newest is not None:
        days = {"date": newest} if which == "new" else {"from": newest - timedelta(days=6), "to": newest}
    else:
        days = _month(which)
    return HttpResponseRedirect(f"{address}?{urlencode(days)}" if days else address)


def _month(text: str) -> dict[str, date]:
    """The first and the last day of arXiv's `2511` (or `9108`) or `2025-11`; empty for anything else."""
    found = re.fullmatch(r"(?:(19|20)?([0-9]{2}))-?([0-9]{2})", text, re.ASCII)
    if not found or not 1 <= int(found[3]) <= 12:
        return {}
    year = int(found[2]) + (100 * int(found[1]) if found[1] else 1900 if int(found[2]) > 90 else 2000)
    first = date(year, int(found[3]), 1)
    return {"from": first, "to": (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)}
