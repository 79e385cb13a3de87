"""A page of papers of the library: rows of entries in their order, cut into pages."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import HttpRequest

from papers.listing import PAGE_SIZE, Page, in_order
from papers.models import ListEntry, Tagged
from papers.paging import page_numbers, read_page
from papers.views.context import numbered, with_told


def paged(request: HttpRequest, entries: QuerySet[ListEntry] | QuerySet[Tagged], notes: list[str]) -> dict[str, object]:
    """The context of a page of entries' papers, `?page=` of it: page, rows, numbers, and whether it is `beyond` the
    last one."""
    number = read_page(request.GET.get("page"), notes)
    first = (number - 1) * PAGE_SIZE
    ids: Sequence[int] = list(entries.values_list("paper_id", flat=True)[first : first + PAGE_SIZE])
    page = Page(in_order(ids), number, PAGE_SIZE, entries.count())
    return {
        "page": page,
        "rows": with_told(request, numbered(page.papers, page.first)),
        "numbers": page_numbers(min(number, page.pages), page.pages),
        "notes": notes,
        "beyond": number > page.pages,
    }


def status_of(context: dict[str, object]) -> int:
    """The status of such a page: 404 beyond the last one, 400 where the address had to be read leniently."""
    return 404 if context["beyond"] else 400 if context["notes"] else 200
