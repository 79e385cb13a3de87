"""The page “Where would this belong?”: a pasted text or a paper, and the categories of papers like it."""

from typing import Any, Final

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from papers.identifiers import parse_id
from papers.listing import in_order
from papers.models import Paper
from papers.views.context import numbered
from papers.views.paper import not_here
from search.classifying.suggesting import LONGEST, Suggestion, classify, of_paper
from search.engines.base import EngineError

log = structlog.get_logger()
FEWEST_LETTERS: Final = 12  # of a text: less says nothing
SECONDS_AWAY: Final = "30"


@require_http_methods(["GET", "HEAD", "POST"])
def classify_page(request: HttpRequest) -> HttpResponse:
    """The form; `?id=` for a paper that is here; a POST of `text` for a text, or on to the paper whose id it is.

    400 for a text that cannot be read, 404 for a paper that is not here, 503 while the index is away.
    """
    if request.method == "POST":
        return _of_text(request, request.POST.get("text", ""))
    if asked := request.GET.get("id", ""):
        return _of_paper(request, asked)
    return _page(request, {"canonical": request.build_absolute_uri(request.path)})


def _of_text(request: HttpRequest, text: str) -> HttpResponse:
    if named := parse_id(text):
        return redirect(f"{reverse('classify')}?id={named.base}")
    context: dict[str, Any] = {"text": text[: LONGEST + 1]}
    if len(text) > LONGEST:
        problem = _("That is too long: at most %(most)s characters.") % {"most": f"{LONGEST:,}"}
        return _page(request, {**context, "problem": problem}, 400)
    if sum(character.isalpha() for character in text) < FEWEST_LETTERS:
        return _page(request, {**context, "problem": _("Give some words: a title, better with its abstract.")}, 400)
    try:
        return _page(request, {**context, **_told(classify(text))})
    except EngineError as error:
        return _away(request, context, error)


def _of_paper(request: HttpRequest, asked: str) -> HttpResponse:
    named = parse_id(asked)
    if named is None:
        return _page(request, {"text": asked[:LONGEST], "problem": _("That is no arXiv id.")}, 400)
    paper = Paper.objects.filter(arxiv_id=named.base).first()
    if paper is None:
        return not_here(request, named)
    if paper.removed:
        return render(request, "papers/removed.html", {"paper": paper}, status=410)
    context: dict[str, Any] = {"text": paper.arxiv_id, "paper": paper}
    try:
        return _page(request, {**context, **_told(of_paper(paper))})
    except EngineError as error:
        return _away(request, context, error)


def _told(found: Suggestion | None) -> dict[str, Any]:
    """What the page says of a suggestion."""
    if found is None:
        return {"no_index": True}
    return {"found": found, "rows": numbered(in_order(found.nearest))}


def _away(request: HttpRequest, context: dict[str, Any], error: EngineError) -> HttpResponse:
    log.warning("search is away", reason=str(error))
    response = _page(request, {**context, "away": True}, 503)
    response["Retry-After"] = SECONDS_AWAY
    return response


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, "search/classify.html", {"longest": LONGEST, **context}, status=status)
