"""The broker without a server: whole messages, a folder that stays small, and a real worker that is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import redis
from kombu import Connection, Queue
from kombu.simple import SimpleQueue

from tests.databases import OwnDatabase, own_database
from tests.workers.conftest import Answer, Loopback, Request, entry, feed
from workers.app import MINUTE, QUEUES, app
from workers.broker import STALE_AFTER

ROOT = Path(__file__).resolve().parents[2]
SILENCE = 6.0  # seconds; longer than a socket of the broker may be silent


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    folders = {"data_folder_in": tmp_path / "messages", "data_folder_out": tmp_path / "messages"}
    options = {**folders, "control_folder": tmp_path / "control"}
    with Connection("localhost", transport="workers.broker:Transport", transport_options=options) as made:
        yield made


@pytest.fixture
def queue(connection: Connection, tmp_path: Path) -> SimpleQueue:
    """A queue under a name of its own: kombu keeps the bindings of one process over its connections."""
    return connection.SimpleQueue(tmp_path.name)


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_messages_arrive_once_and_leave_nothing(queue: SimpleQueue, tmp_path: Path) -> None:
    for number in range(3):
        queue.put({"number": number})
    assert len(list((tmp_path / "messages").iterdir())) == 3
    taken = [queue.get(timeout=2) for _ in range(3)]
    assert [message.payload["number"] for message in taken] == [0, 1, 2]
    for message in taken:
        message.ack()
    assert list((tmp_path / "messages").iterdir()) == []


def test_what_is_no_message_is_handed_on_as_the_text_it_is(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "messages" / f"0_cut.{tmp_path.name}.msg").write_text('{"body": "e3')
    (tmp_path / "messages" / f"00_empty.{tmp_path.name}.msg").touch()
    channel = connection.channel()
    assert [channel._get(tmp_path.name) for _ in range(2)] == ["", '{"body": "e3']
    assert list((tmp_path / "messages").iterdir()) == []


def test_the_folder_cannot_grow_while_no_worker_runs(queue: SimpleQueue, tmp_path: Path) -> None:
    for number in range(20):
        queue.put({"number": number})
        for path in (tmp_path / "messages").iterdir():
            age(path, STALE_AFTER / 4 + time.time() - path.stat().st_mtime)
    assert 3 <= len(list((tmp_path / "messages").iterdir())) <= 5


def test_beat_looks_each_minute() -> None:
    assert {job["task"]: job["schedule"] for job in app.conf.beat_schedule.values()} == {
        "workers.tasks.tick": MINUTE,
        "workers.tasks.index_pending": MINUTE,
    }
    app.loader.import_default_modules()
    assert {job["task"] for job in app.conf.beat_schedule.values()} <= app.tasks.keys()


def test_every_periodic_message_expires_and_not_by_clocks_that_differ_by_minutes() -> None:
    # The sender writes the moment down and the receiver compares. Two at once do no more than one.
    for job in app.conf.beat_schedule.values():
        assert job["schedule"] + 3 * MINUTE <= job["options"]["expires"] <= 5 * MINUTE


def test_each_queue_gets_its_own_messages_and_one_worker_takes_all() -> None:
    queues: dict[str, Queue] = app.amqp.queues
    assert {name: queue.routing_key for name, queue in queues.items()} == {name: name for name in QUEUES}
    assert set(QUEUES) == {"network", "embedding", "default"}
    assert app.amqp.queues.consume_from.keys() == queues.keys()
    assert {route["queue"] for route in app.conf.task_routes.values()} <= queues.keys()


class Workers:
    """Starts real workers on a site of their own."""

    def __init__(self, site: OwnDatabase, arxiv_url: str, redis_url: str = "") -> None:
        self.data_dir = site.folder
        self.rows = site.rows
        self.started: list[subprocess.Popen[bytes]] = []
        self.environment = site.environment | {
            "ARXIV_URL": arxiv_url,
            "ARXIV_DELAY": "0",
            "REDIS_URL": redis_url,
            "CELERY_SKIP_CHECKS": "1",
        }

    def start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "celery", "-A", "workers", "--quiet", "worker", "-B", "-c", "2"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with (self.data_dir / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.started.append(worker)
        return worker

    def stop(self) -> None:
        for worker in self.started:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture
def workers(arxiv_server: Loopback, data_dir: Path) -> Iterator[Workers]:
    with own_database(data_dir) as site:
        made = Workers(site, arxiv_server.url.removesuffix("/api/query"))
        yield made
        made.stop()


def wait_for(condition: Callable[[], object], worker: "subprocess.Popen[bytes]", what: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if worker.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{what}; the worker said:\n{log.read_text()[-3000:]}")
        time.sleep(0.05)


@pytest.mark.database
def test_a_killed_worker_loses_nothing(workers: Workers, arxiv_server: Loopback) -> None:
    go_on = threading.Event()

    def respond(request: Request) -> Answer:
        if len(arxiv_server.requests) == 1:
            go_on.wait(60)  # the answer the first worker does not live to see
        return Answer(feed([entry(0)])) if request.path == "/api/query" else Answer(status=404)

    arxiv_server.respond = respond
    log = workers.data_dir / "worker.log"
    first = workers.start()
    wait_for(lambda: arxiv_server.requests, first, "no message was taken", log)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert workers.rows("select count(*) from papers_paper") == [(0,)]
    go_on.set()
    second = workers.start()
    wait_for(lambda: workers.rows("select title from papers_paper"), second, "no paper came", log)
    assert workers.rows("select title from papers_paper") == [("Paper 0",)]
    folder = workers.data_dir / "broker" / "messages"
    wait_for(lambda: len(list(folder.iterdir())) <= 2, second, "messages were left lying", log)


def taken(site: OwnDatabase, number: int) -> bool:
    return site.rows("SELECT count(*) FROM workers_parkedmessage") == [(number,)]


@pytest.mark.database
def test_a_worker_that_had_nothing_to_do_for_long_takes_messages_still(
    arxiv_server: Loopback, data_dir: Path, redis_url: str
) -> None:
    arxiv_server.answers = [Answer(status=404)]
    log = data_dir / "worker.log"
    with own_database(data_dir) as site, redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        workers = Workers(site, arxiv_server.url.removesuffix("/api/query"), redis_url)
        try:
            worker = workers.start()
            for number, silence in ((1, SILENCE), (2, 0.0)):
                client.lpush("embedding", "no message")  # which a worker that takes it parks
                wait_for(partial(taken, site, number), worker, "no message was taken", log)
                time.sleep(silence)
            assert "lost" not in log.read_text()
        finally:
            workers.stop()
            client.flushdb()
