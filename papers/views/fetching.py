"""Papers that are not here when a reader opens their address: asked of arXiv, and shown once they have come."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from papers import wanted
from papers.clients import client_address
from papers.identifiers import ArxivId, month_of
from papers.models import WantedPaper

TRY = "wait"
"""The parameter that counts how often the waiting page was loaded again."""

WAITS = (2, 2, 3, 3, 4, 5, 6, 8, 10, 15)  # seconds before each look; then the reader is asked
MOST_ASKED = 20  # papers of one address
BUSY = 60  # seconds after which it is worth asking again while too many are waited for
# Who opens a page ahead of a reader or without one does not ask for papers. (Cubot is a telephone.)
_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
_ROBOT = re.compile(r"(?<!cu)bot\b|crawl|spider|slurp|archiver", re.IGNORECASE)

State = WantedPaper.State


def one(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """The page in the place of a paper that is not here.

    202 while it is fetched, loading itself again; 503 with `Retry-After` while arXiv cannot be asked or too many are
    waited for; 429 with `Retry-After` where too many were asked for in this hour; 404 where arXiv has no such paper,
    and for those who only look ahead.
    """
    if is_future(arxiv_id.base):
        return _page(request, "papers/absent.html", {"arxiv_id": arxiv_id, "future": True}, 404)
    if not _is_reader(request):
        return _page(request, "papers/not_here.html", {"arxiv_id": arxiv_id}, 404)
    context: dict[str, object] = {"arxiv_id": arxiv_id}
    try:
        row = wanted.ask(arxiv_id.base, client_address(request))
    except wanted.AskedTooMuchError as error:
        return _page(request, "papers/fetching.html", context | {"refused": _moment(error)}, 429, error.seconds)
    context["row"] = row
    if row is None:
        return _page(request, "papers/fetching.html", context | {"busy": True}, 503, BUSY)
    if row.state == State.ABSENT:
        return _page(request, "papers/absent.html", context, 404)
    if _failed(row):
        seconds = round((row.not_before - timezone.now()).total_seconds())
        context |= {"failed": True, "is_due": seconds <= 0}
        return _page(request, "papers/fetching.html", context, 503, max(seconds, WAITS[-1]))
    return _page(request, "papers/fetching.html", context | refresh(request, True), 202)


@dataclass(slots=True)
class Missing:
    """Ids that are not here: asked of arXiv, not to be had now, not at arXiv, refused as too many were asked for in
    this hour (so many seconds before the next, at that moment), and not asked for."""

    awaited: list[str] = field(default_factory=list)
    delayed: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    seconds: int = 0
    again: datetime | None = None


def ask_all(request: HttpRequest, bases: list[str]) -> Missing:
    """Ask for papers that are not here, MOST_ASKED at most; each counts as if its own page were opened."""
    found = Missing()
    may_ask = _is_reader(request)
    for number, base in enumerate(bases):
        if is_future(base):
            found.absent.append(base)
        elif not may_ask or number >= MOST_ASKED:
            found.others.append(base)
        else:
            try:
                row = wanted.ask(base, client_address(request))
            except wanted.AskedTooMuchError as error:
                found.refused.append(base)
                found.seconds, found.again = error.seconds, _moment(error)
                continue
            if row is None or _failed(row):
                found.delayed.append(base)
            else:
                (found.absent if row.state == State.ABSENT else found.awaited).append(base)
    return found


def refresh(request: HttpRequest, awaited: bool) -> dict[str, object]:
    """For the page's head: after how many seconds it loads itself again and where; nothing when it has done so often
    enough."""
    typed = request.GET.get(TRY, "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0
    if not awaited or number >= len(WAITS):
        return {}
    return {"refresh": WAITS[number], "refresh_address": f"{request.path}?{TRY}={number + 1}"}


def is_future(base: str) -> bool:
    """Whether an id names a month that has not begun."""
    return month_of(base) > datetime.now(UTC).date()


def _failed(row: WantedPaper) -> bool:
    # A note that came with the request says who named the paper.
    return row.state == State.OPEN and row.tries > 0 and bool(row.note)


def _moment(error: wanted.AskedTooMuchError) -> datetime:
    return timezone.now() + timedelta(seconds=error.seconds)


def _is_reader(request: HttpRequest) -> bool:
    ahead = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose"))
    agent = request.headers.get("User-Agent", "")
    return request.method == "GET" and not _AHEAD.search(ahead) and not _ROBOT.search(agent)


def _page(
    request: HttpRequest, template: str, context: dict[str, object], status: int, retry: int | None = None
) -> HttpResponse:
    response = render(request, template, context, status=status)
    add_never_cache_headers(response)
    if retry is not None:
        response["Retry-After"] = str(retry)
    return response
