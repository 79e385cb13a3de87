"""From a request of the web server to the SDK's Streamable HTTP and back.

The SDK speaks ASGI, the site is served over WSGI. Each request gets an event loop and a session manager that end with
it, so nothing is kept and any process can answer any request.
"""

import functools
from collections.abc import MutableMapping
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from api.mcp.server import make_server

_Message = MutableMapping[str, Any]
_server = functools.cache(make_server)


def respond(request: HttpRequest, body: bytes) -> HttpResponse:
    """What the SDK answers to a POST with this body. Raises DisallowedHost, RecursionError (JSON that is too deep)."""
    return _exchange(_server(), request, body)


@async_to_sync
async def _exchange(server: Server[Any], request: HttpRequest, body: bytes) -> HttpResponse:
    messages: list[_Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": body, "more_body": False},
    ]
    response = HttpResponse()

    async def receive() -> _Message:
        return messages.pop() if len(messages) > 1 else messages[0]

    async def send(message: _Message) -> None:
        if message["type"] == "http.response.start":
            response.status_code = message["status"]
            del response["Content-Type"]
            for name, value in message.get("headers", ()):
                if name.lower() != b"content-length":
                    response[name.decode("latin-1")] = value.decode("latin-1")
        else:
            response.write(message.get("body", b""))

    manager = StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, security_settings=_own_origin(request)
    )
    async with manager.run():
        await manager.handle_request(_scope(request), receive, send)
    return response


def _own_origin(request: HttpRequest) -> TransportSecuritySettings:
    """Against DNS rebinding: a page of another site may not ask, even where its name leads here.

    The host is one of ALLOWED_HOSTS. Raises DisallowedHost for others.
    """
    host = request.get_host()
    origins = [f"{request.scheme}://{host}", *settings.CSRF_TRUSTED_ORIGINS]
    return TransportSecuritySettings(allowed_hosts=[host], allowed_origins=origins)


def _scope(request: HttpRequest) -> _Message:
    headers = {**request.headers, "Host": request.get_host()}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()],
        "client": None,
        "server": None,
        "state": {"django": request},
    }
