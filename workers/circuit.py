"""After repeated failures arXiv is left alone for a while; then one try finds out whether it is back.

The state is shared as turns are (`workers.politeness`): a key in Redis, else a file in DATA_DIR.
"""

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from workers.sources import SourceError

if TYPE_CHECKING:
    from redis import Redis

FAILURES = 8  # tries in a row that open it
FIRST, LONGEST = 600.0, 7200.0  # seconds that it stays open: doubled with each try that fails after
_KEY = "papertide:arxiv:circuit"


@dataclass(frozen=True, slots=True)
class State:
    """Failed tries in a row, until when nothing is sent (seconds since 1970, 0: closed), and the last reason."""

    failures: int = 0
    until: float = 0.0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nothing is sent now."""
        return time.time() < self.until

    @property
    def until_moment(self) -> datetime:
        """`until` in UTC."""
        return datetime.fromtimestamp(self.until, UTC)


def demand_closed() -> None:
    """Raises SourceError while the circuit is open."""
    now = state()
    if now.is_open:
        after = f"after {now.failures} failures in a row: {now.reason}"
        raise SourceError(f"arXiv is left alone until {now.until_moment:%H:%M} UTC, {after}")


def failed(reason: str) -> None:
    """One more try without a usable answer."""
    failures = state().failures + 1
    wait = min(FIRST * 2 ** min(failures - FAILURES, 10), LONGEST) if failures >= FAILURES else 0.0
    _keep(State(failures, time.time() + wait if wait else 0.0, reason))


def worked() -> None:
    """ArXiv gave an answer, be it a no."""
    if state().failures:
        _keep(State())


def reset() -> None:
    """Close it by hand."""
    _keep(State())


def state() -> State:
    """The state as all processes see it; closed where it cannot be read."""
    text: bytes | str | None = None
    if settings.REDIS_URL:
        import redis

        with suppress(redis.RedisError), _redis() as client:
            text = client.get(_KEY)
    else:
        with suppress(FileNotFoundError):
            text = _path().read_text()
    try:
        read = State(**json.loads(text or "{}"))
        return State(int(read.failures), min(float(read.until), time.time() + LONGEST), str(read.reason))
    except (ValueError, TypeError):  # cut short by a full disk
        return State()


def _keep(new: State) -> None:
    text = json.dumps(asdict(new))
    if settings.REDIS_URL:
        import redis

        with suppress(redis.RedisError), _redis() as client:
            client.set(_KEY, text, ex=86_400)
        return
    path = _path()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text)
    part.replace(path)


def _redis() -> "Redis":
    import redis

    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)


def _path() -> Path:
    path: Path = settings.DATA_DIR / "arxiv.circuit"
    return path
