"""A site against the loopback arXiv, day by day: the world's clock is the site's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from tests.arxiv import LoopbackArxiv, World, serve
from workers import arrival, calendar, completeness, schedule
from workers.sources import transport

FOLLOWED = ("cs.AI", "cs.CL", "cs.LG", "hep-th", "math.NA", "stat.ML")
LATER = timedelta(hours=3)  # than the feeds: all sources have been asked by then


@contextmanager
def site_of(
    world: World,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    followed: tuple[str, ...] = FOLLOWED,
    oai_page: int = 1000,
) -> Iterator[LoopbackArxiv]:
    """The site of this process asks a loopback arXiv that serves `world`, and lives by its clock."""
    with serve(world, oai_page=oai_page) as server:
        settings.ARXIV_URL = server.url
        settings.ARXIV_API_URL = f"{server.url}/api/query"
        settings.ARXIV_OAI_URL = f"{server.url}/oai"
        settings.ARXIV_RSS_URL = f"{server.url}/rss"
        settings.ARXIV_DELAY = 0.0
        settings.PULL_CATEGORIES = followed
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(transport, "_backoff", lambda attempt: 0.01 * attempt)
        monkeypatch.setattr(timezone, "now", lambda: world.now)
        yield server


def at(world: World, moment: datetime) -> None:
    """It is that time: beat looks, and a worker does what is due."""
    world.now = moment
    schedule.plan()
    arrival.work()
    completeness.check()
    arrival.work()
    completeness.check()


def live_through(world: World, day: date) -> None:
    """One announcement day: OAI-PMH in the evening before, the feeds from midnight on, the query API behind them."""
    at(world, calendar.harvest_from(day) + timedelta(minutes=5))
    at(world, calendar.feed_from(day) + timedelta(minutes=5))
    at(world, calendar.feed_from(day) + LATER)
