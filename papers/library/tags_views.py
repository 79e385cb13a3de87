"""The pages of a reader's tags and notes."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from papers import markdown
from papers.accounts.who import account_needed
from papers.library import tags
from papers.library.kept import lists_of, notes_of, tags_of
from papers.library.rows import paged, status_of
from papers.listing import PAGE_SIZE, Page
from papers.models import Tag, Tagged, Visitor
from papers.paging import page_numbers, read_page
from papers.views.answers import SeeOther
from papers.visitors import visitor_for


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@account_needed
def overview(request: HttpRequest) -> HttpResponseBase:
    """All tags of the reader. A POST names a `tag` and in `do` what to do with it: `rename` it to `name`, `merge` it
    into the tag of that name, or `delete` it. 409 where the name is another tag's: to merge them is asked first."""
    visitor = visitor_for(request)
    if request.method != "POST":
        return _overview(request, visitor)
    key = request.POST.get("tag", "")
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 19 else 0
    tag = get_object_or_404(Tag, visitor=visitor, pk=number)
    do = request.POST.get("do", "rename")
    if do == "delete":
        tag.delete()
        return _back()
    try:
        tags.rename(visitor, tag, tags.read_name(request.POST.get("name", "")), merge=do == "merge")
    except tags.TagError as error:
        return _overview(request, visitor, problem=str(error), status=400)
    except tags.TakenError as error:
        return _overview(request, visitor, merging=(tag, error.tag), status=409)
    return _back()


def _overview(
    request: HttpRequest,
    visitor: Visitor,
    *,
    problem: str = "",
    merging: tuple[Tag, Tag] | None = None,
    status: int = 200,
) -> HttpResponse:
    found = sorted(tags_of(visitor), key=lambda tag: (tag.name.casefold(), tag.pk))
    context = {"tags": found, "problem": problem, "merging": merging, "longest": tags.LONGEST}
    return render(request, "papers/library/tags.html", context, status=status)


@require_safe
@never_cache
@account_needed
def one(request: HttpRequest, name: str) -> HttpResponseBase:
    """The papers with one of the reader's tags, the one tagged last first."""
    visitor = visitor_for(request)
    tag = tags.tag_named(visitor, name) if len(name) <= tags.LONGEST else None
    if tag is None:
        return render(request, "papers/library/no_tag.html", {"name": name[: tags.LONGEST]}, status=404)
    if tag.name != name:
        return redirect("tag", tag.name)
    entries = Tagged.objects.filter(tag=tag, paper__removed=False).order_by("-added", "-pk")
    context = paged(request, entries, [])
    context |= {"tag": tag, "others": lists_of(visitor)}
    return render(request, "papers/library/tag.html", context, status=status_of(context))


@require_safe
@never_cache
@account_needed
def notes(request: HttpRequest) -> HttpResponse:
    """All notes of the reader, the one changed last first, each by its beginning."""
    remarks: list[str] = []
    found = notes_of(visitor_for(request)).select_related("paper")
    number = read_page(request.GET.get("page"), remarks)
    first = (number - 1) * PAGE_SIZE
    shown = list(found[first : first + PAGE_SIZE])
    page = Page([note.paper for note in shown], number, PAGE_SIZE, found.count())
    context: dict[str, object] = {
        "written": [(note, markdown.excerpt(note.text)) for note in shown],
        "page": page,
        "numbers": page_numbers(min(number, page.pages), page.pages),
        "notes": remarks,
        "beyond": number > page.pages,
    }
    return render(request, "papers/library/notes.html", context, status=status_of(context))


def _back() -> HttpResponse:
    return SeeOther(reverse("tags"))
