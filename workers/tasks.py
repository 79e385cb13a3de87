"""What the workers do when a message wakes them: look what is due, bring papers in, index, fill an empty site."""

import smtplib
from contextlib import suppress
from typing import Any

import structlog
from celery import Task
from celery.signals import task_failure, task_success, worker_ready
from kombu.exceptions import OperationalError

from papers.ingest import Counts
from papers.models import Paper
from papers.shelf import load_shelf
from search.engines.base import EngineAwayError, EngineError
from search.indexing import index_pending as index_marked
from workers import alarms, arrival, completeness, mails, schedule, waking
from workers.app import EXPIRY, HOUR, QUEUES, app
from workers.digests import bounces, due, sending
from workers.jobs import followed, order
from workers.sources import Page
from workers.sources.transport import QUICK

LIMIT = 2000  # papers that an empty site begins with: two to three days of the default categories

log = structlog.get_logger(__name__)


@app.task
def tick() -> None:
    """Write down what is due, wake those who have something to do, look whether anything is missing."""
    try:
        schedule.plan()
    finally:  # whatever goes wrong in one of these, the others are done
        for queue in QUEUES:
            if arrival.due(queue).exists() or (queue == "network" and arrival.is_anything_wanted()):
                wake(arrive, queue)
        try:
            completeness.check()
        finally:
            try:
                _look_after_readers_mails()
            finally:
                try:
                    mails.send_alarms()
                except (OSError, smtplib.SMTPException) as error:
                    log.error("alarms could not be mailed", reason=str(error))


def _look_after_readers_mails() -> None:
    """Write down which are due, have them sent, take what came back."""
    due.plan_digests()
    if sending.is_anything_due():
        wake(send_digests)
    bounces.take_new()
    sending.watch()


@app.task
def send_digests() -> None:
    """Send the mails to readers that are due, for some minutes; the rest with another message."""
    if sending.send_digests():
        wake(send_digests)


@app.task
def arrive(queue: str = "network") -> None:
    """Do the runs of a queue that are due, for some minutes; the rest with another message."""
    if arrival.work(queue, on_page=_wake_indexing):
        wake(arrive, queue)


@app.task
def fill() -> None:
    """See to it, when a worker starts, that there are papers: arXiv's newest, or the sample shelf where arXiv cannot be
    reached at once."""
    if Paper.objects.filter(is_summary=False).exists():
        return
    window = f"the newest {LIMIT} of {', '.join(followed())}"
    run = order("newest", window, arguments={"categories": followed(), "limit": LIMIT}, priority=1)
    arrival.do(run, QUICK, _wake_indexing)
    if run.error and not Paper.objects.exists():
        counts = load_shelf()
        log.info("the sample shelf is in its place", papers=counts.new)
        wake(index_pending)


@app.task
def index_pending() -> int:
    """Index what is marked; returns how many papers. Does nothing where another process is at it, or while the search
    engine is away or refuses: the marks stay, and beat looks again each minute."""
    try:
        return index_marked()
    except EngineAwayError as error:
        log.warning("nothing is indexed now", reason=str(error))
    except EngineError as error:  # a full disk, a wrong key: for an operator to mend
        log.error("nothing can be indexed", reason=str(error))
    return 0


def wake(task: Task, *arguments: str) -> None:
    """Send a wake-up; a web process does not wait for that. One that is lost with its broker costs a minute: beat
    looks again."""
    queue = {"queue": arguments[0]} if arguments else {}
    waking.soon(lambda: task.apply_async(arguments, expires=EXPIRY, retry=False, **queue))


def _wake_indexing(_: Page, counts: Counts) -> None:
    if counts.new or counts.changed:
        wake(index_pending)


@worker_ready.connect
def _look_at_start(**_: Any) -> None:
    log.info("the worker is ready")
    wake(tick)
    with suppress(OperationalError, OSError):
        fill.apply_async(expires=HOUR, retry=False)


@task_failure.connect
def _tell(sender: Task, exception: Exception, **_: Any) -> None:
    """A task that raises is a mistake of ours; it is called again, and somebody should know."""
    alarms.sound(f"task {sender.name}", "task", f"{sender.name.rpartition('.')[2]} failed: {type(exception).__name__}")


@task_success.connect
def _tell_no_more(sender: Task, **_: Any) -> None:
    alarms.close(f"task {sender.name}")
