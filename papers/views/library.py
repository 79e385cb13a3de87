"""What this browser keeps: its stars, its words, and the way to have all of it forgotten."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from papers.listing import PAGE_SIZE, Page, in_order
from papers.models import Mark
from papers.paging import page_numbers, read_page
from papers.views.context import numbered, with_told
from papers.visitors import counts_of, visitor_of


@require_safe
@never_cache
def library(request: HttpRequest) -> HttpResponse:
    """The starred papers, the last star first."""
    notes: list[str] = []
    number = read_page(request.GET.get("page"), notes)
    visitor = visitor_of(request)
    counts = counts_of(visitor) if visitor else {}
    stars = Mark.objects.filter(visitor=visitor, starred__isnull=False, paper__removed=False).order_by(
        "-starred", "-pk"
    )
    first = (number - 1) * PAGE_SIZE
    ids = stars.values_list("paper_id", flat=True)[first : first + PAGE_SIZE] if visitor else []
    page = Page(in_order(ids), number, PAGE_SIZE, stars.count() if visitor else 0)
    context = {
        "page": page,
        "rows": with_told(request, numbered(page.papers, page.first)),
        "numbers": page_numbers(min(number, page.pages), page.pages),
        "visitor": visitor,
        "counts": counts,
        "notes": notes,
    }
    beyond = page.number > page.pages
    context["beyond"] = beyond
    return render(request, "papers/library.html", context, status=404 if beyond else 400 if notes else 200)
