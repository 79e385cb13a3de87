"""Searches that a visitor keeps: saved and taken back by one click, listed with what leads to them."""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from papers import visitors
from papers.models import SavedSearch, Visitor
from papers.views.answers import SeeOther
from papers.views.errors import too_many
from papers.views.reader import way_back
from search.encoder import text_hash
from search.query import Query, parse
from search.sorting import SORTS, address, ordered

MOST: Final = visitors.MOST_SEARCHES


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved search as it is listed. order: empty for best first. address, feed: where it leads."""

    text: str
    sort: str
    order: str
    address: str
    feed: str


def searches_of(visitor: Visitor | None) -> list[Saved]:
    """What a visitor keeps, the last one first; one database query."""
    rows = SavedSearch.objects.filter(visitor=visitor)[:MOST] if visitor else []
    found = [(row, parse(row.text)) for row in rows]
    return [
        Saved(
            row.text,
            row.sort,
            str(SORTS[row.sort]) if row.sort in SORTS and row.sort != "relevance" else "",
            address("search", query, row.sort),
            address("search-feed", query, row.sort),
        )
        for row, query in found
    ]


def is_saved(visitor: Visitor | None, query: Query) -> bool:
    """Whether a visitor keeps this search in this order."""
    return visitor is not None and SavedSearch.objects.filter(visitor=visitor, digest=_digest(query)).exists()


def save(visitor: Visitor, query: Query) -> None:
    """Keep a search; once is enough. Raises papers.visitors.TooManyError beyond MOST."""
    with transaction.atomic():
        if not visitors.locked(visitor):  # forgotten meanwhile
            return
        if not is_saved(visitor, query) and SavedSearch.objects.filter(visitor=visitor).count() >= MOST:
            raise visitors.TooManyError(None)
        row = {"text": query.text, "sort": query.sort}
        SavedSearch.objects.get_or_create(visitor=visitor, digest=_digest(query), defaults=row)


@require_POST
@never_cache
def save_search(request: HttpRequest) -> HttpResponse:
    """Keep the search `q` in the order `sort`, or with `do=forget` take it back. A script gets the button as it is
    now; a form goes back to `next`."""
    query = ordered(parse(request.POST.get("q", "")), request.POST.get("sort"))
    if query.tree is None:
        return HttpResponseBadRequest(_("Only a search with words can be saved."), content_type="text/plain")
    forget = request.POST.get("do") == "forget"
    try:
        visitor = visitors.visitor_of(request) if forget else visitors.visitor_for(request)
        if visitor and forget:
            SavedSearch.objects.filter(visitor=visitor, digest=_digest(query)).delete()
        elif visitor:
            save(visitor, query)
    except visitors.TooManyError as error:
        return too_many(request, error.seconds)
    if request.headers.get("HX-Target") == "save":
        context = {"query": query, "saved": not forget, "here": request.POST.get("next", "")}
        response = render(request, "search/_save.html", context)
    else:
        response = SeeOther(_back(request, query))
    if visitor:
        visitors.remember(response, visitor)
    return response


def _digest(query: Query) -> int:
    return text_hash(f"{query.sort} {query.text}")


def _back(request: HttpRequest, query: Query) -> str:
    return way_back(request, address("search", query, query.sort) if query.tree else reverse("search"))
