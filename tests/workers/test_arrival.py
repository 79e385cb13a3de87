"""Runs that are stopped, by whatever, lose nothing and do nothing twice; readers come first."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import DatabaseError, connection

from papers import wanted
from papers.ingest import Counts, ingest
from papers.models import IndexMark, Paper, PaperCategory, WantedPaper
from papers.shelf import read_shelf
from search.locks import BusyError
from tests.arxiv import LoopbackArxiv, World
from tests.workers.loopback import site_of
from workers import alarms, arrival, calendar, circuit
from workers.jobs import JOBS, again, give_up, order
from workers.models import Run
from workers.sources import Page, SourceError
from workers.sources.api import ApiIds

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 12, 7)
PAGE = 20


@pytest.fixture
def world() -> World:
    return World.make(MONDAY, days=2, per_day=60, records=read_shelf())


@pytest.fixture
def arxiv(
    world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> Iterator[LoopbackArxiv]:
    with site_of(world, settings, monkeypatch, oai_page=PAGE) as server:
        yield server


def backfill(**values: object) -> Run:
    """Everything, not begun."""
    return order("backfill", "everything", arguments={"sets": [], "since": None, "until": None}, **values)


def here() -> set[str]:
    return set(Paper.objects.values_list("arxiv_id", flat=True))


def later(world: World, **time: float) -> None:
    world.now += timedelta(**time)


def asked(server: LoopbackArxiv) -> list[str]:
    """The requests so far."""
    return [json.dumps(dict(entry.query), sort_keys=True) for entry in server.log.entries]


def break_at(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException, name: str = "ingest") -> None:
    """The `number`th page cannot be written, nor any after it."""
    calls: list[object] = []

    def broken(*given: object, **named: object) -> object:
        calls.append(given)
        if len(calls) >= number:
            raise error
        return whole(*given, **named)

    target = wanted if name == "found" else arrival
    whole: Callable[..., object] = getattr(target, name)
    monkeypatch.setattr(target, name, broken)


def _mistake(*_: object) -> None:
    raise KeyError("nothing")


@pytest.mark.parametrize("error", [RuntimeError("our mistake"), DatabaseError("the disk is full")])
@pytest.mark.parametrize("place", ["ingest", "found"])
def test_three_pages_are_kept_and_the_run_goes_on_at_the_fourth(
    world: World, arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch, error: Exception, place: str
) -> None:
    run = backfill()
    with monkeypatch.context() as patch:
        break_at(patch, 4, error, place)
        arrival.do(run)
    stored = Run.objects.get(pk=run.pk)
    assert (stored.state, stored.tries, stored.seen, stored.new) == ("open", 1, 3 * PAGE, 3 * PAGE)
    assert str(error) in stored.error
    assert "\n" not in stored.error
    assert Paper.objects.count() == IndexMark.objects.count() == 3 * PAGE
    assert stored.not_before > world.now
    requests = asked(arxiv)
    assert len(requests) == 4
    arrival.do(stored)
    assert (stored.state, stored.error, stored.tries) == ("done", "", 0)
    assert asked(arxiv)[4] == requests[3]  # the page that was not written, and none before it
    assert len(set(asked(arxiv))) == len(asked(arxiv)) - 1
    assert here() == world.records().keys()
    assert (stored.seen, stored.new, stored.changed) == (len(here()), len(here()), 0)


@pytest.mark.parametrize("good_for", [0, 2, 4])
def test_tokens_that_expire_amid_a_run_cost_nothing(world: World, arxiv: LoopbackArxiv, good_for: int) -> None:
    arxiv.faults.set(tokens_good_for=good_for)
    run = arrival.do(backfill())
    assert (run.state, run.error) == ("done", "")
    assert here() == world.records().keys()
    assert (run.new, run.changed, run.removed) == (len(here()), 0, 0)
    assert run.seen == len(here()) + PAGE * (good_for + 1)  # those before it were told of twice


def test_a_run_that_rests_over_a_night_begins_its_window_anew(world: World, arxiv: LoopbackArxiv) -> None:
    world.now = calendar.feed_from(world.days[0])
    run = arrival.do(backfill(), until=0.0)
    assert (run.state, run.seen) == ("open", PAGE)
    world.now = calendar.feed_from(world.days[1])
    arrival.do(run)
    assert run.state == "done"
    assert here() == world.records().keys()
    assert run.moment is not None
    assert run.moment.date() == calendar.feed_from(world.days[0]).date()  # the first answer's: the next begins there


def test_tokens_that_are_never_good_end_in_one_line_and_a_later_try(world: World, arxiv: LoopbackArxiv) -> None:
    arxiv.faults.set(tokens_void=True)
    run = arrival.do(backfill())
    assert (run.state, run.tries) == ("open", 1)
    assert "resumption tokens" in run.error
    assert "\n" not in run.error
    arxiv.faults.reset()
    later(world, hours=3)
    assert arrival.work() is False
    run.refresh_from_db()
    assert run.state == "done"
    assert here() == world.records().keys()


def test_what_becomes_due_during_a_backfill_is_written_down_and_does_not_wait_for_beat(
    world: World, arxiv: LoopbackArxiv, settings: LazySettings
) -> None:
    settings.PULL_CATEGORIES = ("cs.LG",)
    world.now = calendar.feed_from(MONDAY) + timedelta(minutes=1)
    backfill(priority=5)
    cache.delete("planned")
    arrival.work(seconds=0.0)
    assert Run.objects.filter(key=f"announce {MONDAY}").exists()


def test_a_run_that_is_given_up_ends_behind_its_page(world: World, arxiv: LoopbackArxiv) -> None:
    run = backfill()
    arrival.do(run, on_page=lambda page, counts: give_up(run))
    run.refresh_from_db()
    assert run.finished
    assert run.error == "given up by hand"
    assert len(arxiv.log.of("oai")) == 1
    arrival.work()
    assert len(arxiv.log.of("oai")) == 1


def test_one_id_for_which_no_answer_can_be_had_does_not_hold_up_the_others(
    world: World, arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = world.new_ids(world.days[0])[:9]
    refuse = ApiIds.pages

    def pages(self: ApiIds, token: str = "") -> Iterator[Page]:
        if names[4] in {str(paper) for paper in self.ids}:
            raise SourceError("arXiv refuses the whole request")
        return refuse(self, token)

    monkeypatch.setattr(ApiIds, "pages", pages)
    wanted.miss(names, wanted.Reason.NAMED, None, "named")
    for _ in range(40):
        arrival.work()
        world.now += timedelta(minutes=30)
    assert set(Paper.objects.values_list("arxiv_id", flat=True)) == set(names) - {names[4]}


def test_a_paper_that_arxiv_deletes_leaves_the_lists_and_can_come_back(
    world: World, arxiv: LoopbackArxiv, client: object
) -> None:
    monday, tuesday = world.days
    world.now = calendar.feed_from(monday)
    arrival.do(backfill())
    name = world.new_ids(monday)[3]
    [category, *_] = world.records(monday)[name].categories
    assert name in _page(client, f"/arxiv/{category}")
    world.delete(name, tuesday)
    world.now = calendar.feed_from(tuesday)
    run = arrival.do(backfill())
    assert (run.state, run.removed) == ("done", 1)
    assert Paper.objects.get(arxiv_id=name).removed
    assert not PaperCategory.objects.filter(paper__arxiv_id=name).exists()
    assert IndexMark.objects.filter(paper__arxiv_id=name).exists()
    assert name not in _page(client, f"/arxiv/{category}")
    _page(client, f"/arxiv/{name}", 410)
    assert arrival.do(backfill()).removed == 0  # once
    ingest([world.records(monday)[name]])
    assert name in _page(client, f"/arxiv/{category}")
    _page(client, f"/arxiv/{name}")


def _page(client: object, address: str, status: int = 200) -> str:
    response = client.get(address)  # type: ignore[attr-defined]
    assert response.status_code == status
    return str(response.content.decode())


def test_a_source_that_fails_is_asked_less_and_less_often(world: World, arxiv: LoopbackArxiv) -> None:
    arxiv.faults.set(error_400=True)
    run = backfill()
    waits = []
    for tries in range(1, 9):
        began = world.now
        assert arrival.work() is False
        run.refresh_from_db()
        assert (run.state, run.tries, run.crashes) == ("open", tries, 0)
        assert run.error == "arXiv refused the query: badArgument: an error by request"
        waits.append((run.not_before - began).total_seconds() / 60)
        requests = len(arxiv.log)
        world.now = run.not_before - timedelta(seconds=1)
        arrival.work()
        assert len(arxiv.log) == requests
        world.now = run.not_before
    for wait, middle in zip(waits, (5, 10, 20, 40, 80, 120, 120, 120), strict=True):
        assert 0.75 * middle <= wait <= 1.25 * middle
    assert len(set(waits)) == len(waits)  # by chance, so that sites do not come together
    arxiv.faults.reset()
    arrival.work()
    run.refresh_from_db()
    assert (run.state, run.tries, run.error) == ("done", 0, "")


def test_a_mistake_of_ours_is_parked_after_three_and_done_when_told_to(
    world: World, arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = backfill(), backfill(priority=9)
    with monkeypatch.context() as patch:
        patch.setattr(JOBS["backfill"], "after", _mistake)
        for starts in range(1, 4):
            arrival.do(run)
            assert (run.parked, run.seen, run.crashes) == (starts == 3, 0, starts)
            assert run.error == "KeyError: 'nothing'"
    [alarm] = alarms.standing()
    assert run.run_id in alarm.text
    later(world, days=1)
    arrival.work()
    run.refresh_from_db()
    other.refresh_from_db()
    assert (run.state, other.state) == ("parked", "done")
    again(run)
    assert not alarms.standing().exists()
    arrival.work()
    run.refresh_from_db()
    assert (run.state, run.seen) == ("done", len(world.records()))


def test_a_worker_that_dies_in_a_run_again_and_again_parks_it(
    arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = backfill()
    with monkeypatch.context() as patch:
        break_at(patch, 2, SystemExit())
        for _ in range(arrival.CRASHES):
            with pytest.raises(SystemExit):
                arrival.do(run)
        stored = Run.objects.get(pk=run.pk)
        assert (stored.crashes, stored.seen, stored.parked) == (arrival.CRASHES, PAGE, False)
        requests = len(arxiv.log)
        arrival.do(stored)
    assert (stored.state, stored.error) == ("parked", "5 workers died in it without writing a page")
    assert len(arxiv.log) == requests
    again(stored)
    assert arrival.do(stored).state == "done"


def test_crashes_between_which_pages_were_written_are_forgiven(
    arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = backfill()
    for _ in range(arrival.CRASHES + 1):
        with monkeypatch.context() as patch:
            break_at(patch, 2, SystemExit())
            with pytest.raises(SystemExit):
                arrival.do(run)
    assert Run.objects.get(pk=run.pk).seen == PAGE * (arrival.CRASHES + 1)
    assert arrival.do(run).state == "done"


def test_slices_leave_a_run_open_and_ask_nothing_twice(world: World, arxiv: LoopbackArxiv) -> None:
    run = backfill()
    for number in range(1, 8):
        arrival.do(run, until=0.0)
        assert (run.state, run.seen) == ("open", number * PAGE)
    assert arrival.work(seconds=0.0)  # there is more
    assert not arrival.work()
    run.refresh_from_db()
    assert (run.state, run.crashes, run.seen) == ("done", 0, len(world.records()))
    assert len(set(asked(arxiv))) == len(asked(arxiv))
    assert here() == world.records().keys()


def test_a_run_whose_last_page_was_written_asks_for_nothing_more(
    arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = backfill()
    with monkeypatch.context() as patch:
        patch.setattr(JOBS["backfill"], "end", _mistake)
        arrival.do(run)
    assert (run.state, run.token) == ("open", arrival.END)
    requests = len(arxiv.log)
    arrival.do(run)
    assert (run.state, len(arxiv.log)) == ("done", requests)


def test_a_reader_is_served_before_the_next_page(world: World, arxiv: LoopbackArxiv) -> None:
    name = world.new_ids(world.days[1])[-1]
    shown: list[tuple[int, bool]] = []

    def look(page: Page, counts: Counts) -> None:
        if not shown:
            wanted.ask(name)
        shown.append((counts.seen, name in here()))

    arrival.do(backfill(), on_page=look)
    assert shown[:2] == [(PAGE, False), (1, True)]
    assert [entry.interface for entry in arxiv.log.entries[:3]] == ["oai", "api", "oai"]
    assert arxiv.log.entries[1].query["id_list"] == name
    assert WantedPaper.objects.get().state == wanted.State.HERE
    assert {(run.job, run.state) for run in Run.objects.all()} == {("backfill", "done"), ("ids", "done")}


def test_a_reader_s_run_that_shares_a_lock_file_with_the_one_under_way_waits_for_it(
    world: World, arxiv: LoopbackArxiv
) -> None:
    first = backfill()
    Run.objects.create(pk=first.pk + 255, job="sweep", source="site", window="", finished=world.now)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval('workers_run_id_seq', %s)", [first.pk + 255])
    wanted.ask(world.new_ids(world.days[1])[-1])
    arrival.do(first)
    assert (first.state, first.error) == ("done", "")
    arrival.work()
    assert set(WantedPaper.objects.values_list("state", flat=True)) == {wanted.State.HERE}
    assert not Run.objects.filter(finished=None).exists()


def test_more_urgent_runs_come_first(arxiv: LoopbackArxiv, world: World) -> None:
    late, middle, soon = (backfill(priority=number) for number in (9, 5, 1))
    done: list[int] = []
    arrival.work(on_page=lambda page, counts: done.append(counts.new))
    assert done[0] == PAGE
    finished = {run.pk: (run.new, run.state) for run in Run.objects.all()}
    assert finished[soon.pk] == (len(world.records()), "done")
    assert finished[middle.pk] == finished[late.pk] == (0, "done")


def test_two_cannot_do_one_run_at_once(arxiv: LoopbackArxiv) -> None:
    run = backfill(expires=arxiv.world.now)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with arrival._alone(run):
                held.set()
                done.wait(30)
        finally:
            connection.close()  # of this thread: on PostgreSQL a session of its own

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    try:
        with pytest.raises(BusyError):
            arrival.do(run)
        assert arrival.work() is False  # it is left to the other
        run.refresh_from_db()
        assert (run.state, run.crashes) == ("open", 0)  # nor does it expire under their hands
    finally:
        done.set()
        thread.join()
    assert len(arxiv.log) == 0
    assert arrival.do(run).state == "done"


@pytest.mark.parametrize(
    ("job", "arguments"), [("announce", {}), ("announce", {"day": "tomorrow"}), ("announce", {"day": 7})]
)
def test_a_run_that_cannot_be_read_is_parked_and_holds_up_nobody(
    arxiv: LoopbackArxiv, job: str, arguments: dict[str, object]
) -> None:
    odd, good = order(job, "?", arguments=arguments, priority=1), backfill()
    arrival.work()
    odd.refresh_from_db()
    good.refresh_from_db()
    assert (odd.state, good.state) == ("parked", "done")
    assert "cannot be read" in odd.error


def test_again_from_the_beginning_or_from_where_it_stands(world: World, arxiv: LoopbackArxiv) -> None:
    run = arrival.do(backfill())
    requests = len(arxiv.log)
    again(run)
    arrival.work()
    assert len(arxiv.log) == 2 * requests
    half = arrival.do(backfill(), until=0.0)
    Run.objects.filter(pk=half.pk).update(finished=world.now, error="nobody did it in time", expires=world.now)
    again(half)
    arrival.work()
    half.refresh_from_db()
    assert (half.state, half.seen) == ("done", len(world.records()))


def test_a_file_is_taken_up_at_its_line(arxiv: LoopbackArxiv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "papers.jsonl"
    row = {"title": "T", "abstract": "A", "categories": "cs.CL", "authors": "Ada", "update_date": "2024-01-01"}
    lines = [json.dumps({**row, "id": f"2401.{number:05}"}) for number in range(1, 2501)]
    lines[1200] = "no record"
    path.write_text("\n".join(lines))
    run = order("snapshot", path.name, arguments={"path": str(path)})
    with monkeypatch.context() as patch:
        break_at(patch, 2, RuntimeError("no"))
        arrival.do(run)
    assert (run.token, run.seen) == ("1000", 1000)
    arrival.do(run)
    assert (run.state, run.seen, run.new, run.changed, run.skipped) == ("done", 2499, 2499, 0, 1)


def test_while_the_circuit_is_open_runs_wait_and_nothing_is_asked(world: World, arxiv: LoopbackArxiv) -> None:
    for _ in range(circuit.FAILURES):
        circuit.failed("HTTP 503")
    run = arrival.do(backfill())
    assert (run.state, run.tries, len(arxiv.log)) == ("open", 1, 0)
    assert "left alone" in run.error
    circuit.reset()
    assert arrival.do(run).state == "done"
