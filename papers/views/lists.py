"""Pages that list papers: the newest day, and the categories a reader chose."""

from datetime import date, timedelta
from difflib import get_close_matches
from functools import partial
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers.announcements import DayOfLists, DaysOfLists, ListDays, day_after, day_before, list_days, newest_day
from papers.categories import ARCHIVES, CATEGORIES, CategorySpec, UnknownCategory, split_spec
from papers.category_names import name_of
from papers.identifiers import parse_id
from papers.listing import Listing
from papers.month import FIRST, month_of
from papers.views.context import boxed, picker, read_day
from papers.views.sifting import kept_in_days, read_days, sift

LONGEST_SPAN: Final = timedelta(days=30)  # between the days of one page of announcement lists; longer is by submission


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is new: what was announced on the newest day present, or on `?date=`, or from `?from=` to `?to=`, over all
    categories."""
    notes: list[str] = []
    day, start, end = read_days(request, notes)
    lists = list_days(None, day)
    newest = newest_day(None, lists)
    if _wants_calendar(request):
        return _calendar_alone(request, None, day or end, newest)
    if start is None and end is None and newest is not None:
        day = start = end = newest
        if lists.newest not in (None, day):
            lists = list_days(None, day)
    papers = Listing(None, start, end)
    announced = _announced(None, start, end) if lists.newest else None
    part = request.GET.get("part") == "1"
    counts = None if part else announced.counts if announced else papers.category_counts() if day else None
    context: dict[str, object] = {
        "day": day,
        "start": start,
        "end": end,
        "newest_day": newest,
        "shelves": partial(picker, None, counts),
        "counted": sorted(counts.items()) if counts else "",
        "feed": reverse("home-feed"),
    }
    if not part:
        context |= _neighbours(papers, day, newest, lists) | _calendar(request, None, day or end, newest)
    return sift(request, "papers/home.html", papers, announced, context, notes)


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
    day, start, end = read_days(request, notes)
    papers, announced = Listing(read, start, end), _announced(read, start, end)
    context: dict[str, object] = {"spec": read, "day": day, "start": start, "end": end}
    if request.GET.get("part") != "1":
        lists = list_days(read, day)
        newest = newest_day(read, lists)
        if _wants_calendar(request):
            return _calendar_alone(request, read, day or end, newest)
        context |= _named(read) | {"newest_day": newest, "feed": reverse("listing-feed", args=[read])}
        context |= _neighbours(papers, day, newest, lists) | _calendar(request, read, day or end, newest)
    return sift(request, "papers/listing.html", papers, announced, context, notes)


def _named(spec: CategorySpec) -> dict[str, object]:
    """The categories with their names, and the boxes to choose them by; these are made only where the page does not
    have them yet as HTML."""
    boxes = boxed()
    unboxed = [code for code in spec.include if code not in boxes], [code for code in spec.exclude if code not in boxes]
    return {
        "names": [(code, name_of(code)) for code in spec.include],
        "without": [(code, name_of(code)) for code in spec.exclude],
        "shelves": partial(picker, spec),
        "typed": "+".join(unboxed[0]) + "".join(f"-{code}" for code in unboxed[1]),
    }


def chosen(given: QueryDict) -> str:
    """The list of categories that the form of categories says, not yet read; empty where it says none."""
    ticked = "+".join(given.getlist("c"))
    crossed = "".join(f"-{code}" for code in given.getlist("x"))
    typed = given.get("spec", "").strip()
    text = ticked + ("" if not typed or typed.startswith("-") else "+") + typed + crossed
    return text if text.strip("+, ") else ""


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Where the form of categories leads: to the list of the boxes that were ticked (`c`), less those that were crossed
    out (`x`), and the text that was added."""
    text = chosen(request.GET)
    if not text:
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
        "nearest": [(code, name_of(code)) for code in dict.fromkeys(codes)],
    }
    return render(request, "papers/unknown_category.html", context, status=404)


def _announced(spec: CategorySpec | None, start: date | None, end: date | None) -> DaysOfLists | None:
    """The announcement lists of a day or of some days, where there are any."""
    if start is None or end is None or end - start > LONGEST_SPAN:
        return None
    found = DayOfLists(spec, start) if start == end else DaysOfLists(spec, start, end)
    return found if found.lists else None


def _neighbours(papers: Listing, day: date | None, newest: date | None, lists: ListDays) -> dict[str, object]:
    """The days next to the page's own, if it is of one day."""
    if day is None:
        return {}
    return {
        "day_before": day_before(papers, day, lists),
        "day_after": day_after(papers, day, lists) if newest and day < newest else None,
    }


def _calendar(
    request: HttpRequest, spec: CategorySpec | None, day: date | None, newest: date | None
) -> dict[str, object]:
    """The calendar page of `?month=`; else only the month of the page's own day, or of the newest, for a script to ask
    for: counting a month's papers takes longer than all the rest of a page."""
    if newest is None:
        return {}
    asked = read_day(request.GET, "month", [])
    shown = min(max(asked or day or newest, FIRST), newest)
    calendar = month_of(spec, shown, newest) if asked or _wants_calendar(request) else None
    return {"calendar": calendar, "month": shown.replace(day=1)}


def _wants_calendar(request: HttpRequest) -> bool:
    return request.GET.get("part") == "calendar"


def _calendar_alone(
    request: HttpRequest, spec: CategorySpec | None, day: date | None, newest: date | None
) -> HttpResponse:
    """The calendar as a piece of a page."""
    _day, start, end = read_days(request, [])
    context = {"day": _day, "start": start, "end": end, "kept": kept_in_days(request)}
    return render(request, "papers/_calendar.html", context | _calendar(request, spec, day, newest))
