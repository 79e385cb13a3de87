"""What cannot be dealt with is put aside, with its reason, and holds up nothing else: a paper, a message, a run."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from papers.ingest import ingest
from papers.models import IndexMark, Paper
from search import documents, indexing, marks
from search.encoder import Encoder
from search.engines.base import Engine, LexicalQuery
from search.keywords import keyphrases
from tests.databases import own_database
from tests.search.elastics import record
from tests.search.site_process import draw_vectors
from tests.workers.nursery import Nursery, nursery, until
from tests.workers.sites import numbered
from workers import alarms, arrival, jobs
from workers.arrival import CRASHES, MISTAKES
from workers.models import Run
from workers.sources import Page
from workers.work import Work

# A paper


@pytest.mark.django_db
def test_a_paper_that_our_code_stumbles_over_rests_and_the_others_are_indexed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(title: str, *more: Any) -> list[Any]:
        if "number13 " in title:
            raise ZeroDivisionError("no words")
        return list(keyphrases(title, *more))

    monkeypatch.setattr(Encoder, "encode", draw_vectors)
    assert ingest(record(number) for number in range(12)).new == 12
    assert indexing.index_pending() == 12
    monkeypatch.setattr(documents, "keyphrases", stumble)
    assert ingest(record(number) for number in range(40)).new == 28
    assert indexing.index_pending() == 27
    [mark] = marks.resting()
    assert (mark.paper.arxiv_id, mark.reason, mark.claim) == ("2401.00013", "ZeroDivisionError: no words", None)
    assert engine.count(LexicalQuery()) == 39
    assert indexing.index_pending() == 0  # it rests
    monkeypatch.setattr(documents, "keyphrases", keyphrases)
    ingest([record(13, "Another title")])  # it has changed, and is tried at once
    assert indexing.index_pending() == 1
    assert engine.count(LexicalQuery()) == 40
    assert not IndexMark.objects.exists()


# A message


def envelope(body: bytes, headers: object, /, **changes: object) -> str:
    """A message as kombu writes it."""
    properties = {
        "delivery_tag": f"{time.time_ns()}",
        "delivery_info": {"exchange": "", "routing_key": "default"},
        "body_encoding": "base64",
        "correlation_id": "1",
    }
    message: dict[str, object] = {
        "body": base64.b64encode(body).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": properties,
    }
    return json.dumps(message | changes)


CALL = b'[["network"], {}, {}]'
TASK = {"task": "workers.tasks.arrive", "id": "1", "lang": "py"}
# What stands in the queue, and what of it must be in the parked body.
GARBAGE = {
    "no JSON": ("Good day {", "Good day {"),
    "empty": ("", ""),
    "a number": ("7", "7"),
    "a list": ("[]", "[]"),
    "no envelope": ('{"hello": "there"}', "there"),
    "no properties": (envelope(CALL, TASK, properties={}), "workers.tasks.arrive"),
    "an odd body": (envelope(CALL, TASK, body="a"), "workers.tasks.arrive"),
    "odd headers": (envelope(CALL, "x"), "base64"),
    "no headers": (envelope(CALL, None), "network"),
    "no task": (envelope(b'{"hello": "there"}', {}), "there"),
    "no text": (envelope(b"\xff\xfe there", TASK), "there"),
    "no JSON in the body": (envelope(b"Good day", TASK), "Good day"),
    "another format": (envelope(CALL, TASK, **{"content-type": "application/x-python-serialize"}), "network"),
    "a task that is no name": (envelope(CALL, TASK | {"task": [1]}), "network"),
    "no id": (envelope(CALL, {"task": "workers.tasks.arrive"}), "network"),
    "an unknown task without id": (envelope(CALL, {"task": "tests.never"}), "network"),
}
# Of those the task and its arguments can be told.
READABLE = {"another format", "no id"}


@contextmanager
def quiet_site(folder: Path, redis_url: str = "", **options: Any) -> Iterator[Nursery]:
    """A site with nothing to do but what a test says."""
    if redis_url:
        with Redis.from_url(redis_url) as client:
            client.flushdb()
    with own_database(folder) as database, nursery(database, None, options, REDIS_URL=redis_url) as workers:
        workers.call("seed", ["2609.00001"])
        yield workers


def parked(workers: Nursery) -> list[tuple[object, ...]]:
    """Queue, task, body and reason of what was parked."""
    return workers.database.rows("SELECT queue, task, body, reason FROM workers_parkedmessage ORDER BY id")


def park_garbage(workers: Nursery, late: Path) -> None:
    """Every kind of garbage is parked while the worker goes on."""
    worker = workers.start()
    for count, (name, (text, kept)) in enumerate(GARBAGE.items(), 1):
        workers.call("publish", text)
        until(lambda count=count: len(parked(workers)) >= count, 20, workers, name)  # type: ignore[misc]
        queue, _, body, reason = parked(workers)[-1]
        assert (queue, bool(reason), kept in str(body)) == ("default", True, True), (name, parked(workers)[-1])
    call = json.dumps([[str(late)], {}, {}]).encode()
    workers.call("publish", envelope(call, TASK | {"task": "tests.late"}))
    until(lambda: len(parked(workers)) > len(GARBAGE), 20, workers, "the unknown task")
    assert parked(workers)[-1][:2] == ("default", "tests.late")
    assert workers.alive(worker), workers.last_words()
    # It still does what it should.
    workers.call("order", "sweep", "nothing", {})
    until(lambda: not open_runs(workers), 20, workers, "the worker does nothing")
    workers.kill(worker)
    assert len(parked(workers)) == len(GARBAGE) + 1
    sent = dict(zip([*GARBAGE, "later"], workers.call("send_again"), strict=True))
    assert {name for name, was in sent.items() if was} == READABLE


def open_runs(workers: Nursery) -> list[tuple[object, ...]]:
    """Runs that are neither done nor parked."""
    return workers.database.rows("SELECT job FROM workers_run WHERE finished IS NULL AND NOT parked")


def test_garbage_in_files(tmp_path: Path) -> None:
    late = tmp_path / "late"
    with quiet_site(tmp_path / "data") as workers:
        park_garbage(workers, late)
        newer = Nursery(workers.database, {}, {"late": True})  # a version of the site that knows the task
        try:
            worker = newer.start()
            assert newer.call("send_again")[-1] is True
            until(late.exists, 20, newer, "the message was not sent again")
            newer.kill(worker)
        finally:
            newer.stop()
        again = workers.database.rows("SELECT task FROM workers_parkedmessage WHERE again IS NOT NULL")
        assert ("tests.late",) in again


def test_garbage_in_redis(tmp_path: Path, redis_url: str) -> None:
    with quiet_site(tmp_path / "data", numbered(redis_url)) as workers:
        park_garbage(workers, tmp_path / "late")
        with Redis.from_url(numbered(redis_url)) as client:
            held = client.hvals("unacked")
        assert not [each for each in held if b"Good day" in each], "garbage would be delivered again"


# A run


class Stumbling(Work):
    """Raises with each page."""

    label = "snapshot"

    def source(self) -> "Stumbling":
        return self

    name = "snapshot"

    def pages(self, token: str = "") -> Iterator[Page]:
        yield Page()

    def after(self, page: Page, counts: object) -> bool:
        raise ZeroDivisionError("a mistake of ours")


@pytest.mark.django_db
def test_a_run_that_our_code_stumbles_over_is_parked_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, jsonl: Callable[..., Path]
) -> None:
    monkeypatch.setitem(jobs.JOBS, "stumbling", Stumbling)
    bad = jobs.order("stumbling", "a page", priority=1)
    path = jsonl({"id": "2609.00001", "title": "Bees", "abstract": "They dance.", "categories": "cs.LG"})
    good = jobs.order("snapshot", "a file", arguments={"path": str(path)}, priority=9)
    for tries in range(1, MISTAKES + 1):
        assert not arrival.work()
        bad.refresh_from_db()
        good.refresh_from_db()
        assert good.finished
        assert (bad.tries, bad.parked) == (tries, tries == MISTAKES)
        assert bad.not_before > timezone.now()
        Run.objects.filter(pk=bad.pk).update(not_before=timezone.now())
    assert bad.error == "ZeroDivisionError: a mistake of ours"
    assert Paper.objects.get().title == "Bees"
    [alarm] = alarms.standing()
    assert (alarm.kind, bad.run_id in alarm.text, "a mistake of ours" in alarm.text) == ("parked", True, True)
    assert not arrival.due("network").exists()
    jobs.again(bad)
    assert not alarms.standing().exists()
    assert arrival.due("network").get() == bad


def test_a_run_that_workers_die_in_is_parked_and_comes_back_by_hand(tmp_path: Path) -> None:
    with quiet_site(tmp_path / "data") as workers:
        switch = workers.database.folder / "deadly"
        switch.touch()
        worker = workers.start()
        run = workers.call("order", "deadly", "its worker dies", {"priority": 1})
        workers.call("order", "sweep", "nothing", {"priority": 9})
        query = f"SELECT parked, crashes, error FROM workers_run WHERE id = {run}"
        until(lambda: workers.database.rows(query)[0][0], 60, workers, "the run was not parked")
        [(_, crashes, error)] = workers.database.rows(query)
        assert crashes == CRASHES
        assert str(CRASHES) in str(error)
        assert workers.database.rows("SELECT kind FROM workers_alarm WHERE closed IS NULL") == [("parked",)]
        until(lambda: not open_runs(workers), 20, workers, "the other run was held up")
        switch.unlink()
        workers.call("again", run)
        done = f"SELECT error, crashes FROM workers_run WHERE id = {run} AND finished IS NOT NULL"
        until(lambda: workers.database.rows(done), 20, workers, "the run did not come back")
        assert workers.database.rows(done) == [("", 0)]
        until(
            lambda: not workers.database.rows("SELECT kind FROM workers_alarm WHERE closed IS NULL"),
            20,
            workers,
            "an alarm stays",
        )
        assert workers.alive(worker), workers.last_words()
