"""Papers that readers open and checks miss: asked for, found, absent, tried again, and never in a hot loop."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from papers import wanted
from papers.models import Paper, WantedPaper
from papers.shelf import read_shelf
from tests.arxiv import LoopbackArxiv, World
from tests.workers.conftest import Answer, Loopback, entry, feed
from tests.workers.loopback import site_of
from workers import arrival, circuit
from workers.jobs import ASKED, ASKED_FOR
from workers.models import Run

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 12, 7)
START = datetime(2026, 12, 9, 12, tzinfo=UTC)
State, Reason = wanted.State, wanted.Reason


@pytest.fixture
def world() -> World:
    made = World.make(MONDAY, days=2, per_day=130, records=read_shelf())
    made.now = START
    return made


@pytest.fixture
def arxiv(
    world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> Iterator[LoopbackArxiv]:
    with site_of(world, settings, monkeypatch) as server:
        yield server


def states() -> dict[str, str]:
    return dict(WantedPaper.objects.values_list("arxiv_id", "state"))


def test_a_reader_s_paper_comes_and_its_request_is_closed(world: World, arxiv: LoopbackArxiv) -> None:
    name = world.new_ids(MONDAY)[0]
    assert not arrival.is_anything_wanted()
    assert wanted.ask(name) == wanted.ask(name)  # one request, however often the page is opened
    assert arrival.is_anything_wanted()
    arrival.work()
    assert states() == {name: State.HERE}
    assert Paper.objects.get().arxiv_id == name
    run = Run.objects.get()
    assert (run.job, run.state, run.new, run.priority) == ("ids", "done", 1, 0)
    assert not arrival.is_anything_wanted()
    assert len(arxiv.log) == 1


def test_an_old_id_is_found_too(world: World, arxiv: LoopbackArxiv) -> None:
    name = next(name for name in world.papers if "/" in name)
    wanted.ask(name)
    arrival.work()
    assert states() == {name: State.HERE}


def test_what_arxiv_does_not_know_is_absent_for_a_day(world: World, arxiv: LoopbackArxiv) -> None:
    wanted.ask("2612.99999")
    arrival.work()
    assert states() == {"2612.99999": State.ABSENT}
    for hours, requests in ((1, 1), (23, 1), (25, 2)):
        world.now = START + timedelta(hours=hours)
        row = wanted.ask("2612.99999")
        assert row is not None
        arrival.work()
        assert len(arxiv.log) == requests


@pytest.mark.parametrize("reason", [Reason.NAMED, Reason.HOLE])
def test_what_a_source_has_named_is_asked_for_more_than_once(world: World, arxiv: LoopbackArxiv, reason: str) -> None:
    assert wanted.miss(["2612.99999"], reason, MONDAY, "named") == 1
    for tries in range(1, ASKED):
        arrival.work()
        row = WantedPaper.objects.get()
        assert (row.state, row.tries) == (State.OPEN, tries)
        arrival.work()
        assert len(arxiv.log) == tries
        world.now = row.not_before
    world.now += ASKED_FOR  # often is not enough: arXiv's query API is made anew once a day
    arrival.work()
    assert states() == {"2612.99999": State.ABSENT}
    assert wanted.miss(["2612.99999"], reason, MONDAY, "named again") == 0  # it stays absent
    arrival.work()
    assert len(arxiv.log) == ASKED


def test_while_arxiv_is_away_requests_wait_longer_and_longer(world: World, arxiv: LoopbackArxiv) -> None:
    name = world.new_ids(MONDAY)[0]
    arxiv.faults.set(error_400=True)
    wanted.ask(name)
    waits = []
    for _ in range(9):
        began = world.now
        arrival.work()
        row = WantedPaper.objects.get()
        assert row.state == State.OPEN
        assert row.note == "arXiv (127.0.0.1) answered with HTTP 400" or "refused" in row.note
        waits.append(round((row.not_before - began).total_seconds() / 60))
        world.now = row.not_before
    assert waits == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    assert len(arxiv.log) == 9
    arxiv.faults.reset()
    arrival.work()
    assert states() == {name: State.HERE}
    assert WantedPaper.objects.get().note == ""


def test_a_circuit_that_is_open_keeps_the_request(world: World, arxiv: LoopbackArxiv) -> None:
    for _ in range(circuit.FAILURES):
        circuit.failed("away")
    wanted.ask(world.new_ids(MONDAY)[0])
    arrival.work()
    row = WantedPaper.objects.get()
    assert (row.state, len(arxiv.log)) == (State.OPEN, 0)
    assert "left alone" in row.note


def test_readers_come_before_checks_and_a_hundred_go_in_one_request(world: World, arxiv: LoopbackArxiv) -> None:
    missing, [opened] = world.new_ids(MONDAY), world.new_ids(world.days[1])[:1]
    assert wanted.miss(missing, Reason.HOLE, MONDAY, "a hole") == 130
    wanted.ask(opened)
    arrival.fetch_wanted()
    assert Paper.objects.filter(arxiv_id=opened).exists()
    assert Paper.objects.count() == arrival.AT_ONCE
    assert len(arxiv.log) == 1
    arrival.work()
    arrival.work()
    assert set(states().values()) == {State.HERE}
    assert len(arxiv.log) == 2


def test_a_paper_that_somebody_else_brought_closes_the_request(world: World, arxiv: LoopbackArxiv) -> None:
    name = world.new_ids(MONDAY)[0]
    wanted.ask(name)
    wanted.found([name])
    assert states() == {name: State.HERE}
    assert arrival.fetch_wanted() == 0


def test_only_so_many_requests_of_readers_are_open(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "MOST_OPEN", 3)
    assert all(wanted.ask(f"2612.0000{number}") for number in range(3))
    assert wanted.ask("2612.00009") is None
    assert wanted.ask("2612.00001") is not None
    assert wanted.miss(["2612.00009"], Reason.HOLE, MONDAY, "") == 1  # checks are not held up by readers
    wanted.absent(["2612.00000"])
    assert wanted.ask("2612.00008") is not None


def test_what_is_here_is_not_missed_and_what_is_lacking_again_is(world: World, arxiv: LoopbackArxiv) -> None:
    name = world.new_ids(MONDAY)[0]
    wanted.ask(name)
    arrival.work()
    assert wanted.miss([name], Reason.NAMED, MONDAY, "") == 0
    Paper.objects.all().delete()
    assert wanted.miss([name], Reason.NAMED, MONDAY, "") == 1
    assert states() == {name: State.OPEN}


@pytest.mark.parametrize("reason", [Reason.READER, Reason.NAMED])
def test_a_record_that_cannot_be_read_is_not_asked_for_each_minute(arxiv_server: Loopback, reason: str) -> None:
    odd = entry(0, id="http://arxiv.org/abs/2405.00001v1").replace("Paper\n  0", "")
    arxiv_server.answers = [Answer(feed([odd]))]
    WantedPaper.objects.create(arxiv_id="2405.00001", reason=reason)
    for _ in range(3):
        arrival.work()
    assert len(arxiv_server.requests) == 1
    row = WantedPaper.objects.get()
    assert (row.state, row.tries) == (State.OPEN, 1)
    assert "cannot be read" in row.note
    assert row.not_before > timezone.now()
    arxiv_server.answers = [Answer(feed([entry(0, id="http://arxiv.org/abs/2405.00001v1")]))]
    WantedPaper.objects.update(not_before=timezone.now())
    arrival.work()
    assert states() == {"2405.00001": State.HERE}
