"""A site whose workers pull a whole world by OAI-PMH and index it, and what can be told of it from outside."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from tests.arxiv import LoopbackArxiv, World, serve
from tests.databases import OwnDatabase, own_database
from tests.search.elastics import own_alias
from tests.workers import remains
from tests.workers.nursery import Nursery, nursery, until

FOLLOWED = ["cs.AI", "cs.CL", "cs.CV", "cs.LG", "stat.ML"]
BEFORE = 200  # papers that are there before, in the index, too, and that the run changes
REDIS_NUMBER = 7  # of the database that these tests empty


@dataclass(frozen=True)
class Parts:
    """Addresses of broker, engine and database of a site; empty for files, the embedded engine, the tests' own."""

    redis: str = ""
    elastic: str = ""
    postgres: str = ""


@dataclass(frozen=True)
class Site:
    """One site and how far it is. `run` is the primary key of the run that pulls everything."""

    workers: Nursery
    arxiv: LoopbackArxiv
    parts: Parts
    alias: str

    @property
    def database(self) -> OwnDatabase:
        """The site's database."""
        return self.workers.database

    def progress(self) -> tuple[int, bool, int]:
        """How many records the run has seen, whether every run is finished, how many papers wait for the index."""
        [(seen, unfinished, marks)] = self.database.rows(
            "SELECT (SELECT seen FROM workers_run ORDER BY id LIMIT 1),"
            " (SELECT count(*) FROM workers_run WHERE finished IS NULL), (SELECT count(*) FROM papers_indexmark)"
        )
        assert isinstance(seen, int)
        assert isinstance(marks, int)
        return seen, not unfinished, marks

    @property
    def seen(self) -> int:
        """How many records the run has seen."""
        return self.progress()[0]

    @property
    def pulled(self) -> bool:
        """Whether the run is finished."""
        return self.progress()[1]

    @property
    def marks(self) -> int:
        """How many papers wait for the index."""
        return self.progress()[2]

    @property
    def done(self) -> bool:
        """Whether there is nothing left to do."""
        return self.progress()[1:] == (True, 0)

    def went_on(self, before: tuple[int, bool, int]) -> bool:
        """Whether a page has come since then or, where all had come, some papers went into the index."""
        seen, pulled, marks = self.progress()
        return (seen, pulled) != before[:2] or (pulled and marks != before[2])

    def live_and_die(self, delay: float) -> bool:
        """One worker's life: until it has brought something to an end, and `delay` seconds on. Whether there was work
        left when it was killed."""
        before = self.progress()
        worker = self.workers.start()
        until(lambda: self.done or self.went_on(before), 60, self.workers, "nothing was done")
        time.sleep(delay)
        busy = not self.done
        self.workers.kill(worker)
        return busy

    def wait_for_page(self) -> None:
        """Until one more page is there."""
        before = self.seen
        until(lambda: self.seen > before, 30, self.workers, "no page came")

    def wait_for_end(self, worker: int) -> None:
        """Until everything is done, by this worker, which goes on living; then it is ended."""
        until(lambda: self.done, 120, self.workers, "the work did not end")
        assert self.workers.alive(worker), self.workers.last_words()
        self.workers.kill(worker)

    def contents(self) -> remains.Contents:
        """All that is there in the end."""
        if self.parts.elastic:
            return remains.rows(self.database) | remains.elastic(self.database, self.parts.elastic, self.alias)
        return remains.rows(self.database) | remains.embedded(self.database)


@contextmanager
def pulling_site(
    folder: Path,
    world: World,
    page: int,
    parts: Parts = Parts(),
    index_first: bool = True,
    delay: float = 0,
    **options: Any,
) -> Iterator[Site]:
    """A site with BEFORE papers that the run will change (indexed where `index_first`), and the run ordered.

    `page` is how many records arXiv gives at once, `delay` how many seconds lie between two of them at least;
    `options` are those of `worker_process`.
    """
    settings = {"ARXIV_DELAY": f"{delay}"}
    with ExitStack() as stack:
        if parts.redis:
            settings["REDIS_URL"] = parts.redis
            with Redis.from_url(parts.redis) as client:
                client.flushdb()
        alias = stack.enter_context(own_alias(parts.elastic)) if parts.elastic else ""
        if parts.elastic:
            settings |= {"SEARCH_ENGINE": "elasticsearch", "ELASTICSEARCH_URL": parts.elastic}
            settings |= {"ELASTICSEARCH_INDEX": alias, "ELASTICSEARCH_TIMEOUT": "20"}
        if parts.postgres:
            database = OwnDatabase(folder, parts.postgres)
            database.migrate()
        else:
            database = stack.enter_context(own_database(folder))
        arxiv = stack.enter_context(serve(world, oai_page=page))
        workers = stack.enter_context(nursery(database, arxiv, options, **settings))
        ids = sorted(world.records())
        workers.call("seed", ids[:: len(ids) // BEFORE][:BEFORE])
        if index_first:
            assert workers.call("index") == BEFORE
        since = str(world.days[0].replace(day=1))
        arguments = {"sets": [], "since": since, "until": None, "lists": True, "categories": FOLLOWED}
        workers.call("order", "backfill", "everything", {"arguments": arguments})
        yield Site(workers, arxiv, parts, alias)


def undisturbed(folder: Path, world: World, page: int, elastic: str = "") -> remains.Contents:
    """What one run leaves that nobody disturbs, looked at for being whole."""
    with pulling_site(folder, world, page, Parts(elastic=elastic)) as site:
        site.wait_for_end(site.workers.start())
        contents = site.contents()
    papers = len(world.records())
    run, first = contents["Run"], ("backfill", papers, papers - BEFORE, BEFORE, 0, 0, papers, "")
    assert isinstance(run, list)
    assert [row[: len(first)] for row in run] == [first]
    assert contents["Alarm"] == contents["open runs"] == []
    assert contents["index"] == (papers, "prior:all-MiniLM-L6-v2", 64)
    assert contents["IndexMark"] == [(0,)]
    return contents


def numbered(redis_url: str) -> str:
    """The address of the database of Redis that these tests empty."""
    return f"{redis_url.rpartition('/')[0]}/{REDIS_NUMBER}"
