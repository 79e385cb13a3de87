"""The page of a reader's subscriptions, and what she does with one of them in place."""

from datetime import timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from papers.accounts.addresses import mail_address, mails_offered
from papers.accounts.who import account_needed
from papers.models import Delivery, Digest, Subscription, Visitor
from papers.views.answers import SeeOther
from papers.views.errors import too_many
from papers.visitors import TooManyError, visitor_for
from search.saved import searches_of
from search.subscriptions import ended, keeping, mostly
from search.subscriptions.keeping import SubscriptionError
from search.subscriptions.rows import rows_of

UNSURE_DAYS: Final = 14  # for which the page tells of mails that perhaps did not arrive
OFFERED_SEARCHES: Final = 6


@require_safe
@never_cache
@account_needed
def subscriptions_page(request: HttpRequest) -> HttpResponse:
    """All subscriptions, with what they bring and what can be done with them."""
    visitor = visitor_for(request)
    subscriptions = list(visitor.subscriptions.all())
    context: dict[str, Any] = {
        "rows": rows_of(request, subscriptions) if subscriptions else [],
        "rhythms": Subscription.Rhythm.choices,
        "kinds": Subscription.Kind.choices,
        "most": keeping.MOST,
        "ended": ended.ended(request, request.GET.get("ended", ""), visitor),
        "mostly": mostly.of_subscriptions(visitor, subscriptions),
        **mails(visitor, subscriptions),
    }
    if context["ended"]:
        context["ended_label"] = keeping.label(context["ended"])
    if not subscriptions:
        context["searches"] = searches_of(visitor)[:OFFERED_SEARCHES]
    return render(request, "search/subscriptions/list.html", context)


def mails(visitor: Visitor, subscriptions: list[Subscription]) -> dict[str, Any]:
    """What a page says of a reader's mails: whether there can be any, where they go, and what went wrong."""
    if not mails_offered():
        return {"mails": False}
    since = timezone.now() - timedelta(days=UNSURE_DAYS)
    return {
        "mails": True,
        "address": mail_address(visitor.reader) if visitor.reader else None,
        "mailed": any(one.rhythm and not one.paused for one in subscriptions),
        "delivery": Delivery.objects.filter(visitor=visitor).first(),
        "unsure": list(Digest.objects.filter(visitor=visitor, state=Digest.State.UNSURE, due__gte=since)),
    }


@require_POST
@never_cache
@account_needed
def take_back(request: HttpRequest) -> HttpResponseBase:
    """Bring back a subscription (`pk`) that was deleted a moment ago."""
    visitor = visitor_for(request)
    try:
        row = ended.take_back(request, request.POST.get("pk", ""), visitor)
    except TooManyError:
        return too_many(request, None)
    except SubscriptionError:  # the other one is on the page
        row = None
    if row is None:
        return _to_list()
    return _shown(request, row, _("It is back.")) if _in_place(request) else _to_list(row)


def act(request: HttpRequest, subscription: Subscription) -> HttpResponseBase:
    """Do with a subscription what a form of the list says by `do`: `pause`, `resume`, `rhythm`, `renew` the address of
    its feed, `delete`. A script gets the subscription as it is now; a form goes back to the list. 404 for else."""
    said = ""
    match request.POST.get("do", ""):
        case "pause":
            keeping.change(subscription, paused=True)
        case "resume":
            keeping.change(subscription, paused=False)
        case "rhythm":
            rhythm = request.POST.get("rhythm", "")
            if rhythm not in Subscription.Rhythm.values:
                raise Http404
            keeping.change(subscription, rhythm=rhythm)
            said = _("Mail: %(rhythm)s") % {"rhythm": Subscription.Rhythm(rhythm).label}
        case "renew":
            keeping.renew_secret(subscription)
            said = _("The feed has a new address; the one before leads nowhere now.")
        case "delete":
            return _delete(request, subscription)
        case _:
            raise Http404
    return _shown(request, subscription, said) if _in_place(request) else _to_list(subscription)


def _delete(request: HttpRequest, subscription: Subscription) -> HttpResponseBase:
    pk, label = subscription.pk, keeping.label(subscription)
    ended.end(request, subscription)
    if _in_place(request):
        return render(request, "search/subscriptions/_ended.html", {"pk": pk, "ended_label": label})
    return SeeOther(f"{reverse('subscriptions')}?ended={pk}")


def own(request: HttpRequest, pk: int) -> Subscription:
    """The reader's own subscription of that number. Raises Http404 for another's as for none."""
    return get_object_or_404(Subscription.objects.select_related("visitor"), visitor=visitor_for(request), pk=pk)


def _in_place(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def _shown(request: HttpRequest, subscription: Subscription, said: str) -> HttpResponse:
    context = {
        "row": rows_of(request, [subscription])[0],
        "rhythms": Subscription.Rhythm.choices,
        "mails": mails_offered(),
    }
    response = render(request, "search/subscriptions/_row.html", context)
    return trigger_client_event(response, "kept", {"say": said}) if said else response


def _to_list(subscription: Subscription | None = None) -> HttpResponse:
    return SeeOther(reverse("subscriptions") + (f"#s-{subscription.pk}" if subscription else ""))
