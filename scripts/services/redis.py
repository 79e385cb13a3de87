"""A real Redis."""

import socket
from pathlib import Path

from scripts.services import base
from scripts.services.users import hand_over

HOW = "install Debian's or Ubuntu's package redis-server (macOS: brew install redis), or set TEST_REDIS_URL"


class Server(base.Server):
    """One Redis, in memory only unless `keep`."""

    title = "Redis"

    def __init__(self, folder: Path, port: int | None = None, *, keep: bool = False) -> None:
        self.program = base.find_program("redis-server", HOW)
        super().__init__("redis", hand_over(folder), port)
        self.keep = keep

    @property
    def url(self) -> str:
        """`redis://127.0.0.1:port/0`."""
        return f"redis://{base.HOST}:{self.port}/0"

    def command(self) -> list[str]:
        """redis-server with all it needs as arguments."""
        options = {
            "bind": base.HOST,
            "port": str(self.port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes" if self.keep else "no",
        }
        return [str(self.program), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def ready(self) -> bool:
        """Whether it answers PING (while it reads its data it answers otherwise)."""
        try:
            with socket.create_connection((base.HOST, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def start(folder: Path, port: int | None = None, *, keep: bool = False) -> Server:
    """Start Redis with its data in `folder`; `keep`: on disk, taken up again. Raises Unavailable."""
    return Server(folder, port, keep=keep).start()
