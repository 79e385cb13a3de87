"""The page on which a reader says when and how her mails come, with a preview and a mail to try it."""

from contextlib import suppress
from datetime import datetime
from smtplib import SMTPException
from typing import Any, Final
from zoneinfo import available_timezones

import structlog
from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from papers import visitors
from papers.accounts.addresses import mail_address, mails_offered
from papers.accounts.who import account_needed
from papers.models import Delivery, Subscription, Visitor
from papers.views.answers import SeeOther
from papers.views.errors import too_many
from workers.digests import composing, due, rendering

log = structlog.get_logger()

TESTS_AN_HOUR: Final = 3
_RHYTHMS: Final = (Subscription.Rhythm.DAILY, Subscription.Rhythm.WEEKLY)
_NO_ZONES: Final = ("Etc/", "posix/", "right/", "SystemV/")
_SAID: Final = ("saved", "sent", "failed", "again")


@account_needed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_page(request: HttpRequest) -> HttpResponse:
    """When her mails come, by which clock and in which language; a POST changes it."""
    visitor = visitors.visitor_for(request)
    delivery, known = _delivery(visitor)
    notes: list[str] = []
    if request.method == "POST":
        _read(request.POST, delivery, notes)
        if not notes:
            delivery.save()
            due.set_times(delivery)
            return _back("saved")
    context = {**_context(visitor, delivery), "known": known, "notes": notes, "said": _said(request)}
    return render(request, "digests/delivery.html", context, status=400 if notes else 200)


@account_needed
@never_cache
@require_POST
def try_again(request: HttpRequest) -> HttpResponse:
    """Send to an address again that refused mails."""
    delivery, known = _delivery(visitors.visitor_for(request))
    if known:
        delivery.stopped, delivery.bounces, delivery.reason = None, 0, ""
        delivery.save(update_fields=["stopped", "bounces", "reason"])
        due.set_times(delivery)
    return _back("again")


@account_needed
@never_cache
@require_safe
@csp_update({"frame-src": [SELF]})
def preview_page(request: HttpRequest) -> HttpResponse:
    """The mail as it would be now: its headers, its HTML in a frame, its text."""
    visitor = visitors.visitor_for(request)
    delivery, _known = _delivery(visitor)
    rhythm = _rhythm(request, visitor)
    context: dict[str, Any] = {"rhythm": rhythm, "rhythms": _mailed(visitor)}
    if rhythm and mails_offered():
        shown = composing.preview(delivery, _address(visitor) or "", rhythm, timezone.now())
        context |= shown._asdict()
    return render(request, "digests/preview.html", context)


# Mails have no style sheet to load: this answer alone may be styled by its own words, and nothing can run in it.
_MAIL_POLICY: Final = {
    **dict.fromkeys(settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]),
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


@account_needed
@never_cache
@require_safe
@xframe_options_sameorigin
@csp_replace(_MAIL_POLICY)
def preview_html(request: HttpRequest) -> HttpResponse:
    """The HTML of the mail as it would be now, for the frame of the preview; links open pages of their own."""
    visitor = visitors.visitor_for(request)
    rhythm = _rhythm(request, visitor)
    if not rhythm or not mails_offered():
        return HttpResponse(status=404)
    mail = composing.preview(_delivery(visitor)[0], _address(visitor) or "", rhythm, timezone.now()).mail
    html, _kind = mail.alternatives[0]
    page = str(html).replace("<head>", '<head><base target="_blank">', 1)
    return HttpResponse(page.replace('<a href="#', '<a target="_self" href="#'))


@account_needed
@never_cache
@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Send the preview to her verified address; what it tells does not count as told."""
    visitor = visitors.visitor_for(request)
    address, rhythm = _address(visitor), _rhythm(request, visitor)
    if not address or not rhythm or not mails_offered():
        return _back("failed")
    now = timezone.now()
    if not _may_test(visitor, now):
        return too_many(request, 3600 - now.minute * 60 - now.second)
    mail = composing.preview(_delivery(visitor)[0], address, rhythm, now).mail
    mail.subject = f"[test] {mail.subject}"
    try:
        mail.send()
    except (OSError, SMTPException) as error:
        log.warning("a test mail was not taken", error=str(error))
        return _back("failed")
    return _back("sent")


def _may_test(visitor: Visitor, now: datetime) -> bool:
    key = f"test-mails:{visitor.pk}:{now:%Y%m%d%H}"
    cache.add(key, 0, 3600)
    with suppress(ValueError):  # gone between the two
        count = cache.incr(key)
        return count is None or count <= TESTS_AN_HOUR  # None: no cache, nothing is counted
    return True


def _back(said: str) -> HttpResponse:
    return SeeOther(f"{reverse('delivery')}?said={said}")


def _said(request: HttpRequest) -> str:
    said = request.GET.get("said", "")
    return said if said in _SAID else ""


def _delivery(visitor: Visitor) -> tuple[Delivery, bool]:
    """The reader's delivery, and whether she has one; else one not saved, in the language of her pages."""
    found = Delivery.objects.filter(visitor=visitor).select_related("visitor").first()
    return found or Delivery(visitor=visitor, language=get_language() or settings.LANGUAGE_CODE), found is not None


def _address(visitor: Visitor) -> str | None:
    return mail_address(visitor.reader) if visitor.reader else None


def _mailed(visitor: Visitor) -> dict[str, list[Subscription]]:
    """The subscriptions of each rhythm that goes out."""
    rows = visitor.subscriptions.filter(paused=False, rhythm__in=_RHYTHMS)
    found = {str(rhythm): [row for row in rows if row.rhythm == rhythm] for rhythm in _RHYTHMS}
    return {rhythm: of_it for rhythm, of_it in found.items() if of_it}


def _rhythm(request: HttpRequest, visitor: Visitor) -> str:
    """The rhythm asked for, else the first that she has; empty where she has none."""
    mailed = _mailed(visitor)
    asked = (request.POST if request.method == "POST" else request.GET).get("rhythm", "")
    return asked if asked in mailed else next(iter(mailed), "")


def _read(given: QueryDict, delivery: Delivery, notes: list[str]) -> None:
    """Take over what a form says; a sentence in `notes` for what cannot be."""
    zone, language = given.get("zone", "").strip(), given.get("language", "")
    if zone in available_timezones():
        delivery.zone = zone
    else:
        notes.append(_("“%(zone)s” is no time zone known here.") % {"zone": zone[:40]})
    if language in dict(settings.LANGUAGES):
        delivery.language = language
    else:
        notes.append(_("Mails are written in the languages of the list only."))
    for name, most in (("hour", 23), ("weekday", 6)):
        number = given.get(name, "")
        if number.isascii() and number.isdigit() and len(number) < 3 and int(number) <= most:
            setattr(delivery, name, int(number))
        else:
            notes.append(_("The hour is a number from 0 to 23, and the weekday one of the list."))
    delivery.paused = given.get("paused") == "1"


def _context(visitor: Visitor, delivery: Delivery) -> dict[str, Any]:
    now, zone = timezone.now(), rendering.zone_of(delivery)
    mailed = _mailed(visitor)
    times = []
    for rhythm, rows in mailed.items():
        weekday = delivery.weekday if rhythm == Subscription.Rhythm.WEEKLY else None
        following = due.next_time(delivery.zone, delivery.hour, weekday, now).astimezone(zone)
        times.append((Subscription.Rhythm(rhythm).label, following, [rendering.called(row) for row in rows]))
    return {
        "delivery": delivery,
        "address": _address(visitor),
        "offered": mails_offered(),
        "mailed": mailed,
        "times": times,
        "zones": _zones(delivery.zone),
        "hours": range(24),
        "weekdays": WEEKDAYS.items(),
        "languages": settings.LANGUAGES,
    }


def _zones(current: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The time zones by continent, each with its name and how it is read."""
    groups: dict[str, list[tuple[str, str]]] = {gettext("Universal"): [("UTC", "UTC")]}
    for name in sorted({*available_timezones(), current}):
        area, slash, place = name.partition("/")
        if slash and not name.startswith(_NO_ZONES):
            groups.setdefault(area, []).append((name, place.replace("_", " ")))
    return list(groups.items())
