"""Each fault that arXiv has been seen to have, over the job it strikes: when it is gone the site holds the truth."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from papers.models import Announcement, Paper
from papers.shelf import read_shelf
from tests.arxiv import LoopbackArxiv, World
from tests.workers.loopback import FOLLOWED, LATER, at, live_through, site_of
from tests.workers.test_week import listing
from workers import alarms, arrival, calendar, circuit
from workers.models import Run
from workers.sources.transport import Patience

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 12, 7)
JOBS = {"rss": "announce", "oai": "reconcile", "api": "window"}
COUNTED = (
    "too_many",
    "unavailable",
    "server_error",
    "html",
    "error_400",
    "error_200",
    "truncated",
    "cut",
    "hang",
    "empty_first",
    "empty_later",
)
ONLY_OF_LISTS = ("empty_first", "empty_later")  # which feeds are not


@pytest.fixture
def world() -> World:
    ours = [record for record in read_shelf() if not set(FOLLOWED).isdisjoint(record.categories)]
    return World.make(MONDAY, days=3, per_day=12, records=ours)


@pytest.fixture
def arxiv(
    world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> Iterator[LoopbackArxiv]:
    patient = Patience(tries=3, connect=2, read=0.2, budget=5)
    monkeypatch.setattr(arrival, "PATIENT", patient)
    monkeypatch.setattr(arrival, "QUICK", patient)
    with site_of(world, settings, monkeypatch, oai_page=4) as server:
        yield server


def mend(world: World, arxiv: LoopbackArxiv) -> None:
    """The fault is over, and hours go by."""
    arxiv.faults.reset()
    circuit.reset()
    for hours in (6, 9):
        at(world, calendar.feed_from(world.days[1]) + timedelta(hours=hours))
    live_through(world, world.days[2])


def demand_truth(world: World, day: date) -> None:
    """Every paper and every first announcement of the day is here as it is there."""
    truth = world.records()  # of the last day, which was lived through since
    announced = {name for code in FOLLOWED for name, _, _ in world.listing(day, code)}
    rows = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=announced)}
    assert rows.keys() == announced
    for name, paper in rows.items():
        assert (paper.title, paper.abstract, paper.version) == (truth[name].title, truth[name].abstract, paper.version)
        assert tuple(paper.authors) == truth[name].authors
        assert tuple(paper.categories) == truth[name].categories
    for code in FOLLOWED:
        named = Announcement.objects.filter(day=day, category=code).values_list("paper__arxiv_id", flat=True)
        assert {name for name, _, kind in world.listing(day, code) if kind == "new"} <= set(named)


def open_runs() -> list[str]:
    return [run.key for run in Run.objects.filter(finished=None).exclude(source="site")]


def demand_quiet() -> None:
    """Nothing of the network's is open, and nothing is wrong any more."""
    assert not open_runs()
    assert not alarms.standing().exists(), list(alarms.standing())


@pytest.mark.parametrize(
    ("fault", "interface", "times"),
    [
        *((fault, one, -1) for fault in COUNTED for one in JOBS if one != "rss" or fault not in ONLY_OF_LISTS),
        *((fault, "oai", 2) for fault in COUNTED),
    ],
)
def test_a_refusal_or_a_broken_answer(
    world: World, arxiv: LoopbackArxiv, fault: str, interface: str, times: int
) -> None:
    monday, tuesday, _ = world.days
    live_through(world, monday)
    arxiv.faults.set(only=[interface], **{fault: times})
    live_through(world, tuesday)
    run = Run.objects.get(key=f"{JOBS[interface]} {tuesday}")
    struck = any(entry.struck == fault for entry in arxiv.log.entries) or fault in ONLY_OF_LISTS
    assert struck
    if times == -1 and not (fault == "empty_later" and interface == "api"):  # whose lists here have one page
        assert run.state == "open"
        assert run.error
        assert run.not_before > world.now
    assert "\n" not in run.error
    mend(world, arxiv)
    demand_truth(world, tuesday)
    for code in FOLLOWED:
        assert listing(tuesday, code) == world.listing(tuesday, code), code
    demand_quiet()
    assert arxiv.log.most_open == 1


@pytest.mark.parametrize(
    "faults",
    [
        {"too_many": 1, "retry_after": "0"},
        {"unavailable": 2, "retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"},
        {"unavailable": 2, "retry_after": "in a while"},
        {"slow": 0.03},
        {"unsorted": True},
        {"codes": True},
        {"tokens_good_for": 0},
        {"tokens_good_for": 2},
        {"tokens_void": True},
    ],
)
def test_an_oddity_changes_nothing(world: World, arxiv: LoopbackArxiv, faults: dict[str, object]) -> None:
    monday, tuesday, _ = world.days
    live_through(world, monday)
    arxiv.faults.set(**faults)
    live_through(world, tuesday)
    mend(world, arxiv)
    demand_truth(world, tuesday)
    for code in FOLLOWED:
        assert listing(tuesday, code) == world.listing(tuesday, code), code
    demand_quiet()


@pytest.mark.parametrize(
    "faults",
    [
        {"drop_rss": 5},
        {"drop_oai": 5},
        {"drop_api": 5},
        {"stop_rss": 4},
        {"stop_oai": 4},
        {"stop_api": 4},
        {"stale_feed": ["cs.CL"]},
        {"stale_feed": ["all"]},
        {"empty_feed": ["cs.CL"]},
        {"empty_feed": ["all"]},
        {"feed_limit": 3},
    ],
)
def test_what_one_source_withholds_comes_by_another(
    world: World, arxiv: LoopbackArxiv, faults: dict[str, object]
) -> None:
    monday, tuesday, _ = world.days
    live_through(world, monday)
    faults = {
        name: world.new_ids(tuesday)[int(str(value))] if name.startswith("stop") else value
        for name, value in faults.items()
    }
    arxiv.faults.set(**faults)
    live_through(world, tuesday)
    at(world, calendar.feed_from(tuesday) + LATER + timedelta(hours=1))
    mend(world, arxiv)
    demand_truth(world, tuesday)
    assert not open_runs()
