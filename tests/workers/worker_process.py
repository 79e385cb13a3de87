"""Real Celery workers for tests that kill them: `python -m tests.workers.worker_process <options as JSON>`.

The process imports all that a worker needs once and forks: each life of a worker is then a matter of tenths of a
second and still a whole `celery worker` with its pool and its beat, in a process group of its own. It does what the
lines say that it reads (`tests.workers.nursery` writes them) and ends with its standard input.

What these workers have that others have not:
- an encoder without a model: a text's vector is drawn by the text;
- a beat that looks each second, and no schedule of arXiv's hours: only what a test orders is due;
- short waits where a failure or a dead holder of a turn is waited for;
- switches in the form of files in DATA_DIR: `deadly`, `index-full` and `before-dot`, see there.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from config import process

if TYPE_CHECKING:
    from papers.records import PaperRecord

SHORT = timedelta(seconds=1)
_plan_really: Callable[[], object] = list  # the schedule of arXiv's hours, which beat does not look at here


def record_of_before(number: int, arxiv_id: str) -> "PaperRecord":
    """What stood here before the run: a paper under one of its ids, with another text and no version."""
    from papers.records import PaperRecord

    moment = datetime(2026, 9, 22, 12, number % 60, tzinfo=UTC)
    title, abstract = f"An older title, number {number}", f"What paper {number} said before it was revised."
    return PaperRecord(arxiv_id, title, abstract, ("Ada Lovelace",), ("cs.LG",), moment)


def seed(arxiv_ids: Sequence[str]) -> int:
    """Papers with older texts that the run will replace; how many marks they left."""
    from papers.ingest import ingest
    from papers.models import IndexMark

    ingest(record_of_before(number, arxiv_id) for number, arxiv_id in enumerate(arxiv_ids))
    return IndexMark.objects.count()


def order(job: str, window: str, values: dict[str, Any]) -> int:
    """Write a run down; its primary key."""
    from workers import jobs

    number: int = jobs.order(job, window, **values).pk
    return number


def again(run: int) -> None:
    """Have a run done once more."""
    from workers import jobs
    from workers.models import Run

    jobs.again(Run.objects.get(pk=run))


def wake(times: int) -> None:
    """The same wake-up, many times at once."""
    from workers import tasks

    for _ in range(times):
        tasks.wake(tasks.arrive, "network")


def send_again() -> list[bool]:
    """Send every parked message once more; which of them could be sent."""
    from workers import parking
    from workers.models import ParkedMessage

    return [parking.send_again(message) for message in ParkedMessage.objects.order_by("pk")]


def publish(envelope: str, queue: str = "default") -> None:
    """Put a text into a queue as it is, whatever it is."""
    from django.conf import settings

    if settings.REDIS_URL:
        import redis

        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.lpush(queue, envelope)
        return
    folder = settings.DATA_DIR / "broker" / "messages"
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.iterdir()))
    part = folder / f"{number}.part"
    part.write_text(envelope)
    part.rename(folder / f"{number}_{os.getpid()}.{queue}.msg")


def index() -> int:
    """Index what is marked; how many papers that were."""
    from search.indexing import index_pending

    return index_pending()


def owe(names: Sequence[str]) -> None:
    """Readers of these names, each with a daily and a weekly mail that is due."""
    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from papers.models import Delivery, Digest, Reader, Visitor

    now = timezone.now()
    for name in names:
        email = f"{name}@example.org"
        reader = Reader.objects.create(username=name, email=email)
        EmailAddress.objects.create(user=reader, email=email, primary=True, verified=True)
        visitor = Visitor.objects.create(reader=reader)
        Delivery.objects.create(visitor=visitor)
        for rhythm in ("daily", "weekly"):
            Digest.objects.create(visitor=visitor, rhythm=rhythm, period="2026-11-24", due=now, not_before=now)


def enrol(readers: Sequence[dict[str, Any]]) -> int:
    """Readers with `name`, `zone`, `hour`, `weekday` and `asked`: kind, text, threshold, rhythm and since when of
    each subscription. How many different ones there are."""
    from allauth.account.models import EmailAddress

    from papers.models import Delivery, Reader, Subscription, Visitor
    from search.subscriptions import keeping

    for given in readers:
        email = f"{given['name']}@example.org"
        reader = Reader.objects.create(username=given["name"], email=email)
        EmailAddress.objects.create(user=reader, email=email, primary=True, verified=True)
        visitor = Visitor.objects.create(reader=reader)
        Delivery.objects.create(visitor=visitor, **{name: given[name] for name in ("zone", "hour", "weekday")})
        for kind, text, threshold, rhythm, since in given["asked"]:
            made = keeping.subscribe(visitor, keeping.read(kind, text, threshold), rhythm=rhythm)
            Subscription.objects.filter(pk=made.pk).update(since=since)
    return Subscription.objects.values("key").distinct().count()


def live() -> None:
    """What is due of arXiv by the site's clock: pulled, checked, indexed."""
    from workers import arrival, completeness

    for _ in range(2):
        _plan_really()
        arrival.work()
        completeness.check()
    index()


CALLS: dict[str, Callable[..., object]] = {
    each.__name__: each for each in (seed, order, again, wake, send_again, publish, index, owe, enrol, live)
}


def _prepare(sqlite_timeout: float | None = None, late: bool = False, mails: bool = False, clock: bool = False) -> None:
    """Django, Celery and what is different here."""
    process.claim("worker")
    django.setup()
    from celery.apps import worker  # noqa: F401 - so that no life has to import it
    from django.conf import settings

    from search.encoder import Encoder
    from search.engines import get_engine
    from tests.search.site_process import draw_vectors
    from workers import arrival, politeness, schedule, tasks  # noqa: F401 - tasks: as above
    from workers.app import app
    from workers.sources import transport

    Encoder.encode = draw_vectors  # type: ignore[method-assign,assignment]
    for job in app.conf.beat_schedule.values():
        job["schedule"] = SHORT.total_seconds()
    app.conf.worker_lost_wait = SHORT.total_seconds()
    global _plan_really
    _plan_really = schedule.plan
    vars(schedule)["plan"] = list
    if clock:
        _keep_time(settings.DATA_DIR / "clock")
    vars(arrival)["_FIRST_WAIT"] = SHORT
    vars(politeness)["_LEASE"] = 2.0
    vars(transport)["_backoff"] = lambda attempt: 0.1 * attempt
    if sqlite_timeout is not None:
        settings.DATABASES["default"]["OPTIONS"]["timeout"] = sqlite_timeout
    _make_deadly(settings.DATA_DIR / "deadly")
    if settings.SEARCH_ENGINE == "embedded":
        _make_full(settings.DATA_DIR / "index-full")
        get_engine()
    if mails:
        _write_mails(settings.DATA_DIR / "before-dot")
    if late:
        app.task(name="tests.late")(_touch)


def _touch(path: str) -> None:
    """The task `tests.late`, which only a later version of the site knows."""
    Path(path).touch()


def _keep_time(clock: Path) -> None:
    """The site lives by the time that stands in a file."""
    from django.utils import timezone

    timezone.now = lambda: datetime.fromisoformat(clock.read_text())


def _write_mails(switch: Path) -> None:
    """Mails that tell one invented paper, whatever is subscribed. While the file `switch` is there, whoever has written
    down that a mail may be delivered waits before its dot, and says so by the file's text."""
    import time

    from django.core.mail import EmailMultiAlternatives

    from workers.digests import composing, dialogue, sending

    end = dialogue.Dialogue._end

    def compose(digest: Any, delivery: Any) -> composing.Mail:
        message = EmailMultiAlternatives(f"Mail {digest.pk}", "New.\r\n" * 500, to=[delivery.visitor.reader.email])
        return composing.Mail(message, [[digest.pk, 0]])

    def wait(self: dialogue.Dialogue) -> None:
        while switch.exists():
            switch.write_text("here")
            time.sleep(0.05)
        end(self)

    vars(composing)["compose"] = compose
    vars(sending)["evaluate"] = lambda batch: None
    dialogue.Dialogue._end = wait  # type: ignore[method-assign]


def _make_deadly(switch: Path) -> None:
    """A job `deadly`, in which the worker's process dies before the first page while the file `switch` is there."""
    from workers.jobs import JOBS
    from workers.work import Work

    class Deadly(Work):
        def source(self) -> None:
            if switch.exists():
                os._exit(9)

    JOBS["deadly"] = Deadly


def _make_full(switch: Path) -> None:
    """The disk is full for the index and nothing else: while the file `switch` is there, the system lets no file grow
    beyond as many bytes as it says (RLIMIT_FSIZE) as long as the engine writes."""
    from search.engines.embedded import EmbeddedEngine

    write = EmbeddedEngine._write

    def limited(*arguments: Any) -> None:
        with file_limit(int(switch.read_text()) if switch.exists() else None):
            write(*arguments)

    EmbeddedEngine._write = limited  # type: ignore[method-assign,assignment]


@contextmanager
def file_limit(size: int | None) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes; None: any size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft if size is None else size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _start(name: str, beat: bool) -> int:
    """Fork a worker; its process number, which is that of its group."""
    if child := os.fork():
        return child
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    from workers.app import app

    given = ["--quiet", "worker", "-c", "2", "-n", f"{name}@%h", *(["-B"] if beat else [])]
    try:
        app.worker_main([*given, "--without-gossip", "--without-mingle", "--without-heartbeat"])
    finally:
        os._exit(1)


def _kill(pid: int) -> None:
    """SIGKILL to a worker with all its processes, as when the machine loses its power."""
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _call(name: str, arguments: list[Any]) -> None:
    """One of CALLS in a process of its own, which prints what it gave."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"failed": name}), flush=True)
        return
    try:
        print(json.dumps(CALLS[name](*arguments)), flush=True)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Read lines and do what they say, until there is no more."""
    _prepare(**json.loads(sys.argv[1]))
    running: set[int] = set()
    print("ready", flush=True)
    for line in sys.stdin:
        match json.loads(line):
            case ["start", str(name), bool(beat)]:
                running.add(pid := _start(name, beat))
                print(pid, flush=True)
            case ["kill", int(pid)]:
                running.remove(pid)
                _kill(pid)
                print("null", flush=True)
            case ["call", str(name), list(arguments)]:
                _call(name, arguments)
    for pid in running:
        _kill(pid)


if __name__ == "__main__":
    main()
