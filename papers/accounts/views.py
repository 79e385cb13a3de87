"""The account's own pages: what belongs to it, its devices, its data, the one reader's address."""

from smtplib import SMTPException

import structlog
from allauth.account.models import EmailAddress
from allauth.core.internal.ratelimit import consume
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from papers import visitors
from papers.accounts import retention
from papers.accounts.adapter import WAIT
from papers.accounts.addresses import mail_address
from papers.accounts.forms import Farewell, GiveAddress
from papers.accounts.who import account_needed, reader_of
from papers.library.everything import everything_bibtex, everything_json
from papers.models import Reader
from papers.views.errors import too_many

log = structlog.get_logger()


@require_safe
@never_cache
@account_needed
def account(request: HttpRequest) -> HttpResponse:
    """Address, devices, password, data, each with the way to its page."""
    reader = _reader(request)
    context = {
        "reader": reader,
        "address": mail_address(reader),
        "waiting": EmailAddress.objects.filter(user=reader, verified=False).order_by("-pk").first(),
        "devices": UserSession.objects.filter(user=reader).count(),
    }
    return render(request, "account/account.html", context)


@require_POST
@account_needed
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign one of the reader's other devices out. Raises Http404 for what is not hers."""
    if settings.SINGLE_USER:
        raise Http404
    session = get_object_or_404(UserSession, pk=pk, user=_reader(request))
    session.end()
    messages.info(request, _("That device is signed out."))
    return redirect("usersessions_list")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@account_needed
def address(request: HttpRequest) -> HttpResponse:
    """The one reader's mail address, which counts once its link was opened; with accounts, allauth's page."""
    if not settings.SINGLE_USER:
        return redirect("account_email")
    reader = _reader(request)
    form = GiveAddress(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and settings.EMAIL_HOST:
        if not consume(request, app="allauth.account", action="manage_email", user=reader):
            return too_many(request, 60)
        if form.is_valid():
            EmailAddress.objects.add_new_email(request, reader, form.cleaned_data["email"])
            return redirect("mail-address")
        status = 400
    context = {
        "form": form,
        "address": mail_address(reader),
        "waiting": EmailAddress.objects.filter(user=reader, verified=False).order_by("-pk").first(),
    }
    return render(request, "account/address.html", context, status=status)


@require_safe
@never_cache
@account_needed
def data(request: HttpRequest) -> HttpResponse:
    """What the reader may take along, and the way to have all of it deleted."""
    reader = _reader(request)
    return render(request, "account/data.html", {"form": Farewell(request, reader)})


@require_safe
@never_cache
@account_needed
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Everything that the reader keeps, as JSON or BibTeX."""
    visitor = visitors.visitor_for(request)
    pieces, mime = {
        "json": (everything_json, "application/json"),
        "bib": (everything_bibtex, "application/x-bibtex; charset=utf-8"),
    }[kind]
    response = StreamingHttpResponse(pieces(visitor), content_type=mime)
    response["Content-Disposition"] = f'attachment; filename="papertide-{timezone.now():%Y-%m-%d}.{kind}"'
    return response


@require_POST
@never_cache
@account_needed
def delete(request: HttpRequest) -> HttpResponse:
    """Delete all that the reader keeps and her account, once she has shown that it is she; her devices are signed
    out."""
    reader = _reader(request)
    form = Farewell(request, reader, request.POST)
    if not form.is_valid():
        return render(request, "account/data.html", {"form": form}, status=400)
    last = mail_address(reader)
    with transaction.atomic():
        visitor = visitors.visitor_of(request)
        if visitor is not None:
            visitors.forget(visitor)
        for session in UserSession.objects.filter(user=reader):
            session.end()
        reader.delete()
    log.info("an account was deleted by its reader")
    if not settings.SINGLE_USER:
        logout(request)
    _tell(last)
    return render(request, "account/deleted.html", {"address": last if settings.EMAIL_HOST else None})


def _tell(address: str | None) -> None:
    """The last mail to the address. A server that does not take it changes nothing: all is deleted already."""
    if not address or not settings.EMAIL_HOST:
        return
    text = render_to_string("account/email/deleted_message.txt")
    try:
        EmailMessage(_("Your account is deleted"), text, None, [address]).send()
    except (OSError, SMTPException) as error:
        log.warning("a mail to a reader could not be sent", kind="deleted", error=str(error))


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept of readers, why, and for how long."""
    days = {name.lower(): value for name, value in vars(retention).items() if name.endswith("_DAYS")}
    context = {"days": days, "mail": bool(settings.EMAIL_HOST), "one_reader": settings.SINGLE_USER}
    return render(request, "account/privacy.html", context | {"canonical": request.build_absolute_uri(request.path)})


def too_fast(request: HttpRequest) -> HttpResponse:
    """429, where allauth finds that something was asked too often."""
    return too_many(request, WAIT)


def _reader(request: HttpRequest) -> Reader:
    reader = reader_of(request)
    if reader is None:  # behind account_needed
        raise Http404
    return reader
