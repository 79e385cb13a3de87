"""What a request may be made of: text that databases and answers can hold."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse


def readable(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: 404 for an address with NUL, which PostgreSQL takes for no text, and 400 for a form in another
    encoding than UTF-8: some of those that a request may name, such as `unicode_escape`, read lone surrogates, which
    nothing can keep or send back. Django itself refuses that of forms without files alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404
        charset = (request.content_params or {}).get("charset", "utf-8")
        if request.content_type == "multipart/form-data" and charset.lower() not in {"utf-8", "utf8"}:
            raise BadRequest("Forms are sent in UTF-8.")
        return get_response(request)

    return middleware
