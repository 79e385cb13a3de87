"""Workers killed at any moment: in the end the same rows and the same index as one run that nobody disturbed.

A worker is a whole `celery worker -B`, and what is killed is its whole process group at once: the main process, both
processes of its pool, beat. Nothing gets to clean up. `make soak` does it more often: SOAK_KILLS of each pair of broker
and engine.
"""

import os
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.arxiv import World
from tests.databases import TEST_DATABASE_URL
from tests.workers import remains
from tests.workers.sites import Parts, numbered, pulling_site, undisturbed

PAPERS, PAGE, LARGE_PAGE = 5_000, 100, 1_000
KILLS, FEW = 20, 3
SOAK_KILLS = int(os.environ.get("SOAK_KILLS", "0"))
LONGEST_DELAY = 0.25  # seconds that a worker lives at most after it has brought something to an end
# Seconds between two pages: however quick the machine is, a life brings three of the 50 pages at most, so that
# there is work left for the last kills.
BETWEEN = 0.2

Kill = Callable[[Parts, int], None]


@pytest.fixture(scope="module")
def world() -> World:
    return World.bulk(PAPERS)


@pytest.fixture(scope="module")
def clean(world: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], remains.Contents]:
    """What a run leaves that nobody disturbs, by the address of the engine."""

    @cache
    def run(elastic: str) -> remains.Contents:
        return undisturbed(tmp_path_factory.mktemp("clean") / "data", world, LARGE_PAGE, elastic)

    return run


@pytest.fixture
def kill(world: World, clean: Callable[[str], remains.Contents], tmp_path: Path) -> Kill:
    """Kills so many workers of a site, lets one come to the end, and holds the site against the undisturbed one; in a
    soak again and again, each round by other chances."""

    def kill_often(parts: Parts, kills: int) -> None:
        wanted = clean(parts.elastic)
        for number in range(max(1, SOAK_KILLS // KILLS)):
            chance = random.Random(number)
            many = KILLS if SOAK_KILLS else kills
            # Without an index at first the kills strike its making, too, which begins anew each time.
            index_first = many == KILLS
            with pulling_site(tmp_path / f"{number}", world, PAGE, parts, index_first, BETWEEN) as site:
                struck = sum(site.live_and_die(chance.uniform(0, LONGEST_DELAY)) for _ in range(many))
                assert struck >= 0.75 * many, "the work was done before the workers could be killed"
                site.wait_for_end(site.workers.start())
                assert not remains.differences(site.contents(), wanted)

    return kill_often


@pytest.mark.database
def test_kills_without_servers(kill: Kill) -> None:
    kill(Parts(), FEW if TEST_DATABASE_URL else KILLS)


def test_kills_with_redis(kill: Kill, redis_url: str) -> None:
    kill(Parts(redis=numbered(redis_url)), FEW)


def test_kills_with_elasticsearch(kill: Kill, elasticsearch_url: str) -> None:
    kill(Parts(elastic=elasticsearch_url), FEW)


def test_kills_with_redis_and_elasticsearch(kill: Kill, redis_url: str, elasticsearch_url: str) -> None:
    kill(Parts(numbered(redis_url), elasticsearch_url), FEW)
