"""The page on which a reader subscribes, or changes a subscription: it shows what the last days would have brought
before anything is kept."""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from papers.accounts.who import account_needed
from papers.categories import CategorySpec, UnknownCategory, split_spec
from papers.models import Subscription, Visitor
from papers.templatetags.citation_tags import author_address
from papers.views.answers import SeeOther
from papers.views.context import boxed, picker
from papers.views.errors import too_many
from papers.visitors import TooManyError, visitor_for
from search.query import parse
from search.sorting import address
from search.subscriptions import keeping, meaning, mostly
from search.subscriptions.forms import STEPS, Form, preview, trying
from search.subscriptions.keeping import SubscriptionError
from search.subscriptions.views import act, mails, own

KINDS: Final = {
    Subscription.Kind.CATEGORIES: gettext_lazy("Categories"),
    Subscription.Kind.SEARCH: gettext_lazy("A search"),
    Subscription.Kind.AUTHOR: gettext_lazy("An author"),
    Subscription.Kind.TEXT: gettext_lazy("Like a text"),
    Subscription.Kind.STARS: gettext_lazy("Like your stars"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@account_needed
def subscribe_page(request: HttpRequest) -> HttpResponseBase:
    """A new subscription: `kind` and `text` in the address fill the form. A POST makes it, or with `do=show` shows what
    it would bring."""
    visitor = visitor_for(request)
    form = Form.of(request.POST if request.method == "POST" else request.GET)
    if request.method != "POST" or request.POST.get("do") == "show":
        return _page(request, visitor, form)
    try:
        made = keeping.subscribe(
            visitor,
            form.asked(),
            name=form.name,
            rhythm=form.rhythm,
            crosses=form.crosses,
            replacements=form.replacements,
        )
    except TooManyError:
        return too_many(request, None)
    except SubscriptionError as error:
        return _page(request, visitor, form, problem=str(error))
    return _to(made)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@account_needed
def subscription_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A subscription to be changed: what it asks, and how. A POST changes it with `do=change`, shows with `do=show`
    what it would bring then; what else a POST may `do`, see views.act."""
    subscription = own(request, pk)
    if request.method != "POST":
        return _page(request, subscription.visitor, Form.as_kept(subscription), subscription)
    if (do := request.POST.get("do", "")) not in {"show", "change"}:
        return act(request, subscription)
    form = Form.of(request.POST)
    if form.kind != subscription.kind:
        raise Http404
    if do == "show":
        return _page(request, subscription.visitor, form, subscription)
    try:
        keeping.change(
            subscription,
            asked=form.asked(),
            name=form.name,
            rhythm=form.rhythm,
            crosses=form.crosses,
            replacements=form.replacements,
        )
    except SubscriptionError as error:
        return _page(request, subscription.visitor, form, own(request, pk), problem=str(error))
    return _to(subscription)


def _page(
    request: HttpRequest, visitor: Visitor, form: Form, subscription: Subscription | None = None, problem: str = ""
) -> HttpResponse:
    """The form with what it would bring, and with what is wrong with it (then 400)."""
    context: dict[str, Any] = {
        "form": form,
        "subscription": subscription,
        "label": keeping.label(subscription) if subscription else "",
        "kinds": KINDS.items(),
        "longest": keeping.LONGEST[Subscription.Kind(form.kind)],
        "longest_name": keeping.LONGEST_NAME,
        "rhythms": Subscription.Rhythm.choices,
        "problem": problem,
        **mails(visitor, []),
    }
    if form.kind == Subscription.Kind.STARS:
        context["stars"] = visitor.marks.filter(starred__isnull=False).count()
        context["least_stars"] = meaning.LEAST_STARS
    if form.kind == Subscription.Kind.STARS and context["stars"] < meaning.LEAST_STARS:
        context["too_few"] = True
    elif form.asks:
        try:
            context |= _brought(visitor, form)
        except SubscriptionError as error:
            context["problem"] = problem or str(error)
    elif request.method == "POST":
        context["problem"] = problem or _problem(form)
    if form.kind == Subscription.Kind.CATEGORIES:
        context |= _boxes(form)
    return render(request, "search/subscriptions/subscribe.html", context, status=400 if context["problem"] else 200)


def _problem(form: Form) -> str:
    """What is wrong with a form that asks for nothing."""
    try:
        form.asked()
    except SubscriptionError as error:
        return str(error)
    return ""


def _brought(visitor: Visitor, form: Form) -> dict[str, Any]:
    """What it would bring, and how what was typed is read. Raises SubscriptionError."""
    if form.by_meaning:
        hint = (
            mostly.of_stars(visitor) if form.kind == Subscription.Kind.STARS else mostly.of_texts(visitor, [form.text])
        )
        return {
            "trying": trying(visitor, form),
            "mostly": hint,
            "lowest": f"{STEPS[0]:.2f}",
            "highest": f"{STEPS[-1]:.2f}",
        }
    asked = form.asked()
    return {"preview": preview(visitor, form, asked), **_read(asked.kind, asked.text)}


def _read(kind: str, text: str) -> dict[str, Any]:
    """How a text is read, and the page of all that matches it."""
    if kind == Subscription.Kind.SEARCH:
        query = parse(text)
        return {"read": query.text, "notes": query.notes, "page": address("search", query, "new")}
    if kind == Subscription.Kind.AUTHOR:
        return {"read": text, "page": author_address(text)}
    return {"read": text, "page": reverse("listing", args=[text])}


def _boxes(form: Form) -> dict[str, Any]:
    """The boxes of the categories, and those of its text that have none."""
    try:
        spec: CategorySpec | None = split_spec(form.text) if form.text else None
    except UnknownCategory:
        spec = None
    boxes = boxed()
    outside = [code for code in spec.include if code not in boxes] if spec else []
    crossed = [code for code in spec.exclude if code not in boxes] if spec else []
    return {
        "shelves": picker(spec),
        "typed": "+".join(outside) + "".join(f"-{code}" for code in crossed),
        "picker_action": reverse("subscribe"),
        "picker_title": _("By boxes"),
    }


def _to(subscription: Subscription) -> HttpResponse:
    return SeeOther(f"{reverse('subscriptions')}#s-{subscription.pk}")
