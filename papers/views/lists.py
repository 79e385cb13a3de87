"""Pages that list papers: the newest day, and the categories a reader chose."""

from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers.announcements import (
    DayOfLists,
    EntryPage,
    ListDays,
    day_after,
    day_before,
    list_days,
    newest_day,
    page_of,
)
from papers.categories import ARCHIVES, CATEGORIES, CategorySpec, UnknownCategory, split_spec
from papers.identifiers import parse_id
from papers.listing import REACH, Listing, Page
from papers.paging import page_numbers, read_page
from papers.views.announced import asked_without, remarks, sections, toggles, without_parameter
from papers.views.context import by_day, numbered, picker, read_day


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is new: what was announced on the newest day present, or on `?date=`, over all categories."""
    notes: list[str] = []
    day = read_day(request.GET, "date", notes)
    lists = list_days(None, day)
    newest = newest_day(None, lists)
    if day is None and newest is not None:
        day = newest
        lists = list_days(None, day) if lists.newest else lists
    papers = Listing(None, day, day)
    announced = _announced(None, day)
    counts = announced.counts if announced else papers.category_counts() if day else None
    context: dict[str, object] = {
        "day": day,
        "newest_day": newest,
        "shelves": picker(None, counts),
        "feed": reverse("home-feed"),
    }
    return _list_page(request, "papers/home.html", papers, _Lists(announced, lists), context, notes)


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
    lists = list_days(read, day)
    shelves = picker(read)
    boxes = {choice.code for shelf in shelves for choice in shelf.choices}
    unboxed = "+".join(code for code in read.include if code not in boxes)
    context: dict[str, object] = {
        "spec": read,
        "names": [(code, _name(code)) for code in read.include],
        "without": [(code, _name(code)) for code in read.exclude],
        "day": day,
        "start": start,
        "end": end,
        "newest_day": newest_day(read, lists),
        "shelves": shelves,
        "typed": unboxed + "".join(f"-{code}" for code in read.exclude),
        "feed": reverse("listing-feed", args=[read]),
    }
    of_day = _Lists(_announced(read, day), lists)
    return _list_page(request, "papers/listing.html", Listing(read, start, end), of_day, context, notes)


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


@dataclass(frozen=True, slots=True)
class _Lists:
    """Announcement lists of a page: those of its day, where there are any, and the days of others."""

    announced: DayOfLists | None
    days: ListDays


def _announced(spec: CategorySpec | None, day: date | None) -> DayOfLists | None:
    found = DayOfLists(spec, day) if day else None
    return found if found and found.lists else None


def _list_page(
    request: HttpRequest, template: str, papers: Listing, lists: _Lists, context: dict[str, object], notes: list[str]
) -> HttpResponse:
    """A page of the day's announcement lists, or else of `papers`, in `template`: 400 where the address had to be
    read leniently, 404 beyond the last page."""
    without = asked_without(request.GET, notes)
    number = read_page(request.GET.get("page"), notes)
    page: Page | EntryPage
    if lists.announced:
        entries = lists.announced.entries_without(without)
        page = page_of(entries, number)
        context |= {
            "sections": sections(entries, page),
            "toggles": toggles(lists.announced, without, request.path, _days(request)),
            "remarks": remarks(lists.announced),
        }
    else:
        page = papers.page(number)
        context["days"] = by_day(numbered(page.papers, page.first))
    _add_days(context, papers, lists)
    beyond = page.number > page.pages
    kept = without_parameter(without)
    context |= {
        "announced": lists.announced,
        "page": page,
        "kept": f"&{urlencode(kept, safe=',')}" if kept else "",
        "numbers": page_numbers(min(page.number, page.pages), page.pages),
        "beyond": beyond,
        "reach": REACH,
        "notes": notes,
        "canonical": _canonical(request, {**_days(request), **(kept if lists.announced else {})}, page.number),
    }
    return render(request, template, context, status=404 if beyond else 400 if notes else 200)


def _add_days(context: dict[str, object], papers: Listing, lists: _Lists) -> None:
    """The days next to the page's own, if it is of one day."""
    day, newest = context["day"], context["newest_day"]
    if isinstance(day, date):
        context["day_before"] = day_before(papers, day, lists.days)
        context["day_after"] = day_after(papers, day, lists.days) if isinstance(newest, date) and day < newest else None


def _days(request: HttpRequest) -> dict[str, str]:
    """The days in the address, as far as they can be read, in one order."""
    days = {name: read_day(request.GET, name, []) for name in ("date", "from", "to")}
    return {name: day.isoformat() for name, day in days.items() if day}


def _canonical(request: HttpRequest, kept: dict[str, str], number: int) -> str:
    """The one address of a page: its known parameters in one order."""
    parameters = {**kept, **({"page": str(number)} if number > 1 else {})}
    return request.build_absolute_uri(request.path + (f"?{urlencode(parameters, safe=',')}" if parameters else ""))


def _name(code: str) -> str:
    return ARCHIVES[code] if code in ARCHIVES else CATEGORIES[code].name
