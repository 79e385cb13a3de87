"""What the workers stand on goes away for a while: broker, database, room on the disk. They go on by themselves, and in
the end there are the same rows and the same index as of a run that nobody disturbed."""

import resource
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from scripts.services import postgres, redis
from scripts.services.base import HOST, Unavailable, free_port
from search.engines.base import LexicalQuery
from search.engines.embedded import EmbeddedEngine
from tests.arxiv import World
from tests.databases import ROOT, TEST_DATABASE_URL
from tests.search.sites import Browser, demand
from tests.services import missing
from tests.workers import remains
from tests.workers.nursery import Nursery, until
from tests.workers.sites import BEFORE, Parts, Site, pulling_site, undisturbed

PAPERS, PAGE = 800, 40
AWAY = 2.0  # seconds


@pytest.fixture(scope="module")
def world() -> World:
    return World.bulk(PAPERS)


@pytest.fixture(scope="module")
def clean(world: World, tmp_path_factory: pytest.TempPathFactory) -> remains.Contents:
    """What a run leaves that nobody disturbs."""
    return undisturbed(tmp_path_factory.mktemp("clean") / "data", world, PAGE)


def stands_still(site: Site, seconds: float = 1.0) -> int:
    """That no more pages come for some time; how many records were seen."""
    before = site.seen
    time.sleep(seconds)
    assert site.seen == before < PAPERS
    return before


# The broker


@contextmanager
def served(workers: Nursery) -> Iterator[Browser]:
    """The site's web server."""
    port = free_port()
    command = [sys.executable, "-m", "tests.search.site_process", "serve", str(port)]
    with workers.log.with_name("web.log").open("a") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=workers.environment, stdout=log, stderr=log)
    try:
        browser = Browser(f"http://{HOST}:{port}")
        demand(lambda: browser.status("/robots.txt") == 200, 60)
        yield browser
    finally:
        process.terminate()
        process.wait(30)


def test_redis_stopped_and_started_again(tmp_path: Path, world: World, clean: remains.Contents) -> None:
    try:
        server = redis.start(tmp_path / "redis")  # in memory: it forgets all messages and locks
    except Unavailable as error:
        missing(str(error))
    with (
        server,
        pulling_site(tmp_path / "data", world, PAGE, Parts(redis=server.url)) as site,
        served(site.workers) as browser,
    ):
        worker = site.workers.start()
        site.wait_for_page()
        server.stop()
        away = time.monotonic()
        for address in ("/", "/search?q=number", f"/arxiv/{min(world.papers)}"):
            assert browser.status(address) == 200, address
        time.sleep(max(0.0, away + AWAY - time.monotonic()))
        stands_still(site, 0.5)
        server.start()
        site.wait_for_end(worker)
        assert not remains.differences(site.contents(), clean)


# The database


@pytest.mark.sqlite
@pytest.mark.parametrize("timeout", [30.0, 0.3], ids=["within", "beyond"])
def test_a_locked_file_within_and_beyond_the_time_that_writers_wait(
    timeout: float, tmp_path: Path, world: World, clean: remains.Contents
) -> None:
    with pulling_site(tmp_path / "data", world, PAGE, sqlite_timeout=timeout) as site:
        worker = site.workers.start()
        site.wait_for_page()
        with closing(sqlite3.connect(site.database.folder / "papertide.sqlite3", timeout=10)) as other:
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(AWAY)
            stands_still(site)
            other.rollback()
        assert ("database is locked" in site.workers.log.read_text()) == (timeout < AWAY)
        site.wait_for_end(worker)
        assert not remains.differences(site.contents(), clean)


@pytest.mark.postgresql
def test_a_locked_table(tmp_path: Path, world: World, clean: remains.Contents) -> None:
    with pulling_site(tmp_path / "data", world, PAGE) as site:
        worker = site.workers.start()
        site.wait_for_page()
        with psycopg.connect(site.database.url) as other, psycopg.connect(site.database.url) as watch:
            other.execute("LOCK TABLE papers_paper IN ACCESS EXCLUSIVE MODE")
            time.sleep(AWAY)
            waiting = watch.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
            stands_still(site)
            assert waiting is not None
            assert waiting[0] > 0
            other.rollback()
        site.wait_for_end(worker)
        assert not remains.differences(site.contents(), clean)


@pytest.mark.postgresql
def test_postgresql_stopped_and_started_again(tmp_path: Path, world: World, clean: remains.Contents) -> None:
    assert TEST_DATABASE_URL
    with (
        postgres.start(tmp_path / "postgres") as server,
        pulling_site(tmp_path / "data", world, PAGE, Parts(postgres=server.url)) as site,
    ):
        worker = site.workers.start()
        site.wait_for_page()
        server.stop()
        time.sleep(AWAY)
        assert site.workers.alive(worker)
        server.start()
        assert site.seen < PAPERS
        site.wait_for_end(worker)
        assert not remains.differences(site.contents(), clean)


# The disk


def found(site: Site) -> int:
    """How many papers a reader finds."""
    return EmbeddedEngine(site.database.folder / "index").count(LexicalQuery())


def test_no_room_for_the_index(tmp_path: Path, world: World, clean: remains.Contents) -> None:
    """While the engine writes, the system lets no file grow beyond a page (see `worker_process`)."""
    with pulling_site(tmp_path / "data", world, PAGE) as site:
        full = site.database.folder / "index-full"
        full.write_text("4096")
        worker = site.workers.start()
        until(lambda: site.pulled, 60, site.workers, "the papers did not come")
        said = "the index cannot be written"
        before = site.workers.log.read_text().count(said)
        until(lambda: site.workers.log.read_text().count(said) > before, 30, site.workers, "nobody tried")
        assert site.marks == PAPERS
        assert found(site) == BEFORE
        assert site.workers.alive(worker)
        full.unlink()
        site.wait_for_end(worker)
        assert found(site) == PAPERS
        assert not remains.differences(site.contents(), clean)


@pytest.mark.sqlite
def test_no_room_for_anything(tmp_path: Path, world: World, clean: remains.Contents) -> None:
    """All files of the workers' processes may grow only a little beyond the largest of them, which is the database."""
    with pulling_site(tmp_path / "data", world, PAGE) as site:
        worker = site.workers.start()
        site.wait_for_page()
        largest = max(path.stat().st_size for path in site.database.folder.glob("papertide.sqlite3*"))
        limit(site, worker, largest + 100_000)
        said = ("disk I/O error", "database or disk is full")
        log = site.workers.log
        until(lambda: any(each in log.read_text() for each in said), 30, site.workers, "there was room")
        stands_still(site)
        assert site.workers.alive(worker)
        limit(site, worker, resource.RLIM_INFINITY)
        site.wait_for_end(worker)
        assert not remains.differences(site.contents(), clean)


def limit(site: Site, worker: int, size: int) -> None:
    """No file that a process of this worker writes grows beyond so many bytes."""
    for process in site.workers.processes(worker):
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


# The same message again and again


def test_twenty_wake_ups_at_once_and_two_workers(tmp_path: Path, world: World, clean: remains.Contents) -> None:
    with pulling_site(tmp_path / "data", world, PAGE) as site:
        site.workers.call("wake", 20)
        one, two = site.workers.start("one"), site.workers.start("two", False)
        site.workers.call("wake", 20)
        until(lambda: site.done, 120, site.workers, "the work did not end")
        asked = Counter(tuple(sorted(entry.query.items())) for entry in site.arxiv.log.of("oai"))
        assert len(asked) == sum(asked.values()) == PAPERS // PAGE
        assert site.arxiv.log.overlaps() == 0
        assert site.arxiv.log.most_open == 1
        for worker in (one, two):
            assert site.workers.alive(worker)
            site.workers.kill(worker)
        assert not remains.differences(site.contents(), clean)
