"""The web server under clients that are slow, silent, many or rude. Real connections to a real gunicorn."""

import http.client
import os
import random
import re
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import web_worker
from scripts.services.base import HOST, free_port
from tests.databases import ROOT
from tests.hardening import small_site
from tests.hardening.mutations import mutated
from tests.hardening.test_fuzz import FUZZ
from tests.search.sites import demand

THREADS = 4
CAPACITY = THREADS / small_site.SECONDS  # requests a second


class Server:
    """Gunicorn on a free port and a socket of Unix, with these variables in its environment."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.local = str(folder / "local")
        self.log = folder / "gunicorn.log"
        command = [sys.executable, "-m", "gunicorn", "tests.hardening.small_site:application", "--no-control-socket"]
        command += ["--worker-class", "config.web_worker.Worker", "--threads", str(THREADS)]
        command += ["--graceful-timeout", "3", "--bind", f"{HOST}:{self.port}", "--bind", f"unix:{self.local}"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=log, stderr=log
            )

    def get(self, path: str = "/", **headers: str) -> http.client.HTTPResponse:
        """An answer on a connection of its own, read to its end."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response

    def status(self, path: str = "/") -> int:
        """Its status, 0 for none."""
        try:
            return self.get(path).status
        except (OSError, http.client.HTTPException):
            return 0

    def connect(self, sent: bytes = b"", source: str = HOST) -> socket.socket:
        """A connection from this address, on which this was sent."""
        made = socket.create_connection((HOST, self.port), timeout=10, source_address=(source, 0))
        made.sendall(sent)
        return made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from served(Server(tmp_path_factory.mktemp("web"), PROXY_HEADER=""))


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from served(Server(tmp_path_factory.mktemp("behind"), PROXY_HEADER="1"))


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[Server]:
    yield from served(Server(tmp_path))


def served(made: Server) -> Iterator[Server]:
    try:
        demand(lambda: made.status() == 200, 60)
        yield made
    finally:
        made.process.terminate()
        made.process.wait(timeout=30)
    said = made.log.read_text()
    assert "Traceback" not in said, said


REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
HALF_BODY = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nabc"


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        (b"", 40),
        (REQUEST[:20], 40),
        (b"GET / HTTP/1.0\r\n\r\n", 10),  # answered, and its client does not hang up
        (HALF_BODY, THREADS - 1),
        (REQUEST.replace(b"GET /", b"GET /big"), THREADS - 1),  # and does not read
    ],
    ids=["silent", "half a head", "never closing", "half a body", "not reading"],
)
def test_slow_clients_hold_up_nobody_and_are_let_go(server: Server, sent: bytes, number: int) -> None:
    for _ in range(3):  # a machine that is busy elsewhere may take as long as they may
        slow = [server.connect(sent) for _ in range(number)]
        begun = time.monotonic()
        assert [server.status() for _ in range(3)] == [200] * 3
        if time.monotonic() - begun < small_site.PATIENT:
            break
    else:
        pytest.fail("nobody was answered before the slow ones had run out of time")
    for connection in slow:
        while connection.recv(1 << 20):  # ends, where it would have gone on for ever
            pass
        connection.close()


def test_a_head_that_comes_by_bytes_is_answered(server: Server) -> None:
    connection = server.connect()
    for place in range(len(REQUEST)):
        connection.sendall(REQUEST[place : place + 1])
    assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    connection.close()


def answers(connection: socket.socket, body: bytes, number: int) -> None:
    """Read so many answers with this body."""
    said = b""
    while said.count(b"\r\n\r\n" + body) < number:
        piece = connection.recv(4096)
        assert piece, said
        said += piece
    assert said.count(b"HTTP/1.1 200 OK") == number


def test_requests_on_a_kept_connection_are_answered_one_after_the_other(server: Server) -> None:
    connection = server.connect(REQUEST * 3 + REQUEST[:9])
    answers(connection, b"0", 3)
    connection.sendall(REQUEST[9:])
    answers(connection, b"0", 1)
    body = b"x" * 900_000
    connection.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    answers(connection, b"900000", 1)
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: +3\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: here\r\nX: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\nX: a\rb: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\n folded: yes\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(150)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: here\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
    ],
)
def test_a_request_that_can_be_read_two_ways_is_refused(server: Server, sent: bytes) -> None:
    connection = server.connect(sent + REQUEST)
    said = b""
    while piece := connection.recv(65536):
        said += piece
    connection.close()
    assert said.count(b"HTTP/1.1 ") <= 1  # what stands behind it is no request of its own
    assert said[9:12] in {b"", b"400", b"414", b"417", b"431", b"501", b"505"}
    assert server.status() == 200


def test_requests_that_are_garbled_break_nothing(server: Server) -> None:
    whole = [
        REQUEST,
        HALF_BODY + b"x" * 97,
        REQUEST.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost") + b"0\r\n\r\n",
    ]
    for case in range(300 * FUZZ):
        chance = random.Random(case)
        connection = server.connect()
        try:
            connection.sendall(mutated(chance, chance.choice(whole)))
            connection.shutdown(socket.SHUT_WR)
            said = connection.recv(65536)
        except ConnectionError:
            said = b""
        assert re.match(rb"$|HTTP/1\.\d (100|200|400|414|417|431|501|505) ", said), case
        connection.close()
    assert server.status() == 200


def test_a_burst_may_queue_for_long_and_a_queue_that_stands_only_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_worker, "PATIENCE", 5.0)
    monkeypatch.setattr(web_worker, "STANDING", 2.0)
    patience = web_worker.Patience(now=100.0)
    assert not patience.is_over(4.9, since=99.1, now=104.0)
    assert patience.is_over(5.1, since=99.4, now=104.5)
    assert not patience.is_over(1.9, since=108.1, now=110.0)  # nobody has found a thread free for long
    assert patience.is_over(2.1, since=108.0, now=110.1)
    assert not patience.is_over(0.0, since=112.0, now=112.0)  # the queue has come to its end
    assert not patience.is_over(2.1, since=110.9, now=113.0)


def test_a_client_whose_own_queue_stands_is_refused_though_another_finds_threads_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web_worker, "PATIENCE", 5.0)
    monkeypatch.setattr(web_worker, "STANDING", 2.0)
    patience = web_worker.Patience(now=100.0)
    for second in range(101, 110):
        assert not patience.is_over(0.01, since=second - 0.01, now=second)  # comes now and then
        assert patience.is_over(2.1, since=100.0, now=second + 0.5) is (second >= 105)  # comes without end


def test_at_twice_its_capacity_the_site_answers_some_at_once_refuses_the_others_and_recovers(server: Server) -> None:
    def ask(_: int) -> tuple[int, float]:
        begun = time.monotonic()
        return server.status("/work"), time.monotonic() - begun

    with ThreadPoolExecutor(200) as pool:
        asked = []
        for number in range(240):  # three seconds of it
            asked.append(pool.submit(ask, number))
            time.sleep(1 / (2 * CAPACITY))
        watched = server.status("/healthz")
        answers = [future.result() for future in asked]
    counted = Counter(status for status, _ in answers)
    assert set(counted) == {200, 503}
    assert counted[200] > 240 / 4  # of the half that it has room for
    assert max(seconds for _, seconds in answers) < 5
    assert watched == 200
    assert ask(0)[0] == 200
    assert "requests were refused" in server.log.read_text()


def test_a_refusal_says_when_to_come_again(server: Server) -> None:
    with ThreadPoolExecutor(60) as pool:
        pages = list(pool.map(lambda _: server.get("/work"), range(60)))
    refused = next(page for page in pages if page.status == 503)
    assert refused.headers["Retry-After"] == "1"  # half a second here, five on a site
    assert refused.headers["Cache-Control"] == "no-store"


WORK = REQUEST.replace(b"GET /", b"GET /work")
OTHER = "127.0.0.2"
MANY = 40  # requests of one client: a second's work, twice as long as any may wait


def named(*clients: str) -> bytes:
    """WORK as proxies pass it on, each with the client that it names."""
    heads = "".join(f"x-Forwarded-FOR: {client}\r\n" for client in clients)
    return WORK.replace(b"Host", heads.encode() + b"Host")


@pytest.mark.parametrize(
    ("site", "sent", "calm", "source"),
    [
        ("server", lambda number: WORK, WORK, OTHER),
        ("server", lambda number: named(f"192.0.2.{number}"), WORK, OTHER),  # who is no proxy is believed nothing
        ("behind", lambda number: named(f"192.0.2.{number}, 198.51.100.7"), named("198.51.100.8"), HOST),
        ("behind", lambda number: named("198.51.100.8", f"2001:db8::{number}"), named("198.51.100.8"), HOST),
        ("behind", lambda number: WORK, named("198.51.100.8"), HOST),
    ],
    ids=["by address", "with names of its own", "behind a proxy", "by a network", "without a name"],
)
def test_one_client_that_asks_for_much_keeps_no_other_waiting(
    request: pytest.FixtureRequest, site: str, sent: Callable[[int], bytes], calm: bytes, source: str
) -> None:
    server: Server = request.getfixturevalue(site)
    flood = [server.connect(sent(number)) for number in range(MANY)]
    connection = server.connect(calm, source)
    assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    connection.close()
    ended, _, _ = select.select(flood, [], [], 0)
    answered = [each for each in ended if each.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"]
    assert len(answered) <= 3 * THREADS  # those that were at work, a turn of each thread's, and who was quicker to read
    for connection in flood:
        assert re.match(b"HTTP/1.1 (200|503)", connection.recv(4096))
        connection.close()


def test_an_answer_ends_the_connection_that_it_was_for(server: Server) -> None:
    def asked(number: int) -> bytes:
        end = b"close" if number % 3 else b"keep-alive"
        head = b"POST /work HTTP/1.1\r\nHost: here\r\nConnection: %s\r\nContent-Length: %d\r\n\r\n"
        return head % (end, 1000 + number) + b"x" * (1000 + number)

    sources = [HOST] * 6 + [OTHER, "127.0.0.3"] * 2  # the last to come are not the last to be served
    connections = [server.connect(asked(number), source) for number, source in enumerate(sources)]
    for number, connection in enumerate(connections):
        answers(connection, str(1000 + number).encode(), 1)
        if number % 3:
            assert connection.recv(4096) == b""
        else:
            connection.sendall(REQUEST)
            answers(connection, b"0", 1)
        connection.close()


def test_at_its_end_the_server_answers_what_waits(ending: Server) -> None:
    def local() -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        made.connect(ending.local)
        made.sendall(WORK)
        return made

    connections = [ending.connect(WORK) for _ in range(6)] + [ending.connect(WORK, OTHER), local(), local()]
    demand(lambda: bool(select.select(connections, [], [], 0)[0]), 10)
    ending.process.terminate()
    for connection in connections:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.close()
