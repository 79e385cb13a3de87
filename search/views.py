"""The search page, and the page of a paper's relatives."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers.identifiers import ArxivId, parse_id
from papers.listing import in_order
from papers.models import Paper
from papers.paging import page_numbers, read_page
from papers.views.context import Row, numbered
from papers.views.paper import not_here
from search import related, service
from search.engines.base import EngineError
from search.highlight import wanted
from search.query import Query, parse
from search.sorting import SORTS, address, ordered
from search.ways import ways_on

log = structlog.get_logger()
PAGE_SIZE = 25
RELATIVES = 20
MOST_WITHOUT = 50
SECONDS_AWAY = "30"


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """What `?q=` finds, `&sort=` before its own order; without a query, the query language by examples."""
    typed = parse(request.GET.get("q", ""))
    query = ordered(typed, request.GET.get("sort"))
    if query.arxiv_ids:
        return _to_papers(query)
    context: dict[str, object] = {"query": query}
    if query.tree is None:
        return render(request, "search/empty.html", context)
    notes = list(query.notes)
    number = read_page(request.GET.get("page"), notes)
    verbatim, without = request.GET.get("verbatim") == "1", request.GET.getlist("without")[:MOST_WITHOUT]
    try:
        results = service.search(query, page=number, size=PAGE_SIZE, verbatim=verbatim, without=without)
    except EngineError as error:
        return _away(request, {**context, "retry": request.get_full_path()}, error)
    papers = in_order(results.ids)
    asked = results.reading.asked if results.reading else query
    pages = max(1, -(-results.reachable // PAGE_SIZE))
    context |= {
        "rows": numbered(papers, (number - 1) * PAGE_SIZE + 1, wanted(asked.tree)),
        "results": results,
        "notes": list(dict.fromkeys([*notes, *results.notes])),
        "numbers": page_numbers(min(number, pages), pages),
        "pages": pages,
        "number": number,
        "beyond": number > pages,
        "sorts": [
            (name, label, address("search", typed, name, verbatim=verbatim, without=without))
            for name, label in SORTS.items()
        ],
        "feed": address("search-feed", typed if asked is query else parse(asked.text), query.sort),
    }
    if results.reading is not None:
        context |= ways_on(results.reading, results, typed, without)
    return render(request, "search/results.html", context, status=404 if number > pages else 200)


@require_safe
def related_page(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """The papers nearest to one paper, each with the words they share."""
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first()
    if paper is None:
        return not_here(request, arxiv_id)
    try:
        found = related.related(paper, limit=RELATIVES)
    except EngineError as error:
        return _away(request, {"paper": paper, "retry": request.get_full_path()}, error)
    known = Paper.objects.in_bulk([relative.id for relative in found])
    relatives = [(known[relative.id], relative.reason) for relative in found if relative.id in known]
    context = {
        "paper": paper,
        "rows": [Row(number, other, reason=reason) for number, (other, reason) in enumerate(relatives, 1)],
        "canonical": request.build_absolute_uri(reverse("related", args=[paper.arxiv_id])),
        "feed": reverse("related-feed", args=[paper.arxiv_id]),
    }
    return render(request, "search/related.html", context)


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
