"""Announcement lists: the feed is the list, other sources fill in, old and empty feeds are not believed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from papers.ingest import ingest
from papers.models import Announcement, DayList, Kind, Paper
from papers.records import PaperRecord
from papers.shelf import read_shelf
from tests.arxiv import LoopbackArxiv, World
from tests.workers.loopback import LATER, at, live_through, site_of
from tests.workers.test_week import listing
from workers import alarms, announcing, arrival, calendar
from workers.jobs import order
from workers.models import Alarm, Run
from workers.sources import DayList as FeedList
from workers.sources import Kind as Said
from workers.sources import Listed

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY, WEDNESDAY = date(2026, 12, 7), date(2026, 12, 8), date(2026, 12, 9)
FOLLOWED = ("cs.CL", "cs.LG")
Row = tuple[str, Said, int]


def paper(name: str, day: date = MONDAY, *, version: int = 1, categories: tuple[str, ...] = ("cs.CL",)) -> PaperRecord:
    """A record submitted in the window of `day`."""
    moment = calendar.window(day)[0] + timedelta(hours=1)
    return PaperRecord(
        arxiv_id=name,
        title=f"On {name}",
        abstract="It says so.",
        authors=("Ada Author",),
        categories=categories,
        published=moment if version == 1 else moment - timedelta(days=90),
        updated=None if version == 1 else moment,
        version=version,
    )


def feed(day: date, *rows: Row, category: str = "cs.CL") -> FeedList:
    """A feed whose papers are in the database."""
    ingest([paper(name, day, version=version) for name, _, version in rows])
    return FeedList(category, day, datetime(2026, 12, 7, 5, tzinfo=UTC), tuple(Listed(n, v, k) for n, k, v in rows))


def names(prefix: str, count: int) -> tuple[Row, ...]:
    return tuple((f"2612.{prefix}{number:03}", "new", 1) for number in range(1, count + 1))


def marks() -> dict[tuple[str, str], str]:
    """By id and day the sources that told of a paper."""
    return {
        (row.paper.arxiv_id, f"{row.day:%a}"): "".join(
            letter for letter, told in (("r", row.by_rss), ("o", row.by_oai), ("a", row.by_api)) if told
        )
        for row in Announcement.objects.select_related("paper")
    }


def test_a_feed_is_the_list_of_its_day() -> None:
    rows: tuple[Row, ...] = (
        ("2612.00002", "new", 1),
        ("2612.00001", "new", 1),
        ("2611.00009", "cross", 1),
        ("2510.00001", "replace", 3),
        ("2510.00002", "replace-cross", 2),
    )
    assert announcing.write_feed(feed(MONDAY, *rows)) == ""
    assert listing(MONDAY, "cs.CL") == [(name, version, kind) for name, kind, version in rows]
    assert list(Announcement.objects.order_by("position").values_list("position", flat=True)) == [1, 2, 3, 4, 5]
    row = DayList.objects.get()
    assert (row.category, row.day, row.lines) == ("cs.CL", MONDAY, 5)
    assert row.fetched is not None


def test_a_second_reading_takes_the_place_of_the_first() -> None:
    announcing.write_feed(feed(MONDAY, *names("00", 3)))
    better: tuple[Row, ...] = (("2612.00003", "new", 1), ("2612.00001", "cross", 1), ("2612.00007", "new", 1))
    assert announcing.write_feed(feed(MONDAY, *better)) == ""
    assert listing(MONDAY, "cs.CL") == [("2612.00003", 1, "new"), ("2612.00001", 1, "cross"), ("2612.00007", 1, "new")]
    assert DayList.objects.get().lines == 3


def test_a_line_that_a_second_reading_lacks_stays_where_another_source_told_of_it() -> None:
    announcing.write_feed(feed(MONDAY, *names("00", 2)))
    announcing.tell_api([paper("2612.00001"), paper("2612.00002")], MONDAY, FOLLOWED)
    announcing.write_feed(feed(MONDAY, *names("00", 1)))
    assert marks() == {("2612.00001", "Mon"): "ra", ("2612.00002", "Mon"): "a"}
    assert Announcement.objects.get(paper__arxiv_id="2612.00002").position is None


def test_a_paper_named_twice_in_a_feed_has_its_first_place() -> None:
    rows: tuple[Row, ...] = (("2612.00001", "new", 1), ("2612.00002", "new", 1), ("2612.00001", "cross", 1))
    announcing.write_feed(feed(MONDAY, *rows))
    assert listing(MONDAY, "cs.CL") == [("2612.00001", 1, "new"), ("2612.00002", 1, "new")]


@pytest.mark.parametrize(("old", "fresh", "stale"), [(10, 0, True), (5, 5, True), (4, 6, False), (0, 10, False)])
def test_an_old_list_under_a_new_date_is_not_stored(old: int, fresh: int, stale: bool) -> None:
    yesterday = names("00", 10)
    announcing.write_feed(feed(MONDAY, *yesterday))
    problem = announcing.write_feed(feed(TUESDAY, *yesterday[:old], *names("01", fresh)))
    assert bool(problem) == stale
    assert DayList.objects.filter(day=TUESDAY).exists() != stale
    assert Announcement.objects.filter(day=TUESDAY).exists() != stale


def test_an_old_list_without_new_papers_is_known_by_its_versions() -> None:
    again: tuple[Row, ...] = (("2510.00001", "replace", 3), ("2510.00002", "replace", 2))
    announcing.write_feed(feed(MONDAY, *again))
    assert announcing.write_feed(feed(TUESDAY, *again))
    later: tuple[Row, ...] = (("2510.00001", "replace", 4), ("2510.00002", "replace", 2))
    assert announcing.write_feed(feed(TUESDAY, *later)) == ""


def test_an_empty_list_is_odd_only_where_there_are_papers_every_day() -> None:
    assert announcing.write_feed(feed(MONDAY)) == ""  # nothing is known of this category
    for number, day in enumerate(calendar.announcement_days(date(2026, 11, 30), date(2026, 12, 4))):
        announcing.write_feed(feed(day, *names(f"1{number}", 6)))
        announcing.write_feed(feed(day, *names(f"2{number}", 2), category="cs.LG"))
    assert "nothing" in announcing.write_feed(feed(TUESDAY))
    assert announcing.write_feed(feed(TUESDAY, category="cs.LG")) == ""
    assert announcing.write_feed(feed(date(2026, 12, 25))) == ""  # a holiday's own date


def test_sources_mark_the_same_row() -> None:
    announcing.write_feed(feed(MONDAY, *names("00", 1)))
    record = paper("2612.00001")
    announcing.tell_oai([record], {record.arxiv_id: date(2026, 12, 6)}, [], FOLLOWED)
    announcing.tell_api([record], MONDAY, FOLLOWED)
    announcing.tell_api([record], MONDAY, FOLLOWED)
    assert marks() == {("2612.00001", "Mon"): "roa"}


@pytest.mark.parametrize("changed", [date(2026, 12, 6), date(2026, 12, 7)])  # the evening, or by UTC the next morning
def test_oai_tells_of_the_day_before_the_feed_does(changed: date) -> None:
    record = paper("2612.00001", categories=("cs.CL", "cs.LG", "math.CO"))
    ingest([record])
    announcing.tell_oai([record], {record.arxiv_id: changed}, [], FOLLOWED)
    assert listing(MONDAY, "cs.CL") == [("2612.00001", 1, "new")]
    assert listing(MONDAY, "cs.LG") == [("2612.00001", 1, "cross")]
    assert not Announcement.objects.filter(category="math.CO").exists()  # which nobody follows here
    announcing.make_lists(FOLLOWED, MONDAY, MONDAY)
    assert list(DayList.objects.values_list("category", "fetched", "lines")) == [("cs.CL", None, 0), ("cs.LG", None, 0)]


def test_oai_tells_of_a_replacement_by_its_moment() -> None:
    record = paper("2509.00001", version=2)
    ingest([record])
    announcing.tell_oai([record], {record.arxiv_id: date(2026, 12, 6)}, [record.arxiv_id], FOLLOWED)
    assert listing(MONDAY, "cs.CL") == [("2509.00001", 2, "replace")]


def test_a_touched_up_record_is_no_announcement() -> None:
    old = paper("2509.00001", date(2025, 9, 2))
    ingest([old])
    announcing.tell_oai([old], {old.arxiv_id: date(2026, 12, 6)}, [old.arxiv_id], FOLLOWED)
    announcing.tell_oai([old], {}, [], FOLLOWED)
    assert not Announcement.objects.exists()


def test_what_moderators_held_back_is_listed_where_the_feed_has_it() -> None:
    held = paper("2612.00001", date(2026, 12, 1))
    ingest([held])
    announcing.tell_oai([held], {held.arxiv_id: date(2026, 12, 7)}, [], FOLLOWED)
    assert listing(TUESDAY, "cs.CL") == [("2612.00001", 1, "new")]
    announcing.tell_api([held], date(2026, 12, 1), FOLLOWED)  # by its submission it would be an older day's
    assert marks() == {("2612.00001", "Tue"): "oa"}
    announcing.write_feed(feed(WEDNESDAY, ("2612.00001", "new", 1)))  # the feed knows better
    assert marks() == {("2612.00001", "Wed"): "roa"}


@pytest.fixture
def world() -> World:
    return World.make(MONDAY, days=3, per_day=24, records=read_shelf())


@pytest.fixture
def arxiv(
    world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> Iterator[LoopbackArxiv]:
    with site_of(world, settings, monkeypatch) as server:
        yield server


def test_a_feed_that_is_not_there_yet_is_asked_for_again_and_only_that(world: World, arxiv: LoopbackArxiv) -> None:
    live_through(world, MONDAY)
    arxiv.log.clear()
    arxiv.faults.set(stale_feed=["cs.CL"])
    at(world, calendar.feed_from(TUESDAY))
    run = Run.objects.get(key=f"announce {TUESDAY}")
    assert (run.state, run.arguments["categories"]) == ("open", ["cs.CL"])
    assert run.error == f"no list of {TUESDAY} yet: cs.CL"
    asked = len(arxiv.log.of("rss"))
    arxiv.faults.reset()
    at(world, run.not_before)
    run.refresh_from_db()
    assert run.state == "done"
    assert [entry.path for entry in arxiv.log.of("rss")[asked:]] == ["/rss/cs.CL"]
    assert listing(TUESDAY, "cs.CL") == world.listing(TUESDAY, "cs.CL")


def test_feeds_that_have_gone_on_to_the_next_day_leave_the_last_one_to_oai(world: World, arxiv: LoopbackArxiv) -> None:
    live_through(world, MONDAY)
    run = order("announce", "by hand", arguments={"day": f"{TUESDAY}", "categories": ["cs.CL"]})
    at(world, calendar.feed_from(WEDNESDAY) + LATER)
    run.refresh_from_db()
    assert run.finished is not None
    assert "left to OAI-PMH" in run.error
    firsts = [(name, kind) for name, _, kind in world.listing(TUESDAY, "cs.CL") if kind == "new"]
    assert {(name, kind) for name, _, kind in listing(TUESDAY, "cs.CL")} >= set(firsts)


def test_when_all_feeds_are_empty_none_is_believed(world: World, arxiv: LoopbackArxiv) -> None:
    arxiv.faults.set(empty_feed=["all"])
    at(world, calendar.feed_from(MONDAY))
    assert not DayList.objects.filter(fetched__isnull=False).exists()
    assert Run.objects.get(key=f"announce {MONDAY}").state == "open"
    arxiv.faults.reset()
    at(world, calendar.feed_from(MONDAY) + LATER)
    assert Run.objects.get(key=f"announce {MONDAY}").state == "done"


def test_a_closed_category_is_not_waited_for(world: World, arxiv: LoopbackArxiv, settings: LazySettings) -> None:
    settings.PULL_CATEGORIES = ("astro-ph", "cs.CL", "cs.LG")  # what PULL_CATEGORIES=astro-ph,… stands for
    live_through(world, MONDAY)
    at(world, calendar.feed_from(MONDAY) + timedelta(hours=8))
    assert Run.objects.get(key=f"announce {MONDAY}").state == "done"
    assert not alarms.standing().exists()


def test_a_feed_that_is_cut_is_said(world: World, arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.sources.rss.LONGEST", 4)
    arxiv.faults.set(feed_limit=4)
    at(world, calendar.feed_from(MONDAY))
    assert Alarm.objects.filter(kind="cut", closed__isnull=False).exists()
    assert Paper.objects.filter(announcements__kind=Kind.NEW).exists()
    assert not Run.objects.filter(parked=True).exists()


def test_a_feed_and_its_list_are_written_together(
    world: World, arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.now = calendar.feed_from(MONDAY)
    run = order("announce", "x", arguments={"day": f"{MONDAY}", "categories": ["cs.CL"]})
    with monkeypatch.context() as patch:
        patch.setattr(announcing, "_replace", lambda *_: [][0])
        arrival.do(run)
    assert run.error.startswith("IndexError")
    assert not Paper.objects.exists()
    assert not DayList.objects.exists()
    arrival.do(run)
    assert listing(MONDAY, "cs.CL") == world.listing(MONDAY, "cs.CL")
