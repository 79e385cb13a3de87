"""What a request may be made of: text that databases and answers can hold."""

from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse

LOOKED_UP: Final = ("secret", "token", "name")
"""Parts of addresses that are looked up as they stand; the views of papers and lists say themselves what is none."""


class Readable:
    """Middleware: 404 for an address whose name or secret holds NUL, which PostgreSQL takes for no text, and 400 for a
    form in another encoding than UTF-8: some of those that a request may name, such as `unicode_escape`, read lone
    surrogates, which nothing can keep or send back. Django itself refuses that of forms without files alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer."""
        charset = (request.content_params or {}).get("charset", "utf-8")
        if request.content_type == "multipart/form-data" and charset.lower() not in {"utf-8", "utf8"}:
            raise BadRequest("Forms are sent in UTF-8.")
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Look at what was read of the address."""
        if any("\0" in str(kwargs.get(part, "")) for part in LOOKED_UP):
            raise Http404
