"""Pages about the site itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """The query language and the addresses, by examples."""
    return render(request, "papers/help.html", {"canonical": request.build_absolute_uri(request.path)})


@require_safe
@cache_control(max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """Robots may read lists and papers; searches cost work and hold nothing that is not there too."""
    closed = (reverse("search"), f"{reverse('home')}api/", f"{reverse('home')}*/related")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(max_age=86400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for the icon when no page has told them."""
    return redirect(static("favicon.svg"))
