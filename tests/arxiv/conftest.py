"""A small world on a server for each test, made of the shelf: it runs where no real papers are."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date
from email.message import Message
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from papers.shelf import read_shelf
from tests.arxiv import LoopbackArxiv, World, serve

FIRST = date(2026, 9, 21)  # a Monday; no holiday is near


class Got(NamedTuple):
    """An answer as it came."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


Get = Callable[..., Got]


@pytest.fixture
def world() -> World:
    """A week of 30 new papers a day, at the end of its last day."""
    return World.make(FIRST, days=5, per_day=30, seed=7, records=read_shelf())


@pytest.fixture
def server(world: World) -> Iterator[LoopbackArxiv]:
    """The week on a server whose pages of OAI-PMH hold 50 records."""
    with serve(world, oai_page=50) as running:
        yield running


@pytest.fixture
def get(server: LoopbackArxiv) -> Get:
    """Asks the server: `get("/oai", verb="Identify")`, any status."""

    def ask(path: str, data: bytes | None = None, timeout: float = 10, **query: str) -> Got:
        address = f"{server.url}{path}" + (f"?{urlencode(query)}" if query else "")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request(address, data), timeout=timeout) as response:
                return Got(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Got(error.code, error.headers, error.read())

    return ask
