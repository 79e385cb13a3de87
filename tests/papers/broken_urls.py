"""The site's addresses, and some behind which something goes wrong."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path

from config import urls as site
from config.urls import handler400, handler403, handler404, handler500
from papers.views.errors import too_many

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def _denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def _suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("not to be shown")


def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("not to be shown")


def _busy(request: HttpRequest, seconds: int) -> HttpResponse:
    return too_many(request, seconds)


urlpatterns: list[URLPattern | URLResolver] = [
    path("denied", _denied),
    path("suspicious", _suspicious),
    path("broken", _broken),
    path("busy/<int:seconds>", _busy),
    *site.urlpatterns,
]
