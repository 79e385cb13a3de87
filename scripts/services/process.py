"""A program that runs under its guard."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from scripts.services import guard
from scripts.services.errors import Unavailable
from scripts.services.users import as_server_user


class Process:
    """One program, which never outlives us. Subclasses say how it is called (`command`)."""

    title = "program"
    stop_signal = signal.SIGTERM
    grace = 10.0  # seconds from the stop signal to SIGKILL

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard: subprocess.Popen[str] | None = None

    def command(self) -> list[str]:
        """Program and arguments."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The program's environment."""
        raise NotImplementedError

    @property
    def log(self) -> Path | None:
        """The file of what the program prints; None: the terminal."""
        return self.folder / "server.log"

    def privileges(self) -> tuple[list[str], list[int] | None]:
        """The command with what changes its user, and the user and group number where the guard is to change it."""
        return as_server_user(self.command(), self.folder)

    @property
    def alive(self) -> bool:
        """Whether the process runs (a paused one does)."""
        return self._guard is not None and self._guard.poll() is None

    @property
    def processes(self) -> list[int]:
        """The process numbers of the program and of what it started, the first one first."""
        return guard.descendants(self._guard.pid) if self._guard is not None and self.alive else []

    @property
    def pid(self) -> int:
        """The program's process number; 0 when it is not running."""
        return next(iter(self.processes), 0)

    def launch(self) -> None:
        """Start the process without waiting for its first answer. Raises Unavailable."""
        if self.alive:
            return
        self.stop()
        argv, user = self.privileges()
        job = guard.Job(
            argv=argv,
            env=self.environment(),
            cwd=str(self.folder),
            log=str(self.log or ""),
            user=user,
            stop_signal=self.stop_signal,
            grace=self.grace,
            parent=os.getpid(),
        )
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._guard.stdout is not None
        answer = self._guard.stdout.readline().strip()
        if answer != "started":
            self.stop()
            raise Unavailable(f"{self.title} did not start: {answer}")

    def stop(self) -> None:
        """Ask it to end in good order and wait; after its grace it is killed. Nothing of it is left."""
        if self._guard is not None:
            assert self._guard.stdin is not None
            assert self._guard.stdout is not None
            self._guard.stdin.close()
            self._guard.wait()
            self._guard.stdout.close()
            self._guard = None

    def kill(self) -> None:
        """SIGKILL to all its processes, as a power cut would."""
        guard.send(self.processes, signal.SIGKILL)
        self.stop()

    def pause(self) -> None:
        """SIGSTOP: the port is open, nobody answers."""
        guard.send(self.processes, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT after `pause`."""
        guard.send(self.processes, signal.SIGCONT)
