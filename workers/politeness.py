"""arXiv's manners, kept over all processes: one request at a time, and a pause after each.

`turn()` is the only door to arXiv. Without Redis the turn is a file lock in DATA_DIR and the pause a small
file beside it; with Redis both are keys, so that several machines share them. Either is given back when its
holder dies.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
from django.conf import settings

if TYPE_CHECKING:
    from redis import Redis

LONGEST_PAUSE = 3600.0  # seconds; a longer Retry-After is not believed
_LEASE = 30.0  # seconds a turn in Redis outlives a holder that died
_REDIS_LOCK, _REDIS_PAUSE = "papertide:arxiv:turn", "papertide:arxiv:pause"

Pause = Callable[[float], None]
"""Called within a turn with seconds: nobody may take the next one so soon (ARXIV_DELAY always holds)."""


class NoTurnError(TimeoutError):
    """The turn did not come in time."""


def turn(timeout: float = LONGEST_PAUSE) -> AbstractContextManager[Pause]:
    """The right to send one request to arXiv now, waited for and given back at the end of the `with` block.

    The value is a function of seconds that lengthens the pause after this turn (`Pause`). Raises NoTurnError
    where the turn cannot come within `timeout` seconds. Turns of one thread do not nest.
    """
    return _redis_turn(timeout) if settings.REDIS_URL else _file_turn(timeout)


def _too_late(timeout: float) -> NoTurnError:
    return NoTurnError(f"no turn for a request within {timeout:.0f} s, another process or a pause runs")


@contextmanager
def _file_turn(timeout: float) -> Iterator[Pause]:
    deadline = time.monotonic() + timeout
    lock = filelock.FileLock(settings.DATA_DIR / "arxiv.lock", fallback_to_soft=False)
    try:
        held = lock.acquire(timeout=timeout)
    except filelock.Timeout:
        raise _too_late(timeout) from None
    with held:
        path = settings.DATA_DIR / "arxiv.pause"
        left = _pause_left(path)
        if time.monotonic() + left > deadline:
            raise _too_late(timeout)
        time.sleep(left)
        pauses: list[float] = [settings.ARXIV_DELAY]
        _write_pause(path, pauses)  # for whoever comes next if this process dies within its turn
        try:
            yield pauses.append
        finally:
            _write_pause(path, pauses)


def _write_pause(path: Path, pauses: list[float]) -> None:
    path.write_text(f"{time.time()} {_longest(pauses)}")


def _longest(pauses: list[float]) -> float:
    return min(max(pauses), LONGEST_PAUSE)


def _pause_left(path: Path) -> float:
    """Seconds still to wait by the file, which holds its time of writing and the pause asked for."""
    try:
        written, pause = map(float, path.read_text().split())
    except FileNotFoundError:
        return 0.0
    except ValueError:  # cut short by a full disk
        return settings.ARXIV_DELAY
    # A clock set back since then would lengthen the wait without end: it is never longer than the pause.
    return min(max(written + pause - time.time(), 0.0), pause)


@contextmanager
def _redis_turn(timeout: float) -> Iterator[Pause]:
    import redis  # here, since a site without Redis is spared half a second at each start

    deadline = time.monotonic() + timeout
    client = redis.Redis.from_url(settings.REDIS_URL)
    lock = client.lock(_REDIS_LOCK, timeout=_LEASE, blocking_timeout=timeout, thread_local=False)
    try:
        if not lock.acquire():
            raise _too_late(timeout)
    except redis.RedisError as error:
        raise NoTurnError(f"Redis cannot be asked for a turn: {error}") from error
    done = threading.Event()

    def renew() -> None:
        while not done.wait(_LEASE / 3):
            with suppress(redis.RedisError):
                lock.extend(_LEASE, replace_ttl=True)

    threading.Thread(target=renew, daemon=True).start()
    try:
        try:
            left = max(client.pttl(_REDIS_PAUSE), 0) / 1000
            if time.monotonic() + left > deadline:
                raise _too_late(timeout)
            time.sleep(left)
            pauses: list[float] = [settings.ARXIV_DELAY]
            _set_pause(client, pauses)
        except redis.RedisError as error:
            raise NoTurnError(f"Redis cannot be asked for a turn: {error}") from error
        try:
            yield pauses.append
        finally:
            with suppress(redis.RedisError):  # gone meanwhile: what the turn brought is good all the same
                _set_pause(client, pauses)
    finally:
        done.set()
        with suppress(redis.RedisError):  # also where the lease ran out meanwhile
            lock.release()
        client.close()


def _set_pause(client: "Redis", pauses: list[float]) -> None:
    """Redis itself counts the pause down, so the clocks of several machines need not agree."""
    client.set(_REDIS_PAUSE, 1, px=max(int(_longest(pauses) * 1000), 1))
