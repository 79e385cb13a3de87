"""A world is what it says: runs of ids, windows of submission, lists, versions, and the same again."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from papers.identifiers import parse_id
from papers.shelf import read_shelf
from tests.arxiv import World, texts
from tests.arxiv.conftest import FIRST
from workers import calendar


def test_days_are_announcement_days_with_unbroken_runs_of_ids(world: World) -> None:
    assert world.days == [FIRST + timedelta(days=number) for number in range(5)]
    numbers = [int(arxiv_id.partition(".")[2]) for day in world.days for arxiv_id in world.new_ids(day)]
    assert len(numbers) == 150
    assert {later - earlier for earlier, later in pairwise(numbers)} == {1}
    assert all(parse_id(arxiv_id) for arxiv_id in world.papers)


def test_weekends_and_holidays_are_left_out() -> None:
    world = World.make(date(2026, 9, 4), days=3, per_day=2, records=read_shelf())
    # Nothing is announced on the evening of Labour Day, 7 September.
    assert world.days == [date(2026, 9, 4), date(2026, 9, 7), date(2026, 9, 9)]


def test_submissions_lie_in_the_window_but_for_those_held_back(world: World) -> None:
    held = 0
    for day in world.days:
        start, end = calendar.window(day)
        moments = [world.papers[arxiv_id].versions[0].submitted for arxiv_id in world.new_ids(day)]
        assert all(moment < end for moment in moments)
        held += sum(moment < start for moment in moments)
    assert 0 < held < 20


def test_lists_hold_every_kind_in_order(world: World) -> None:
    kinds: Counter[str] = Counter()
    for day in world.days:
        for category in world.categories(day):
            lines = world.lines(day, frozenset({category}))
            order = [["new", "cross", "replace", "replace-cross"].index(kind) for _, _, kind in lines]
            assert order == sorted(order)
            kinds.update(kind for _, _, kind in lines)
    assert set(kinds) == {"new", "cross", "replace", "replace-cross"}
    assert kinds["new"] == 150


def test_an_archive_lists_each_paper_once_and_an_alias_lists_the_same(world: World) -> None:
    day = world.days[2]
    ids = [arxiv_id for arxiv_id, _, _ in world.listing(day, "cs")]
    assert len(ids) == len(set(ids)) > 5
    records = [replace(record, categories=("math.NA",)) for record in read_shelf()]
    numerical = World.make(FIRST, 1, 3, records=records)
    assert numerical.listing(FIRST, "cs.NA") == numerical.listing(FIRST, "math.NA") != []


def test_replacements_change_something_to_read(world: World) -> None:
    changed: Counter[str] = Counter()
    for paper in world.papers.values():
        for earlier, later in pairwise(paper.versions):
            assert later.number == earlier.number + 1
            assert later.submitted > earlier.submitted
            differing = [
                name for name in ("title", "abstract", "authors") if getattr(later, name) != getattr(earlier, name)
            ]
            assert len(differing) == 1
            changed.update(differing)
    assert set(changed) == {"title", "abstract", "authors"}


def test_papers_of_before_are_there_under_old_ids_too(world: World) -> None:
    before = [arxiv_id for arxiv_id, paper in world.papers.items() if paper.announced < FIRST]
    assert {arxiv_id.partition("/")[0] for arxiv_id in before if "/" in arxiv_id} == {
        "hep-th",
        "math",
        "astro-ph",
        "cond-mat",
    }
    told = {arxiv_id for day in world.days for arxiv_id, _, _ in world.listing(day, "math")}
    assert told & set(before)


def test_the_same_seed_makes_the_same_world(world: World) -> None:
    again = World.make(FIRST, 5, 30, seed=7, records=read_shelf())
    assert again.records() == world.records()
    assert World.make(FIRST, 5, 30, seed=8, records=read_shelf()).records() != world.records()


def test_records_follow_the_days(world: World) -> None:
    first, last = world.records(world.days[0]), world.records()
    assert set(first) < set(last)
    assert len(last) == len(world.papers)
    replaced = next(line[0] for day in world.days[1:] for line in world.listing(day, "cs") if line[2] == "replace")
    assert (last[replaced].version or 0) > 1
    assert last[replaced].updated is not None


def test_real_papers_where_they_are(shared_data: Path) -> None:
    world = World.make(FIRST, days=1, per_day=5)
    shelf = {record.title for record in read_shelf()}
    assert not {record.title for record in world.records().values()} <= shelf


def test_the_shelf_where_no_real_papers_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(texts, "SHARED", tmp_path / "absent")
    world = World.make(FIRST, days=1, per_day=5)
    titles = {paper.versions[0].title for paper in world.papers.values()}
    assert titles <= {record.title for record in read_shelf()}


@pytest.mark.parametrize(("days", "per_day"), [(0, 5), (5, 0)])
def test_no_empty_worlds(days: int, per_day: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        World.make(FIRST, days, per_day, records=read_shelf())
