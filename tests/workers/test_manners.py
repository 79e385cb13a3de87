"""How real processes behave towards arXiv: one at a time, slowly, under their name, and patient when told to be."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import LazySettings

from papers.shelf import read_shelf
from scripts.services import redis
from scripts.services.base import Unavailable
from tests.arxiv import LoopbackArxiv, World, serve
from tests.databases import ROOT, OwnDatabase, own_database
from tests.services import missing
from tests.workers.conftest import Answer, Loopback, entry, feed
from workers.politeness import NoTurnError, turn
from workers.sources import SourceError, transport
from workers.sources.api import ApiIds
from workers.sources.asking import ask
from workers.sources.transport import Patience, _backoff

DELAY = 0.3
SETS = ("cs", "math", "physics", "q-bio")
CALM = Patience(tries=4, connect=2, read=2, budget=20)
WORK = """
import sys
import django
django.setup()
from papers import wanted
from workers import arrival
from workers.jobs import order
for name in sys.argv[1].split():
    order("backfill", name, key=name, arguments={"sets": [name], "since": None, "until": None})
wanted.ask(sys.argv[2])
while arrival.work():
    pass
"""


@pytest.fixture
def world() -> World:
    return World.make(date(2026, 12, 7), days=2, per_day=40, records=read_shelf())


@pytest.fixture
def arxiv(world: World) -> Iterator[LoopbackArxiv]:
    with serve(world, oai_page=40) as server:
        yield server


@pytest.fixture(params=["file", "redis"])
def redis_or_not(request: pytest.FixtureRequest) -> str:
    """The address of Redis, empty where a file does its work."""
    return str(request.getfixturevalue("redis_url")) if request.param == "redis" else ""


@contextmanager
def workers(site: OwnDatabase, server: LoopbackArxiv, redis_url: str, wanted: list[str]) -> Iterator[list[int]]:
    """As many processes at once as ids are wanted, each of which does what is due; at the end their exit codes."""
    given = {"ARXIV_URL": server.url, "ARXIV_DELAY": str(DELAY), "REDIS_URL": redis_url, "NO_PROXY": "127.0.0.1"}
    environment = site.environment | given | {"CONTACT_EMAIL": "me@example.org"}
    command = [sys.executable, "-c", WORK, " ".join(SETS)]
    started = [subprocess.Popen([*command, name], cwd=ROOT, env=environment) for name in wanted]
    codes: list[int] = []
    try:
        yield codes
        codes += [process.wait(120) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.database
def test_four_processes_are_one_polite_client(
    world: World, arxiv: LoopbackArxiv, redis_or_not: str, tmp_path: Path
) -> None:
    readers = world.new_ids(world.days[1])[:4]
    with own_database(tmp_path) as site:
        with workers(site, arxiv, redis_or_not, readers) as codes:
            pass
        assert codes == [0, 0, 0, 0]
        here = {str(name) for [name] in site.rows("SELECT arxiv_id FROM papers_paper")}
        runs = site.rows("SELECT count(*), min(error), max(error) FROM workers_run WHERE finished IS NOT NULL")
        states = site.rows("SELECT DISTINCT state FROM papers_wantedpaper")
    archives = tuple(f"{name}." for name in ("cs", "math", "q-bio"))
    expected = {
        name for name, record in world.records().items() if any(code.startswith(archives) for code in record.categories)
    }
    assert expected <= here <= world.records().keys()
    assert states == [("here",)]
    assert runs[0][1:] == ("", "")
    assert arxiv.log.most_open == 1
    assert arxiv.log.overlaps() == 0
    assert len(arxiv.log) >= 6
    entries = arxiv.log.entries
    pauses = [later.start - (earlier.end or 0) for earlier, later in pairwise(entries)]
    assert min(pauses) >= DELAY * 0.95
    assert {one.user_agent for one in entries} == {f"{transport.user_agent()} (mailto:me@example.org)"}
    queries = [tuple(sorted(one.query.items())) for one in entries if one.interface == "oai"]
    assert len(set(queries)) == len(queries)  # no page was asked for by two


@pytest.mark.database
def test_all_processes_pause_when_one_is_told_to(world: World, arxiv: LoopbackArxiv, tmp_path: Path) -> None:
    arxiv.faults.set(too_many=1, retry_after="3")
    with own_database(tmp_path) as site:
        with workers(site, arxiv, "", world.new_ids(world.days[1])[:2]) as codes:
            pass
        assert codes == [0, 0]
    refused, after = arxiv.log.entries[:2]
    assert (refused.status, after.status) == (429, 200)
    assert after.start - (refused.end or 0) >= 2.9
    assert arxiv.log.most_open == 1


def test_a_date_to_come_back_at_holds_for_all(arxiv_server: Loopback) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    refusal = Answer(status=503, headers={"Retry-After": format_datetime(moment, usegmt=True)})
    arxiv_server.answers = [refusal, Answer(feed([entry(0)]))]

    def one(_: int) -> datetime:
        list(ApiIds(["2405.00001"], CALM).pages())
        return datetime.now(UTC)

    with ThreadPoolExecutor(3) as pool:  # each takes its turns as a process does
        ends = list(pool.map(one, range(3)))
    assert min(ends) >= moment
    assert len(arxiv_server.requests) == 4


def test_waits_grow_and_differ_by_chance() -> None:
    for attempt, longest in enumerate((2, 4, 8, 16, 32, 60, 60), 1):
        waits = {_backoff(attempt) for _ in range(50)}
        assert longest / 2 <= min(waits) < 0.7 * longest
        assert 0.8 * longest < max(waits) <= longest
        assert len(waits) > 40


def test_the_wait_before_the_next_try_is_shared(arxiv_server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_backoff", lambda attempt: 0.4 * attempt)
    arxiv_server.answers = [Answer(status=500), Answer(status=500), Answer(feed([entry(0)]))]
    begun = time.monotonic()
    list(ApiIds(["2405.00001"], CALM).pages())
    assert 1.2 <= time.monotonic() - begun < 5


def test_our_name_goes_with_each_request(
    arxiv_server: Loopback, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    arxiv_server.answers = [Answer(feed([entry(0)]))]
    for contact, end in (("", ""), ("me@example.org", " (mailto:me@example.org)")):
        settings.CONTACT_EMAIL = contact
        transport.user_agent.cache_clear()
        list(ApiIds(["2405.00001"], CALM).pages())
        sent = arxiv_server.requests[-1].headers
        assert sent["User-Agent"].startswith("Papertide/")
        assert sent["User-Agent"].endswith(end)
        assert sent["Connection"] == "close"
    transport.user_agent.cache_clear()


def test_a_longer_delay_leaves_time_for_a_reader(arxiv_server: Loopback, settings: LazySettings) -> None:
    arxiv_server.answers = [Answer(feed([entry(0)]))]
    reader = Patience(tries=1, connect=2, read=2, budget=0.2)
    settings.ARXIV_DELAY = 0.5
    for _ in range(2):
        list(ApiIds(["2405.00001"], reader).pages())
    with turn() as pause:
        pause(3.0)
    with pytest.raises(SourceError, match="no turn"):
        list(ApiIds(["2405.00001"], reader).pages())
    assert len(arxiv_server.requests) == 2


class Stream:
    """A server that sends a body piece by piece until the client has gone."""

    def __init__(self, head: bytes, piece: bytes, every: float) -> None:
        self.sent = 0
        self.gone = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}/"
        self.head, self.piece, self.every = head, piece, every
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):  # closed at the end of the test
            while True:
                connection, _ = self.server.accept()
                self._stream(connection)

    def _stream(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + self.head + b"\r\n")
            while True:
                connection.sendall(self.piece)
                self.sent += len(self.piece)
                time.sleep(self.every)
        self.gone.set()


@pytest.fixture
def stream(settings: LazySettings, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stream]]:
    settings.ARXIV_DELAY = 0.0
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(transport, "_backoff", lambda attempt: 0.01)
    made: list[Stream] = []

    def make(head: bytes, piece: bytes, every: float) -> Stream:
        made.append(Stream(head, piece, every))
        return made[-1]

    yield make
    for each in made:
        each.server.close()


def whole(body: bytes) -> bytes:
    return body


@pytest.mark.parametrize("head", [b"", b"Content-Length: 9999999999\r\n"])
def test_an_answer_without_end_is_not_read(stream: Callable[..., Stream], head: bytes) -> None:
    server = stream(head, bytes(2**18), 0.0)
    with pytest.raises(SourceError, match="larger than 64 MB"):
        ask(server.url, {}, CALM, whole)
    assert server.gone.wait(5)  # its connection is closed, not left to be
    assert 64 * 2**20 <= server.sent < 96 * 2**20


def test_an_answer_that_drips_in_ends_by_the_budget_and_frees_its_connection(stream: Callable[..., Stream]) -> None:
    server = stream(b"Content-Length: 1000000\r\n", b"x", 0.05)
    begun = time.monotonic()
    with pytest.raises(SourceError, match="not complete after 1 s"):
        ask(server.url, {}, Patience(tries=3, connect=1, read=1, budget=1), whole)
    assert time.monotonic() - begun < 3
    assert server.gone.wait(2)


def test_an_answer_that_stops_coming_ends_by_the_limit_of_one_read(stream: Callable[..., Stream]) -> None:
    server = stream(b"Content-Length: 1000000\r\n", b"x", 30)
    begun = time.monotonic()
    with pytest.raises(SourceError, match="could not be reached"):
        ask(server.url, {}, Patience(tries=2, connect=1, read=0.3, budget=5), whole)
    assert time.monotonic() - begun < 4


def test_a_redis_that_goes_away_within_a_turn_costs_the_next_turn_only(settings: LazySettings, tmp_path: Path) -> None:
    try:
        server = redis.start(tmp_path / "redis")
    except Unavailable as error:
        missing(str(error))
    try:
        settings.REDIS_URL = server.url
        with turn(timeout=2) as pause:
            server.stop()
            pause(5.0)
        with pytest.raises(NoTurnError, match="Redis"), turn(timeout=2):
            pass
    finally:
        server.stop()
