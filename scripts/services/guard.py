"""Run one server program and see that nothing of it outlives its starter. Standard library only: it runs by itself.

The starter holds the other end of this process's standard input. When that end is closed (stop, exit, SIGKILL, whatever
ends a process), or the parent is another one than at first, the server gets its stop signal, and after the grace
SIGKILL with all that it started. The guard lives in a session of its own, so Ctrl-C reaches it by way of the starter.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
POLL = 0.2


class Job(TypedDict):
    """What the starter tells the guard: a command, where and as whom it runs, and how it is ended."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    log: str  # empty: our own standard error
    user: list[int] | None  # user and group number, or the starter's own
    stop_signal: int
    grace: float  # seconds between stop signal and SIGKILL
    parent: int


def parents() -> dict[int, int]:
    """The parent of each process of the machine, by process number."""
    if Path("/proc/self/stat").exists():
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                # The program's name is in parentheses and may hold blanks and parentheses itself.
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        return found
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return {int(pid): int(parent) for pid, parent in (line.split() for line in listing.splitlines())}


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, parents before children."""
    parent_of = parents()
    found, level = [], [pid]
    while level:
        level = [child for child, parent in parent_of.items() if parent in level]
        found += level
    return found


def send(pids: list[int], number: int) -> None:
    """Send a signal to each process that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _spawn(job: Job) -> "subprocess.Popen[bytes]":
    user, group = job["user"] or (None, None)
    # After the change of user, which would take the parent-death signal away again.
    last_step: Callable[[], None] = lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # noqa: E731
    with open(job["log"] or 2, "ab", closefd=bool(job["log"])) as log:
        return subprocess.Popen(
            job["argv"],
            env=job["env"],
            cwd=job["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            start_new_session=True,
            preexec_fn=last_step,
        )


def _sweep() -> None:
    """End all that the server left behind; its orphans have become children of this process."""
    while left := descendants(os.getpid()):
        send(left, signal.SIGKILL)
        _reap()
        time.sleep(0.01)


def _end(server: "subprocess.Popen[bytes]", job: Job) -> None:
    """Stop signal, and up to `grace` seconds for the server and what it started to end by themselves."""
    send([server.pid], job["stop_signal"])
    deadline = time.monotonic() + job["grace"]
    while (left := descendants(os.getpid())) and time.monotonic() < deadline:
        send(left, signal.SIGCONT)  # a paused one would not notice
        server.poll()
        _reap()
        time.sleep(0.05)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main() -> None:
    """Run the job of the first argument (JSON); say `started` in one line, or what went wrong."""
    job: Job = json.loads(sys.argv[1])
    told_to_stop: list[int] = []
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: told_to_stop.append(number))
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        server = _spawn(job)
    except OSError as error:
        print(f"{job['argv'][0]}: {error.strerror}", flush=True)
        raise SystemExit(1) from None
    print("started", flush=True)
    while server.poll() is None:
        given_up = told_to_stop or os.getppid() != job["parent"]
        if given_up or (select.select([0], [], [], POLL)[0] and not os.read(0, 1)):
            _end(server, job)
            break
    _sweep()


if __name__ == "__main__":
    main()
