"""Workers killed at any moment: in the end the same rows and the same index as one run that nobody disturbed.

A worker is a whole `celery worker -B`, and what is killed is its whole process group at once: the main process, both
processes of its pool, beat. Nothing gets to clean up. `make soak` does it more often (SOAK_KILLS, on each pair).
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from redis import Redis

from tests.arxiv import World, serve
from tests.databases import own_database
from tests.search.elastics import own_alias
from tests.workers import remains
from tests.workers.nursery import Nursery, nursery, until

PAPERS, PAGE, BEFORE = 5_000, 100, 200
FOLLOWED = ["cs.AI", "cs.CL", "cs.CV", "cs.LG", "stat.ML"]
KILLS, FEW = 20, 3
SOAK_KILLS = int(os.environ.get("SOAK_KILLS", "0"))
LONGEST_DELAY = 0.8  # seconds that a worker lives at most after it has brought something to an end
REDIS_NUMBER = 7  # of the database that these tests empty


@dataclass(frozen=True)
class Pair:
    """Addresses of the broker and the engine of a site; empty for files and the embedded engine."""

    redis: str = ""
    elastic: str = ""

    @contextmanager
    def site(self, folder: Path, world: World, index_first: bool) -> Iterator["Site"]:
        """A site with some papers that the run will change, and the run ordered."""
        with ExitStack() as stack:
            database = stack.enter_context(own_database(folder))
            arxiv = stack.enter_context(serve(world, oai_page=PAGE))
            settings = {}
            if self.redis:
                settings["REDIS_URL"] = f"{self.redis.rpartition('/')[0]}/{REDIS_NUMBER}"
                with Redis.from_url(settings["REDIS_URL"]) as client:
                    client.flushdb()
            alias = ""
            if self.elastic:
                alias = stack.enter_context(own_alias(self.elastic))
                settings |= {"SEARCH_ENGINE": "elasticsearch", "ELASTICSEARCH_URL": self.elastic}
                settings |= {"ELASTICSEARCH_INDEX": alias, "ELASTICSEARCH_TIMEOUT": "20"}
            workers = stack.enter_context(nursery(database, arxiv, **settings))
            workers.call("seed", sorted(world.records())[:: PAPERS // BEFORE])
            if index_first:
                workers.call("index")
            since = str(world.days[0].replace(day=1))
            arguments = {"sets": [], "since": since, "until": None, "lists": True, "categories": FOLLOWED}
            workers.call("order", "backfill", "everything", {"arguments": arguments})
            yield Site(workers, self.elastic, alias)


@dataclass(frozen=True)
class Site:
    """One site and how far it is."""

    workers: Nursery
    elastic: str
    alias: str

    def progress(self) -> tuple[object, ...]:
        """What changes with each page and, when all pages are there, with each part of the index."""
        [run] = self.workers.database.rows("SELECT seen, finished IS NOT NULL FROM workers_run")
        return (*run, self.marks if run[1] else None)

    @property
    def marks(self) -> object:
        """How many papers wait for the index."""
        [[count]] = self.workers.database.rows("SELECT count(*) FROM papers_indexmark")
        return count

    @property
    def done(self) -> bool:
        """Whether there is nothing left to do."""
        return self.progress()[1:] == (True, 0)

    def live_and_die(self, delay: float) -> bool:
        """One worker's life: until it has brought something to an end, and `delay` seconds on. Whether there was work
        left when it was killed."""
        before = self.progress()
        worker = self.workers.start()
        until(lambda: self.done or self.progress() != before, 60, self.workers, "nothing was done")
        time.sleep(delay)
        busy = not self.done
        self.workers.kill(worker)
        return busy

    def finish(self) -> None:
        """One worker's life to the end of the work."""
        worker = self.workers.start()
        until(lambda: self.done, 120, self.workers, "the work did not end")
        self.workers.kill(worker)

    def contents(self) -> remains.Contents:
        """All that is there in the end."""
        database = self.workers.database
        if self.elastic:
            return remains.rows(database) | remains.elastic(database, self.elastic, self.alias)
        return remains.rows(database) | remains.embedded(database)


@pytest.fixture(scope="module")
def world() -> World:
    return World.bulk(PAPERS)


@pytest.fixture(scope="module")
def undisturbed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], remains.Contents]:
    """What one run leaves that nobody disturbs, by the address of the engine."""

    @cache
    def run(elastic: str) -> remains.Contents:
        with Pair("", elastic).site(tmp_path_factory.mktemp("clean") / "data", world, index_first=True) as site:
            site.finish()
            contents = site.contents()
        run, first = contents["Run"], ("backfill", PAPERS, PAPERS - BEFORE, BEFORE, 0, 0, PAPERS, "")
        assert isinstance(run, list)
        assert [row[: len(first)] for row in run] == [first]
        assert contents["Alarm"] == []
        assert contents["index"] == (PAPERS, "prior:all-MiniLM-L6-v2", 64)
        return contents

    return run


def kill_often(
    pair: Pair, kills: int, folder: Path, world: World, undisturbed: Callable[[str], remains.Contents]
) -> None:
    """Kill `kills` workers of a site, then let one finish, and hold the site against the undisturbed one; in a soak
    as many times as its kills make."""
    wanted = undisturbed(pair.elastic)
    rounds = max(1, SOAK_KILLS // KILLS)
    for number in range(rounds):
        chance = random.Random(number)
        index_first = kills == KILLS or number % 2 == 1  # else the kills strike the making of the first index, too
        with pair.site(folder / f"{number}", world, index_first) as site:
            many = KILLS if SOAK_KILLS else kills
            struck = sum(site.live_and_die(chance.uniform(0, LONGEST_DELAY)) for _ in range(many))
            assert struck >= 0.75 * many, "the work was done before the workers could be killed"
            site.finish()
            assert not remains.differences(site.contents(), wanted)


@pytest.mark.database
def test_twenty_kills_without_servers(
    tmp_path: Path, world: World, undisturbed: Callable[[str], remains.Contents]
) -> None:
    kill_often(Pair(), KILLS, tmp_path, world, undisturbed)


def test_kills_with_redis(
    tmp_path: Path, world: World, undisturbed: Callable[[str], remains.Contents], redis_url: str
) -> None:
    kill_often(Pair(redis_url), FEW, tmp_path, world, undisturbed)


def test_kills_with_elasticsearch(
    tmp_path: Path, world: World, undisturbed: Callable[[str], remains.Contents], elasticsearch_url: str
) -> None:
    kill_often(Pair("", elasticsearch_url), FEW, tmp_path, world, undisturbed)


def test_kills_with_redis_and_elasticsearch(
    tmp_path: Path,
    world: World,
    undisturbed: Callable[[str], remains.Contents],
    redis_url: str,
    elasticsearch_url: str,
) -> None:
    kill_often(Pair(redis_url, elasticsearch_url), FEW, tmp_path, world, undisturbed)
