"""The web server's worker: gunicorn's threads, of which no slow client holds one and no queue outgrows its use.

Gunicorn's own gives a thread to each connection as soon as it is there, and waits in the main loop for clients to hang
up: eight that send nothing, or slowly, are enough to stop a site of eight threads. Here the head of a request is
gathered by the main loop, whose connections cost a descriptor; a thread sees whole heads only, and reads and writes
with a deadline. Clients take turns at the threads (`fair_queue`): one that asks for more than can be answered keeps
itself waiting and no other. A request that has waited for a thread longer than PATIENCE is answered by 503 at once:
whoever sent it has likely left, and those behind it need not wait for it. A queue that stands is kept short (STANDING):
as many are answered as before, and sooner.
"""

import errno
import math
import re
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final, TypeVar

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from config.fair_queue import FairQueue

HEAD = 10.0  # seconds that a request's head may take to arrive
BODY = 30.0  # seconds that its body may take
WRITE = 30.0  # seconds that a client may leave a piece of the answer lying
LINGER: Final = 2.0  # seconds that an ended connection is kept open, so that its answer is read before it is reset
PATIENCE = 5.0  # seconds that a request may wait for a thread
STANDING = 2.0  # seconds that it may, once no thread was found free, or its client had others waiting, for PATIENCE
FREE: Final = 0.05  # seconds that a request may take to come to a free thread
LONGEST_HEAD = 64 * 1024  # bytes; gunicorn's parser refuses what is longer
MOST_DRAINED: Final = 256 * 1024  # bytes of a body that nobody wanted
_PIECE: Final = 64 * 1024
_TOLD_EVERY: Final = 10.0  # seconds between two lines of the log about refused requests

_WATCHED: Final = re.compile(rb"(GET|HEAD) [^ ?]*/(healthz|readyz|metrics)[ ?]")
_FORWARDED: Final = re.compile(rb"\r\nx-forwarded-for:([^\r\n]*)", re.IGNORECASE)
_API: Final = re.compile(rb"[A-Z]+ [^ ?]*/api/v1/")
_PROBLEM: Final = b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "The site has too much to do; try again in a moment."}'  # noqa: E501
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>Papertide</title></head>
<body>
<main>
<h1>Too much to do</h1>
<p>More is asked of this site than it can answer just now. Please try again in a moment.</p>
<div lang="zh-Hans">
<h2>请求过多</h2>
<p>本站此刻忙不过来，请稍后再试。</p>
</div>
</main>
</body>
</html>
""".encode()

T = TypeVar("T")


class Patience:
    """How long a request may wait: a burst may queue for a while, what comes without end may not.

    A queue is held as CoDel holds one (Nichols and Jacobson, Controlling Queue Delay, ACM Queue 10 (5), 2012), with
    the first of the queue refused instead of dropped: that of one client, whose requests may stand while others find
    threads free, and that of all, which many clients with a request each may fill. Whose requests are served at once is
    never refused, whatever stands. Times are in seconds, `now` is of time.monotonic.
    """

    def __init__(self, now: float) -> None:
        self._free = now

    def is_over(self, waited: float, since: float, now: float) -> bool:
        """Whether the request that comes to a thread now has waited for too long. since: when its client began to have
        something waiting without a break."""
        if waited < FREE:
            self._free = now
        return waited > (PATIENCE if now - min(self._free, since) < PATIENCE else min(STANDING, PATIENCE))


class Worker(ThreadWorker):
    """For `--worker-class`: gunicorn's threaded worker, with the patience of this module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lingering: deque[TConn] = deque()
        self._refused, self._told = 0, 0.0
        self._patience = Patience(time.monotonic())
        self._waiting: FairQueue[TConn] = FairQueue()

    def load_wsgi(self) -> None:
        """In the worker's own process: the site, and the rule by which it tells its clients apart."""
        super().load_wsgi()
        # Not above: gunicorn's first process, which only watches, does without Django.
        from config.options import read_options
        from papers.clients import nearest

        self._nearest = partial(nearest, behind=read_options()["PROXY_HEADER"])

    def enqueue_req(self, conn: TConn) -> None:
        """A connection at the beginning of a request: a new one, or one whose client sent two at once."""
        if self.cfg.is_ssl:  # its bytes are not ours to read; a proxy ends TLS before this site
            super().enqueue_req(conn)
            return
        if conn.parser is None:
            conn.sock = DeadlineSocket(fileno=conn.sock.detach())
        conn.head = bytearray(conn.parser.unreader.take_buffered() if conn.parser else b"")
        self._gather(conn)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """The next request of a connection that was kept."""
        if self.cfg.is_ssl:
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        conn.head = bytearray()
        self._gather(conn)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """More of a head, or the end of a connection."""
        if self.cfg.is_ssl:
            super().on_pending_socket_readable(conn, client)
            return
        piece = _read(conn.sock)
        if piece is None:
            return
        seen = len(conn.head)
        conn.head += piece
        if piece and not _is_whole(conn.head, seen):
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        if conn.head:
            self._submit(conn)
        else:
            self._drop(conn)

    def handle(self, conn: TConn) -> Any:
        """In a thread: answer a request whose head is here, unless it has waited for too long."""
        if not self.cfg.is_ssl:
            now = time.monotonic()
            if self._patience.is_over(now - conn.asked, conn.since, now) and not _WATCHED.match(conn.head):
                return self._refuse(conn)
            conn.sock.until = time.monotonic() + BODY
            conn.init()
            conn.parser.unreader.unread(bytes(conn.head))
            conn.data_ready = True
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """In the main loop: go on with a connection, or end it without waiting for its client."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:  # the client has gone
            self._drop(conn)
            return
        conn.timeout, conn.drained = time.monotonic() + LINGER, 0
        self._lingering.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))

    def murder_pending(self) -> None:
        """Close what came to no end within its time; at the site's end, what has not begun."""
        super().murder_pending()
        for conn in [] if self.alive else [conn for conn in self.pending_conns if not getattr(conn, "head", b"")]:
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self._drop(conn)
        while self._lingering and self._lingering[0].timeout <= time.monotonic():
            conn = self._lingering.popleft()
            self.poller.unregister(conn.sock)
            self._drop(conn)

    def _gather(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        if not _is_whole(conn.head):
            conn.head += _read(conn.sock) or b""  # mostly it is all here; an end is found again below
        if _is_whole(conn.head):
            self._submit(conn)
            return
        conn.timeout = time.monotonic() + HEAD
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _submit(self, conn: TConn) -> None:
        conn.asked = time.monotonic()
        self._waiting.put(self._client(conn), conn, conn.asked)
        self.tpool.submit(self._serve)  # as many turns as there are connections, not each for its own

    def _client(self, conn: TConn) -> str:
        """Who takes turns with others. Empty, and so one client, are all that cannot be told apart: who come by a
        socket of Unix, or through a proxy that names nobody."""
        peer = str(conn.client[0]) if isinstance(conn.client, tuple) else ""
        named = _FORWARDED.findall(bytes(conn.head).partition(b"\r\n\r\n")[0])
        return self._nearest(peer, named[-1].decode("latin-1") if named else "")

    def _serve(self) -> None:
        """In a thread: answer whose turn it is, and tell the main loop as gunicorn's own `enqueue_req` does."""
        conn, since = self._waiting.take()
        conn.since = since
        done: Future[Any] = Future()
        try:
            done.set_result(self.handle(conn))
        except BaseException as error:  # as an executor takes it
            done.set_exception(error)
        self.method_queue.defer(self.finish_request, conn, done)

    def _refuse(self, conn: TConn) -> bool:
        """Answer 503; False, as `handle` says that a connection ends."""
        kind, body = (b"application/problem+json", _PROBLEM) if _API.match(conn.head) else (b"text/html", _PAGE)
        head = (
            b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nCache-Control: no-store\r\nConnection: close\r\n"
            b"Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n"
            b"Content-Type: %s; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
        ) % (math.ceil(PATIENCE), kind, len(body))
        try:
            conn.sock.setblocking(True)
            conn.sock.sendall(head if conn.head.startswith(b"HEAD ") else head + body)
        except OSError:
            pass  # the client has gone
        self._refused += 1
        now = time.monotonic()
        if now - self._told > _TOLD_EVERY:  # two threads may both tell: a line too many
            self.log.warning("Too much to do: %d requests were refused.", self._refused)
            self._refused, self._told = 0, now
        return False

    def _drain(self, conn: TConn, client: socket.socket) -> None:
        piece = _read(conn.sock)
        if piece is None:
            return
        conn.drained += len(piece)
        if not piece or conn.drained > MOST_DRAINED:
            self._lingering.remove(conn)
            self.poller.unregister(client)
            self._drop(conn)

    def _drop(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


class DeadlineSocket(socket.socket):
    """A socket whose blocking reads end at `until` (of time.monotonic) and whose writes take WRITE seconds at most.

    Both then fail as they do where the client has gone, which gunicorn takes calmly.
    """

    until = float("inf")

    def setblocking(self, flag: bool, /) -> None:
        """Blocking means: up to a deadline."""
        self.settimeout(WRITE if flag else 0.0)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As ever. Raises ConnectionResetError after the deadline."""
        if self.gettimeout() != 0:
            left = self.until - time.monotonic()
            if left <= 0:
                raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")
            self.settimeout(min(left, WRITE))
        try:
            return super().recv(size, flags)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client is too slow") from None

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """As ever. Raises BrokenPipeError after WRITE seconds."""
        _timely(self, lambda: super(DeadlineSocket, self).sendall(data, flags))

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """As ever. Raises BrokenPipeError where nothing was taken for WRITE seconds."""
        return _timely(self, lambda: super(DeadlineSocket, self).sendfile(file, offset, count))


def _timely(sock: socket.socket, write: Callable[[], T]) -> T:
    sock.settimeout(WRITE)
    try:
        return write()
    except TimeoutError:
        raise BrokenPipeError(errno.EPIPE, "the client does not read") from None


def _read(sock: socket.socket) -> bytes | None:
    """What there is to read; empty at the end of a connection, None where it was a false alarm."""
    try:
        return sock.recv(_PIECE)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""


def _is_whole(head: bytearray, seen: int = 0) -> bool:
    """Whether a head has come to its end, or is longer than any that is taken; `seen` bytes were looked at before."""
    return head.find(b"\r\n\r\n", max(seen - 3, 0)) >= 0 or len(head) > LONGEST_HEAD
