"""Who reads, and what she starred, sifted and opened: an account's visitor for who is signed in, else that of one
browser, known by a signed cookie.

Nothing is kept of who only looks: the cookie and its row come with the first star, mark or preference word. A cookie
holds 4 KB and a morning's list alone has hundreds of papers, so the cookie carries a key and the database the marks.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature
from django.db import transaction
from django.db.models import Count, F, FilteredRelation, Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from papers.accounts.retention import VISITOR_IDLE_DAYS
from papers.accounts.who import SINGLE, reader_of, single_reader
from papers.clients import client_address
from papers.models import DayMatches, Mark, Paper, Subscription, Tally, Visitor
from papers.tex import collapse

COOKIE: Final = "reader"
COOKIE_AGE: Final = VISITOR_IDLE_DAYS * 86400  # seconds; browsers keep none longer
MOST_MARKS: Final = 100_000  # of one visitor
MOST_AT_ONCE: Final = 2_000  # papers of one request
MOST_SEARCHES: Final = 200  # that one visitor saves
NEW_AN_HOUR: Final = {"address": 30, "site": 2_000}  # visitors
LONGEST_WORDS: Final = 500

Field = Literal["starred", "seen", "opened", "viewed"]


class TooManyError(Exception):
    """More visitors, or more marks of one, than the site keeps. `seconds` until it may go again; None: never."""

    def __init__(self, seconds: int | None) -> None:
        super().__init__("too many")
        self.seconds = seconds


def visitor_of(request: HttpRequest) -> Visitor | None:
    """The visitor of the account that is signed in (of the one reader where the site has one), else the one whose
    cookie came with the request; None without either; one database query a request."""
    if not hasattr(request, "_visitor"):
        known_as(request, _read(request))
    found: Visitor | None = request._visitor  # type: ignore[attr-defined]
    return found


def visitor_for(request: HttpRequest) -> Visitor:
    """The request's visitor, made where there is none. Raises TooManyError where too many were made this hour."""
    found = visitor_of(request)
    if found is None:
        reader = reader_of(request)
        if reader is not None:
            found, _made = Visitor.objects.get_or_create(reader=reader)
        else:
            _count_new(client_address(request))
            found = Visitor.objects.create()
        known_as(request, found)
    return found


def known_as(request: HttpRequest, visitor: Visitor | None) -> None:
    """The request's visitor is this one from here on."""
    request._visitor = visitor  # type: ignore[attr-defined]


def remember(response: HttpResponseBase, visitor: Visitor) -> None:
    """Give the browser its cookie, or give it a new date; an account needs none, and what a cookie led to is the
    account's now."""
    if visitor.reader_id is not None:
        response.delete_cookie(COOKIE, path=f"{settings.FORCE_SCRIPT_NAME or ''}/", samesite="Lax")
        return
    response.set_signed_cookie(
        COOKIE,
        visitor.key.hex,
        salt=COOKIE,
        max_age=COOKIE_AGE,
        path=f"{settings.FORCE_SCRIPT_NAME or ''}/",
        secure=settings.PRODUCTION,
        httponly=True,
        samesite="Lax",
    )


def mark(visitor: Visitor, ids: Sequence[int], field: Field, on: bool) -> list[int]:
    """Set or take back one of a visitor's marks on papers (primary keys, at most MOST_AT_ONCE); those that it changed.

    Tallies follow in the same transaction. Who opens a paper views it too; of who keeps no history neither is kept, and
    a view is always the last one. Nothing is changed for a visitor who was forgotten meanwhile. Raises TooManyError
    beyond MOST_MARKS.
    """
    now = timezone.now()
    wanted = sorted(set(ids))[:MOST_AT_ONCE]
    with transaction.atomic():
        if not locked(visitor) or (on and field in _HISTORY and not _keeps_history(visitor)):
            return []
        rows = Mark.objects.filter(visitor=visitor, paper__in=wanted)
        known = dict(rows.values_list("paper_id", field))
        if on:
            _make(visitor, [pk for pk in wanted if pk not in known])
        changed = [pk for pk in wanted if (known.get(pk) is not None) != on]
        if not on:
            changed = [pk for pk in changed if pk in known]
        Mark.objects.filter(visitor=visitor, paper__in=changed).update(**{field: now if on else None})
        if on and field in _HISTORY:
            Mark.objects.filter(visitor=visitor, paper__in=wanted).update(viewed=now)
        if column := TALLIED.get(field):
            tally(changed, column, 1 if on else -1)
        Visitor.objects.filter(pk=visitor.pk).update(active=now)
    return changed


_HISTORY: Final = ("opened", "viewed")
TALLIED: Final = {"starred": "stars", "opened": "opened"}
"""The marks that are counted over all visitors, and the column of Tally in which each is."""


def locked(visitor: Visitor) -> bool:
    """Whether the visitor is there still. One browser's requests take turns until the transaction ends."""
    return Visitor.objects.select_for_update().filter(pk=visitor.pk).first() is not None


def _keeps_history(visitor: Visitor) -> bool:
    return Visitor.objects.filter(pk=visitor.pk, keeps_history=True).exists()


def _make(visitor: Visitor, ids: list[int]) -> None:
    hers = Mark.objects.filter(visitor=visitor)
    beyond = hers.count() + len(ids) - MOST_MARKS if ids else 0
    if beyond > 0:  # what was only seen, and long ago, makes room; then what she only looked at, the oldest first
        ways = (F("viewed").asc(nulls_first=True), "seen", "pk")
        oldest = hers.filter(starred=None, opened=None).order_by(*ways).values_list("pk", flat=True)[:beyond]
        if len(gone := list(oldest)) < beyond:
            raise TooManyError(None)
        hers.filter(pk__in=gone).delete()
    there = Paper.objects.filter(pk__in=ids).values_list("pk", flat=True)
    Mark.objects.bulk_create([Mark(visitor=visitor, paper_id=pk) for pk in there], ignore_conflicts=True)


def tally(ids: list[int], column: str, by: int) -> None:
    """Count papers (primary keys) once more, or once less, in a column of TALLIED; no count goes below 0."""
    Tally.objects.bulk_create([Tally(paper_id=pk) for pk in ids], ignore_conflicts=True)
    Tally.objects.filter(paper__in=ids, **({f"{column}__gt": 0} if by < 0 else {})).update(**{column: F(column) + by})


def set_words(visitor: Visitor, words: str) -> None:
    """Keep what the visitor prefers, on one line, cut at LONGEST_WORDS characters."""
    visitor.words = collapse(words)[:LONGEST_WORDS]
    Visitor.objects.filter(pk=visitor.pk).update(words=visitor.words)


class Told:
    """What is known of one paper for one visitor: her own marks, and everybody's tallies."""

    __slots__ = ("opened", "seen", "starred", "stars")

    def __init__(self, starred: datetime | None, seen: datetime | None, stars: int | None, opened: int | None) -> None:
        self.starred, self.seen = starred is not None, seen is not None
        self.stars, self.opened = stars or 0, opened or 0


_TOLD: Final = {"told_stars": F("tally__stars"), "told_opened": F("tally__opened")}
_HERS: Final = {"told_starred": F("hers__starred"), "told_seen": F("hers__seen")}


def with_told(papers: QuerySet[Paper], visitor: Visitor | None) -> QuerySet[Paper]:
    """The papers of a query with what `told` reads from them; the query stays one."""
    if visitor is None:
        return papers.annotate(**_TOLD)
    hers = FilteredRelation("marks", condition=Q(marks__visitor=visitor))
    return papers.annotate(hers=hers).annotate(**_TOLD, **_HERS)


def told(paper: Paper) -> Told:
    """What is known of a paper that `with_told` brought."""
    known = vars(paper).get
    return Told(known("told_starred"), known("told_seen"), known("told_stars"), known("told_opened"))


def told_of(visitor: Visitor | None, ids: Iterable[int]) -> dict[int, Told]:
    """Marks and tallies of papers by their primary keys; one database query."""
    papers = with_told(Paper.objects.filter(pk__in=list(ids)).only("pk").order_by(), visitor)
    return {paper.pk: told(paper) for paper in papers}


def stars_of(ids: Iterable[int]) -> dict[int, int]:
    """How many visitors starred each of the papers, those without any left out; one database query."""
    return dict(Tally.objects.filter(paper__in=list(ids), stars__gt=0).values_list("paper_id", "stars"))


def counts_of(visitor: Visitor) -> dict[str, int]:
    """How many papers a visitor starred and sifted, without those that arXiv removed."""
    hers = visitor.marks.filter(paper__removed=False)
    counts: dict[str, int] = hers.aggregate(starred=Count("starred"), seen=Count("seen"))
    return counts


def seen_times(visitor: Visitor, ids: Iterable[int]) -> dict[int, datetime]:
    """When the visitor sifted each of the papers, the others left out; one database query."""
    rows = Mark.objects.filter(visitor=visitor, paper__in=list(ids), seen__isnull=False)
    return {pk: seen for pk, seen in rows.values_list("paper_id", "seen") if seen}


def forget(visitor: Visitor) -> None:
    """Delete a visitor with all marks; what she starred and opened is no longer counted."""
    with transaction.atomic():
        if not locked(visitor):
            return
        for field, column in TALLIED.items():
            rows = Mark.objects.filter(visitor=visitor, **{f"{field}__isnull": False})
            tally(list(rows.values_list("paper_id", flat=True)), column, -1)
        # What was worked out from her stars is hers alone.
        by_stars = Subscription.objects.filter(visitor=visitor, kind=Subscription.Kind.STARS)
        DayMatches.objects.filter(key__in=list(by_stars.values_list("key", flat=True))).delete()
        visitor.delete()


def visitor_of_cookie(request: HttpRequest) -> Visitor | None:
    """The visitor without account whose cookie came with the request."""
    try:
        text = request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=COOKIE_AGE)
        return Visitor.objects.filter(key=uuid.UUID(text), reader=None).first() if text else None
    except (BadSignature, ValueError):
        return None


def _read(request: HttpRequest) -> Visitor | None:
    if settings.SINGLE_USER:
        return _of_one_reader(request)
    reader = reader_of(request)
    return Visitor.objects.filter(reader=reader).first() if reader else visitor_of_cookie(request)


def _of_one_reader(request: HttpRequest) -> Visitor | None:
    """The one reader's visitor; what a browser kept before the site had one reader is hers."""
    from papers.accounts.merging import take_along  # it needs this module

    browser = visitor_of_cookie(request) if COOKIE in request.COOKIES else None
    if browser is not None:
        take_along(browser, Visitor.objects.get_or_create(reader=single_reader())[0])
    return Visitor.objects.filter(reader__username=SINGLE).first()


def _count_new(address: str) -> None:
    hour = timezone.now().strftime("%Y%m%d%H")
    for whose, name in (("address", address), ("site", "all")):
        if not name:
            continue
        key = f"new-visitors:{hour}:{name}"
        cache.add(key, 0, 3600)
        try:
            count = cache.incr(key)
        except ValueError:  # gone between the two, or no cache: nothing is counted
            continue
        if count is not None and count > NEW_AN_HOUR[whose]:
            raise TooManyError(3600 - timezone.now().minute * 60 - timezone.now().second)
