"""What waits, in a queue for each client, served round robin: who asks for much waits behind himself only.

Nagle (On Packet Switches With Infinite Storage, RFC 970, 1985) for requests in place of packets, with a queue for each
key itself where McKenney (Stochastic Fairness Queueing, INFOCOM 1990) takes one for its hash: keys with nothing to wait
for cost nothing here, so there are never more of them than waiting requests.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Line(Generic[T]):
    since: float
    items: deque[T] = field(default_factory=deque)


class FairQueue(Generic[T]):
    """Any thread may put and take, each in constant time. Times are in seconds, of whichever clock the caller reads."""

    def __init__(self) -> None:
        self._lines: OrderedDict[Hashable, _Line[T]] = OrderedDict()  # in the order of their turns
        self._lock = Lock()

    def put(self, client: Hashable, item: T, now: float) -> None:
        """To the end of a client's queue; a client without one has its turn after all others have had theirs once."""
        with self._lock:
            if client not in self._lines:
                self._lines[client] = _Line(now)
            self._lines[client].items.append(item)

    def take(self) -> tuple[T, float]:
        """The next client's first item, and since when that client has had something waiting without a break.

        Raises KeyError where nothing waits.
        """
        with self._lock:
            client, line = self._lines.popitem(last=False)
            item = line.items.popleft()
            if line.items:
                self._lines[client] = line
            return item, line.since
