"""The pages for what goes wrong: each says calmly what it is and what to do next."""

from datetime import timedelta
from html import escape

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language_from_request

from papers.guesses import guess
from papers.models import Paper

log = structlog.get_logger()

MOST_SECONDS = 7 * 86400
_STYLES = ("css/design.css", "css/frame.css")
# For the day on which not even a template can be had; both languages, since it cannot be known which is read.
_LAST_RESORT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>Papertide</title></head>
<body>
<main>
<h1>Something went wrong</h1>
<p>The fault is on this side and has been written to the log. Please try again in a moment. <a href="{home}">To the front page</a></p>
<div lang="zh-Hans">
<h2>出错了</h2>
<p>问题出在本站，已记入日志。请稍后再试。<a href="{home}">回到首页</a></p>
</div>
</main>
</body>
</html>
"""  # noqa: E501


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing at this address; what was perhaps meant by it. One query where it holds an arXiv id, else none."""
    found = guess(request.path_info)
    paper = Paper.objects.filter(arxiv_id=found.arxiv_id.base, removed=False).first() if found.arxiv_id else None
    return render(request, "404.html", {"guesses": found, "paper": paper}, status=404)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: not for this reader."""
    return render(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that came without its token: mostly cookies that are off, or a page that was open for long."""
    log.info("a form came without its token", reason=reason, path=request.path)
    response = render(request, "403.html", {"csrf": True, "cookies": bool(request.COOKIES)}, status=403)
    add_never_cache_headers(response)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: an address, a form or a host name that cannot be read. It says nothing of the request, which may be
    anything."""
    try:
        return render(request, "400.html", status=400)
    except Exception:  # what was wrong with the request may break its page as well: a host name that is not ours
        return HttpResponse(_standing(request, bad_request=True), status=400)


def too_many(request: HttpRequest, seconds: int | None) -> HttpResponse:
    """429 with `Retry-After`: too many requests; the page says how many `seconds` (a minute rounded up) from now they
    are answered again. Without `seconds`, 409: what this browser keeps is full, and waiting does not help."""
    if seconds is None:
        response = render(request, "409.html", status=409)
        add_never_cache_headers(response)
        return response
    seconds = min(max(seconds, 1), MOST_SECONDS)
    context = {
        "seconds": seconds,
        "minutes": -(-seconds // 60),
        "again": timezone.now() + timedelta(seconds=seconds),
        "retry": request.get_full_path() if request.method in {"GET", "HEAD"} else "",
    }
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(seconds)
    add_never_cache_headers(response)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a fault of ours. Needs no database and no cache, and where its template cannot be had not even that."""
    return HttpResponse(_standing(request), status=500)


def _standing(request: HttpRequest, *, bad_request: bool = False) -> str:
    """A page that stands alone, in the reader's language as far as that can be told."""
    home = "/"
    try:
        home = reverse("home")
        with translation.override(get_language_from_request(request)):
            context = {"home": home, "styles": _styles(), "bad_request": bad_request}
            return loader.get_template("500.html").render(context)
    except Exception:
        return _LAST_RESORT.format(home=escape(home))


def _styles() -> list[str]:
    """The addresses of the style sheets; none where they have not been collected."""
    try:
        return [static(name) for name in _STYLES]
    except ValueError:
        return []
