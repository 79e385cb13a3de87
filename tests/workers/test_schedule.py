"""What is due when, by arXiv's hours: each once, nothing too late, and from where the last harvest ended."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from search.engines.base import EngineAwayError
from search.models import Fit
from tests.databases import ROOT, own_database
from workers import arrival, calendar, schedule
from workers.jobs import order
from workers.models import Run

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY = date(2026, 12, 7), date(2026, 12, 8)
HOUR = timedelta(hours=1)
Clock = Callable[[datetime], datetime]


@dataclass
class StubEngine:
    """As many papers as it says."""

    papers: int = 0
    away: bool = False

    def statistics(self) -> "StubEngine":
        """Itself, where it is not away."""
        if self.away:
            raise EngineAwayError("away")
        return self


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubEngine:
    made = StubEngine()
    monkeypatch.setattr(schedule, "get_engine", lambda: made)
    return made


@pytest.fixture(autouse=True)
def _site(settings: Settings, stub: StubEngine) -> None:
    settings.ARXIV_URL = "http://127.0.0.1:9"  # no spread
    settings.PULL_CATEGORIES = ("cs.CL", "cs.LG")
    settings.OPERATOR_EMAIL = ()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the time."""

    def put(moment: datetime) -> datetime:
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    return put


def planned(moment: datetime) -> set[str]:
    """What is due at that moment, but for the daily sweep."""
    return {run.key for run in schedule.plan(moment)} - {f"sweep {moment.astimezone(UTC).date()}"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "keys"),
    [
        # Sunday evening in the US East: the harvest before the feeds; Friday's window and no feed any more.
        ("2026-12-07 03:29", {"reconcile 2026-12-04", "window 2026-12-04"}),
        ("2026-12-07 03:30", {"reconcile 2026-12-07", "window 2026-12-04"}),
        ("2026-12-07 04:59", {"reconcile 2026-12-07", "window 2026-12-04"}),
        # Monday: the feeds from midnight, the query API two hours behind.
        ("2026-12-07 05:00", {"reconcile 2026-12-07", "announce 2026-12-07"}),
        ("2026-12-07 07:00", {"reconcile 2026-12-07", "announce 2026-12-07", "window 2026-12-07"}),
        ("2026-12-08 03:30", {"reconcile 2026-12-08", "announce 2026-12-07", "window 2026-12-07"}),
        ("2026-12-08 05:00", {"reconcile 2026-12-08", "announce 2026-12-08"}),
        # Saturday and the day behind a holiday: the feeds hold nothing.
        ("2026-12-12 12:00", {"reconcile 2026-12-11", "window 2026-12-11"}),
        ("2026-11-27 12:00", {"reconcile 2026-11-26", "window 2026-11-26"}),
        # On the day of the change of clocks nothing, and on the morning after all at the hours of winter.
        ("2026-11-01 12:00", {"reconcile 2026-10-30", "window 2026-10-30"}),
        ("2026-11-02 03:29", {"reconcile 2026-10-30", "window 2026-10-30"}),
        ("2026-11-02 04:59", {"reconcile 2026-11-02", "window 2026-10-30"}),
        ("2026-11-02 05:00", {"reconcile 2026-11-02", "announce 2026-11-02"}),
        ("2026-03-09 04:00", {"reconcile 2026-03-09", "announce 2026-03-09"}),
        ("2026-03-09 03:59", {"reconcile 2026-03-09", "window 2026-03-06"}),
    ],
)
def test_what_is_due(moment: str, keys: set[str]) -> None:
    assert planned(utc(moment)) == keys


def test_each_is_due_once_however_often_somebody_looks(clock: Clock) -> None:
    begin = calendar.harvest_from(MONDAY)
    for minute in range(0, 27 * 60, 7):
        schedule.plan(clock(begin + timedelta(minutes=minute)))
    keys = list(Run.objects.exclude(job="sweep").order_by("id").values_list("key", flat=True))
    assert keys == [
        f"reconcile {MONDAY}",
        "window 2026-12-04",
        f"announce {MONDAY}",
        f"window {MONDAY}",
        f"reconcile {TUESDAY}",
        f"announce {TUESDAY}",
    ]
    assert Run.objects.filter(job="sweep").count() == 2  # one a day by UTC


def test_what_is_done_is_not_due_again(clock: Clock) -> None:
    now = clock(calendar.feed_from(MONDAY) + HOUR)
    [run] = [run for run in schedule.plan(now) if run.job == "announce"]
    Run.objects.filter(pk=run.pk).update(finished=now, seen=7)
    [again] = [run for run in schedule.plan(clock(now + HOUR)) if run.job == "announce"]
    assert (again.pk, again.seen, again.finished) == (run.pk, 7, now)


def test_a_site_that_slept_for_a_week_takes_up_the_last_day_and_harvests_all_of_them(clock: Clock) -> None:
    begin = clock(calendar.feed_from(MONDAY) + HOUR)
    schedule.plan(begin)
    Run.objects.update(finished=begin, moment=begin)
    later = clock(begin + timedelta(days=7))
    keys = {run.key for run in schedule.plan(later) if run.finished is None}
    assert keys == {"announce 2026-12-14", "reconcile 2026-12-14", f"sweep {later.date()}"}
    # Of the days between nobody asks feeds or windows any more; OAI-PMH tells of them.
    assert Run.objects.get(key="reconcile 2026-12-14").arguments["since"] == "2026-12-06"


def test_what_nobody_did_in_time_expires_and_is_said(clock: Clock, data_dir: object) -> None:
    schedule.plan(clock(calendar.feed_from(MONDAY)))
    run = Run.objects.get(job="announce")
    assert run.expires == calendar.feed_until(MONDAY)
    clock(calendar.feed_until(MONDAY) - timedelta(seconds=1))
    arrival._let_expire()
    run.refresh_from_db()
    assert run.finished is None
    clock(calendar.feed_until(MONDAY))
    arrival._let_expire()
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "nobody did it in time")


def test_expiry_keeps_the_error_and_leaves_what_is_parked(clock: Clock, data_dir: object) -> None:
    now = clock(calendar.feed_from(MONDAY))
    failed = order("announce", "x", expires=now, error="arXiv was away")
    parked = order("announce", "x", expires=now, error="odd", parked=True)
    arrival._let_expire()
    failed.refresh_from_db()
    parked.refresh_from_db()
    assert (failed.finished, failed.error) == (now, "arXiv was away")
    assert parked.finished is None


def test_runs_expire_when_the_next_takes_their_place(clock: Clock) -> None:
    schedule.plan(clock(calendar.feed_from(MONDAY) + 3 * HOUR))
    expires = dict(Run.objects.values_list("key", "expires"))
    assert expires[f"announce {MONDAY}"] == calendar.feed_from(TUESDAY)
    assert expires[f"reconcile {MONDAY}"] == calendar.harvest_from(TUESDAY)
    assert expires[f"window {MONDAY}"] == calendar.feed_from(TUESDAY) + timedelta(days=1)


def harvested(when: str, /, key: str = "", **values: object) -> Run:
    """A reconciling that was done, by its source's clock."""
    given: dict[str, object] = {"finished": utc(when), "moment": utc(when), "arguments": {}} | values
    arguments = {"categories": ["cs.CL", "cs.LG"]} | given.pop("arguments")  # type: ignore[operator]
    return Run.objects.create(
        job="reconcile", source="oai", key=key or f"reconcile {when[:10]}", window="", arguments=arguments, **given
    )


def since() -> str:
    """Where Monday's harvest begins."""
    [run] = [run for run in schedule.plan(calendar.harvest_from(MONDAY)) if run.job == "reconcile"]
    return str(run.arguments["since"])


def test_the_first_harvest_covers_three_days() -> None:
    assert since() == "2026-12-02"


def test_a_harvest_begins_at_the_last_answer_of_the_one_before() -> None:
    harvested("2026-12-01 03:31")
    harvested("2026-12-03 03:31")
    harvested("2026-12-02 03:31")
    assert since() == "2026-12-01"  # the day before, by Eastern time: arXiv may have been late


@pytest.mark.parametrize(
    "not_whole",
    [
        {"error": "arXiv was away"},
        {"finished": None},
        {"moment": None},
        {"arguments": {"categories": ["cs.CL"]}},
        {"key": "by hand 1", "arguments": {"since": "2026-12-03"}},  # what lies before that, nobody has asked for
    ],
)
def test_a_harvest_does_not_begin_where_the_one_before_was_not_whole(not_whole: dict[str, object]) -> None:
    harvested("2026-11-20 03:31")
    harvested("2026-12-04 03:31", **not_whole)  # type: ignore[arg-type]
    assert since() == "2026-11-18"


def test_a_category_added_is_harvested_from_some_days_ago(settings: Settings) -> None:
    harvested("2026-12-04 03:31")
    settings.PULL_CATEGORIES = ("cs.CL", "cs.LG", "hep-th")
    assert since() == "2026-12-02"


def test_sites_spread_themselves_by_their_key_and_a_trial_does_not(settings: Settings) -> None:
    def delay(key: str) -> timedelta:
        settings.SECRET_KEY = key
        return schedule._own_delay()

    assert delay("a") == timedelta()
    settings.ARXIV_URL = ""
    delays = [delay(f"key {number}") for number in range(40)]
    assert delays == [delay(f"key {number}") for number in range(40)]
    assert len(set(delays)) > 30
    assert timedelta() <= min(delays) < timedelta(minutes=5)
    assert timedelta(minutes=25) < max(delays) < timedelta(seconds=schedule.SPREAD)
    settings.SECRET_KEY = f"key {delays.index(max(delays))}"
    begin = calendar.feed_from(MONDAY)
    assert f"announce {MONDAY}" not in planned(begin + max(delays) - timedelta(seconds=1))
    assert f"announce {MONDAY}" in planned(begin + max(delays))


def test_the_next_times_are_when_something_becomes_due(settings: Settings) -> None:
    settings.ARXIV_URL = ""
    for now in (utc("2026-12-05 12:00"), utc("2026-12-07 04:00"), utc("2026-12-07 06:00"), utc("2026-11-26 12:00")):
        for job, moment in schedule.next_times(now).items():
            assert moment > now
            made = {run.key for run in schedule.plan(moment) if run.job == job}
            assert made, (job, moment)
            assert not made & {run.key for run in schedule.plan(moment - timedelta(seconds=1))}, (job, moment)


@pytest.mark.parametrize(
    ("papers", "fitted", "days", "due"),
    [
        (4999, None, 0, False),  # the fit that ships is better
        (5000, None, 0, True),
        (5000, 2501, 1, False),
        (9999, 5000, 1, False),
        (10_000, 5000, 1, True),
        (5001, 5000, 30, False),
        (5001, 5000, 31, True),
        (5000, 5000, 31, False),  # nothing came
        (4000, 100, 400, False),
    ],
)
def test_a_new_fit(papers: int, fitted: int | None, days: int, due: bool, stub: StubEngine) -> None:
    now, stub.papers = timezone.now(), papers
    if fitted is not None:
        fit = Fit.objects.create(model="m", papers=fitted, whitening=b"", frequencies=b"")
        Fit.objects.filter(pk=fit.pk).update(created=now - timedelta(days=days))
    for _ in range(2):
        schedule.plan(now)
    assert Run.objects.filter(job="refit").count() == due


def test_a_fit_is_due_again_after_the_next_doubling_only(stub: StubEngine) -> None:
    for papers in (6000, 12_000, 24_000):
        stub.papers = papers
        schedule.plan()
        Run.objects.filter(job="refit").update(finished=timezone.now())
        Fit.objects.create(model="m", papers=papers, whitening=b"", frequencies=b"")
        schedule.plan()
    assert Run.objects.filter(job="refit").count() == 3


def test_a_search_engine_that_is_away_holds_up_nothing(stub: StubEngine) -> None:
    stub.away = True
    assert planned(calendar.feed_from(MONDAY)) == {f"announce {MONDAY}", f"reconcile {MONDAY}"}


def test_a_digest_only_where_somebody_reads_it(settings: Settings) -> None:
    morning = calendar.feed_from(MONDAY) + schedule.DIGEST_AFTER
    schedule.plan(morning)
    assert not Run.objects.filter(job="digest").exists()
    settings.OPERATOR_EMAIL = ("me@example.org",)
    schedule.plan(morning - timedelta(seconds=1))
    assert not Run.objects.filter(job="digest").exists()
    schedule.plan(morning)
    assert Run.objects.get(job="digest").arguments == {"day": f"{MONDAY}"}


PLAN = """
import django
django.setup()
from datetime import datetime, timedelta, UTC
from workers import schedule
for day in range(30):
    schedule.plan(datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=day))
"""


@pytest.mark.database
def test_several_beats_write_each_run_once(tmp_path: Path) -> None:
    with own_database(tmp_path) as site:
        environment = site.environment | {"ARXIV_URL": "http://127.0.0.1:9", "INDEX_DIR": str(tmp_path / "index")}
        beats = [subprocess.Popen([sys.executable, "-c", PLAN], cwd=ROOT, env=environment) for _ in range(3)]
        assert [beat.wait(60) for beat in beats] == [0, 0, 0]
        counted = site.rows("SELECT job, count(*) FROM workers_run GROUP BY job ORDER BY job")
    assert counted == [("announce", 22), ("reconcile", 22), ("sweep", 30), ("window", 22)]
