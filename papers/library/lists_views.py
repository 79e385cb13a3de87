"""The pages of a reader's lists, and what she does with them."""

from collections.abc import Sequence
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from papers import markdown
from papers.accounts.who import account_needed
from papers.identifiers import parse_id
from papers.library import lists
from papers.library.exporting import as_stream, own
from papers.library.kept import lists_of
from papers.library.rows import paged, status_of
from papers.models import Mark, Paper, ReadingList, Visitor
from papers.views.answers import SeeOther
from papers.views.errors import too_many
from papers.views.reader import way_back
from papers.visitors import TooManyError, visitor_for

MOST_NAMED: Final = 1_000  # papers of one form


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@account_needed
def overview(request: HttpRequest) -> HttpResponseBase:
    """All lists of the reader; a POST makes a `new` one and opens it."""
    visitor = visitor_for(request)
    context: dict[str, object] = {"longest": lists.LONGEST_NAME}
    if request.method == "POST":
        try:
            return _to(lists.make(visitor, lists.read_name(request.POST.get("new", ""))))
        except TooManyError:
            return too_many(request, None)
        except lists.ListError as error:
            context |= {"problem": str(error), "typed": request.POST.get("new", "")[: lists.LONGEST_NAME]}
    context["lists"] = lists_of(visitor)
    return render(request, "papers/library/lists.html", context, status=400 if "problem" in context else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@account_needed
def one(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A list with its papers, the one added last first. A POST says in `do` what to do with it: `describe`, `share`
    (make an address for others, or a new one), `revoke`, `remove` papers (`ids`) from it, `delete` it."""
    visitor = visitor_for(request)
    reading_list = get_object_or_404(ReadingList, visitor=visitor, pk=pk)
    if request.method != "POST":
        return _page(request, reading_list)
    match request.POST.get("do", ""):
        case "describe":
            try:
                name = lists.read_name(request.POST.get("name", ""))
                lists.describe(reading_list, name, lists.read_about(request.POST.get("about", "")))
            except lists.ListError as error:
                return _page(request, reading_list, str(error))
        case "share":
            lists.share(reading_list)
            return _to(reading_list, "#share")
        case "revoke":
            lists.revoke(reading_list)
            return _to(reading_list, "#share")
        case "remove":
            lists.remove(reading_list, named(request.POST.getlist("ids"))[0])
        case "delete":
            reading_list.delete()
            return SeeOther(reverse("lists"))
        case _:
            return _page(request, reading_list, _("Nothing was asked for."))
    return _to(reading_list)


def _page(request: HttpRequest, reading_list: ReadingList, problem: str = "") -> HttpResponse:
    entries = lists.papers_in(reading_list)
    context = paged(request, entries, [])
    context |= {
        "list": reading_list,
        "about": markdown.to_html(reading_list.about, below=1),
        "name": request.POST.get("name", reading_list.name) if problem else reading_list.name,
        "written": request.POST.get("about", reading_list.about) if problem else reading_list.about,
        "problem": problem,
        "removed": reading_list.entries.filter(paper__removed=True).count(),
        "address": address_of(request, reading_list),
        "others": ReadingList.objects.filter(visitor=reading_list.visitor_id).exclude(pk=reading_list.pk),
        "longest": lists.LONGEST_NAME,
        "longest_about": lists.LONGEST_ABOUT,
    }
    return render(request, "papers/library/list.html", context, status=400 if problem else status_of(context))


def address_of(request: HttpRequest, reading_list: ReadingList) -> str:
    """The address of a list for others, empty where it has none."""
    secret = reading_list.secret
    return request.build_absolute_uri(reverse("shared-list", args=[secret])) if secret else ""


@require_POST
@never_cache
@account_needed
def add(request: HttpRequest) -> HttpResponseBase:
    """Put papers in the reader's `list`, or in a `new` one: those of `ids`, arXiv ids or addresses, or with
    `starred=1` all that she starred, the last star on top. Opens the list; 400 where no paper was named that is
    here."""
    visitor = visitor_for(request)
    wanted, unknown = (_starred(visitor), 0) if request.POST.get("starred") else named(request.POST.getlist("ids"))
    new = request.POST.get("new", "").strip()
    if not wanted:
        message = _("No paper was chosen.") if not unknown else _("None of these papers is here.")
        return _refused(request, visitor, message)
    try:
        if new:
            reading_list = lists.make(visitor, lists.read_name(new))
        else:
            pk = request.POST.get("list", "")
            number = int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 19 else 0
            reading_list = get_object_or_404(ReadingList, visitor=visitor, pk=number)
        lists.add(reading_list, wanted)
    except TooManyError:
        return too_many(request, None)
    except lists.ListError as error:
        return _refused(request, visitor, str(error))
    return _to(reading_list)


def _refused(request: HttpRequest, visitor: Visitor, problem: str) -> HttpResponse:
    back = way_back(request, reverse("lists"))
    context = {"lists": lists_of(visitor), "longest": lists.LONGEST_NAME, "problem": problem, "back": back}
    return render(request, "papers/library/lists.html", context, status=400)


def named(texts: Sequence[str]) -> tuple[list[int], int]:
    """Primary keys of the papers that a form names, arXiv ids or addresses parted by spaces or commas, the last one
    first, MOST_NAMED at most; and how many of them are not here."""
    parts = [part for text in texts for part in text[:100_000].replace(",", " ").split()]
    bases = list(dict.fromkeys(found.base for part in parts[:MOST_NAMED] if (found := parse_id(part))))
    known = dict(Paper.objects.filter(arxiv_id__in=bases, removed=False).values_list("arxiv_id", "pk"))
    return [known[base] for base in reversed(bases) if base in known], len(parts) - len(known)


def _starred(visitor: Visitor) -> list[int]:
    stars = Mark.objects.filter(visitor=visitor, starred__isnull=False, paper__removed=False)
    return list(stars.order_by("starred", "pk").values_list("paper_id", flat=True))


@require_safe
@account_needed
def export(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """A list as a file, with the reader's own tags and notes."""
    visitor = visitor_for(request)
    reading_list = get_object_or_404(ReadingList, visitor=visitor, pk=pk)
    ids = list(lists.papers_in(reading_list).values_list("paper_id", flat=True))
    return as_stream(kind, f"list-{pk}", ids, own(visitor, notes=True))


def _to(reading_list: ReadingList, anchor: str = "") -> HttpResponse:
    return SeeOther(reverse("reading-list", args=[reading_list.pk]) + anchor)
