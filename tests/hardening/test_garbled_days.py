"""A day on which arXiv's answers arrive garbled: no run ends in a mistake of ours, and no paper is missing after it."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from papers.models import Announcement, Paper
from papers.shelf import read_shelf
from tests.arxiv import LoopbackArxiv, World
from tests.hardening.mutations import mutated
from tests.hardening.test_fuzz import FUZZ, ONLY
from tests.workers.loopback import FOLLOWED, at, live_through, site_of
from workers import arrival, calendar, circuit
from workers.models import Run
from workers.sources import transport
from workers.sources.transport import Patience

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 12, 7)
SHARE = 0.6  # of the answers are garbled


@pytest.fixture
def world() -> World:
    ours = [record for record in read_shelf() if not set(FOLLOWED).isdisjoint(record.categories)]
    return World.make(MONDAY, days=3, per_day=8, records=ours)


@pytest.fixture
def arxiv(
    world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[LoopbackArxiv]:
    settings.DATA_DIR = tmp_path
    patient = Patience(tries=2, connect=2, read=2, budget=5)
    monkeypatch.setattr(arrival, "PATIENT", patient)
    monkeypatch.setattr(arrival, "QUICK", patient)
    with site_of(world, settings, monkeypatch, oai_page=4) as server:
        yield server


@pytest.mark.parametrize("seed", [int(ONLY)] if ONLY else range(FUZZ))
def test_a_garbled_day_is_told_and_costs_no_paper(
    world: World, arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    read, garbled = transport._body, []

    def body(response: Any, seconds: float) -> bytes:
        content = read(response, seconds)
        if chance.random() >= SHARE:
            return content
        garbled.append(content)
        return mutated(chance, content)

    monday, tuesday, wednesday = world.days
    live_through(world, monday)
    with monkeypatch.context() as faulty:
        faulty.setattr(transport, "_body", body)
        live_through(world, tuesday)
    assert garbled
    assert not Run.objects.filter(parked=True).exists(), list(Run.objects.filter(parked=True).values("key", "error"))
    for error in Run.objects.exclude(error="").values_list("error", flat=True):
        assert "\n" not in error
    circuit.reset()
    for hours in (6, 9, 12):
        at(world, calendar.feed_from(tuesday) + timedelta(hours=hours))
    live_through(world, wednesday)
    announced = {name for day in world.days for code in FOLLOWED for name, _, _ in world.listing(day, code)}
    assert announced <= set(Paper.objects.values_list("arxiv_id", flat=True))
    for code in FOLLOWED:
        told = Announcement.objects.filter(day=tuesday, category=code).values_list("paper__arxiv_id", flat=True)
        assert {name for name, _, kind in world.listing(tuesday, code) if kind == "new"} <= set(told)
