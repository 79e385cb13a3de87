"""Runs being done: page by page, each page in one transaction with the place where to go on, so that a process killed
at any line loses nothing and does nothing twice."""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import timedelta

import structlog
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from papers import wanted
from papers.ingest import Counts, ingest, remove
from search import locks
from workers import alarms, schedule
from workers.jobs import JOBS, order
from workers.models import COUNTED, Run
from workers.sources import Page, SourceError
from workers.sources.transport import PATIENT, QUICK, Patience
from workers.work import UnfinishedError, Work

SLICE = 600.0  # seconds after which a worker lets others have the queue; the run goes on with the next message
CRASHES, MISTAKES = 5, 3  # starts without a page, and errors of our own, after which a run is parked
GIVE_UP = 15  # failures in a row, over some 20 hours, after which a run that does not expire is over
PLAN_EVERY = 60  # seconds
AT_ONCE = 100  # ids in one request
END = "(end)"  # in the place of a token, when the last page is written
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=2)
_OF_A_PAGE = ("token", "moment", "total", "tries", "crashes", "error", *COUNTED)
_LOCK_KEY = 1 << 62  # above the keys of claims on papers

OnPage = Callable[[Page, Counts], object]
log = structlog.get_logger(__name__)


def work(queue: str = "network", seconds: float = SLICE, on_page: OnPage | None = None) -> bool:
    """Do what is open and due of a queue, by priority; whether there is more after so many seconds."""
    until = time.monotonic() + seconds
    busy: set[int] = set()
    _let_expire()
    if queue == "network":
        _serve(on_page, until)
    while time.monotonic() < until:
        run = due(queue).exclude(pk__in=busy).order_by("priority", "id").first()
        if run is None:
            return False
        try:
            do(run, PATIENT, on_page, until)
        except locks.BusyError:
            busy.add(run.pk)
    return due(queue).exclude(pk__in=busy).exists()


def _serve(on_page: OnPage | None, until: float) -> None:
    """Between two pages: readers' papers, and what has become due meanwhile is written down, for beat's wake-ups wait
    where all of a site's workers are busy."""
    while fetch_wanted(on_page) and time.monotonic() < until:
        pass
    if cache.add("planned", 1, PLAN_EVERY):
        schedule.plan()


def due(queue: str) -> QuerySet[Run]:
    """The runs of a queue that can be done now."""
    jobs = [name for name, kind in JOBS.items() if kind.queue == queue]
    return Run.objects.filter(finished=None, parked=False, job__in=jobs, not_before__lte=timezone.now())


def do(
    run: Run,
    patience: Patience = PATIENT,
    on_page: OnPage | None = None,
    until: float | None = None,
) -> Run:
    """Do one run, to its end or until a moment (monotonic seconds); the row says what came of it.

    Raises BusyError where another process is at it, and nothing for what a source or a record does.
    """
    with _alone(run):
        run.refresh_from_db()
        if run.finished is None and not run.parked:
            with structlog.contextvars.bound_contextvars(run=run.run_id, job=run.job):
                _do(run, patience, on_page, until)
    return run


def _alone(run: Run) -> AbstractContextManager[None]:
    """Held by whoever does the run. Raises BusyError where another does."""
    return locks.exclusive(f"run-{run.pk % 256}", _LOCK_KEY + run.pk)


def _do(run: Run, patience: Patience, on_page: OnPage | None, until: float | None) -> None:
    try:
        what = JOBS[run.job](run, patience)
    except (LookupError, TypeError, ValueError) as error:  # a row of another version, or written by hand
        _park(run, f"what it asks for cannot be read: {type(error).__name__}: {error}")
        return
    if run.crashes >= CRASHES:
        _park(run, f"{run.crashes} workers died in it without writing a page")
        return
    run.crashes += 1
    run.save(update_fields=["crashes"])
    try:
        if run.token != END and not _write_pages(run, what, on_page, until):
            run.crashes = 0
            run.save(update_fields=["crashes"])
            return
        what.end()
    except SourceError as error:
        _failed(run, what, error)
    except DatabaseError as error:
        run.refresh_from_db()  # raises, too, while the database is away: the row stands as it was
        _failed(run, what, error)
    except Exception as error:
        log.exception("a run failed by our own mistake")
        _stumbled(run, f"{type(error).__name__}: {error}")
    else:
        _finish(run, what.warning)


def _write_pages(run: Run, what: Work, on_page: OnPage | None, until: float | None) -> bool:
    """Write the pages that are left; whether all are written, rather than the time over."""
    source = what.source()
    for page in source.pages(run.token) if source else ():
        counts, enough = _write(run, what, page)
        if on_page is not None:
            on_page(page, counts)
        if enough or run.token == END:
            break
        if until is not None and time.monotonic() > until:
            return False
        if Run.objects.filter(pk=run.pk, finished__isnull=False).exists():  # somebody gave it up
            return False
        if run.job != "ids":
            _serve(on_page, time.monotonic() + PLAN_EVERY)  # a reader waits for one page at most
    return True


@transaction.atomic
def _write(run: Run, what: Work, page: Page) -> tuple[Counts, bool]:
    what.before(page)
    counts = ingest(page.records, run=run.run_id)
    run.removed += remove(page.deleted, run=run.run_id)
    wanted.found(record.arxiv_id for record in page.records)
    wanted.miss(page.unusable, wanted.Reason.NAMED, None, f"{run.source} named it without a usable record")
    enough = what.after(page, counts)
    run.seen += counts.seen
    run.new += counts.new
    run.changed += counts.changed
    run.skipped += page.skipped + len(page.unusable)
    run.moment = run.moment or page.moment
    run.total = page.total if page.total is not None else run.total
    run.token = page.token or END
    run.tries, run.crashes, run.error = 0, 1, ""
    run.save(update_fields=_OF_A_PAGE)
    return counts, enough


def _finish(run: Run, error: str = "") -> None:
    run.finished, run.error, run.crashes = timezone.now(), error, 0
    run.save()
    counted = {name: getattr(run, name) for name in COUNTED}
    if error:
        log.warning(error, source=run.source, **{name: number for name, number in counted.items() if number})
    else:
        log.info("run finished", source=run.source, **counted)


def _failed(run: Run, what: Work, error: Exception) -> None:
    """A source or the database failed: later again, from where the run stands."""
    text = " ".join(str(error).split())
    if not what.again:
        _finish(run, text)
        return
    if isinstance(error, UnfinishedError):
        run.token = ""  # all that came was written; the rest is asked for anew
    run.tries += 1
    if run.expires is None and run.tries >= GIVE_UP:
        _finish(run, text)
        return
    run.crashes, run.error = 0, text
    run.not_before = timezone.now() + _pause(run.tries)
    run.save()
    log.warning(text, source=run.source, tries=run.tries)


def _stumbled(run: Run, text: str) -> None:
    """Our own code failed on what came: twice more, then it waits for somebody to look."""
    run.refresh_from_db()
    run.tries += 1
    run.error = text
    run.not_before = timezone.now() + _pause(run.tries) / 5
    run.save()
    if run.crashes >= MISTAKES:
        _park(run, text)


def _park(run: Run, why: str) -> None:
    run.parked, run.error = True, why
    run.save()
    alarms.sound(f"parked run {run.pk}", "parked", f"Run {run.run_id} ({run.job}) is parked: {why}")


def _pause(tries: int) -> timedelta:
    """5, 10, 20 minutes and so on, two hours at most; a quarter more or less by chance."""
    wait = min(_FIRST_WAIT * 2 ** min(tries - 1, 10), _LONGEST_WAIT)
    return timedelta(seconds=wait.total_seconds() * random.uniform(0.75, 1.25))  # noqa: S311 - no secret


def _let_expire() -> None:
    for run in Run.objects.filter(finished=None, parked=False, expires__lte=timezone.now()):
        # One that somebody is at may yet come to its end.
        with suppress(locks.BusyError), _alone(run):
            run.refresh_from_db()
            if run.finished is None:
                with structlog.contextvars.bound_contextvars(run=run.run_id, job=run.job):
                    _finish(run, run.error or "nobody did it in time")


def is_anything_wanted() -> bool:
    """Whether a paper is to be asked for by its id now."""
    return bool(wanted.due(1))


def fetch_wanted(on_page: OnPage | None = None) -> int:
    """Ask arXiv for the papers that readers opened and checks miss; how many were asked for."""
    rows = wanted.due(AT_ONCE)
    if not rows:
        return 0
    names = [row.arxiv_id for row in rows]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    known = Run.objects.filter(job="ids", arguments={"ids": names}, finished=None, parked=False).first()
    try:
        run = do(known or order("ids", shown, arguments={"ids": names}, priority=0), QUICK, on_page)
    except locks.BusyError:  # another process asks for them now, or holds the file that two runs have in common
        return 0
    if run.error:
        wanted.later(rows, run.error)
    return len(rows)
