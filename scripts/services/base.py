"""What all servers have in common: a port of 127.0.0.1, and that they are waited for."""

import os
import random
import shutil
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.services.errors import Unavailable as Unavailable
from scripts.services.process import Process

HOST = "127.0.0.1"


def free_port() -> int:
    """A TCP port that nothing listens on, below those the system gives to outgoing connections.

    So it stays free for a server that is down for a while and comes back on the same port.
    """
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 -- no secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


def find_program(name: str, how: str) -> Path:
    """The program on PATH. Raises Unavailable, telling `how` to get it."""
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"no program {name!r}: {how}")
    return Path(found)


class Server(Process):
    """One server on 127.0.0.1. Subclasses say when it is `ready` and what its `url` is."""

    patience = 60.0  # seconds until it has to answer

    def __init__(self, name: str, folder: Path, port: int | None = None) -> None:
        super().__init__(folder)
        self.name = name
        self.port = port or free_port()

    @property
    def url(self) -> str:
        """The address a client takes."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Nothing of ours but the paths."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        return {"HOME": str(self.folder), **kept}

    def ready(self) -> bool:
        """Whether the server answers, asked without waiting long."""
        raise NotImplementedError

    def wait(self) -> None:
        """Wait until the server answers. Raises Unavailable with the end of its log where it does not."""
        deadline = time.monotonic() + self.patience
        while not self.ready():
            if not self.alive:
                raise Unavailable(f"{self.title} ended before it answered; {self.last_words()}")
            if time.monotonic() > deadline:
                self.stop()
                raise Unavailable(f"{self.title} did not answer within {self.patience:.0f} s; {self.last_words()}")
            time.sleep(0.05)

    def start(self) -> Self:
        """Start it (again, on the same port and data) and wait until it answers. Raises Unavailable."""
        try:
            self.launch()
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def last_words(self, lines: int = 15) -> str:
        """Where the server's log is and how it ends."""
        assert self.log is not None
        try:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError as error:
            end = f"({error.strerror})"
        return f"{self.log} ends with:\n{end}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()
