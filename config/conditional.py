"""What browsers and caches on the way may keep of a page.

Pages that hold a form can be unchanged too: their token is written anew each time and means the same.
"""

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import quote_etag

_IN_A_LANGUAGE: Final = ("text/html", "application/opensearchdescription+xml", "application/manifest+json")
# It begins with what it looks for: behind a lookbehind each letter of the page would be tried.
_TOKEN: Final = re.compile(rb'name="csrfmiddlewaretoken" value="[A-Za-z0-9]+')


def etag_without_token(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware within ConditionalGetMiddleware, which takes the ETag that is here.

    Django masks its CSRF token at random in every answer, so that no page with a form would ever be the same. The hash
    is of the page without the token and of the secret behind it: a browser whose cookie is another gets a new page.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        secret = request.META.get("CSRF_COOKIE")
        if secret and request.method == "GET" and _may_be_kept(response):
            seen = blake2b(_TOKEN.sub(b"", response.content), key=secret.encode()[:64], digest_size=16)
            response["ETag"] = quote_etag(seen.hexdigest())
        return response

    return middleware


def for_its_reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a page or a piece of one shows its reader's stars, theme and language, so no shared cache may keep
    it, and a browser only for the same cookies. Nor any answer that sets or takes back a cookie, as one to a browser
    does whose session has ended: from a cache it would sign others out."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if (kind := response.headers.get("Content-Type", "")).startswith(_IN_A_LANGUAGE):
            patch_vary_headers(response, ("Cookie",))
            if kind.startswith("text/html") and not response.has_header("Cache-Control"):
                patch_cache_control(response, private=True, no_cache=True)
        if response.cookies and "public" in response.headers.get("Cache-Control", ""):
            patch_cache_control(response, private=True)
        return response

    return middleware


def _may_be_kept(response: HttpResponse) -> bool:
    forbidden = "no-store" in response.headers.get("Cache-Control", "").lower()
    return response.status_code == 200 and not response.streaming and not forbidden
