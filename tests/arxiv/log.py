"""What the server was asked, by whom, when, and over how many connections at once."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise


@dataclass
class Entry:
    """One request. `start` and `end` are seconds of the monotonic clock, which all processes of a machine share.

    `end` is when the last byte was about to go, None while the answer is under way; `open` counts the connections
    that were open at its start, its own included; `struck` names the fault that answered, empty for none.
    """

    interface: str
    path: str
    query: Mapping[str, str]
    user_agent: str
    open: int
    start: float = field(default_factory=time.monotonic)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    end: float | None = None
    ended: datetime | None = None
    status: int = 0
    struck: str = ""


class RequestLog:
    """All requests to arXiv's interfaces in the order of their arrival; the control address is left out."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()

    def __len__(self) -> int:
        return len(self.entries)

    def of(self, interface: str) -> list[Entry]:
        """The requests to one interface: `rss`, `oai`, `api`, `recorded`."""
        return [entry for entry in list(self.entries) if entry.interface == interface]

    @property
    def most_open(self) -> int:
        """How many connections were open at once at the most, counted at each request's start."""
        return max((entry.open for entry in list(self.entries)), default=0)

    def gaps(self) -> list[float]:
        """Seconds from each request's start to the next one's start."""
        starts = [entry.start for entry in list(self.entries)]
        return [later - earlier for earlier, later in pairwise(starts)]

    def overlaps(self) -> int:
        """How many requests began before an earlier one had been answered."""
        count, busy_until = 0, 0.0
        for entry in list(self.entries):
            count += entry.start < busy_until
            busy_until = max(busy_until, float("inf") if entry.end is None else entry.end)
        return count

    def counts(self) -> dict[str, int]:
        """Requests by interface and status: `{"api 200": 3}`."""
        return dict(Counter(f"{entry.interface} {entry.status}" for entry in list(self.entries)))

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self.entries.clear()

    def begin(self, interface: str, path: str, query: Mapping[str, str], user_agent: str) -> Entry:
        """Note a request that has been read."""
        with self._lock:
            entry = Entry(interface, path, query, user_agent, self._open())
            self.entries.append(entry)
        return entry

    def end(self, entry: Entry, connection: socket.socket, closing: bool) -> None:
        """Note that a request is answered but for its last byte. The client may then be back before this server has
        closed a connection that is not kept, so that one is counted out here."""
        with self._lock:
            if entry.end is None:
                entry.end, entry.ended = time.monotonic(), datetime.now(UTC)
            if closing:
                self._connections.discard(connection)

    def connected(self, connection: socket.socket) -> None:
        """Note an accepted connection."""
        with self._lock:
            self._connections.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        """Note that a connection is closed."""
        with self._lock:
            self._connections.discard(connection)

    def _open(self) -> int:
        return sum(not has_gone(connection) for connection in self._connections)


def has_gone(connection: socket.socket) -> bool:
    """Whether the other side has closed, as far as this one's system knows."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
