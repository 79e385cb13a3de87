"""Sending to the broker from where nobody may wait for it.

A page that a reader or an operator asked for is done once its row is written; the message only makes it happen sooner.
So a web process leaves sending to a thread, and what goes wrong there costs a minute: beat looks again.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue

import structlog

from config import process

LONGEST = 20  # sendings that wait; with a broker that hangs, later ones would be late beyond use
QUIET = 600.0  # seconds between two words about failures: one broker away is one fact, however many readers come

Send = Callable[[], object]

log = structlog.get_logger(__name__)


class Sender:
    """Does one sending after the other in a thread that begins with the first and ends with the process."""

    def __init__(self) -> None:
        self._waiting: Queue[Send] = Queue(LONGEST)
        self._beginning = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, send: Send) -> None:
        """Have it done soon, or not at all where too many wait. Never waits."""
        with self._beginning:
            if self._thread is None or not self._thread.is_alive():  # a forked process has none
                self._thread = threading.Thread(target=self._run, name="waking", daemon=True)
                self._thread.start()
        with suppress(Full):
            self._waiting.put_nowait(send)

    def _run(self) -> None:
        while True:
            _attempt(self._waiting.get())


_sender = Sender()
_quiet_until = 0.0
_speaking = threading.Lock()


def soon(send: Send) -> None:
    """Do what may fail and may take long, now or, in a web process, in its thread. Raises nothing."""
    if process.kind() == "web":
        _sender.put(send)
    else:
        _attempt(send)


def _attempt(send: Send) -> None:
    try:
        send()
    except Exception as error:  # from a broker that is away to a folder that cannot be made
        if _may_speak():
            log.warning("the workers could not be woken, beat looks again", reason=f"{type(error).__name__}: {error}")


def _may_speak() -> bool:
    global _quiet_until
    with _speaking:
        if time.monotonic() < _quiet_until:
            return False
        _quiet_until = time.monotonic() + QUIET
        return True
