"""A page never waits for the broker, nor breaks with it."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from scripts.services.base import HOST, free_port
from tests.databases import ROOT, own_database
from workers import waking

OPEN = """
import json, sys, time
from config import process
process.claim("web")
import django
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
files = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # they are not gathered first
settings.STORAGES = settings.STORAGES | {"staticfiles": files}
from django.test import Client
from papers.models import WantedPaper
client, statuses, waits = Client(), [], []
for number in range(5):
    began = time.monotonic()
    statuses.append(client.get(f"/arxiv/2405.0000{number}").status_code)
    waits.append(time.monotonic() - began)
    if not number:  # what the first one imports, once a process, is not the broker's
        while "workers.tasks" not in sys.modules or not hasattr(sys.modules["workers.tasks"], "wake"):
            time.sleep(0.05)
time.sleep(float(sys.argv[1]))
print(json.dumps([statuses, waits, WantedPaper.objects.count()]))
"""


@contextmanager
def silent() -> Iterator[str]:
    """The address of a Redis that takes connections and never says a word."""
    with socket.create_server((HOST, 0)) as server:  # the kernel itself takes them
        yield f"redis://{HOST}:{server.getsockname()[1]}/0"


@contextmanager
def closed() -> Iterator[str]:
    """The address of a Redis that is not there."""
    yield f"redis://{HOST}:{free_port()}/0"


@contextmanager
def no_folder() -> Iterator[str]:
    """No Redis."""
    yield ""


@pytest.mark.database
@pytest.mark.parametrize(("away", "found_out"), [(silent, 6.5), (closed, 1), (no_folder, 1)])
def test_pages_do_not_wait_for_a_broker_that_is_away(
    away: Callable[[], AbstractContextManager[str]], found_out: float, tmp_path: Path
) -> None:
    with own_database(tmp_path) as site, away() as address:
        (tmp_path / "broker").touch()  # where the folder should be
        environment = site.environment | {"REDIS_URL": address}
        command = [sys.executable, "-c", OPEN, str(found_out)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    statuses, waits, wanted = json.loads(done.stdout)
    assert len(set(statuses)) == 1
    assert statuses[0] < 500
    assert wanted == 5
    assert max(waits[1:]) < 1
    assert done.stderr.count("could not be woken") == 1, done.stderr


def test_a_sender_that_hangs_takes_no_more_than_some_and_holds_up_nobody() -> None:
    sender, go_on, sent = waking.Sender(), threading.Event(), []

    def send() -> None:
        go_on.wait(10)
        sent.append(1)

    for _ in range(10 * waking.LONGEST):
        sender.put(send)
    assert sent == []
    go_on.set()
    last = threading.Event()
    while not last.wait(0.05):
        sender.put(last.set)
    assert waking.LONGEST <= len(sent) <= waking.LONGEST + 1


def test_what_fails_is_said_once_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(waking, "_quiet_until", 0.0)
    sender, done = waking.Sender(), threading.Event()
    for _ in range(3):
        sender.put(lambda: 1 // 0)
        waking.soon(lambda: 1 // 0)
    sender.put(done.set)
    assert done.wait(5)
    assert caplog.text.count("could not be woken") == 1
    assert "ZeroDivisionError" in caplog.text
