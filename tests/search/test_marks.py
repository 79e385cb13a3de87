"""Claims on papers that wait for the index: workers of several machines on PostgreSQL, one machine's on SQLite."""

import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from elasticsearch import Elasticsearch

from papers.ingest import mark_for_index
from papers.models import IndexMark, Paper
from papers.shelf import load_shelf
from papers.turns import shared
from search import locks, marks
from search.engines.base import EngineError
from tests.databases import own_database
from tests.search.elastics import own_alias
from tests.search.sites import RealSite, demand, real_site

on_postgresql = pytest.mark.postgresql
on_sqlite = pytest.mark.sqlite


@pytest.fixture
def shelf(db: None) -> list[int]:
    """Papers that are marked; their primary keys in order."""
    load_shelf()
    return list(Paper.objects.order_by("pk").values_list("pk", flat=True))


@on_postgresql
def test_no_two_of_the_living_have_the_same_paper(shelf: list[int]) -> None:
    with marks.claimant() as one, marks.claimant() as other:
        first = one.claim(10)
        assert list(first) == shelf[:10]
        assert list(other.claim(10)) == shelf[10:20]
        assert list(one.claim(5, after=shelf[30])) == shelf[31:36]
        assert one.still(shelf) == {*shelf[:10], *shelf[31:36]}
        one.release(first)
        assert list(other.claim(3)) == shelf[:3]
        assert one.still(shelf[:10]) == set()


@on_postgresql
def test_a_claim_ends_with_its_worker(shelf: list[int]) -> None:
    with marks.claimant() as one:
        one.claim(10)
    with marks.claimant() as other:
        assert list(other.claim(10)) == shelf[:10]


@on_postgresql
def test_a_mark_that_is_renewed_waits_until_it_is_given_back(shelf: list[int]) -> None:
    with marks.claimant() as one, marks.claimant() as other:
        claimed = one.claim(3)
        mark_for_index(shelf[1:2])
        assert list(other.claim(1)) == shelf[3:4]
        one.clear(claimed)
        assert set(IndexMark.objects.filter(paper__in=shelf[:3]).values_list("paper", flat=True)) == {shelf[1]}
        again = other.claim(1)
        assert list(again) == shelf[1:2]
        assert again[shelf[1]] != claimed[shelf[1]]


def test_what_is_cleared_is_kept_while_a_new_index_is_made(shelf: list[int]) -> None:
    with marks.claimant() as one:
        with locks.rebuilding(wait=False):
            assert locks.rebuild_runs()
            one.clear(one.claim(3))
            assert list(marks.kept(10)) == shelf[:3]
            assert marks.pending().count() == len(shelf) - 3
            mark_for_index(shelf[:1])  # changed again: it waits for both
            assert list(marks.kept(10)) == shelf[1:3]
            assert list(one.claim(1)) == shelf[:1]
        assert not locks.rebuild_runs()
        one.clear(one.claim(2, after=shelf[3]))
    assert IndexMark.objects.count() == len(shelf) - 2
    before = marks.pending().count()
    marks.put_back_kept()
    assert marks.pending().count() == before + 2 == IndexMark.objects.count()


def test_refused_papers_rest(shelf: list[int]) -> None:
    with marks.claimant() as one:
        one.claim(2)
        one.rest(dict.fromkeys(shelf[:2], "no room"))
        assert list(one.claim(1)) == shelf[2:3]
        mark_for_index(shelf[:1])  # another text may be taken
        assert list(one.claim(1)) == shelf[:1]
        one.release(shelf[:3])
        IndexMark.objects.filter(paper=shelf[1]).update(rests_until=timezone.now() - timedelta(seconds=1))
        assert list(one.claim(2)) == shelf[:2]


@on_postgresql
def test_a_rebuild_whose_connection_broke_does_not_switch(db: None) -> None:
    with locks.rebuilding(wait=False) as demand_lock:
        demand_lock()
        holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() AND granted"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM ({holder}) AS other")
        with pytest.raises(EngineError, match="the old index stays"):
            demand_lock()
        assert not locks.rebuild_runs()


@on_postgresql
def test_only_one_rebuilds(db: None) -> None:
    with locks.rebuilding(wait=False), pytest.raises(locks.BusyError), locks.rebuilding(wait=False):
        pass
    with locks.rebuilding(wait=False):
        pass


@on_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["clear", "release", "rest", "drop"])
def test_who_sets_marks_and_who_ends_them_take_them_in_one_order(end: str) -> None:
    load_shelf()
    papers = list(Paper.objects.order_by("pk").values_list("pk", flat=True)[:3])
    one = marks.Claimant(1)
    claimed = one.claim(3)
    IndexMark.objects.filter(paper=papers[0]).update(kept=False)  # its row now lies behind the others
    failed: list[Exception] = []

    def work() -> None:
        try:
            with connection.cursor() as cursor:  # as the planner may choose for many papers: rows as they lie
                cursor.execute(
                    "SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off"
                )
            marks.drop(claimed) if end == "drop" else getattr(one, end)(claimed)
        except DatabaseError as error:
            failed.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    with transaction.atomic():
        for paper in papers:
            list(IndexMark.objects.select_for_update().filter(paper=paper))
            if paper == papers[0]:
                worker.start()
                demand(waiting, 10)
    worker.join()
    assert failed == []


def waiting() -> bool:
    """Whether somebody waits for a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        return bool(cursor.fetchone()[0])


@on_postgresql
def test_a_machine_that_vanishes_is_found_out_soon(db: None) -> None:
    with marks.claimant(), connection.cursor() as cursor:
        cursor.execute("SHOW tcp_keepalives_idle")
        assert cursor.fetchone() == ("30",)


@pytest.fixture
def site(elasticsearch_url: str, tmp_path: Path) -> Iterator[RealSite]:
    """A site of several machines with an index of 50 papers."""
    with own_alias(elasticsearch_url) as alias:
        settings = {
            "SEARCH_ENGINE": "elasticsearch",
            "ELASTICSEARCH_URL": elasticsearch_url,
            "ELASTICSEARCH_INDEX": alias,
            "ELASTICSEARCH_TIMEOUT": "20",
        }
        with real_site(tmp_path / "data", **settings) as site:
            site.run("fill", "0", "50")
            assert site.run("index") == "50\n"
            yield site


def written(site: RealSite) -> tuple[int, int]:
    """How many papers are in the index, and how many documents were ever written into it."""
    alias = site.settings["ELASTICSEARCH_INDEX"]
    with Elasticsearch(site.settings["ELASTICSEARCH_URL"].split(",")) as client:
        client.indices.refresh(index=alias)
        stats = client.indices.stats(index=alias, metric="indexing")["_all"]["primaries"]["indexing"]
        return int(client.count(index=alias)["count"]), int(stats["index_total"])


def claimed(site: RealSite) -> int:
    """How many marks are claimed."""
    return site.number("SELECT count(*) FROM papers_indexmark WHERE claim IS NOT NULL")


@on_postgresql
@pytest.mark.database
def test_three_workers_share_the_papers_and_one_is_killed(site: RealSite) -> None:
    site.run("fill", "50", "1500")
    assert site.marks == 1500
    for machine in "abc":
        site.start("work", machine=machine)
    demand(lambda: claimed(site) > 100 and site.marks < 1400, 60)
    site.running[-1].kill()  # 'c'
    demand(lambda: site.marks == 0, 90)
    papers, documents = written(site)
    assert papers == 1550
    assert documents - papers <= 100  # at most what the killed one had written and not cleared


@on_postgresql
@pytest.mark.database
def test_a_living_worker_keeps_its_papers_and_a_killed_ones_are_free_at_once(site: RealSite) -> None:
    site.run("fill", "50", "200")
    holder = site.start("index", "100", "600", machine="a")
    demand(lambda: claimed(site) == 100, 60)
    assert site.run("index") == "100\n"
    assert (site.marks, claimed(site)) == (100, 100)
    holder.kill()
    holder.wait()
    start = time.monotonic()
    assert site.run("index") == "100\n"
    assert time.monotonic() - start < 30
    assert site.marks == 0
    assert written(site) == (250, 250)


@on_postgresql
@pytest.mark.database
def test_a_paper_that_changes_in_the_hands_of_a_worker_is_indexed_again(site: RealSite) -> None:
    site.run("fill", "50", "100")
    holder = site.start("index", "100", "8", machine="a")
    demand(lambda: claimed(site) == 100, 60)
    holder.send_signal(signal.SIGSTOP)
    [[name]] = site.database.rows("SELECT arxiv_id FROM papers_paper ORDER BY id DESC LIMIT 1")
    site.run("retitle", str(name), "Wasps instead of what was")
    assert site.run("index") == "0\n"
    assert site.marks == 100
    holder.send_signal(signal.SIGCONT)
    holder.wait(60)
    assert site.marks == 1
    assert site.run("index") == "1\n"
    with Elasticsearch(site.settings["ELASTICSEARCH_URL"].split(",")) as client:
        found = client.search(index=site.settings["ELASTICSEARCH_INDEX"], query={"term": {"arxiv_id": name}})
    assert [hit["_source"]["title"] for hit in found["hits"]["hits"]] == ["Wasps instead of what was"]


@on_sqlite
def test_on_one_machine_one_process_indexes_and_takes_what_a_killed_one_had(tmp_path: Path) -> None:
    with own_database(tmp_path / "data") as database:
        site = RealSite(database, {})
        site.run("fill", "0", "60")
        site.run("index")
        site.run("mark")
        holder = site.start("index", "20", "600")
        demand(lambda: claimed(site) == 20, 60)
        assert site.run("index") == "0\n"
        holder.kill()
        holder.communicate()
        assert site.run("index") == "60\n"
        assert site.marks == 0


@on_sqlite
def test_locks_of_one_machine_are_files(db: None) -> None:
    with locks.indexing(wait=False), pytest.raises(locks.BusyError), locks.indexing(wait=False):
        pass
    with locks.rebuilding(wait=False) as demand_lock:
        demand_lock()
        assert locks.rebuild_runs()
        with pytest.raises(locks.BusyError), locks.rebuilding(wait=False):
            pass
    assert not locks.rebuild_runs()
    assert not shared()
