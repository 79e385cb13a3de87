"""A list that somebody shares, at its secret address: its name, its description and its papers, and nothing of whose
it is."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from papers import markdown
from papers.feeds import Channel, PapersFeed
from papers.library.lists import papers_in
from papers.library.rows import paged, status_of
from papers.listing import in_order
from papers.models import ReadingList
from papers.views.exports import as_file

LENGTH: Final = 43  # of a secret
MOST_IN_FEED: Final = 200

View = Callable[..., HttpResponseBase]


def secretly(view: View) -> View:
    """Answers that no shared cache keeps, no search engine shows, and whose address no link gives away."""

    @wraps(view)
    def hushed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return hushed


def shared(secret: str) -> ReadingList:
    """The list of a secret address. Raises Http404 for one that is wrong as for one that was revoked."""
    found = ReadingList.objects.filter(secret=secret).first() if len(secret) == LENGTH else None
    if found is None:
        raise Http404
    return found


@require_safe
@secretly
def page(request: HttpRequest, secret: str) -> HttpResponse:
    """The list for everybody who knows its address."""
    reading_list = shared(secret)
    notes: list[str] = []
    context = paged(request, papers_in(reading_list), notes)
    context |= {
        "name": reading_list.name,
        "about": markdown.to_html(reading_list.about, below=1),
        "secret": secret,
        "removed": reading_list.entries.filter(paper__removed=True).count(),
        "feed": reverse("shared-list-feed", args=[secret]),
    }
    return render(request, "papers/library/shared.html", context, status=status_of(context))


@require_safe
@secretly
def export(request: HttpRequest, secret: str, kind: str) -> HttpResponse:
    """The whole list as a file; nothing in it is its reader's own but the choice and the name."""
    reading_list = shared(secret)
    ids = list(papers_in(reading_list).values_list("paper_id", flat=True))
    return as_file(kind, reading_list.name, in_order(ids))


class SharedFeed(PapersFeed):
    """The papers that were added to the list last."""

    def get_object(self, request: HttpRequest, secret: str) -> Channel:
        """The channel of the list."""
        reading_list = shared(secret)
        ids = papers_in(reading_list).values_list("paper_id", flat=True)[:MOST_IN_FEED]
        page, address = (reverse(name, args=[secret]) for name in ("shared-list", "shared-list-feed"))
        return Channel(reading_list.name, page, address, in_order(ids), made=reading_list.changed)


feed: Final = require_safe(secretly(SharedFeed()))
