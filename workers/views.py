"""The page that shows operators, and whoever wants to know, how the site is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from workers.overview import SOURCES, overview


@require_safe
@cache_control(no_cache=True)
def status(request: HttpRequest) -> HttpResponse:
    """Alarms, how arXiv is asked, the last days by source, the index, and what was done."""
    return render(request, "workers/status.html", {"site": overview(), "sources": [title for _, title in SOURCES]})
