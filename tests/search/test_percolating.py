"""A day's small index answers as the site's engines do, from files that hold what they are named after."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from pytest_django import Settings

from benchmarks.library import Library, fill, read_library
from benchmarks.queries import draw_queries
from papers.models import Paper
from search.engines import engine_aside
from search.engines.base import Engine
from search.frequencies import prior
from search.plan import make_plan
from search.query import parse
from search.subscriptions import percolating
from search.subscriptions.percolating import INDEXED, Percolator

PAPERS, DAY, QUERIES = 3_000, 800, 150
NAMED = ("author:Schrödinger", 'au:"Wei Zhang"', "cat:cs.LG -cat:cs.CV", "cat:math.*", "date:>2020 model sort:old")


@pytest.fixture(scope="module")
def library(shared_data: Path) -> Library:
    """Real papers."""
    return read_library(PAPERS)


@pytest.fixture(params=["embedded", "elasticsearch"])
def site_engine(request: pytest.FixtureRequest, library: Library) -> Iterator[Engine]:
    """The site's engine with all of them."""
    server = django_settings.ELASTICSEARCH
    if request.param == "elasticsearch":
        url = request.getfixturevalue("elasticsearch_url")
        server = {**server, "URL": tuple(url.split(",")), "TIMEOUT": 30.0}
    with override_settings(ELASTICSEARCH=server), engine_aside(request.param) as engine:
        fill(engine, library)
        yield engine


def papers_of(library: Library) -> list[Paper]:
    """The last ones, as rows of the database."""
    rows = list(enumerate(library.records, 1))[-DAY:]
    return [Paper(pk=number, **{name: getattr(record, name) for name in INDEXED}) for number, record in rows]


def test_the_days_papers_are_found_as_the_sites_engine_finds_them(site_engine: Engine, library: Library) -> None:
    day = papers_of(library)
    percolator, ids = Percolator.of(day), {paper.pk for paper in day}
    asked = [each.text for each in draw_queries(library.records, QUERIES, seed=8)] + list(NAMED)
    found = 0
    for text in asked:
        query = parse(text)
        plan = make_plan(query, prior())
        everything = site_engine.lexical(plan.lexical(len(plan.units)), PAPERS, 0, "new").ids.tolist()
        assert percolator.holding(query) == ids.intersection(everything), text
        found += len(ids.intersection(everything))
    assert found > QUERIES  # they are no empty questions


def some(number: int, title: str) -> Paper:
    """A paper that is in no database."""
    when = datetime(2025, 11, 3, tzinfo=UTC)
    return Paper(pk=number, arxiv_id=f"2511.{number:05}", title=title, abstract="Of tides.", published=when)


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Where the indexes are kept."""
    settings.DATA_DIR = tmp_path
    return tmp_path / "days"


def holding(papers: list[Paper], text: str) -> set[int]:
    return Percolator.of(papers).holding(parse(text))


def test_an_index_is_made_once_and_anew_where_a_text_changed(folder: Path) -> None:
    papers = [some(1, "Spring tides"), some(2, "Neap tides")]
    assert holding(papers, "spring") == {1}
    [made] = folder.iterdir()
    stamp = (made / "meta.json").stat().st_mtime_ns
    assert holding(papers, "neap") == {2}
    assert [path.name for path in folder.iterdir()] == [made.name]
    assert (made / "meta.json").stat().st_mtime_ns == stamp
    papers[1].title = "Spring tides again"
    assert holding(papers, "spring") == {1, 2}
    assert len(list(folder.iterdir())) == 2


def test_those_asked_for_last_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(percolating, "KEPT", 3)
    for number in range(1, 7):
        assert holding([some(number, f"Tide {number}")], "tide") == {number}
    assert len(list(folder.iterdir())) == 3


def test_without_files_it_is_made_in_memory(folder: Path) -> None:
    folder.write_text("no folder")
    assert holding([some(1, "Spring tides")], "spring") == {1}


def test_a_damaged_index_is_passed_over(folder: Path) -> None:
    papers = [some(1, "Spring tides")]
    assert holding(papers, "spring") == {1}
    [made] = folder.iterdir()
    (made / "meta.json").write_text("{")
    assert holding(papers, "spring") == {1}


def test_every_free_word_is_wanted_and_an_order_asks_for_nothing(folder: Path) -> None:
    papers = [some(1, "Spring tides at Brest"), some(2, "Spring flowers")]
    assert holding(papers, "spring tide sort:stars") == {1, 2}  # the abstracts speak of tides
    assert holding(papers, "spring tide brest") == {1}
    assert holding(papers, '"spring tides" -brest') == set()
    assert holding(papers, "sort:new") == set()
    assert holding([], "spring") == set()
