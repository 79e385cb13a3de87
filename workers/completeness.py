"""Is anything missing? The sources held against each other, day by day; what is missing is asked for by id."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Max, Q
from django.utils import timezone

from papers import wanted
from papers.categories import CATEGORIES
from papers.models import Announcement, DayList, Kind, Paper, WantedPaper
from search.fits import kept_back
from workers import alarms, calendar, circuit
from workers.announcing import FIRST_TIME, usual_of
from workers.models import ParkedMessage, Run

NIGHTS = 4  # in which nothing could be reconciled
DAYS = 5  # announcement days that are looked at again and again
LATE = timedelta(hours=6)  # after the feeds should be there
DENSE = 0.8  # the share of a day's run of ids that must be followed here for a hole in it to mean anything
LONGEST_RUN = 20_000  # ids; arXiv announces some two thousand a day
THIN, THIN_FROM = 0.4, 20  # a list with less of its usual length, where that is at least so much
_SHOWN = 10
_FRIDAY = 4
_SEEN = "completeness-seen"
_SOURCES = ("by_rss", "by_oai", "by_api")


def check(now: datetime | None = None) -> None:
    """Look at the last days and at the site's own state; sound and close alarms, ask for what is missing."""
    now = now or timezone.now()
    board = alarms.Board()
    if _is_news(now):
        day = calendar.latest_day(now)
        for _ in range(DAYS):
            _check_day(day, now, board)
            day = calendar.previous_day(day)
        for row in alarms.standing().filter(day__lte=day):
            alarms.close(row.key, f"{row.text} Nothing more came of it in {DAYS} announcement days.")
        _judge_named(board)
    _check_site(now, board)


def _is_news(now: datetime) -> bool:
    """Whether anything happened since this process looked last, or ten minutes went by: the days are many rows."""
    runs = Run.objects.aggregate(done=Max("finished"), last=Max("pk"))
    requests = WantedPaper.objects.aggregate(
        closed=Max("closed"), last=Max("pk"), open=Count("pk", filter=Q(state=wanted.State.OPEN))
    )
    state = (runs, requests, now.replace(minute=now.minute // 10, second=0, microsecond=0))
    if cache.get(_SEEN) == state:
        return False
    cache.set(_SEEN, state, 3600)
    return True


def counts(day: date) -> dict[str, dict[str, int]]:
    """By category the first announcements of a day that each source told of, `by_rss`, `by_oai`, `by_api`, and of
    all together as `all`."""
    rows = Announcement.objects.filter(day=day, kind__in=FIRST_TIME).values("category")
    sums = {name: Count("pk", filter=Q(**{name: True})) for name in _SOURCES}
    counted = rows.annotate(all=Count("pk"), **sums).values_list("category", "all", *_SOURCES)
    return {category: dict(zip(("all", *_SOURCES), numbers, strict=True)) for category, *numbers in counted}


def _check_day(day: date, now: datetime, board: alarms.Board) -> None:
    lists = {row.category: row for row in DayList.objects.filter(day=day)}
    run = Run.objects.filter(key=f"announce {day}").first()
    if run is None:
        return  # a day before this site, or one that it slept through: OAI-PMH tells of it
    counted = counts(day)
    read = {code for code, row in lists.items() if row.fetched}
    expected = run.arguments.get("followed", run.arguments["categories"])
    _judge_late(day, now, [code for code in expected if code not in read], counted, board)
    _judge_empty(day, now, lists, counted, board)
    for code, normal in usual_of(read, day).items():
        _judge_thin(lists[code], normal, counted.get(code, {}), board)
    _compare(day, read)
    _judge_holes(day, board)


def _judge_late(
    day: date, now: datetime, missing: list[str], counted: dict[str, dict[str, int]], board: alarms.Board
) -> None:
    """Feeds that did not come. Once OAI-PMH has told of the day there is a list all the same."""
    left = [code for code in missing if not (CATEGORIES[code].historic or counted.get(code, {}).get("all"))]
    late = now >= calendar.feed_from(day) + LATE and left and not calendar.may_be_empty(day)
    text = f"No list of {day} yet for {_some(left)}." if late else ""
    board.judge(f"late {day}", "late", text, day)


def _judge_empty(
    day: date, now: datetime, lists: dict[str, DayList], counted: dict[str, dict[str, int]], board: alarms.Board
) -> None:
    empty = not any(row.lines for row in lists.values()) and not counted
    over = now >= calendar.feed_from(day) + LATE
    text = f"Nothing at all was announced on {day}, which is no day off." if empty and over else ""
    board.judge(f"empty {day}", "empty", "" if calendar.may_be_empty(day) else text, day)


def _judge_thin(row: DayList, normal: float, counted: dict[str, int], board: alarms.Board) -> None:
    key = f"thin {row.category} {row.day}"
    text = f"The feed of {row.category} for {row.day} has {row.lines} papers, where {normal:.0f} are usual"
    thin = normal >= THIN_FROM and row.lines < THIN * normal
    if thin and counted.get("all", 0) > max(2 * row.lines, THIN * normal):
        text = f"{text}; others told of {counted['all']}, and all of them are in the list."
        alarms.note(key, "gap", text, row.day)
        alarms.close(key, text)
        return
    quiet = calendar.may_be_empty(row.day + calendar.ONE) and row.day.weekday() < _FRIDAY  # around holidays
    board.judge(key, "gap", f"{text}." if thin and not quiet else "", row.day)


def _compare(day: date, read: set[str]) -> None:
    """What a feed, or OAI-PMH, left out and others told of. It is in the list already; somebody should know."""
    rows = Announcement.objects.filter(day=day, category__in=read, kind=Kind.NEW)
    left_out = rows.filter(by_rss=False).values_list("paper__arxiv_id", flat=True).distinct()
    _note_left_out(f"gap rss {day}", day, "The feeds", list(left_out))
    if Run.objects.filter(key=f"reconcile {day}", finished__isnull=False, error="").exists():
        left_out = rows.filter(by_oai=False).values_list("paper__arxiv_id", flat=True).distinct()
        _note_left_out(f"gap oai {day}", day, "OAI-PMH", list(left_out))


def _note_left_out(key: str, day: date, who: str, ids: list[str]) -> None:
    if ids:
        alarms.note(key, "gap", f"{who} left out {len(ids)} papers of {day} that others named: {_some(ids)}.", day)


def _judge_named(board: alarms.Board) -> None:
    rows = WantedPaper.objects.filter(reason=wanted.Reason.NAMED, state=wanted.State.OPEN)
    names = list(rows.values_list("arxiv_id", flat=True))
    text = f"Named by a source and not here: {_some(names)}." if names else ""
    board.judge("named", "gap", text)


def _judge_holes(day: date, board: alarms.Board) -> None:
    """Ids are given out one after the other when papers are announced. Where nearly all of them are followed here, one
    that is missing between the day before and this day's last is a paper that no source told of."""
    if Run.objects.filter(key__in=[f"announce {day}", f"reconcile {day}"], finished=None, parked=False).exists():
        return  # the day is still being brought in
    before, here = _ends(calendar.previous_day(day)), _ends(day)
    missing: list[str] = []
    for month, (low, high) in here.items():
        if month in before:
            low = min(low, before[month][1])
        elif before and month > max(before):
            low = 1  # a new month begins with its first id
        missing += _holes(month, low, high)
    still = wanted.miss(missing, wanted.Reason.HOLE, day, f"a hole in the ids of {day}") if missing else 0
    text = f"{still} ids in the run of {day} were told of by no source: {_some(missing)}." if still else ""
    board.judge(f"hole {day}", "hole", text, day)


def _ends(day: date) -> dict[str, tuple[int, int]]:
    """The lowest and highest number of the day's new papers by the month in their ids."""
    rows = Announcement.objects.filter(day=day, kind=Kind.NEW).values_list("paper__arxiv_id", flat=True)
    found: dict[str, list[int]] = {}
    for name in rows.distinct():
        month, dot, number = name.partition(".")
        if dot:
            found.setdefault(month, []).append(int(number))
    return {month: (min(numbers), max(numbers)) for month, numbers in found.items()}


def _holes(month: str, low: int, high: int) -> list[str]:
    """The ids between two numbers that are not here, none where many are of categories that nobody follows here."""
    if not 0 < high - low < LONGEST_RUN:
        return []
    rows = Paper.objects.filter(arxiv_id__range=(_name(month, low), _name(month, high)))
    known = set(rows.values_list("arxiv_id", flat=True))
    names = [_name(month, number) for number in range(low, high + 1)]
    return [name for name in names if name not in known] if len(known) >= DENSE * len(names) else []


def _name(month: str, number: int) -> str:
    year, of_year = int(month[:2]), int(month[2:])
    digits = 5 if (year, of_year) >= (15, 1) else 4
    return f"{month}.{number:0{digits}}"


def _check_site(now: datetime, board: alarms.Board) -> None:
    state = circuit.state()
    # Until arXiv has answered, not only until it is tried again.
    away = state.failures >= circuit.FAILURES
    text = f"arXiv has not answered for {state.failures} tries; it is left alone in between: {state.reason}"
    board.judge("circuit", "circuit", text if away else "")
    nights = Run.objects.filter(key__startswith="reconcile ").order_by("-pk")[:NIGHTS]
    failed = len(nights) == NIGHTS and not any(run.finished and not run.error for run in nights)
    text = f"Nothing was reconciled with OAI-PMH in {NIGHTS} announcement days." if failed else ""
    board.judge("reconcile", "late", text)
    parked = Counter(ParkedMessage.objects.filter(again=None).values_list("task", flat=True))
    text = f"{parked.total()} messages could not be taken by any worker." if parked else ""
    board.judge("messages", "parked", text)
    fit = kept_back()
    board.judge("fit", "fit", f"fit-{fit.pk} is kept back: {fit.kept_back}" if fit else "")


def _some(names: Iterable[str]) -> str:
    every = sorted(names)
    more = len(every) - _SHOWN
    return ", ".join(every[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
