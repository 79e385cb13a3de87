"""What goes wrong at arXiv is found, told, and mended where it can be: gaps, holes, old feeds, empty days."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pytest
from django.conf import LazySettings

from papers import wanted
from papers.models import Announcement, DayList, Paper, WantedPaper
from tests.arxiv import LoopbackArxiv, World
from tests.arxiv.texts import any_records
from tests.workers.loopback import LATER, at, live_through, site_of
from workers import alarms, calendar
from workers.models import Alarm, Run

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 12, 7)
RETRIES = timedelta(hours=3)
FEW = ("cs.AI", "cs.CL", "cs.CV", "cs.LG", "stat.ML")


@pytest.fixture
def world() -> World:
    """Its papers are all of few categories, so that whoever follows these follows nearly every id."""
    few = (record for record in any_records() if set(record.categories) <= set(FEW))
    return World.make(MONDAY, days=4, per_day=80, records=list(islice(few, 150)))


@pytest.fixture
def arxiv(
    world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> Iterator[LoopbackArxiv]:
    with site_of(world, settings, monkeypatch, followed=FEW) as server:
        yield server


def some_new(world: World, day: date, number: int) -> frozenset[str]:
    """New ids of a day, drawn at random."""
    return frozenset(random.Random(5).sample(world.new_ids(day)[1:-1], number))


def missing(world: World, day: date) -> set[str]:
    """New ids of a day that are not in its lists here, whatever the order."""
    listed = Announcement.objects.filter(day=day).values_list("paper__arxiv_id", flat=True)
    return set(world.new_ids(day)) - set(listed)


def open_keys() -> set[str]:
    return set(alarms.standing().values_list("key", flat=True))


@pytest.mark.parametrize(("fault", "who"), [("drop_rss", "The feeds"), ("drop_oai", "OAI-PMH")])
def test_ten_papers_that_one_source_leaves_out_come_by_another(
    world: World, arxiv: LoopbackArxiv, fault: str, who: str
) -> None:
    monday, tuesday = world.days[:2]
    live_through(world, monday)
    lost = some_new(world, tuesday, 10)
    arxiv.faults.set(**{fault: lost})
    live_through(world, tuesday)
    assert missing(world, tuesday) == set()
    assert Paper.objects.filter(arxiv_id__in=lost).count() == 10
    [alarm] = Alarm.objects.filter(kind="gap")
    assert alarm.text.startswith(f"{who} left out 10 papers of {tuesday}")
    assert alarm.closed is not None


def test_ten_papers_that_no_list_names_leave_holes_and_are_asked_for_by_id(world: World, arxiv: LoopbackArxiv) -> None:
    monday, tuesday, wednesday = world.days[:3]
    live_through(world, monday)
    lost = some_new(world, tuesday, 10)
    arxiv.faults.set(drop_rss=lost, drop_oai=lost, drop_api=lost)
    live_through(world, tuesday)
    assert WantedPaper.objects.filter(state=wanted.State.OPEN).count() == 10
    assert {row.arxiv_id for row in WantedPaper.objects.all()} == lost
    assert f"hole {tuesday}" in open_keys()
    assert "10 ids" in Alarm.objects.get(key=f"hole {tuesday}").text
    arxiv.faults.reset()  # arXiv mends its interface
    live_through(world, wednesday)
    assert Paper.objects.filter(arxiv_id__in=lost).count() == 10
    assert not WantedPaper.objects.filter(state=wanted.State.OPEN).exists()
    assert open_keys() == set()


def test_ids_that_arxiv_never_knows_are_no_alarm_for_ever(world: World, arxiv: LoopbackArxiv) -> None:
    monday, tuesday = world.days[:2]
    live_through(world, monday)
    lost = some_new(world, tuesday, 3)
    arxiv.faults.set(drop_rss=lost, drop_oai=lost, drop_api=lost)
    live_through(world, tuesday)
    for hours in (4, 7, 10):
        at(world, calendar.feed_from(tuesday) + timedelta(hours=hours))
        assert set(WantedPaper.objects.values_list("state", flat=True)) == {wanted.State.OPEN}
    at(world, calendar.feed_from(tuesday) + timedelta(days=2, hours=12))
    assert set(WantedPaper.objects.values_list("state", flat=True)) == {wanted.State.ABSENT}
    assert open_keys() == set()


def test_sources_that_stop_at_an_id_are_found_by_the_next_day(world: World, arxiv: LoopbackArxiv) -> None:
    monday, tuesday = world.days[:2]
    stop = world.new_ids(monday)[-13]
    arxiv.faults.set(stop_rss=stop, stop_oai=stop, stop_api=stop)
    live_through(world, monday)
    assert len(missing(world, monday)) == 12
    live_through(world, tuesday)
    assert set(world.new_ids(monday)) <= set(Paper.objects.values_list("arxiv_id", flat=True))
    assert open_keys() == set()
    assert Alarm.objects.filter(kind="hole").exists()


def test_an_api_that_stops_at_an_id_costs_nothing(world: World, arxiv: LoopbackArxiv) -> None:
    arxiv.faults.set(stop_api=world.new_ids(world.days[0])[30])
    live_through(world, world.days[0])
    assert missing(world, world.days[0]) == set()
    assert open_keys() == set()


@pytest.mark.parametrize("stale", [frozenset({"cs.LG"}), frozenset({"all"})])
def test_yesterdays_feed_under_a_fresh_date_is_not_todays_list(
    world: World, arxiv: LoopbackArxiv, stale: frozenset[str]
) -> None:
    monday, tuesday = world.days[:2]
    live_through(world, monday)
    arxiv.faults.set(stale_feed=stale)
    live_through(world, tuesday)
    key = f"feed cs.LG {tuesday}"
    assert key in open_keys()
    assert "old list" in Alarm.objects.get(key=key).text
    assert not DayList.objects.filter(category="cs.LG", day=tuesday, fetched__isnull=False).exists()
    run = Run.objects.get(key=f"announce {tuesday}")
    assert run.finished is None
    assert "cs.LG" in run.error
    # The papers of the day are here all the same, and none of the old ones stands in its list.
    truth = {(name, kind) for name, _, kind in world.listing(tuesday, "cs.LG") if kind in {"new", "cross"}}
    rows = Announcement.objects.filter(day=tuesday, category="cs.LG", kind__lte=1).select_related("paper")
    told = {(row.paper.arxiv_id, "cross" if row.kind else "new") for row in rows}
    assert {name for name, kind in truth if kind == "new"} <= {name for name, _ in told}
    assert not {name for name, _ in told} & set(world.new_ids(monday))
    arxiv.faults.reset()
    at(world, calendar.feed_from(tuesday) + LATER + RETRIES)
    assert DayList.objects.get(category="cs.LG", day=tuesday).fetched
    assert open_keys() == set()
    assert [line[0] for line in world.listing(tuesday, "cs.LG")] == list(
        Announcement.objects.filter(day=tuesday, category="cs.LG")
        .order_by("position")
        .values_list("paper__arxiv_id", flat=True)
    )


def test_an_empty_announcement_day_is_an_alarm_and_is_asked_for_again(world: World, arxiv: LoopbackArxiv) -> None:
    monday, tuesday = world.days[:2]
    live_through(world, monday)
    everything_new = frozenset(world.new_ids(tuesday))
    arxiv.faults.set(empty_feed="all", drop_oai=everything_new, drop_api=everything_new)
    live_through(world, tuesday)
    at(world, calendar.feed_from(tuesday) + timedelta(hours=8))
    assert f"late {tuesday}" in open_keys() or f"empty {tuesday}" in open_keys()
    arxiv.faults.reset()
    at(world, calendar.feed_from(tuesday) + timedelta(hours=12))
    assert missing(world, tuesday) == set()
    assert open_keys() == set()


def test_a_harvest_before_its_day_is_there_is_made_again(world: World, arxiv: LoopbackArxiv) -> None:
    monday, tuesday = world.days[:2]
    live_through(world, monday)
    evening = calendar.harvest_from(tuesday) + timedelta(minutes=5)
    arxiv.faults.set(drop_oai=frozenset(world.papers))  # arXiv is late tonight
    at(world, evening)
    run = Run.objects.get(key=f"reconcile {tuesday}")
    assert run.finished is None
    assert run.error == f"OAI-PMH has nothing of {tuesday} yet"
    arxiv.faults.reset()
    at(world, evening + timedelta(minutes=10))
    run.refresh_from_db()
    assert run.finished
    assert run.error == ""
    assert missing(world, tuesday) == set()


def test_a_category_that_is_added_costs_no_alarm_and_no_hole(
    world: World, arxiv: LoopbackArxiv, settings: LazySettings
) -> None:
    monday, tuesday, wednesday = world.days[:3]
    settings.PULL_CATEGORIES = FEW[:-1]
    live_through(world, monday)
    settings.PULL_CATEGORIES = FEW
    at(world, calendar.feed_from(monday) + timedelta(hours=9))
    live_through(world, tuesday)
    live_through(world, wednesday)
    assert open_keys() == set()
    assert missing(world, tuesday) | missing(world, wednesday) == set()


def test_a_weekend_and_a_holiday_are_no_alarm(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    christmas = World.make(date(2026, 12, 23), days=3, per_day=40)
    with site_of(christmas, settings, monkeypatch):
        at(christmas, calendar.feed_from(christmas.days[0]) + LATER)  # before that there is no world
        for day in christmas.days[1:]:
            live_through(christmas, day)
        quiet = christmas.days[0]
        while quiet < christmas.days[-1]:
            quiet += calendar.ONE
            if not calendar.is_announcement_day(quiet):
                at(christmas, calendar.feed_from(quiet) + timedelta(hours=9))
    assert open_keys() == set()
    assert not Alarm.objects.filter(kind__in=("empty", "late", "stale")).exists()
