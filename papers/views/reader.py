"""What a reader tells the site: stars, what she sifted, what she opened, her words, her theme."""

from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from papers import visitors
from papers.identifiers import parse_id
from papers.models import Paper, Visitor
from papers.views.answers import SeeOther
from papers.views.context import THEMES, Row
from papers.views.errors import too_many

MOST_IDS: Final = 500  # of one request
YEAR: Final = 365 * 86400
_ACTIONS: Final[dict[str, tuple[visitors.Field, bool]]] = {
    "star": ("starred", True),
    "unstar": ("starred", False),
    "seen": ("seen", True),
    "unseen": ("seen", False),
    "opened": ("opened", True),
    "viewed": ("viewed", True),
}
_MAKES_KNOWN: Final = ("star", "seen", "opened")


@require_POST
@never_cache
def marks(request: HttpRequest) -> HttpResponse:
    """Star, mark as seen, opened or viewed, and take back: `star`, `unstar`, `seen`, `unseen`, `opened` and `viewed`
    each name papers by their arXiv ids, joined by commas. Nobody becomes known by a view alone. A script gets 204, or
    the new button of a star; a form goes back to `next`."""
    asked = [(name, _ids(request.POST.get(name, ""))) for name in _ACTIONS if request.POST.get(name)]
    if not asked or any(ids is None for _name, ids in asked):
        return HttpResponseBadRequest(_("A mark names papers by their arXiv ids."), content_type="text/plain")
    try:
        # Who takes back what she never gave, or only looks, needs no cookie for it.
        gives = any(name in _MAKES_KNOWN for name, _ids in asked)
        visitor = visitors.visitor_for(request) if gives else visitors.visitor_of(request)
        for name, ids in asked if visitor else ():
            field, on = _ACTIONS[name]
            found = Paper.objects.filter(arxiv_id__in=ids or (), **({"removed": False} if on else {}))
            visitors.mark(visitor, list(found.values_list("pk", flat=True)), field, on)  # type: ignore[arg-type]
    except visitors.TooManyError as error:
        return too_many(request, error.seconds)
    return _answer(request, visitor, asked[0][1] or [])


def _answer(request: HttpRequest, visitor: Visitor | None, ids: list[str]) -> HttpResponse:
    if request.headers.get("HX-Target", "").startswith("star-"):
        paper = Paper.objects.filter(arxiv_id=ids[0]).first()
        if paper is None:
            raise Http404
        told = visitors.told_of(visitor, [paper.pk]).get(paper.pk)
        response = render(request, "papers/_star.html", {"row": Row(0, paper, told=told)})
    elif request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
        response = _back(request, f"#p-{ids[0]}" if len(ids) == 1 else "")
    else:
        response = HttpResponse(status=204)
    if visitor is not None:
        visitors.remember(response, visitor)
    return response


@require_POST
def words(request: HttpRequest) -> HttpResponse:
    """Keep the reader's preference words, and go back."""
    kept = request.POST.get("words", "").strip()
    try:
        visitor = visitors.visitor_for(request) if kept else visitors.visitor_of(request)
    except visitors.TooManyError as error:
        return too_many(request, error.seconds)
    response = _back(request)
    if visitor is not None:
        visitors.set_words(visitor, kept)
        visitors.remember(response, visitor)
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Dark, light, or as the system has it; kept in a cookie."""
    response = _back(request)
    wanted = request.POST.get("theme", "")
    if wanted in THEMES:
        response.set_cookie("theme", wanted, max_age=YEAR, secure=settings.PRODUCTION, samesite="Lax", httponly=True)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Delete everything that is kept of this browser. What is an account's is deleted with it, on its own page."""
    visitor = visitors.visitor_of(request)
    if visitor is not None and visitor.reader_id is not None:
        return redirect("account-data")
    if visitor is not None:
        visitors.forget(visitor)
    response = redirect("library")
    response.delete_cookie(visitors.COOKIE, path=f"{settings.FORCE_SCRIPT_NAME or ''}/", samesite="Lax")
    return response


def _ids(text: str) -> list[str] | None:
    """The arXiv ids in `text`, versions dropped; None where one of them is none, or for more than MOST_IDS."""
    parts = text.split(",")
    found = [parse_id(part) for part in parts[: MOST_IDS + 1]]
    return None if None in found or len(parts) > MOST_IDS else [one.base for one in found if one]


def way_back(request: HttpRequest, otherwise: str) -> str:
    """The address at which a form stood, as it says by `next`, if that is of this site."""
    target = request.POST.get("next", "")
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()) else otherwise


def _back(request: HttpRequest, anchor: str = "") -> HttpResponse:
    return SeeOther(way_back(request, reverse("home")).partition("#")[0] + anchor)
