"""The state of the site in numbers, for the status page: a fixed number of queries, none that counts the papers."""

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.db.models import Count, QuerySet
from django.db.models.base import Model
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from papers.category_names import name_of
from papers.models import DayList, Digest, IndexMark, WantedPaper
from search import marks
from search.engines import get_engine
from search.engines.base import EngineError, Statistics
from search.fits import kept_back
from search.models import Fit
from workers import alarms, calendar, circuit, completeness, schedule
from workers.jobs import followed
from workers.models import Alarm, ParkedMessage, Run
from workers.telling import public

DAYS, RUNS, ALARMS, CLOSED, ROWS = 5, 30, 50, 10, 20
MOST_COUNTED = 100_000  # marks: counting goes no further
LATELY = timedelta(days=1)
QUIET = timedelta(hours=26)  # each day something is planned; who plans nothing for longer does not run
SOURCES = (("by_rss", gettext_lazy("Feed")), ("by_oai", "OAI-PMH"), ("by_api", gettext_lazy("Query API")))
_LIBRARIES = {"embedded": ("tantivy",), "elasticsearch": ("elasticsearch", "client ")}


@dataclass(frozen=True, slots=True)
class Number:
    """How many there are; `more` where counting stopped before the end."""

    value: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """What one source told of: how many, None where it has not told of the day, and how many of all that lacks."""

    value: int | None
    lacks: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One category of a day: its feed's lines and when they were read, the sources' counts, and all together."""

    category: str
    name: str
    lines: int | None
    fetched: datetime | None
    cells: tuple[Cell, ...]
    all: int

    @property
    def differs(self) -> bool:
        """Whether a source lacks what others told of."""
        return any(cell.lacks for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Day:
    """One announcement day."""

    day: date
    rows: list[Row]
    quiet: bool

    @property
    def all(self) -> int:
        """First announcements over all categories; a cross-listed paper counts in each."""
        return sum(row.all for row in self.rows)

    @property
    def read(self) -> int:
        """Feeds that were read."""
        return sum(row.fetched is not None for row in self.rows)

    @property
    def differing(self) -> int:
        """Categories in which the sources differ."""
        return sum(row.differs for row in self.rows)

    @property
    def spec(self) -> str:
        """The union of the day's categories, as an address has it; empty where that would be long."""
        return "+".join(row.category for row in self.rows) if len(self.rows) <= ROWS else ""


@dataclass(frozen=True, slots=True)
class Index:
    """The index beside what waits for it; `statistics` is None where the engine is away."""

    statistics: Statistics | None
    waiting: Number
    resting: list[IndexMark]
    kept_back: Fit | None

    @property
    def fit(self) -> str:
        """What its vectors were whitened with, in words."""
        key = self.statistics.transform if self.statistics else ""
        return _("%(fit)s, as it ships") % {"fit": key.removeprefix("prior:")} if key.startswith("prior:") else key


@dataclass(frozen=True, slots=True)
class Asking:
    """How arXiv is asked: the circuit, when next, and when an answer came last."""

    circuit: circuit.State
    next: tuple[tuple[str, datetime], ...]
    last_feed: datetime | None
    last_harvest: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Papers that are asked for by id: how many by state, and the gaps that are open (readers' requests are theirs)."""

    open: int
    absent: int
    gaps: list[WantedPaper]


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, at one moment."""

    now: datetime
    problems: list[str]
    alarms: list[Alarm]
    closed: list[Alarm]
    asking: Asking
    days: list[Day]
    index: Index
    wanted: Wanted
    mails: tuple[tuple[str, int], ...]
    unfinished: list[Run]
    runs: list[Run]
    messages: list[ParkedMessage]
    versions: tuple[tuple[str, str], ...]

    @property
    def troubles(self) -> int:
        """How many things want somebody's attention."""
        return len(self.alarms) + len(self.problems)


def overview() -> Overview:
    """The state now."""
    now = timezone.now()
    # Of readers' requests those alone that failed: on a lively site they would leave room for nothing else.
    runs = [_told(run) for run in Run.objects.exclude(job="ids", error="")[:RUNS]]
    open_alarms, closed = _alarms(alarms.standing()[:ALARMS]), _alarms(_lately_closed())
    index = _index()
    return Overview(
        now=now,
        problems=_problems(now, runs[0].started if runs else None, index),
        alarms=open_alarms,
        closed=closed,
        asking=_asking(now),
        days=_days(now),
        index=index,
        wanted=_wanted(),
        mails=_mails(now),
        unfinished=[
            _told(run) for run in Run.objects.filter(finished=None).order_by("-parked", "priority", "id")[:RUNS]
        ],
        runs=runs,
        messages=_messages(),
        versions=_versions(),
    )


def first(rows: QuerySet[Model], most: int = MOST_COUNTED) -> Number:
    """How many rows there are, counted no further than `most`."""
    found = rows.order_by()[: most + 1].count()
    return Number(min(found, most), found > most)


def statistics() -> Statistics | None:
    """The engine's, None where it is away."""
    try:
        return get_engine().statistics()
    except EngineError:
        return None


def last_feed() -> datetime | None:
    """When a feed of the newest day that has one was read last."""
    read = DayList.objects.filter(fetched__isnull=False).order_by("-day", "-fetched")
    return read.values_list("fetched", flat=True).first()


def last_harvest() -> datetime | None:
    """When the last reconciling with OAI-PMH came to its end."""
    done = Run.objects.filter(job="reconcile", error="", finished__isnull=False).order_by("-finished")
    return done.values_list("finished", flat=True).first()


def _problems(now: datetime, planned: datetime | None, index: Index) -> list[str]:
    """What no alarm tells, since whoever sounds them may be what is missing."""
    found = []
    if planned is None:
        found.append(_("No worker has run yet: nothing was asked of arXiv."))
    elif now - planned > QUIET:
        since = f"{planned:%Y-%m-%d %H:%M}"
        found.append(_("No worker seems to run: nothing has been planned since %(since)s UTC.") % {"since": since})
    if index.statistics is None:
        found.append(_("The search engine does not answer. Lists and papers come from the database all the same."))
    return found


def _alarms(rows: Iterable[Alarm]) -> list[Alarm]:
    found = list(rows)
    for row in found:
        row.text = public(row.text)
    return found


def _lately_closed() -> QuerySet[Alarm]:
    return Alarm.objects.filter(closed__isnull=False).order_by("-closed")[:CLOSED]


def _told(run: Run) -> Run:
    if run.job == "ids":  # which papers somebody opened is nobody else's business
        run.window = f"{len(run.arguments.get('ids', ()))} asked for by id"
    run.window, run.error = public(run.window), public(run.error)
    return run


def _messages() -> list[ParkedMessage]:
    found = list(ParkedMessage.objects.filter(again=None).defer("body")[:ROWS])
    for row in found:
        row.reason = public(row.reason)
    return found


def _asking(now: datetime) -> Asking:
    state = circuit.state()
    titles = {"announce": _("Feeds"), "reconcile": "OAI-PMH", "window": _("Query API")}
    upcoming = sorted(schedule.next_times(now).items(), key=lambda item: item[1])
    return Asking(
        circuit.State(state.failures, state.until, public(state.reason)),
        tuple((titles.get(job, job), when) for job, when in upcoming),
        last_feed(),
        last_harvest(),
    )


def _days(now: datetime) -> list[Day]:
    newest = DayList.objects.order_by("-day").values_list("day", flat=True).distinct()[:DAYS]
    found = set(newest)
    if found:
        found.add(calendar.latest_day(now))  # which may have nothing yet, and says so
    shown = sorted(found, reverse=True)[:DAYS]
    lists: dict[date, list[DayList]] = {day: [] for day in shown}
    for row in DayList.objects.filter(day__in=shown):
        lists[row.day].append(row)
    return [_day(day, {row.category: row for row in rows}) for day, rows in lists.items()]


def _day(day: date, lists: dict[str, DayList]) -> Day:
    counted = completeness.counts(day)
    told = {name for name, _ in SOURCES if any(row[name] for row in counted.values())}
    codes = sorted({*lists, *counted, *followed()}) if lists or counted else []
    return Day(
        day, [_row(code, lists.get(code), counted.get(code, {}), told) for code in codes], calendar.may_be_empty(day)
    )


def _row(code: str, listed: DayList | None, counted: dict[str, int], told: set[str]) -> Row:
    whole = counted.get("all", 0)
    fetched = listed.fetched if listed else None
    has_told = {name: name in told for name, _ in SOURCES} | {"by_rss": fetched is not None}
    cells = tuple(
        Cell(counted.get(name, 0), whole - counted.get(name, 0)) if has_told[name] else Cell(None)
        for name, _ in SOURCES
    )
    return Row(code, name_of(code), listed.lines if listed and fetched else None, fetched, cells, whole)


def _index() -> Index:
    resting = list(marks.resting().select_related("paper").only("reason", "rests_until", "paper__arxiv_id")[:ROWS])
    for mark in resting:
        mark.reason = public(mark.reason)
    return Index(statistics(), first(marks.pending()), resting, kept_back())


def _wanted() -> Wanted:
    states = dict(WantedPaper.objects.values_list("state").annotate(Count("pk")))
    State, Reason = WantedPaper.State, WantedPaper.Reason  # noqa: N806 -- classes
    gaps = list(
        WantedPaper.objects.filter(state=State.OPEN).exclude(reason=Reason.READER).order_by("asked", "id")[:ROWS]
    )
    for row in gaps:
        row.note = public(row.note)
    return Wanted(states.get(State.OPEN, 0), states.get(State.ABSENT, 0), gaps)


def _mails(now: datetime) -> tuple[tuple[str, int], ...]:
    """What became of the mails to readers that were due within a day: each state that any has, and how many."""
    counted = Digest.objects.filter(due__gte=now - LATELY).order_by("state").values_list("state").annotate(Count("pk"))
    return tuple((str(Digest.State(state).label), number) for state, number in counted)


def _versions() -> tuple[tuple[str, str], ...]:
    library, *prefix = _LIBRARIES[settings.SEARCH_ENGINE]
    try:
        engine = f"{''.join(prefix) or library + ' '}{version(library)}"
    except PackageNotFoundError:
        engine = library
    return (
        ("Papertide", settings.VERSION),
        (_("Search"), f"{settings.SEARCH_ENGINE}, {engine}"),
        ("Python", platform.python_version()),
    )
