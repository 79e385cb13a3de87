"""Who a request's reader is: somebody signed in, or on a site of one reader that reader without any sign-in."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from papers.models import Reader

SINGLE: Final = "reader"  # the name of the account that the reader of a site with SINGLE_USER has

View = Callable[..., HttpResponseBase]


def has_account(request: HttpRequest) -> bool:
    """Whether what the request's reader keeps belongs to an account; no database query without a session."""
    return settings.SINGLE_USER or _user(request) is not None


def reader_of(request: HttpRequest) -> Reader | None:
    """The account of the request's reader; None where she has none or is not signed in."""
    return single_reader() if settings.SINGLE_USER else _user(request)


def single_reader() -> Reader:
    """The one account of a site with SINGLE_USER, made where it is not there; nobody can sign in to it."""
    reader, made = Reader.objects.get_or_create(username=SINGLE)
    if made:
        reader.set_unusable_password()
        reader.save(update_fields=["password"])
    return reader


def account_needed(view: View) -> View:
    """A view for those with an account only: others are asked to sign in, and come back where they looked at a page.

    A script gets 401.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if has_account(request):
            return view(request, *args, **kwargs)
        if request.headers.get("HX-Request") or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            return HttpResponse(status=401)
        return redirect_to_login(request.get_full_path() if request.method in {"GET", "HEAD"} else "/")

    return guarded


def _user(request: HttpRequest) -> Reader | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, Reader) else None
