"""Waiting beside running servers: telling when one ended, and doing what another terminal asks for.

A request is a file `requests/<verb>-<server>` in the servers' folder; its answer is written beside it.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.services.base import Server, Unavailable
from scripts.services.fleet import Fleet, say

VERBS: dict[str, Callable[[Server], object]] = {
    "start": Server.start,
    "stop": Server.stop,
    "kill": Server.kill,
    "pause": Server.pause,
    "resume": Server.resume,
}
PAUSE = 0.2
PATIENCE = 360.0


class NoWatchError(Exception):
    """Nobody watches over this folder, or somebody else does."""


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    """Be the only one who runs servers in this folder. Raises NoWatchError where another does."""
    requests = folder / "requests"
    requests.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NoWatchError(f"servers run in {folder} already") from None
        for leftover in requests.iterdir():
            leftover.unlink()
        yield


def watch(fleet: Fleet, going_on: Callable[[], bool]) -> None:
    """Stay until `going_on` says no."""
    told: set[str] = set()
    while going_on():
        for name, server in fleet.servers.items():
            if server.alive:
                told.discard(name)
            elif name not in told:
                told.add(name)
                say(f"{name} has ended.")
        if fleet.keep:
            _answer(fleet)
        time.sleep(PAUSE)


def _answer(fleet: Fleet) -> None:
    for path in (fleet.folder / "requests").glob("*.request"):
        verb, _, name = path.stem.partition("-")
        server = fleet.servers[name]
        try:
            VERBS[verb](server)
            text = f"{name} runs on {server.url}, process {server.pid}" if server.alive else f"{name} does not run"
        except Unavailable as error:
            text = str(error)
        path.unlink()
        aside = path.with_suffix(".new")
        aside.write_text(text)
        aside.rename(path.with_suffix(".answer"))


def ask(folder: Path, verb: str, name: str) -> str:
    """Have the one who watches over `folder` do something with a server; the answer. Raises NoWatchError."""
    try:
        with watching(folder):
            pass
    except NoWatchError:
        pass
    else:
        raise NoWatchError(f"no servers run in {folder}: start them with make institute")
    request = folder / "requests" / f"{verb}-{name}.request"
    answer = request.with_suffix(".answer")
    answer.unlink(missing_ok=True)
    request.touch()
    deadline = time.monotonic() + PATIENCE
    while not answer.exists():
        if time.monotonic() > deadline:
            raise NoWatchError(f"no answer within {PATIENCE:.0f} s")
        time.sleep(PAUSE)
    text = answer.read_text()
    answer.unlink()
    return text
