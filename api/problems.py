"""Errors as problem documents (RFC 9457), and what every answer of the API has in common."""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from api import tokens
from config import limits
from papers.library.lists import ListError
from papers.library.notes import TooLongError
from papers.library.tags import TagError
from papers.visitors import TooManyError
from search.engines.base import EngineError
from search.subscriptions.keeping import SubscriptionError

View = Callable[..., HttpResponse]

RETRY_AFTER = 30  # seconds after which a search engine that could not answer is worth asking again
_FRESH = "public, max-age=60"
_OWN = "private, no-cache"
_FOR_SCRIPTS = "ETag, Retry-After, Vector-Model, Vector-Width"
_A_DAY = "86400"
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
    api.add_exception_handler(TooManyError, _full)
    api.add_exception_handler(TooLongError, _too_long)
    for unreadable in (ListError, TagError, SubscriptionError):
        api.add_exception_handler(unreadable, _unreadable)
    api.add_exception_handler(RequestDataTooBig, _too_large)
    api.add_exception_handler(SuspiciousOperation, _suspicious)
    api.add_exception_handler(Exception, _failed)


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    # The last part of a location is the name that the caller knows; those before it are ninja's.
    faults = [{"location": str(fault["loc"][-1]), "detail": str(fault["msg"])} for fault in error.errors]
    return problem(request, 422, "; ".join(f"{f['location']}: {f['detail']}" for f in faults), faults)


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem(request, error.status_code, str(error))
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = tokens.CHALLENGE
    if error.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def _unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, 422, str(error))


def _too_long(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, 422, "text: it is longer than a note may be.")


def _full(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, 409, "There is no room for more; what is no longer needed can be deleted.")


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
    """Around each view of the API: its client's token and bound, English, HEAD as GET, an answer to OPTIONS, 405 as a
    problem, headers for caches and other origins."""

    @csrf_exempt  # no view here trusts a cookie
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        method = request.method
        if method == "HEAD":
            request.method = "GET"
        try:
            with translation.override("en"):  # programs read the notes too, and caches keep one answer for all
                response = turned_away(request) or view(request, *args, **kwargs)
        finally:
            request.method = method
        response["Content-Language"] = "en"
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = _with_head(response["Allow"])
            response = _options(allowed) if method == "OPTIONS" else problem(request, 405, f"It takes {allowed}.")
            response["Allow"] = allowed
        _for_others(request, response)
        return response

    return wrapped


def turned_away(request: HttpRequest) -> HttpResponse | None:
    """Why a request is not answered, if it is not: too many came from its client, or its token is none."""
    if request.method == "OPTIONS":  # which a browser asks by itself, and never with a token
        return None
    try:
        token, known = tokens.read(request), True
    except tokens.BadTokenError:
        token, known = None, False
    tokens.keep(request, token)
    seconds = limits.wait(request, "api", f"{token.pk}" if token else "")
    if seconds is not None:
        response = problem(request, 429, f"Too many requests in one minute; it goes on in {seconds} seconds.")
        response["Retry-After"] = str(seconds)
        return response
    if not known:
        response = problem(request, 401, tokens.UNKNOWN)
        response["WWW-Authenticate"] = f'{tokens.CHALLENGE}, error="invalid_token"'
        return response
    return None


def _options(allowed: str) -> HttpResponse:
    """The answer to OPTIONS. Scripts of other origins may read, also conditionally; they may neither write nor send a
    token, which `Authorization` among the headers would let them."""
    response = HttpResponse(status=204)
    if "GET" in allowed:
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = "GET, HEAD"
        response["Access-Control-Allow-Headers"] = "If-None-Match"
        response["Access-Control-Max-Age"] = _A_DAY
    return response


def _for_others(request: HttpRequest, response: HttpResponse) -> None:
    """Who else may read the answer to a GET: all, unless it was asked for with a token."""
    if "Authorization" in request.headers:
        response.setdefault("Cache-Control", _OWN)
        patch_vary_headers(response, ["Authorization"])
    elif request.method in {"GET", "HEAD"}:
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = _FOR_SCRIPTS
        if response.status_code == HTTPStatus.OK:
            response.setdefault("Cache-Control", _FRESH)


def _with_head(allowed: str) -> str:
    methods = {method.strip() for method in allowed.split(",")}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
