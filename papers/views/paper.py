"""The page of one paper, and of several side by side."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers import changes, versions
from papers.accounts.who import has_account
from papers.changes import Text
from papers.identifiers import ArxivId
from papers.library.keeping import keeping
from papers.licences import read_licence
from papers.models import Paper
from papers.views import fetching
from papers.views.context import Row, numbered, with_told
from papers.visitors import visitor_for, visitor_of
from search.paper_views import nearby

MOST_AT_ONCE = 100


@require_safe
def one(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """One paper in the newest version seen here; one that is not here is asked of arXiv, and of one that arXiv has
    removed only the title is shown (410).

    `?compare=1..3` shows what changed between two versions that were seen, 400 where it names no such two; `?map=1` has
    the map of the neighbourhood in the page itself, for browsers without scripts.
    """
    if str(arxiv_id) not in request.path:  # math.GT/0309136 is stored as math/0309136
        return HttpResponsePermanentRedirect(reverse("paper", args=[arxiv_id]))
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first()
    if paper is None:
        return fetching.one(request, arxiv_id)
    if paper.removed:
        return render(request, "papers/removed.html", {"paper": paper}, status=410)
    if fetching.TRY in request.GET:
        return redirect("paper", arxiv_id)
    if {"old", "new"} <= request.GET.keys():  # from the form
        pair = f"{request.GET['old'][:4]}..{request.GET['new'][:4]}"
        return redirect(reverse("paper", args=[arxiv_id], query={"compare": pair}, fragment="versions"))
    earlier = changes.earlier_versions([paper]).get(paper.pk, [])
    seen = versions.comparable(paper, earlier)
    [row] = with_told(request, [Row(1, paper)])
    visitor = visitor_of(request)
    context = {
        "keeps_history": visitor is not None and visitor.keeps_history,
        "paper": paper,
        "row": row,
        "lines": versions.lines(paper, earlier),
        "seen": seen,
        "licence": read_licence(paper.license),
        "canonical": request.build_absolute_uri(paper.get_absolute_url()),
        "feed": reverse("paper-feed", args=[paper.arxiv_id]),
        "picture": request.build_absolute_uri(static("icons/192.png")),
        "keeping": keeping(visitor_for(request), paper) if has_account(request) else None,
        **_asked(arxiv_id, paper, seen),
    }
    status = 200
    if compare := request.GET.get("compare"):
        context["compare"] = compare[:20]
        context["compared"] = found = versions.compared(seen, compare)
        status = 200 if found else 400
    if request.GET.get("map") == "1":
        context |= nearby(paper)
    return render(request, "papers/paper.html", context, status=status)


def _asked(arxiv_id: ArxivId, paper: Paper, seen: Sequence[Text]) -> dict[str, object]:
    """The version of the address where it is not the one shown, and whether it was seen here."""
    if arxiv_id.version in {None, paper.version}:
        return {}
    return {"asked": arxiv_id.version, "asked_was_seen": arxiv_id.version in {text.version for text in seen}}


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
        "rows": with_told(request, numbered(papers)),
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
