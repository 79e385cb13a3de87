"""One request at a time and a pause after each, over real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import LazySettings

from workers.politeness import NoTurnError, turn

DELAY = 0.2
ROOT = Path(__file__).resolve().parents[2]
TAKE_TURNS = """
import time
from workers.politeness import turn
for _ in range(2):
    with turn():
        start = time.monotonic()
        time.sleep(0.05)
        print(start, time.monotonic(), flush=True)
"""
HOLD = """
import time
from workers.politeness import turn
with turn():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=["file", "redis"])
def environment(request: pytest.FixtureRequest, settings: LazySettings, data_dir: Path) -> Iterator[dict[str, str]]:
    """The environment of the processes that share one gate; the test's own settings are the same."""
    settings.ARXIV_DELAY = DELAY
    settings.REDIS_URL = ""
    given = {"DATA_DIR": str(data_dir), "ARXIV_DELAY": str(DELAY), "DJANGO_SETTINGS_MODULE": "config.settings"}
    if request.param == "file":
        yield os.environ | given | {"REDIS_URL": ""}
        return
    settings.REDIS_URL = request.getfixturevalue("redis_url")
    yield os.environ | given | {"REDIS_URL": settings.REDIS_URL}


def start(script: str, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )


def test_four_processes_never_overlap_and_keep_the_delay(environment: dict[str, str]) -> None:
    processes = [start(TAKE_TURNS, environment) for _ in range(4)]
    lines = [line for process in processes for line in process.communicate(timeout=30)[0].splitlines()]
    turns = sorted(tuple(map(float, line.split())) for line in lines)
    assert len(turns) == 8
    pauses = [later[0] - earlier[1] for earlier, later in pairwise(turns)]
    assert min(pauses) >= DELAY * 0.98


def test_a_killed_holder_gives_its_turn_back(settings: LazySettings, data_dir: Path) -> None:
    settings.ARXIV_DELAY = DELAY
    given = {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_URL": ""}
    holder = start(HOLD, os.environ | given | {"ARXIV_DELAY": str(DELAY)})
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(NoTurnError), turn(timeout=0.2):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with turn(timeout=5):
        pass


def test_a_longer_pause_holds_for_the_next_turn(environment: dict[str, str]) -> None:
    with turn() as pause:
        pause(0.6)
    ended = time.monotonic()
    with pytest.raises(NoTurnError), turn(timeout=0.3):
        pass
    with turn(timeout=5):
        assert 0.55 <= time.monotonic() - ended < 3


@pytest.mark.parametrize("written", ["{future} 0.2", "{past} 0.2", "", "nonsense", "1 2 3"])
def test_a_clock_set_back_or_a_broken_file_costs_a_pause(settings: LazySettings, data_dir: Path, written: str) -> None:
    settings.ARXIV_DELAY = DELAY
    now = time.time()
    (data_dir / "arxiv.pause").write_text(written.format(future=now + 86_400, past=now - 86_400))
    began = time.monotonic()
    with turn(timeout=5):
        assert time.monotonic() - began < 1


def test_the_turn_is_given_back_after_an_error(data_dir: Path) -> None:
    with pytest.raises(RuntimeError), turn():
        raise RuntimeError
    with turn(timeout=1):
        pass
