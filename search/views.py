"""The search page with its facets, and the page of a paper's relatives."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from papers.identifiers import ArxivId, parse_id
from papers.listing import in_order
from papers.models import Paper
from papers.paging import page_numbers, read_page
from papers.views.context import Row, numbered, with_told
from papers.views.paper import not_here
from papers.visitors import visitor_of
from search import related, service
from search.chips import Search, chips
from search.engines.base import EngineError
from search.facets import Facets, facets_of, with_years
from search.highlight import wanted
from search.meant import meant
from search.query import Query, parse
from search.saved import is_saved
from search.sorting import SORTS, address, ordered, parameters
from search.ways import ways_on

log = structlog.get_logger()
PAGE_SIZE = 25
RELATIVES = 20
MOST_WITHOUT = 50
SECONDS_AWAY = "30"


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """What `?q=` finds, `&sort=` before its own order; without a query, the query language by examples.

    `&from=2019&to=2022` puts these years into the query, `&facets=1` shows the facets at once, `&part=1` is a page's
    cards alone, for the page before to go on.
    """
    typed = parse(request.GET.get("q", ""))
    query = ordered(typed, request.GET.get("sort"))
    if query.arxiv_ids:
        return _to_papers(query)
    notes = list(query.notes)
    verbatim, without = _reading_of(request)
    if "from" in request.GET or "to" in request.GET:
        dated = with_years(query, request.GET.get("from", ""), request.GET.get("to", ""), notes)
        if dated is not None:
            return redirect(address("search", parse(dated.text), query.sort, verbatim=verbatim, without=without))
    context: dict[str, object] = {"query": query, "notes": notes}
    if query.tree is None:
        return render(request, "search/empty.html", context)
    number = read_page(request.GET.get("page"), notes)
    try:
        results = service.search(query, page=number, size=PAGE_SIZE, verbatim=verbatim, without=without)
    except EngineError as error:
        return _away(request, {**context, "retry": request.get_full_path()}, error)
    asked = results.reading.asked if results.reading else query
    pages = max(1, -(-results.reachable // PAGE_SIZE))
    rows = numbered(in_order(results.ids), (number - 1) * PAGE_SIZE + 1, wanted(asked.tree))
    own = parameters(typed, query.sort, verbatim=verbatim, without=without)
    context |= {
        "rows": with_told(request, rows),
        "more": f"{reverse('search')}?{own}&page={number + 1}&part=1" if number < pages else "",
        "number": number,
    }
    if request.GET.get("part") == "1":
        return render(request, "search/_part.html", context)
    context |= {
        "results": results,
        "notes": list(dict.fromkeys([*notes, *results.notes])),
        "numbers": page_numbers(min(number, pages), pages),
        "pages": pages,
        "beyond": number > pages,
        "asof": None,  # pages of a search have no moment that they hold on to
        "sorts": [
            (name, label, address("search", typed, name, verbatim=verbatim, without=without))
            for name, label in SORTS.items()
        ],
        "feed": address("search-feed", typed if asked is query else parse(asked.text), query.sort),
        "own": own,
        "saved": is_saved(visitor_of(request), query),
        "meant": meant(query, nothing=not results.ids) if asked is query and number == 1 else [],
    }
    if results.reading is not None:
        context |= ways_on(results.reading, results, typed, without)
        context["chips"] = chips(results.reading, Search(asked, query.sort, verbatim, tuple(without)))
    if request.GET.get("facets") == "1" and results.total:
        context |= _facets(query, verbatim, without)
    return render(request, "search/results.html", context, status=404 if number > pages else 200)


@require_safe
@cache_control(private=True, max_age=60)
def search_facets(request: HttpRequest) -> HttpResponse:
    """The facets of a search as a fragment of its page; to a reader who opens it as a page, that page."""
    query = ordered(parse(request.GET.get("q", "")), request.GET.get("sort"))
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('search')}?{request.GET.urlencode()}&facets=1")
    verbatim, without = _reading_of(request)
    return render(request, "search/_facets.html", {"query": query, **_facets(query, verbatim, without)})


@require_safe
@cache_control(private=True, max_age=3600)
def hints(request: HttpRequest) -> HttpResponse:
    """What the search box says on the query language while somebody types: one hint for each thing that can be
    begun, in the reader's language."""
    return render(request, "search/_hints.html")


@require_safe
def related_page(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """The papers nearest to one paper, each with the words they share; `?part=1` is a short list of them, to be opened
    in place under a card."""
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first()
    if paper is None:
        return not_here(request, arxiv_id)
    if paper.removed:
        return render(request, "papers/removed.html", {"paper": paper}, status=410)
    try:
        found = related.related(paper, limit=RELATIVES)
    except EngineError as error:
        return _away(request, {"paper": paper, "retry": request.get_full_path()}, error)
    known = Paper.objects.in_bulk([relative.id for relative in found])
    relatives = [(known[relative.id], relative.reason) for relative in found if relative.id in known]
    rows = [Row(number, other, reason=reason) for number, (other, reason) in enumerate(relatives, 1)]
    if request.GET.get("part") == "1":
        return render(request, "search/_relatives.html", {"paper": paper, "rows": rows})
    context = {
        "paper": paper,
        "rows": with_told(request, rows),
        "canonical": request.build_absolute_uri(reverse("related", args=[paper.arxiv_id])),
        "feed": reverse("related-feed", args=[paper.arxiv_id]),
    }
    return render(request, "search/related.html", context)


def _reading_of(request: HttpRequest) -> tuple[bool, list[str]]:
    """Whether the query is taken as it stands, and which keywords are left aside."""
    return request.GET.get("verbatim") == "1", request.GET.getlist("without")[:MOST_WITHOUT]


def _facets(query: Query, verbatim: bool, without: list[str]) -> dict[str, Facets | bool | None]:
    """For the template: the facets, or that they cannot be had now, which costs nothing but them."""
    if query.tree is None:
        return {"facets": None}
    try:
        return {"facets": facets_of(query, verbatim=verbatim, without=without)}
    except EngineError as error:
        log.warning("facets are away", reason=str(error))
        return {"facets": None, "facets_away": True}


def _to_papers(query: Query) -> HttpResponse:
    """On to the page of the paper or papers that the query names; the version of a single one is kept."""
    if len(query.arxiv_ids) > 1:
        return redirect("papers", list(query.arxiv_ids))
    return redirect("paper", parse_id(query.text) or query.arxiv_ids[0])


def _away(request: HttpRequest, context: dict[str, object], error: EngineError) -> HttpResponse:
    """The page that says that the search engine does not answer now; why, is for the operator to read."""
    log.warning("search is away", reason=str(error))
    response = render(request, "search/away.html", context, status=503)
    response["Retry-After"] = SECONDS_AWAY
    return response
