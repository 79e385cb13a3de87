"""Errors as problem documents (RFC 9457), and what every answer of the API has in common."""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from search.engines.base import EngineError

View = Callable[..., HttpResponse]

RETRY_AFTER = 30  # seconds after which a search engine that could not answer is worth asking again
_FRESH = "public, max-age=60"
_LONGEST_DETAIL = 500
_log = logging.getLogger(__name__)


def problem(
    request: HttpRequest, status: int, detail: str, errors: Sequence[Mapping[str, object]] = ()
) -> JsonResponse:
    """A problem document of the plain kind ("about:blank"), which says no more than the status and `detail`.

    `errors` lists the single faults of a request: each with `location` and `detail`.
    """
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail[:_LONGEST_DETAIL],
        "instance": request.path,
    }
    if errors:
        body["errors"] = list(errors)
    return JsonResponse(body, status=status, content_type="application/problem+json")


def add_handlers(api: NinjaAPI) -> None:
    """Let `api` answer whatever a view raises with a problem document."""
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _refused)
    api.add_exception_handler(Http404, _missing)
    api.add_exception_handler(EngineError, _engine_down)
    api.add_exception_handler(RequestDataTooBig, _too_large)
    api.add_exception_handler(SuspiciousOperation, _suspicious)
    api.add_exception_handler(Exception, _failed)


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    # The last part of a location is the name that the caller knows; those before it are ninja's.
    faults = [{"location": str(fault["loc"][-1]), "detail": str(fault["msg"])} for fault in error.errors]
    return problem(request, 422, "; ".join(f"{f['location']}: {f['detail']}" for f in faults), faults)


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, error.status_code, str(error))


def _missing(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, 404, "There is nothing at this address.")


def _engine_down(request: HttpRequest, error: Any) -> HttpResponse:
    _log.warning("search engine: %s", error)
    response = problem(request, 503, "The search engine cannot answer now; try again soon.")
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _too_large(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, 413, "The body of the request is too large.")


def _suspicious(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, 400, "The request cannot be read.")


def _failed(request: HttpRequest, error: Any) -> HttpResponse:
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(request, 500, "The site made a mistake; it is written in its log.")


def unknown_address(request: HttpRequest, address: str = "") -> HttpResponse:
    """404 for whatever stands under the API's root and is no address of it."""
    return problem(request, 404, "There is nothing at this address; see openapi.json for those there are.")


def common(view: View) -> View:
    """Around each view of the API: English, HEAD as GET, 405 as a problem, headers for caches and other origins."""

    @csrf_exempt  # no view here trusts a cookie
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        method = request.method
        if method == "HEAD":
            request.method = "GET"
        try:
            with translation.override("en"):  # programs read the notes too, and caches keep one answer for all
                response = view(request, *args, **kwargs)
        finally:
            request.method = method
        response["Content-Language"] = "en"
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = _with_head(response["Allow"])
            response = problem(request, 405, f"This address takes {allowed}.")
            response["Allow"] = allowed
        if method in {"GET", "HEAD"}:
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Expose-Headers"] = "ETag, Retry-After"
            if response.status_code == HTTPStatus.OK:
                response.setdefault("Cache-Control", _FRESH)
        return response

    return wrapped


def _with_head(allowed: str) -> str:
    methods = {method.strip() for method in allowed.split(",")}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
