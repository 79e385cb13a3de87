"""The page of one paper, and of several side by side."""

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers import changes
from papers.identifiers import ArxivId
from papers.models import Paper
from papers.views import fetching
from papers.views.context import numbered

MOST_AT_ONCE = 100


@require_safe
def one(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """One paper in the newest version seen here with what changed in it; one that is not here is asked of arXiv, and
    of one that arXiv has removed only the title is shown (410)."""
    if str(arxiv_id) not in request.path:  # math.GT/0309136 is stored as math/0309136
        return HttpResponsePermanentRedirect(reverse("paper", args=[arxiv_id]))
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first()
    if paper is None:
        return fetching.one(request, arxiv_id)
    if paper.removed:
        return render(request, "papers/removed.html", {"paper": paper}, status=410)
    if fetching.TRY in request.GET:
        return redirect("paper", arxiv_id)
    earlier = changes.earlier_versions([paper]).get(paper.pk, [])
    context = {
        "paper": paper,
        "asked": arxiv_id.version if arxiv_id.version not in {None, paper.version} else None,
        "history": changes.history(paper, earlier),
        "canonical": request.build_absolute_uri(paper.get_absolute_url()),
        "feed": reverse("paper-feed", args=[paper.arxiv_id]),
    }
    return render(request, "papers/paper.html", context)


@require_safe
def several(request: HttpRequest, ids: tuple[ArxivId, ...]) -> HttpResponse:
    """The named papers in the order of the address. Those that are not here are asked of arXiv and named at the end;
    where no paper is here yet, 202 if some are awaited, 429 if too many were asked for in this hour."""
    bases = list(dict.fromkeys(found.base for found in ids))
    asked = bases[:MOST_AT_ONCE]
    known = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=asked)}
    papers = [known[base] for base in asked if base in known and not known[base].removed]
    missing = fetching.ask_all(request, [base for base in asked if base not in known])
    context = {
        "rows": numbered(papers),
        "removed": [base for base in asked if base in known and known[base].removed],
        "missing": missing,
        "left_out": len(bases) - len(asked),
        "most": MOST_AT_ONCE,
    }
    status = 200 if papers else 202 if missing.awaited else 429 if missing.refused else 404
    context |= fetching.refresh(request, bool(missing.awaited))
    response = render(request, "papers/several.html", context, status=status)
    if status == 429:
        response["Retry-After"] = str(missing.seconds)
    return response


def not_here(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """The page, status 404, for an id that is well formed but not in the database."""
    return render(request, "papers/not_here.html", {"arxiv_id": arxiv_id}, status=404)
