"""The three servers together, and the variables by which the site finds them."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.services import elasticsearch, postgres, redis
from scripts.services.base import Server, Unavailable

NAMES = ("redis", "postgres", "elasticsearch")


def say(text: str) -> None:
    """A line on standard error: standard output is kept for what can be pasted."""
    print(text, file=sys.stderr, flush=True)


def _start(name: str, folder: Path, keep: bool) -> Server:
    if name == "redis":
        return redis.start(folder, keep=keep)
    if name == "postgres":
        return postgres.start(folder, fsync=keep)
    return elasticsearch.start(folder, quick=not keep).nodes[0]


def variables_of(name: str, server: Server) -> dict[str, str]:
    """What the site's environment says to use this server."""
    if name == "redis":
        return {"REDIS_URL": server.url}
    if name == "postgres":
        return {"DATABASE_URL": server.url}
    return {"ELASTICSEARCH_URL": server.url, "SEARCH_ENGINE": "elasticsearch"}


class Fleet:
    """As many of the servers as the machine allows, each with its data in its own part of a folder.

    `keep`: the data survives a power cut and is taken up by the next fleet in this folder; otherwise servers are set
    for a quick start.
    """

    def __init__(self, folder: Path, *, keep: bool = False) -> None:
        self.folder = folder
        self.keep = keep
        self.servers: dict[str, Server] = {}
        self.missing: dict[str, str] = {}

    def start(self, names: Sequence[str] = NAMES) -> None:
        """Start what can be started and remember why the rest cannot."""
        for name in names:
            say(f"Starting {name} …")
            try:
                self.servers[name] = _start(name, self.folder / name, self.keep)
            except Unavailable as error:
                self.missing[name] = str(error)
                say(f"Cannot start {name}: {error}")

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a site that uses all that runs."""
        return {key: text for name, server in self.servers.items() for key, text in variables_of(name, server).items()}

    @property
    def exports(self) -> str:
        """The variables as lines for a shell."""
        return "".join(f"export {name}={shlex.quote(text)}\n" for name, text in self.variables.items())

    def stop(self) -> None:
        """Stop them, the last started first."""
        for server in reversed(self.servers.values()):
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()
