"""Workers killed while they send mails to readers: nothing comes twice, and what may be lost says so.

A worker is a whole `celery worker -B`, killed with all its processes at once, as in `test_worker_kills`.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import Event

import psycopg
import pytest

from tests.databases import OwnDatabase, own_database
from tests.workers.mailing import Post, post_office
from tests.workers.nursery import Nursery, nursery, until

READERS, KILLS = 60, 8
SLOWEST = 0.02  # seconds that the server takes for a step at most


class Site:
    """A site with a mail server."""

    def __init__(self, workers: Nursery, post: Post) -> None:
        self.workers, self.post = workers, post

    @property
    def database(self) -> OwnDatabase:
        return self.workers.database

    def states(self) -> dict[int, str]:
        """State by primary key of every mail."""
        return {int(str(pk)): str(state) for pk, state in self.database.rows("SELECT id, state FROM papers_digest")}

    def open(self) -> int:
        """How many are due."""
        return Counter(self.states().values())["due"]

    def received(self) -> Counter[int]:
        """How often each mail came."""
        return Counter(int(mail["Subject"].removeprefix("Mail ")) for _, _, mail in self.post.mails)

    def finish(self) -> None:
        """Let a worker send what is left. What the killed ones left in doubt stays so."""
        doubtful = Counter(self.states().values())["unsure"]
        self.workers.start()

        def done() -> bool:
            counted = Counter(self.states().values())
            return counted["due"] == 0 and counted["unsure"] == doubtful

        until(done, 60, self.workers, "mails were not sent")

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        """Whoever writes to the database waits."""
        if self.database.url:
            with psycopg.connect(self.database.url) as server:
                server.execute("LOCK TABLE papers_digest IN EXCLUSIVE MODE")
                yield
            return
        import sqlite3

        file = sqlite3.connect(self.database.folder / "papertide.sqlite3", timeout=10, isolation_level=None)
        file.execute("BEGIN IMMEDIATE")
        yield
        file.rollback()
        file.close()


def _has_gone_on(site: Site, enough: int) -> bool:
    return len(site.post.mails) >= enough or not site.open()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        post = stack.enter_context(post_office())
        database = stack.enter_context(own_database(tmp_path / "data"))
        mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": f"{post.port}", "EMAIL_SECURITY": "none"}
        mail |= {"EMAIL_FROM": "papertide@example.org", "SITE_URL": "https://papers.example.org"}
        workers = stack.enter_context(nursery(database, None, {"mails": True}, **mail))
        yield Site(workers, post)


@pytest.mark.database
def test_workers_killed_at_any_moment_send_nothing_twice(site: Site) -> None:
    chance = random.Random(8)

    def slow(step: str, who: str) -> None:
        time.sleep(chance.uniform(0, SLOWEST))

    site.post.answers = slow
    site.workers.call("owe", [f"ada{number}" for number in range(READERS)])
    struck = 0
    for _ in range(KILLS):
        enough = len(site.post.mails) + 2
        worker = site.workers.start()
        until(partial(_has_gone_on, site, enough), 30, site.workers, "no mail")
        time.sleep(chance.uniform(0, 0.1))
        struck += site.open() > 0
        site.workers.kill(worker)
    assert struck >= 0.75 * KILLS, "all was sent before the workers could be killed"
    site.finish()
    received, states = site.received(), site.states()
    assert len(states) == 2 * READERS
    assert max(received.values()) == 1
    assert set(states.values()) <= {"sent", "unsure"}
    assert {pk for pk, state in states.items() if state == "sent"} <= received.keys()
    lost = states.keys() - received.keys()
    assert {states[pk] for pk in lost} <= {"unsure"}
    assert Counter(states.values())["unsure"] <= KILLS


@pytest.mark.database
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "body", "dot", "end"])
def test_a_worker_killed_at_each_step_of_a_mail(site: Site, stage: str) -> None:
    reached, go_on, switch = Event(), Event(), site.database.folder / "before-dot"
    struck = "data" if stage == "body" else stage

    def stop(step: str, who: str) -> None:
        if step == struck and not reached.is_set():
            reached.set()
            go_on.wait(30)

    site.post.answers = stop
    if stage == "dot":
        switch.write_text("")
    site.workers.call("owe", ["ada"])
    worker = site.workers.start()
    until(lambda: reached.is_set() or (stage == "dot" and switch.read_text()), 30, site.workers, "not reached")
    if stage == "body":
        with site.nothing_written():
            go_on.set()
            time.sleep(0.3)  # the body comes, and whoever sent it waits for the database
            site.workers.kill(worker)
    else:
        site.workers.kill(worker)
    switch.unlink(missing_ok=True)
    go_on.set()
    if stage == "end":
        until(lambda: site.post.mails, 10, site.workers, "the server did not keep the mail")
    time.sleep(0.1)
    assert len(site.post.mails) == (stage == "end")
    site.finish()
    received, states = site.received(), site.states()
    # It was written down that it may be delivered: only then nobody knows. PostgreSQL does what it was asked, when its
    # turn comes, though who asked is dead.
    if stage in {"dot", "end"} or (stage == "body" and site.database.url):
        assert sorted(states.values()) == ["sent", "unsure"]
        [unsure] = [pk for pk, state in states.items() if state == "unsure"]
        assert received[unsure] == (stage == "end")
    else:
        assert set(states.values()) == {"sent"}
    assert {received[pk] for pk, state in states.items() if state == "sent"} == {1}
