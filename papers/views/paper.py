"""The page of one paper, and of several side by side."""

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers.identifiers import ArxivId
from papers.models import Paper
from papers.views.context import numbered

MOST_AT_ONCE = 100


@require_safe
def one(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """One paper in the newest version seen here; 404 with the way to arXiv where it is not here."""
    if str(arxiv_id) not in request.path:  # math.GT/0309136 is stored as math/0309136
        return HttpResponsePermanentRedirect(reverse("paper", args=[arxiv_id]))
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first()
    if paper is None:
        return not_here(request, arxiv_id)
    context = {
        "paper": paper,
        "asked": arxiv_id.version if arxiv_id.version not in {None, paper.version} else None,
        "canonical": request.build_absolute_uri(paper.get_absolute_url()),
        "feed": reverse("paper-feed", args=[paper.arxiv_id]),
    }
    return render(request, "papers/paper.html", context)


@require_safe
def several(request: HttpRequest, ids: tuple[ArxivId, ...]) -> HttpResponse:
    """The named papers in the order of the address, with those that are not here named at the end."""
    bases = list(dict.fromkeys(found.base for found in ids))
    asked = bases[:MOST_AT_ONCE]
    known = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=asked)}
    papers = [known[base] for base in asked if base in known]
    context = {
        "rows": numbered(papers),
        "missing": [base for base in asked if base not in known],
        "left_out": len(bases) - len(asked),
        "most": MOST_AT_ONCE,
    }
    return render(request, "papers/several.html", context, status=200 if papers else 404)


def not_here(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """The page, status 404, for an id that is well formed but not in the database."""
    return render(request, "papers/not_here.html", {"arxiv_id": arxiv_id}, status=404)
