"""Whose request it is: the token that came with it, and what that token may do."""

from typing import Any, Final

from django.http import HttpRequest
from ninja.errors import HttpError

from papers.accounts.tokens import SCOPES, find
from papers.models import ApiToken, Visitor

UNKNOWN: Final = "The token is unknown, expired or revoked."
CHALLENGE: Final = 'Bearer realm="papertide"'


class BadTokenError(Exception):
    """A token came that is none, or is none any more."""


def read(request: HttpRequest) -> ApiToken | None:
    """The token of `Authorization: Bearer …`; None where no such header came. Raises BadTokenError.

    Other schemes are for whoever stands in front of the site.
    """
    scheme, _, text = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = find(text.strip())
    if token is None:
        raise BadTokenError
    return token


def keep(request: HttpRequest, token: ApiToken | None) -> None:
    """The request's token from here on."""
    request._token = token  # type: ignore[attr-defined]


class Needs:
    """For `auth=` of an operation: a token with this scope."""

    def __init__(self, scope: str) -> None:
        assert scope in SCOPES
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiToken:
        """The token. Raises HttpError 401 where none came and 403 where it may not do this."""
        token = token_of(request)
        if token is None:
            raise HttpError(401, "This address needs a token: readers make them under /account/tokens.")
        if self.scope not in token.scopes:
            raise HttpError(403, f"The token has no scope {self.scope}.")
        return token


def token_of(request: HttpRequest) -> ApiToken | None:
    """The token that came with a request."""
    found: ApiToken | None = getattr(request, "_token", None)
    return found


def visitor_of(request: HttpRequest) -> Visitor:
    """The visitor of the token's reader. Raises HttpError 401 without a token."""
    token = token_of(request)
    if token is None:
        raise HttpError(401, UNKNOWN)
    return Visitor.objects.get_or_create(reader=token.reader)[0]


def security(auth: Any) -> list[dict[str, list[str]]] | None:
    """What an operation needs, as OpenAPI says it; None where anybody may."""
    return [{"token": [each.scope]} for each in auth if isinstance(each, Needs)] or None
