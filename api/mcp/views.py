"""The endpoint `/mcp`."""

import logging

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from api.problems import turned_away

# JSON-RPC's own numbers; the SDK's constants would bring the SDK.
_PARSE_ERROR, _INVALID_REQUEST, _INTERNAL_ERROR = -32700, -32600, -32603
_log = logging.getLogger(__name__)


@csrf_exempt  # nothing here trusts a cookie, and nothing is changed
def endpoint(request: HttpRequest) -> HttpResponse:
    """A message of an assistant, answered as JSON; 404 where the site offers none of this (`MCP=0`).

    Messages count as requests to the API, of the token where one comes, which is of no other use here.
    """
    if not settings.MCP:
        raise Http404
    if request.method != "POST":  # GET and DELETE are for sessions and streams, which there are not
        response = _error(405, _INVALID_REQUEST, "This address takes messages of the Model Context Protocol by POST.")
        response["Allow"] = "POST"
        return response
    try:
        with translation.override("en"):  # assistants read the notes, whatever a browser would prefer
            response = turned_away(request) or _answer(request)
    except Exception:
        _log.exception("POST %s failed", request.path)
        response = _error(500, _INTERNAL_ERROR, "The site made a mistake; it is written in its log.")
    response["Content-Language"] = "en"
    response["Cache-Control"] = "no-store"
    return response


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        body = request.body
    except RequestDataTooBig:
        return _error(413, _INVALID_REQUEST, "The message is too large.")
    except OSError:  # it broke off
        return _error(400, _PARSE_ERROR, "The message cannot be read.")
    from api.mcp.transport import respond  # late: most sites are never asked by an assistant

    try:
        return respond(request, body)
    except RecursionError:
        return _error(400, _PARSE_ERROR, "The message is nested too deeply.")


def _error(status: int, code: int, message: str) -> HttpResponse:
    """An error of JSON-RPC that answers no certain request."""
    return JsonResponse({"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}, status=status)
