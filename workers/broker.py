"""The broker without a server: kombu's messages in files, with what it lacks for running unattended.

A message only wakes a worker up; what there is to do stands in the database. So a message that cannot be read
is dropped, and one that nobody took within the hour is swept away: the folder cannot grow without end while
no worker runs. Messages are moved into place whole, which spares the reader a half-written one.
"""

import os
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from kombu import Connection
from kombu.transport import filesystem
from kombu.utils.json import dumps

STALE_AFTER = 3600  # seconds


class Channel(filesystem.Channel):
    """Kombu's channel over one folder, in which messages are named `<nanoseconds>_<uuid>.<queue>.msg`."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:
        folder = Path(self.data_folder_out)
        _sweep(folder)
        name = f"{time.time_ns()}_{uuid.uuid4()}"
        part = folder / f"{name}.part"
        part.write_text(dumps(payload))
        os.replace(part, folder / f"{name}.{queue}.msg")

    def _get(self, queue: str) -> dict[str, Any]:
        while True:
            with suppress(ValueError):  # kombu has taken the unreadable file away
                message: dict[str, Any] = super()._get(queue)
                return message


class Transport(filesystem.Transport):
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
