"""The pages that a mail's links lead to, without sign-in: ending mails, and a mail's papers in the browser."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from papers.listing import PAGE_SIZE, Page, in_order
from papers.models import Delivery, Digest, Paper
from papers.paging import page_numbers, read_page
from papers.views.context import numbered, with_told
from workers.digests import due, rendering, unsubscribing

View = Callable[..., HttpResponse]
LONGEST_TOKEN: Final = 20_000  # characters; of one that names a hundred subscriptions


def secret_address(view: View) -> View:
    """A view whose address is a secret: kept by nobody on the way, not indexed, not told to other sites."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return never_cache(guarded)


# Whoever has the link may end the mails it names: mail programs post to it without a cookie (RFC 8058). A link that is
# only followed, as scanners of mails do, changes nothing.
@csrf_exempt
@secret_address
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """What a link of a mail ends. A POST ends it, or with `do` makes daily mails weekly (`weekly`), holds all mails
    (`pause`), sends again (`resume`), or takes up again what was ended (`again`, with what the page gave for it)."""
    ending = unsubscribing.read_token(token)
    if ending is None:
        return render(request, "digests/no_link.html", status=404)
    context: dict[str, Any] = {"token": token, "done": "", "changed": []}
    if request.method == "POST":
        do = request.POST.get("do", "end")
        context |= _done(ending, do if do in _DOINGS else "end", request.POST.get("what", "")[:LONGEST_TOKEN])
    visitor, one = ending
    delivery = Delivery.objects.filter(visitor=visitor).first()
    rows = list(visitor.subscriptions.all())
    mailed = [row for row in rows if row.rhythm and (one is None or row.pk == one.pk)]
    context |= {
        "one": rendering.called(one) if one else "",
        "mailed": [(rendering.called(row), row.get_rhythm_display()) for row in mailed],
        "daily": any(row.rhythm == row.Rhythm.DAILY for row in mailed),
        "others": bool(one) and any(row.rhythm for row in rows if one and row.pk != one.pk),
        "all_token": unsubscribing.unsubscribe_token(visitor) if one else "",
        "paused": bool(delivery and delivery.paused),
    }
    return render(request, "digests/unsubscribe.html", context)


_DOINGS: Final = frozenset({"end", "weekly", "pause", "resume", "again"})


def _done(ending: unsubscribing.Ending, do: str, what: str) -> dict[str, Any]:
    """Do what a button of the page says; what the page then tells of it."""
    if do in {"pause", "resume"}:
        delivery, _made = Delivery.objects.get_or_create(visitor=ending.visitor)
        delivery.paused = do == "pause"
        delivery.save(update_fields=["paused"])
        return {"done": do}
    if do == "again":
        if not unsubscribing.again(ending.visitor, what):
            return {"done": "late"}
        _set_times(ending)
        return {"done": do}
    rows = (unsubscribing.weekly if do == "weekly" else unsubscribing.end)(ending)
    _set_times(ending)
    told = {"done": do, "changed": [rendering.called(row) for row in rows]}
    return {**told, "what": unsubscribing.again_token(ending.visitor, rows)} if rows else told


def _set_times(ending: unsubscribing.Ending) -> None:
    if delivery := Delivery.objects.filter(visitor=ending.visitor).first():
        due.set_times(delivery, timezone.now())


@secret_address
@require_safe
def digest_page(request: HttpRequest, token: str) -> HttpResponse:
    """The papers of one mail, all of them, in their order there."""
    digest = unsubscribing.read_digest_token(token)
    if digest is None:
        return render(request, "digests/no_link.html", status=404)
    notes: list[str] = []
    number = read_page(request.GET.get("page"), notes)
    ids = list(dict.fromkeys(pk for pk, _version in digest.papers))
    here = set(Paper.objects.filter(pk__in=ids, removed=False).values_list("pk", flat=True))
    ids = [pk for pk in ids if pk in here]
    first = (number - 1) * PAGE_SIZE
    page = Page(in_order(ids[first : first + PAGE_SIZE]), number, PAGE_SIZE, len(ids))
    if number > max(page.pages, 1):
        raise Http404
    context = {
        "digest": digest,
        "waiting": digest.state == Digest.State.DUE,
        "page": page,
        "rows": with_told(request, numbered(page.papers, page.first)),
        "numbers": page_numbers(number, page.pages),
        "notes": notes,
    }
    return render(request, "digests/digest.html", context, status=400 if notes else 200)
