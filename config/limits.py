"""How much one client may ask in a minute: pages here, the API and assistants where they call `wait`.

Counted are requests, not what they cost: the bounds are there so that one client's script leaves room for the readers,
and lie far above what a person can click. A token counts for itself; without one, the address does.
"""

import hashlib
import math
import time
from collections.abc import Callable
from typing import Final, Literal

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse

from papers.clients import nearest_address
from papers.views.errors import too_many

Kind = Literal["pages", "api"]

MINUTE: Final = 60  # seconds: windows begin with the clock's minutes, the same in all processes
COUNTED_ELSEWHERE: Final = ("/api/", "/mcp")
"""What answers for itself, since it knows tokens and says 429 in its own shape."""
FREE: Final = ("/healthz", "/readyz", "/metrics")
"""What watches the site must be answered most of all when there is too much to do."""


def wait(request: HttpRequest, kind: Kind, token: str = "") -> int | None:
    """Count one request; None where it may go on, else the seconds until its client is answered again.

    `token` is whatever names the client's token (never kept as it stands); without one the client is its address. A
    client without known address (a proxy that names none), a bound of 0 and a cache that is away count nothing.
    """
    most: int = settings.CLIENT_LIMITS[kind]
    client = f"token:{token}" if token else nearest_address(request)
    if not most or not client:
        return None
    window, since = divmod(time.time(), MINUTE)
    name = hashlib.blake2b(client.encode("utf-8", "replace"), digest_size=16).hexdigest()
    count = _count(f"{kind}:{int(window)}:{name}")
    return None if count <= most else math.ceil(MINUTE - since)


def limited(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: 429 for who asks for more pages in a minute than CLIENT_LIMITS allows."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in FREE or request.path_info.startswith(COUNTED_ELSEWHERE):
            return get_response(request)
        seconds = wait(request, "pages")
        return get_response(request) if seconds is None else too_many(request, seconds)

    return middleware


def _count(key: str) -> int:
    """How many requests there were under a key, this one included; 0 where nothing can be counted."""
    cache = caches["limits"]
    try:
        return cache.incr(key) or 0
    except ValueError:  # the minute's first
        # Of two at once one adds, and the other counts on.
        return 1 if cache.add(key, 1, 2 * MINUTE) else _again(key)


def _again(key: str) -> int:
    try:
        return caches["limits"].incr(key) or 0
    except ValueError:  # pushed out in between, or a cache that is away
        return 0
