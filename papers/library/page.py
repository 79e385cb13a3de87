"""The library's page: all that a reader keeps, narrowed by filters and words, and the same papers as a file."""

from dataclasses import dataclass

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from papers import listing
from papers.accounts.who import has_account
from papers.library import shelf
from papers.library.exporting import as_stream, own
from papers.library.kept import lists_of
from papers.library.shelf import Holding, Wanted
from papers.listing import PAGE_SIZE, Page
from papers.models import Visitor
from papers.paging import page_numbers, read_page
from papers.views.context import numbered, with_told
from papers.views.exports import refused
from papers.visitors import counts_of, visitor_of
from search import library_search
from search.engines.base import EngineError
from search.personal import Personal, personal_order
from search.query import parse

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Selection:
    """The library's papers that an address asks for, in its order. whole: how many she keeps at all. personal: by what
    the order ❤ goes."""

    wanted: Wanted
    ids: list[int]
    shown: dict[int, Holding]
    whole: int
    lists: dict[int, str]
    away: bool = False
    personal: Personal | None = None


@require_safe
@never_cache
def library(request: HttpRequest) -> HttpResponse:
    """All that the reader keeps, the last kept first; `?q= has= tag= list= cat= year=` narrow it, `?sort=` orders it.

    404 for a list that is not hers, and beyond the last page; 400 where the address asks for what makes no sense; 503,
    with the papers that the other filters leave, while the search does not answer.
    """
    notes: list[str] = []
    number = read_page(request.GET.get("page"), notes)
    visitor = visitor_of(request)
    wanted = shelf.read_wanted(request.GET, notes)
    status = 400 if notes else 200
    selection = select(visitor, wanted, notes)
    ids, first = selection.ids, (number - 1) * PAGE_SIZE
    page = Page(listing.in_order(ids[first : first + PAGE_SIZE]), number, PAGE_SIZE, len(ids))
    beyond = page.number > page.pages
    hidden = {name: value for name, value in wanted.parameters.items() if name != "q"}
    rows = with_told(request, numbered(page.papers, page.first))
    context = {
        "page": page,
        "rows": selection.personal.explained(rows) if selection.personal else rows,
        "personal": selection.personal,
        "numbers": page_numbers(min(number, page.pages), page.pages),
        "visitor": visitor,
        "account": has_account(request),
        "counts": counts_of(visitor) if visitor else {},
        "notes": notes,
        "beyond": beyond,
        "asof": None,
        "wanted": wanted,
        "hidden": hidden,
        "whole": selection.whole,
        "facets": shelf.facets(selection.shown, wanted, selection.lists),
        "chips": shelf.chips(wanted, selection.lists),
        "sorts": [(name, label, wanted.address(sort=name)) for name, label in shelf.SORTS.items()],
        "files": [(name, wanted.address(f"library-{kind}")) for kind, name in _FILES.items()],
        "has_notes": any(one.note for one in selection.shown.values()),
    }
    return render(request, "papers/library.html", context, status=503 if selection.away else 404 if beyond else status)


_FILES = {"bibtex": "BibTeX", "ris": "RIS", "csv": "CSV"}


@require_safe
@never_cache
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What the library's page shows with the same parameters, all of it, as a file; `?notes=1` with her notes."""
    notes: list[str] = []
    visitor = visitor_of(request)
    wanted = shelf.read_wanted(request.GET, notes)
    if notes:
        return refused(notes[0], 400)
    selection = select(visitor, wanted, notes)
    if selection.away:
        return refused(notes[-1], 503)
    if visitor is None or not selection.ids:
        return refused(_("There is nothing in the library that this asks for."), 404)
    return as_stream(kind, "library", selection.ids, own(visitor, notes=request.GET.get("notes") == "1"))


def select(visitor: Visitor | None, wanted: Wanted, notes: list[str]) -> Selection:
    """The papers that an address asks for; how it was read is added to `notes`. Raises Http404 for a list that is not
    hers."""
    if visitor is None:
        if wanted.list:
            raise Http404
        return Selection(wanted, [], {}, 0, {})
    lists = dict(lists_of(visitor).values_list("pk", "name"))
    if wanted.list and wanted.list not in lists:
        raise Http404
    kept = shelf.holdings(visitor)
    shown = shelf.chosen(kept, wanted)
    away = False
    if wanted.query:
        query = parse(wanted.query)
        notes += query.notes
        try:
            arxiv_ids = {pk: one.arxiv_id for pk, one in shown.items()}
            found = library_search.find(query, arxiv_ids, shelf.texts_of(visitor, shown))
            shown = {pk: one for pk, one in shown.items() if pk in found.ids}
            if not found.complete:
                notes.append(_("That is a long query: only its first parts were looked for."))
        except EngineError as error:
            log.warning("search is away", reason=str(error))
            away = True
            notes.append(_("The search does not answer just now: these are your papers without it."))
    personal = personal_order(visitor, list(shown)) if wanted.sort == "preference" else None
    ids = shelf.in_order(shown, wanted.sort, personal.weight if personal else None)
    return Selection(wanted, ids, shown, len(kept), lists, away, personal)
