"""`manage.py pull …`: any of what the workers do, now and by hand."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from papers.categories import canonical
from papers.identifiers import parse_id
from papers.ingest import Counts
from search.engines.base import EngineError
from search.indexing import index_pending, pending_count
from search.locks import BusyError
from workers import arrival, calendar, schedule
from workers.jobs import again, followed, order
from workers.models import Run
from workers.sources import Page
from workers.sources.oai_sets import oai_sets
from workers.tasks import LIMIT

FIRST_DAYS = 7  # that `reconcile` looks back where no day is given


class Command(BaseCommand):
    """Bring papers into the database; a running worker indexes them within a minute.

    A run that was stopped, by whatever, goes on where it stood when the same is asked for again.
    """

    help = "Bring in papers from arXiv, or do any other of the workers' jobs by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand for each job; without one, `newest`."""
        jobs = parser.add_subparsers(dest="which", metavar="JOB", title="jobs")
        newest = jobs.add_parser("newest", help="the newest papers by the query API (also without a job)")
        newest.add_argument("--limit", default=LIMIT, metavar="N", help="papers at most")
        announce = jobs.add_parser("announce", help="the announcement lists that the feeds hold now")
        reconcile = jobs.add_parser("reconcile", help="what changed since a day, by OAI-PMH, with announcements")
        reconcile.add_argument("--since", metavar="DAY")
        backfill = jobs.add_parser("backfill", help="everything of some categories or sets, by OAI-PMH")
        backfill.add_argument("--since", metavar="DAY", help="changed on this day or later")
        backfill.add_argument("--until", metavar="DAY", help="and on this day or earlier")
        backfill.add_argument("--sets", nargs="+", default=[], metavar="SET", help="cs math physics:hep-th …")
        window = jobs.add_parser("window", help="what was submitted for an announcement day, by the query API")
        window.add_argument("--day", metavar="DAY")
        for each in (newest, announce, reconcile, backfill, window):
            each.add_argument("--categories", nargs="+", default=[], metavar="CATEGORY", help="cs.CL stat.ML …")
        ids = jobs.add_parser("ids", help="papers by their arXiv ids")
        ids.add_argument("ids", nargs="+", metavar="ID", help="2401.00001 hep-th/9108020v2 …")
        snapshot = jobs.add_parser("snapshot", help="a file of JSON lines, plain, .gz, .xz or .zst")
        snapshot.add_argument("path", type=Path, metavar="FILE")
        snapshot.add_argument("--limit", metavar="N", help="lines at most")
        jobs.add_parser("index", help="index what is marked")
        jobs.add_parser("refit", help="learn whitening and frequencies anew, and make an index by them")
        digest = jobs.add_parser("digest", help="mail the operator what a day brought")
        digest.add_argument("--day", metavar="DAY")
        jobs.add_parser("due", help="whatever is due now by arXiv's hours")
        once_more = jobs.add_parser("again", help="a run once more")
        once_more.add_argument("run", metavar="RUN", help="its id, as the status page and the log have it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, showing how far it is; ends with code 1 and one line where it could not be done."""
        which = options["which"] or "newest"
        options.setdefault("limit", LIMIT)
        options["categories"] = [
            _category(name) for text in options.get("categories", ()) for name in text.split(",") if name
        ] or followed()
        options["limit"] = _positive(options["limit"])
        options |= {name: _day(options[name]) for name in ("since", "until", "day") if name in options}
        if which == "index":
            self._index(options["verbosity"] == 0)
            return
        problems = [self._do(run, options["verbosity"] == 0) for run in _RUNS[which](options)]
        if any(problems):
            raise CommandError("; ".join(filter(None, problems)))

    def _do(self, run: Run, silent: bool) -> str:
        """Do a run and tell of it; why it is not done, empty where it is."""
        with tqdm(total=run.total, initial=run.seen, unit="paper", disable=silent) as bar:

            def advance(page: Page, counts: Counts) -> None:
                bar.total = page.total if page.total is not None else bar.total
                bar.update(counts.seen)

            try:
                arrival.do(run, on_page=advance)
            except BusyError:
                return f"another process is at this run ({run.run_id}) already"
        if run.error:
            on = "" if run.finished or run.parked else " (a worker tries it again; so does this command)"
            return f"{run.error}{on}"
        removed = f", {run.removed} removed by arXiv" if run.removed else ""
        skipped = f", {run.skipped} unreadable" if run.skipped else ""
        self.stdout.write(f"{run.seen} papers seen: {run.new} new, {run.changed} changed{removed}{skipped}.")
        return ""

    def _index(self, silent: bool) -> None:
        with tqdm(total=pending_count(), unit="paper", disable=silent) as bar:
            try:
                indexed = index_pending(bar.update, wait=True)
            except EngineError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{indexed} papers indexed.")


def _newest(options: dict[str, Any]) -> list[Run]:
    codes, limit = options["categories"], options["limit"]
    return [_resumed("newest", f"the newest {limit} of {', '.join(codes)}", categories=codes, limit=limit)]


def _announce(options: dict[str, Any]) -> list[Run]:
    day, codes = calendar.latest_day(timezone.now()), options["categories"]
    return [_resumed("announce", f"{day}: {', '.join(codes)}", day=f"{day}", categories=codes)]


def _reconcile(options: dict[str, Any]) -> list[Run]:
    codes = options["categories"]
    since = options["since"] or timezone.now().date() - calendar.ONE * FIRST_DAYS
    given = {"sets": oai_sets(codes), "categories": codes, "since": f"{since}", "lists": True}
    return [_resumed("reconcile", f"what changed since {since}: {', '.join(codes)}", **given)]


def _backfill(options: dict[str, Any]) -> list[Run]:
    sets = options["sets"] or oai_sets(options["categories"])
    since, until = (f"{options[name]}" if options[name] else None for name in ("since", "until"))
    if since and until and since > until:
        raise CommandError(f"--since {since} is later than --until {until}")
    days = f", changed {since or 'ever'} to {until or 'now'}"
    return [_resumed("backfill", ", ".join(sets) + days, sets=sets, since=since, until=until)]


def _window(options: dict[str, Any]) -> list[Run]:
    day = options["day"] or calendar.latest_day(timezone.now())
    if not calendar.is_announcement_day(day):
        raise CommandError(f"nothing is announced under the date of {day}: the next day is {calendar.next_day(day)}")
    return [_resumed("window", f"submitted for {day}", day=f"{day}", categories=options["categories"])]


def _ids(options: dict[str, Any]) -> list[Run]:
    ids = [name for text in options["ids"] for name in text.split(",") if name]
    for name in ids:
        if parse_id(name) is None:
            raise CommandError(f"not an arXiv id: {name[:60]}")
    return [_resumed("ids", ", ".join(ids[:5]) + (" …" if len(ids) > 5 else ""), ids=ids)]


def _snapshot(options: dict[str, Any]) -> list[Run]:
    path = options["path"].resolve()
    if not path.is_file():
        raise CommandError(f"no such file: {path}")
    return [_resumed("snapshot", path.name, path=f"{path}", limit=options["limit"])]


def _refit(options: dict[str, Any]) -> list[Run]:
    return [_resumed("refit", "by hand")]


def _digest(options: dict[str, Any]) -> list[Run]:
    day = options["day"] or calendar.latest_day(timezone.now())
    return [_resumed("digest", f"the day of {day}", day=f"{day}")]


def _due(options: dict[str, Any]) -> list[Run]:
    schedule.plan()
    return list(
        Run.objects.filter(finished=None, parked=False, not_before__lte=timezone.now()).order_by("priority", "id")
    )


def _again(options: dict[str, Any]) -> list[Run]:
    run = Run.objects.filter(run_id=options["run"]).first()
    if run is None:
        raise CommandError(f"no such run: {options['run']}")
    again(run)
    run.refresh_from_db()
    return [run]


def _resumed(job: str, window: str, **arguments: object) -> Run:
    """The open run of just this, else a new one."""
    known = Run.objects.filter(job=job, arguments=arguments, finished=None, parked=False).first()
    return known or order(job, window, arguments=arguments)


_RUNS: dict[str, Callable[[dict[str, Any]], list[Run]]] = {
    "newest": _newest,
    "announce": _announce,
    "reconcile": _reconcile,
    "backfill": _backfill,
    "window": _window,
    "ids": _ids,
    "snapshot": _snapshot,
    "refit": _refit,
    "digest": _digest,
    "due": _due,
    "again": _again,
}


def _positive(text: str | int | None) -> int | None:
    if text is None or (str(text).isascii() and str(text).isdecimal() and 0 < int(text) < 10**9):
        return None if text is None else int(text)
    raise CommandError(f"--limit is a number from 1 on, not {text}")


def _day(text: str | date | None) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else text
    except ValueError:
        raise CommandError(f"not a day such as 2026-11-22: {text}") from None


def _category(name: str) -> str:
    found = canonical(name)
    if found is None:
        raise CommandError(f"no such category: {name}")
    return found
