"""Addresses of allauth's that this site does not have."""

from collections.abc import Callable
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from requests import RequestException

log = structlog.get_logger()

# By a code in a mail, by phone: not offered.
_NEVER: Final = {
    "account_request_reauthentication_code",
    "account_confirm_reauthentication_code",
    "account_confirm_login_code",
    "account_request_login_code",
}
_WITH_INSTITUTE: Final = {
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "socialaccount_signup",
    "socialaccount_connections",
    "openid_connect_login",
    "openid_connect_callback",
}
_OF_A_SINGLE_READER: Final = {"account_confirm_email"}


class ClosedAddresses:
    """Middleware: 404 for what allauth has and this site has not; where there is one reader, for nearly all of it. And
    a page where the institute cannot be asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing before or after the view."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Raises Http404 for the addresses that are closed."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if not getattr(view, "__module__", "").startswith(("allauth.", "django.views.generic.base")):
            return
        one_reader = settings.SINGLE_USER and name not in _OF_A_SINGLE_READER
        alone = name in _WITH_INSTITUTE and not settings.SOCIALACCOUNT_PROVIDERS
        if one_reader or alone or name in _NEVER or request.path_info.startswith("/account/social/"):
            raise Http404

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page that says that the institute did not answer, on the way there."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if name not in _WITH_INSTITUTE or not isinstance(exception, RequestException):
            return None
        log.warning("the institute's sign-in did not answer", error=str(exception))
        return render(request, "socialaccount/authentication_error.html", status=503)
