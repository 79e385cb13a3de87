"""Pages that list papers: the newest day, and the categories a reader chose."""

from datetime import date
from difflib import get_close_matches
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers.categories import ARCHIVES, CATEGORIES, UnknownCategory, split_spec
from papers.identifiers import parse_id
from papers.listing import REACH, Listing
from papers.paging import page_numbers, read_page
from papers.views.context import by_day, numbered, picker, read_day


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is new: the papers of the newest day present, or of `?date=`, over all categories."""
    notes: list[str] = []
    newest = Listing().newest_day()
    day = read_day(request.GET, "date", notes) or newest
    papers = Listing(None, day, day)
    shelves = picker(None, papers.category_counts() if day else None)
    context: dict[str, object] = {"day": day, "newest_day": newest, "shelves": shelves, "feed": reverse("home-feed")}
    return _list_page(request, "papers/home.html", papers, context, notes)


@require_safe
def listing(request: HttpRequest, spec: str) -> HttpResponse:
    """Papers of some categories: newest first over all days, or of `?date=`, or `?from=` to `?to=`."""
    if found := parse_id(spec):
        return redirect("paper", found)
    try:
        read = split_spec(spec.rstrip("/"))
    except UnknownCategory as error:
        return unknown_category(request, error)
    if str(read) != spec:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(reverse("listing", args=[read]) + (f"?{query}" if query else ""))
    notes: list[str] = []
    day = read_day(request.GET, "date", notes)
    start = day or read_day(request.GET, "from", notes)
    end = day or read_day(request.GET, "to", notes)
    if start and end and start > end:
        start, end = end, start
        notes.append("The days were given backwards and were turned around.")
    newest = Listing(read).newest_day()
    shelves = picker(read)
    boxes = {choice.code for shelf in shelves for choice in shelf.choices}
    unboxed = "+".join(code for code in read.include if code not in boxes)
    context = {
        "spec": read,
        "names": [(code, _name(code)) for code in read.include],
        "without": [(code, _name(code)) for code in read.exclude],
        "day": day,
        "start": start,
        "end": end,
        "newest_day": newest,
        "shelves": shelves,
        "typed": unboxed + "".join(f"-{code}" for code in read.exclude),
        "feed": reverse("listing-feed", args=[read]),
    }
    return _list_page(request, "papers/listing.html", Listing(read, start, end), context, notes)


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Where the form of categories leads: to the list of the boxes that were ticked and the text that was added."""
    ticked = "+".join(request.GET.getlist("c"))
    typed = request.GET.get("spec", "").strip()
    text = ticked + ("" if not typed or typed.startswith("-") else "+") + typed
    if not text.strip("+, "):
        return redirect("home")
    try:
        return redirect("listing", split_spec(text))
    except UnknownCategory as error:
        return unknown_category(request, error)


def unknown_category(request: HttpRequest, error: UnknownCategory) -> HttpResponse:
    """The page for an address whose categories cannot be read, with those that were perhaps meant."""
    known = {name.lower(): name for name in (*CATEGORIES, *ARCHIVES)}
    titles = {code: category.name.lower() for code, category in CATEGORIES.items()}
    part = error.part.lower().removesuffix(".*")
    alike = get_close_matches(part, known, n=6, cutoff=0.5)
    alike_titles = get_close_matches(part.replace("-", " "), set(titles.values()), n=3, cutoff=0.6)
    codes = [known[name] for name in alike] + [code for code, title in titles.items() if title in alike_titles]
    context = {
        "part": error.part,
        "message": str(error),
        "nearest": [(code, _name(code)) for code in dict.fromkeys(codes)],
    }
    return render(request, "papers/unknown_category.html", context, status=404)


def _list_page(
    request: HttpRequest, template: str, papers: Listing, context: dict[str, object], notes: list[str]
) -> HttpResponse:
    """A page of `papers` in `template`: 400 where the address had to be read leniently, 404 beyond the last page."""
    page = papers.page(read_page(request.GET.get("page"), notes))
    day = context["day"]
    if isinstance(day, date):
        newest = context["newest_day"]
        context["day_before"] = papers.day_before(day)
        context["day_after"] = papers.day_after(day) if isinstance(newest, date) and day < newest else None
    beyond = page.number > page.pages
    context |= {
        "page": page,
        "days": by_day(numbered(page.papers, page.first)),
        "numbers": page_numbers(min(page.number, page.pages), page.pages),
        "beyond": beyond,
        "reach": REACH,
        "notes": notes,
        "canonical": _canonical(request, page.number),
    }
    return render(request, template, context, status=404 if beyond else 400 if notes else 200)


def _canonical(request: HttpRequest, number: int) -> str:
    """The one address of a page: its known parameters in one order."""
    days = {name: read_day(request.GET, name, []) for name in ("date", "from", "to")}
    kept: dict[str, object] = {name: day for name, day in days.items() if day}
    if number > 1:
        kept["page"] = number
    return request.build_absolute_uri(request.path + (f"?{urlencode(kept)}" if kept else ""))


def _name(code: str) -> str:
    return ARCHIVES[code] if code in ARCHIVES else CATEGORIES[code].name
