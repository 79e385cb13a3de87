"""The page of a reader's tokens for the API: made, renewed and ended."""

from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from papers.accounts import tokens
from papers.accounts.who import account_needed, reader_of
from papers.models import ApiToken, Reader
from papers.views.answers import SeeOther
from papers.visitors import TooManyError


class NewToken(forms.Form):
    """What a token is called, what it may do, for how many days."""

    name = forms.CharField(label=gettext_lazy("What it is for"), max_length=tokens.LONGEST_NAME)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(scope, scope) for scope in tokens.SCOPES if scope != "read"],
        required=False,
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("How long"),
        choices=[(days, ngettext_lazy("%(days)s day", "%(days)s days", days) % {"days": days}) for days in tokens.DAYS],
        coerce=int,
        initial=90,
    )


def _by_password(request: HttpRequest) -> bool:
    """Whether there is a password to ask for: an institute's readers have none here, nor has a site's one reader."""
    return not settings.SINGLE_USER and _reader(request).has_usable_password()


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@account_needed
def tokens_page(request: HttpRequest) -> HttpResponse:
    """All tokens that have not ended. A POST makes one and shows it, this once."""
    if request.method != "POST":
        return _page(request, NewToken())
    response: HttpResponse = _make(request)
    return response


@reauthentication_required(enabled=_by_password)
def _make(request: HttpRequest) -> HttpResponse:
    form = NewToken(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    asked = form.cleaned_data
    try:
        made = tokens.make(_reader(request), asked["name"], asked["scopes"], asked["days"])
    except TooManyError:
        form.add_error(None, _full())
        return _page(request, form, status=409)
    return _page(request, NewToken(), made)


@require_POST
@never_cache
@account_needed
def change_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Renew a token with `do=rotate`, which shows the new one, or end it with `do=revoke`. Raises Http404 for another's
    as for none."""
    token = get_object_or_404(tokens.living(_reader(request)), pk=pk)
    if request.POST.get("do") == "rotate":
        response: HttpResponse = _rotate(request, token)
        return response
    if request.POST.get("do") != "revoke":
        raise Http404
    tokens.revoke(token)
    messages.info(request, _("That token leads nowhere now."))
    return SeeOther(reverse("api-tokens"))


@reauthentication_required(enabled=_by_password)
def _rotate(request: HttpRequest, token: ApiToken) -> HttpResponse:
    try:
        return _page(request, NewToken(), tokens.rotate(token), renewed=True)
    except TooManyError:
        messages.warning(request, _full())
        return SeeOther(reverse("api-tokens"))


def _full() -> str:
    return _("There is room for %(most)s tokens. Ending one makes room.") % {"most": tokens.MOST}


def _page(
    request: HttpRequest,
    form: NewToken,
    made: tuple[ApiToken, str] | None = None,
    *,
    renewed: bool = False,
    status: int = 200,
) -> HttpResponse:
    chosen = set(form["scopes"].value() or ())
    context = {
        "form": form,
        "scopes": [(name, said, name in chosen) for name, said in tokens.SCOPES.items() if name != "read"],
        "always": tokens.SCOPES["read"],
        "tokens": tokens.living(_reader(request)),
        "made": made[0] if made else None,
        "text": made[1] if made else "",
        "renewed": renewed,
        "longest": tokens.LONGEST_NAME,
    }
    return render(request, "account/tokens.html", context, status=status)


def _reader(request: HttpRequest) -> Reader:
    reader = reader_of(request)
    if reader is None:  # behind account_needed
        raise Http404
    return reader
