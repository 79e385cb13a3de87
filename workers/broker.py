"""The brokers, Redis and the one without a server: kombu's, with what they lack for running unattended.

A message that kombu cannot read would end the worker that takes it, which puts it back as it dies: it is handed on as
the body of a message without a task, and `workers.parking` keeps it.

Without a server messages are files. A message only wakes a worker up; what there is to do stands in the database. So
one that nobody took within the hour is swept away: the folder cannot grow without end while no worker runs. Messages
are moved into place whole, which spares the reader a half-written one.
"""

import os
import time
import uuid
from contextlib import suppress
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from kombu import Connection
from kombu.transport import filesystem, redis, virtual
from kombu.utils.json import dumps

STALE_AFTER = 3600  # seconds


class _Reading(virtual.Transport):
    """Hands on whatever stands in a queue, in an envelope that can be read."""

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            read = virtual.Message(message, channel=self.channels[0])
            fit = read.delivery_tag and {"exchange", "routing_key"} <= read.delivery_info.keys()
        except Exception:  # who knows what stands there
            fit = False
        super()._deliver(message if fit else _envelope(message, queue), queue)


def _envelope(message: Any, queue: str) -> dict[str, Any]:
    """A message without a task, its body what was found."""
    return {
        "body": message if isinstance(message, str) else dumps(message),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {},
        "properties": {"delivery_tag": str(uuid.uuid4()), "delivery_info": {"exchange": "", "routing_key": queue}},
    }


def _text(error: JSONDecodeError | UnicodeDecodeError) -> str:
    """What could not be read."""
    return error.doc if isinstance(error, JSONDecodeError) else error.object.decode("utf-8", "replace")


class RedisChannel(redis.Channel):
    """Kombu's channel over Redis."""

    def _brpop_read(self, **options: Any) -> bool | None:
        try:
            taken: bool | None = super()._brpop_read(**options)
            return taken
        except (JSONDecodeError, UnicodeDecodeError) as error:
            # Taken from the queue that the cycle has just put last.
            self.connection._deliver(_text(error), self._queue_cycle.items[-1])
            return True


class RedisTransport(_Reading, redis.Transport):
    """Kombu's transport with our channel."""

    Channel = RedisChannel


class Channel(filesystem.Channel):
    """Kombu's channel over one folder, in which messages are named `<nanoseconds>_<uuid>.<queue>.msg`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not when the settings of Celery are read, which happens in web processes that send nothing, too.
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:
        folder = Path(self.data_folder_out)
        _sweep(folder)
        name = f"{time.time_ns()}_{uuid.uuid4()}"
        part = folder / f"{name}.part"
        part.write_text(dumps(payload))
        os.replace(part, folder / f"{name}.{queue}.msg")

    def _get(self, queue: str) -> Any:
        try:
            return super()._get(queue)
        except (JSONDecodeError, UnicodeDecodeError) as error:  # kombu has taken the file away
            return _text(error)


class Transport(_Reading, filesystem.Transport):
    """Kombu's transport with our channel."""

    Channel = Channel
    polling_interval = 0.2

    def drain_events(self, connection: Connection, timeout: float | None = None) -> None:
        """Wait for a message for half a second at most: between two waits the worker sees that it shall stop."""
        super().drain_events(connection, timeout=0.5)


def _sweep(folder: Path) -> None:
    oldest = time.time() - STALE_AFTER
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
