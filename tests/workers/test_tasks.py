"""What messages wake: an empty site is filled, what is due is done, mistakes are told, and pages say how things are."""

import logging
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from celery.signals import task_failure, task_success
from django.conf import LazySettings
from django.utils import timezone

from papers import wanted
from papers.models import IndexMark, Paper
from papers.shelf import load_shelf, read_shelf
from search.engines.base import EngineAwayError, EngineError
from tests.arxiv import World
from tests.workers.conftest import START, Answer, Loopback, entry, feed
from tests.workers.loopback import site_of
from workers import alarms, arrival, circuit, tasks
from workers.app import EXPIRY, QUEUES
from workers.jobs import order
from workers.models import Run
from workers.sources.api import PAGE
from workers.sources.transport import QUICK
from workers.status import notice

pytestmark = pytest.mark.django_db
UNREACHABLE = "http://127.0.0.1:9/query"
Sent = list[tuple[str, tuple[Any, ...], dict[str, Any]]]


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The wake-ups sent, in place of a broker: task, arguments, options."""
    sent: Sent = []
    for task in (tasks.index_pending, tasks.arrive, tasks.tick, tasks.fill):

        def send(args: tuple[Any, ...] = (), name: str = task.name.rpartition(".")[2], **options: Any) -> None:
            sent.append((name, args, options))

        monkeypatch.setattr(task, "apply_async", send)
    return sent


@pytest.fixture(autouse=True)
def _site(arxiv_server: Loopback, settings: LazySettings) -> None:
    settings.PULL_CATEGORIES = ("cs.CL", "stat.ML")
    settings.OPERATOR_EMAIL = ()


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_an_empty_site_without_arxiv_gets_the_shelf(
    settings: LazySettings, woken: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ARXIV_API_URL = UNREACHABLE
    began = time.monotonic()
    tasks.fill()
    assert time.monotonic() - began < 10
    assert Paper.objects.count() == IndexMark.objects.count() > 190
    assert not Paper.objects.filter(is_summary=False).exists()
    (line,) = warnings(caplog)
    assert "could not be reached" in line.getMessage()
    run = Run.objects.get()
    assert run.state == "failed"
    assert "could not be reached" in run.error
    assert "\n" not in run.error
    assert [name for name, _, _ in woken] == ["index_pending"]


def test_an_empty_site_with_arxiv_gets_real_papers(arxiv_server: Loopback, woken: Sent) -> None:
    arxiv_server.list_papers([entry(number) for number in range(3)])
    tasks.fill()
    assert sorted(Paper.objects.values_list("title", flat=True)) == ["Paper 0", "Paper 1", "Paper 2"]
    run = Run.objects.get()
    assert (run.job, run.seen, run.new, run.changed, run.error) == ("newest", 3, 3, 0, "")
    assert run.window == f"the newest {tasks.LIMIT} of cs.CL, stat.ML"
    assert {name for name, _, _ in woken} == {"index_pending"}
    assert all(options["expires"] <= EXPIRY for _, _, options in woken)
    assert notice() == ""


def test_a_shelf_is_tried_to_be_replaced_at_each_start_and_papers_are_not(
    arxiv_server: Loopback, settings: LazySettings
) -> None:
    address, settings.ARXIV_API_URL = settings.ARXIV_API_URL, UNREACHABLE
    tasks.fill()
    tasks.fill()
    count = Paper.objects.count()
    settings.ARXIV_API_URL = address
    arxiv_server.list_papers([entry(0)])
    tasks.fill()
    tasks.fill()
    assert [run.error == "" for run in Run.objects.order_by("id")] == [False, False, True]
    assert Paper.objects.count() == count + 1


def newest() -> Run:
    run = order("newest", "x", arguments={"categories": ["cs.CL"], "limit": 3 * PAGE})
    tasks.arrive()
    run.refresh_from_db()
    return run


def test_the_newest_end_with_a_page_that_holds_nothing_new(arxiv_server: Loopback, woken: Sent) -> None:
    papers = [entry(number) for number in range(3 * PAGE)]
    arxiv_server.list_papers(papers)
    assert (newest().new, len(arxiv_server.requests)) == (3 * PAGE, 3)
    woken.clear()
    run = newest()
    assert (run.seen, run.new, run.changed, run.error) == (PAGE, 0, 0, "")
    assert len(arxiv_server.requests) == 4
    assert not woken
    arxiv_server.list_papers([entry(-3, id="http://arxiv.org/abs/2405.09999v1"), *papers])
    run = newest()
    assert (run.new, run.seen) == (1, 2 * PAGE)


def test_an_ignored_order_is_said_and_does_not_end_the_newest(arxiv_server: Loopback) -> None:
    arxiv_server.list_papers([entry(number) for number in reversed(range(2 * PAGE))])
    newest()
    run = newest()
    assert (run.seen, run.new) == (2 * PAGE, 0)
    assert "did not keep the order" in run.error


def test_what_came_before_a_failure_is_kept(arxiv_server: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    page = feed([entry(number) for number in range(PAGE)], total=3 * PAGE)
    arxiv_server.answers = [Answer(page), Answer(status=404)]
    run = newest()
    assert (run.state, run.seen, run.new, Paper.objects.count()) == ("failed", PAGE, PAGE, PAGE)
    assert "HTTP 404" in run.error
    assert len(warnings(caplog)) == 1


def test_a_tick_writes_down_what_is_due_and_wakes_who_can_do_it(woken: Sent) -> None:
    tasks.tick()
    assert {"reconcile", "sweep"} <= set(Run.objects.values_list("job", flat=True))
    assert {("arrive", ("network",)), ("arrive", ("default",))} == {(name, args) for name, args, _ in woken}
    assert all(options["queue"] in QUEUES and options["expires"] == EXPIRY for _, _, options in woken)
    assert all(args == (options["queue"],) for _, args, options in woken)


def test_a_tick_wakes_nobody_where_nothing_is_due_but_for_a_reader(woken: Sent) -> None:
    tasks.tick()
    Run.objects.update(finished=timezone.now())
    woken.clear()
    tasks.tick()
    assert woken == []
    wanted.ask("2405.00001")
    tasks.tick()
    assert {(name, args) for name, args, _ in woken} == {("arrive", ("network",))}


def test_each_queue_does_its_own_and_sends_for_more(
    arxiv_server: Loopback, woken: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    arxiv_server.list_papers([entry(0)])
    mine = order("newest", "x", arguments={"categories": ["cs.CL"], "limit": 9})
    sweep = order("sweep", "x")
    tasks.arrive("default")
    assert [Run.objects.get(pk=run.pk).state for run in (mine, sweep)] == ["open", "done"]
    tasks.arrive()
    assert Run.objects.get(pk=mine.pk).state == "done"
    woken.clear()
    monkeypatch.setattr(arrival, "work", lambda queue, on_page: True)
    tasks.arrive("embedding")
    assert [(name, args) for name, args, _ in woken] == [("arrive", ("embedding",))]


@pytest.mark.parametrize(("error", "level"), [(EngineAwayError, logging.WARNING), (EngineError, logging.ERROR)])
def test_indexing_without_an_engine_is_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: type[Exception], level: int
) -> None:
    def refuse() -> int:
        raise error("no space left")

    monkeypatch.setattr(tasks, "index_marked", refuse)
    assert tasks.index_pending() == 0
    (line,) = warnings(caplog)
    assert line.levelno == level
    assert "no space left" in line.getMessage()


def test_a_task_that_fails_is_an_alarm_until_it_works() -> None:
    task_failure.send(sender=tasks.tick, exception=KeyError("x"))
    [alarm] = alarms.standing()
    assert alarm.text == "tick failed: KeyError"
    task_success.send(sender=tasks.index_pending)
    assert alarms.standing().exists()
    task_success.send(sender=tasks.tick)
    assert not alarms.standing().exists()


def test_a_worker_that_starts_looks_around(woken: Sent) -> None:
    tasks._look_at_start()
    assert [name for name, _, _ in woken] == ["tick", "fill"]


def test_notice_speaks_only_of_a_shelf_after_a_failure() -> None:
    assert notice() == ""
    count = load_shelf().new
    assert notice() == ""
    run = order("newest", "cs.CL", error="away", finished=START)
    assert notice().startswith(
        f"arXiv could not be reached (1 May, 12:00 UTC); this is the sample shelf of {count} papers. "
    )
    Paper.objects.filter(pk=Paper.objects.latest("pk").pk).update(is_summary=False)
    assert notice() == ""
    Paper.objects.update(is_summary=True)
    Run.objects.filter(pk=run.pk).update(error="")
    assert notice() == ""


def test_a_shelf_is_replaced_when_arxiv_is_back_without_a_start(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    world = World.make(date(2026, 12, 7), days=2, per_day=40, records=read_shelf())
    with site_of(world, settings, monkeypatch) as server:
        monkeypatch.setattr(arrival, "PATIENT", QUICK)
        server.faults.set(unavailable=True)
        tasks.fill()
        told = []
        for _ in range(4):  # the beat's and the worker's hours
            tasks.tick()
            tasks.arrive()
            told.append(notice())
            world.now = min(Run.objects.filter(finished=None, source="oai").values_list("not_before", flat=True))
            assert Paper.objects.filter(is_summary=False).count() == 0
        assert all("The next try is due" in line for line in told)
        server.faults.reset()
        circuit.reset()
        tasks.tick()
        tasks.arrive()
        assert Paper.objects.filter(is_summary=False).exists()
        assert notice() == ""


def test_notice_is_cheap(django_assert_max_num_queries: Any) -> None:
    order("newest", "cs.CL", finished=START)
    with django_assert_max_num_queries(1):
        notice()
    Run.objects.update(error="away")
    with django_assert_max_num_queries(3):
        notice()


def test_whatever_goes_wrong_in_a_tick_those_who_have_work_are_woken(
    monkeypatch: pytest.MonkeyPatch, woken: Sent
) -> None:
    order("newest", "the newest", arguments={"categories": ["cs.CL"], "limit": 1})

    def broken(*_: object) -> None:
        raise RuntimeError("a mistake")

    for name in ("workers.schedule.plan", "workers.completeness.check"):
        monkeypatch.setattr(name, broken)
        woken.clear()
        with pytest.raises(RuntimeError):
            tasks.tick()
        assert ("arrive", ("network",)) in [(name, arguments) for name, arguments, _ in woken]
