"""ArXiv's own address shapes: abstracts and lists lead to our pages, full texts to arXiv."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from papers.categories import UnknownCategory, split_spec
from papers.identifiers import ArxivId
from papers.views.lists import unknown_category


@require_safe
def abstract(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """`/abs/<id>`: the paper's page."""
    return redirect("paper", arxiv_id)


@require_safe
def pdf(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """`/pdf/<id>`: the PDF at arXiv."""
    return HttpResponseRedirect(f"https://arxiv.org/pdf/{arxiv_id}")


@require_safe
def html(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """`/html/<id>`: the HTML version at arXiv."""
    return HttpResponseRedirect(f"https://arxiv.org/html/{arxiv_id}")


@require_safe
def listing(request: HttpRequest, spec: str, which: str) -> HttpResponse:
    """`/list/<categories>/new`, `recent` and the like: the list of the categories, newest first."""
    try:
        return redirect("listing", split_spec(spec))
    except UnknownCategory as error:
        return unknown_category(request, error)
