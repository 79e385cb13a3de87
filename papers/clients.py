"""Whose request it is, as far as bounds go."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The connection's address. Behind a proxy all readers share it; where the site trusts one (`PROXY_HEADER`) there
    is none, and only bounds of the whole site count."""
    return "" if settings.SECURE_PROXY_SSL_HEADER else str(request.META.get("REMOTE_ADDR", ""))
