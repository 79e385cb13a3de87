"""Pages about the site itself, and what robots and browsers ask about it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from papers.bookmarklet import bookmarklet


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """The query language, the addresses and the rest, by examples."""
    return render(request, "papers/help.html", {"canonical": request.build_absolute_uri(request.path)})


@require_safe
def tools(request: HttpRequest) -> HttpResponse:
    """What leads here from elsewhere: bookmarklet, extension, the browser’s search, assistants, feeds."""
    home = request.build_absolute_uri(reverse("home"))
    context = {
        "canonical": request.build_absolute_uri(request.path),
        "site": home,
        "bookmarklet": bookmarklet(home),
        "assistants": request.build_absolute_uri(reverse("mcp")) if settings.MCP else "",
    }
    return render(request, "papers/tools.html", context)


@require_safe
@cache_control(max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """Robots may read lists and papers; what is closed costs work, or is one reader's own, or says nothing that is not
    there too."""
    home = reverse("home")
    closed = [f"{home}{path}" for path in _CLOSED]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), ""]
    lines.append(f"Sitemap: {request.build_absolute_uri(reverse('sitemap'))}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


# Below the front page's path; a line closes all that begins so, and * stands for anything.
_CLOSED = (
    "search",
    "api/",
    "admin/",
    "account/",
    "library",
    "marks",
    "words",
    "theme",
    "forget",
    "language",
    "author/",
    "*?*sort=",
    "*?*unseen=",
    "*?*titles=",
    "*?*month=",
    "*?*from=",
    "*?*part=",
    "arxiv/*/related",
    "arxiv/*/bibtex",
    "arxiv/*/ris",
    "arxiv/*/csv",
    "bibtex",
    "ris",
    "csv",
    "metrics",
    "healthz",
    "readyz",
)


@require_safe
@cache_control(max_age=86400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for the icon when no page has told them."""
    return redirect(static("favicon.svg"))


@require_safe
@cache_control(max_age=86400)
def web_manifest(request: HttpRequest) -> JsonResponse:
    """What a browser needs to keep the site among its programs."""
    home = reverse("home")
    manifest = {
        "id": home,
        "name": "Papertide",
        "short_name": "Papertide",
        "description": _("arXiv’s papers by words, names and meaning"),
        "lang": get_language() or "en",
        "start_url": home,
        "scope": home,
        "display": "minimal-ui",
        "background_color": "#fbfcfc",
        "theme_color": "#0b6177",
        "icons": [
            {"src": static("favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": static("icons/192.png"), "sizes": "192x192", "type": "image/png"},
        ],
    }
    return JsonResponse(manifest, content_type="application/manifest+json")
