"""A search's papers to take along, as BibTeX, RIS or CSV."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from papers.listing import in_order
from papers.models import Paper
from papers.views.exports import MOST_NAMED, as_file, cut_short, refused
from search.engines.base import EngineError
from search.exports import matching
from search.query import parse
from search.sorting import ordered

log = structlog.get_logger()
MOST_WITHOUT = 50
SECONDS_AWAY = "30"
SHOWN_QUERY = 60  # characters of the query within the file's name


@require_safe
def of_search(request: HttpRequest, kind: str) -> HttpResponse:
    """What `?q=` finds, read and ordered as on its page; 400 where it asks for nothing."""
    query = ordered(parse(request.GET.get("q", "")), request.GET.get("sort"))
    if query.arxiv_ids:
        bases = query.arxiv_ids[:MOST_NAMED]
        known = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=bases, removed=False)}
        return as_file(kind, "arxiv-papers", [known[base] for base in bases if base in known])
    if query.tree is None:
        return refused(_("An export needs a query: ?q=…"), 400)
    verbatim, without = request.GET.get("verbatim") == "1", request.GET.getlist("without")[:MOST_WITHOUT]
    try:
        ids, total = matching(query, verbatim=verbatim, without=without)
    except EngineError as error:
        return away(error)
    return as_file(kind, f"search-{query.text[:SHOWN_QUERY]}", in_order(ids), cut_short(len(ids), total))


def away(error: EngineError) -> HttpResponse:
    """The line of text, status 503, for a file that cannot be made while the search engine does not answer."""
    log.warning("search is away", reason=str(error))
    response = refused(_("The search is away for the moment. Please try again soon."), 503)
    response["Retry-After"] = SECONDS_AWAY
    return response
