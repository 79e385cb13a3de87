"""A week of announcement days against the loopback arXiv: pulled, marked, told apart by day, and nothing missing."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from papers.models import Announcement, Kind, Paper, PaperVersion
from search.engines.base import Engine
from search.indexing import index_pending
from tests.arxiv import LoopbackArxiv, World
from tests.workers.loopback import FOLLOWED, live_through, site_of
from workers import alarms
from workers.announcing import KINDS
from workers.models import Run

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 12, 7)


@pytest.fixture
def world() -> World:
    return World.make(MONDAY, days=5, per_day=60)


@pytest.fixture
def arxiv(
    world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> Iterator[LoopbackArxiv]:
    with site_of(world, settings, monkeypatch) as server:
        yield server


def listing(day: date, category: str) -> list[tuple[str, int | None, str]]:
    """What the database has of a list, in its order."""
    names = {number: name for name, number in KINDS.items()}
    rows = Announcement.objects.filter(day=day, category=category).order_by("position", "paper__arxiv_id")
    return [(row.paper.arxiv_id, row.version, names[Kind(row.kind)]) for row in rows.select_related("paper")]


def test_a_week_is_in_the_lists_as_arxiv_announced_it(world: World, arxiv: LoopbackArxiv) -> None:
    for day in world.days:
        live_through(world, day)
        for code in FOLLOWED:
            assert listing(day, code) == world.listing(day, code), (day, code)
    assert not alarms.standing().exists(), list(alarms.standing())
    assert not Run.objects.exclude(error="").exists(), list(Run.objects.exclude(error="").values("job", "error"))
    truth = world.records()
    announced = {name for day in world.days for code in FOLLOWED for name, _, _ in world.listing(day, code)}
    for paper in Paper.objects.filter(arxiv_id__in=announced):
        record = truth[paper.arxiv_id]
        assert (paper.title, paper.abstract, tuple(paper.authors)) == (record.title, record.abstract, record.authors)
        assert (paper.version, paper.published, paper.updated) == (record.version, record.published, record.updated)
        assert tuple(paper.categories) == record.categories
    assert Paper.objects.filter(arxiv_id__in=announced).count() == len(announced)
    assert PaperVersion.objects.exists()
    assert arxiv.log.most_open == 1


def test_the_week_is_shown_indexed_and_found(
    world: World, arxiv: LoopbackArxiv, engine: Engine, client: Client, settings: LazySettings
) -> None:
    settings.PULL_CATEGORIES = ("cs.LG", "stat.ML")
    for day in world.days:
        live_through(world, day)
    for day in world.days:
        page = client.get("/arxiv/cs.LG", {"date": f"{day}"}).content.decode()
        cards = re.findall(r'<h3 class="title"><a href="/arxiv/([^"]+)"', page)
        assert cards == [name for name, _, _ in world.listing(day, "cs.LG")]
    papers = Paper.objects.count()
    assert index_pending() == papers
    truth = world.records()
    name, _, _ = world.listing(world.days[2], "cs.LG")[0]
    found = client.get("/api/v1/search", {"q": truth[name].title}).json()["items"]
    assert found[0]["id"] == name
