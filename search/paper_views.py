"""What search adds to the page of one paper, fetched by it once it stands: the nearest papers, their map, and more by
the same authors."""

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from papers.identifiers import ArxivId
from papers.models import Paper
from search.authors import more_by
from search.engines.base import EngineError
from search.neighbourhood import HEIGHT, WIDTH, neighbourhood

log = structlog.get_logger()


@require_safe
def neighbourhood_part(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """The part of a paper's page; asked for by anything but that page, the page with the part in it."""
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base, removed=False).first()
    if paper is None:
        raise Http404
    if request.headers.get("HX-Request") == "true":
        response = render(request, "search/_neighbourhood.html", {"paper": paper, **nearby(paper)})
    else:
        response = redirect(reverse("paper", args=[paper.arxiv_id], query={"map": 1}, fragment="neighbourhood"))
    patch_vary_headers(response, ["HX-Request"])
    response["X-Robots-Tag"] = "noindex"
    return response


def nearby(paper: Paper) -> dict[str, object]:
    """The context of `search/_neighbourhood.html`. Where the engine is away, it says so."""
    found = neighbourhood(paper)
    try:
        more = [] if found.away else more_by(paper)
    except EngineError as error:
        log.warning("search is away", reason=str(error))
        more = []
    return {"nearby": found, "more_by": more, "width": int(WIDTH), "height": int(HEIGHT)}
