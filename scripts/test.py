"""`make test`: all tests on SQLite, and on PostgreSQL those that touch the database.

Both at once where the machine has two processors, since tests wait for servers and browsers most of the time; what the
second part prints comes after the first. PostgreSQL is the one that TEST_POSTGRES_URL names, else one that is started
for the run. Where there is none the second part is left out, which is told; with CI=true that is an error.
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from scripts.services import postgres
from scripts.services.base import Unavailable

CI = os.environ.get("CI", "").lower() in {"1", "true"}
FAILED, NOTHING = 1, 5  # exit codes of pytest; those between are no verdict on the tests


def main(arguments: list[str]) -> int:
    """Run both parts with pytest's `arguments`; the exit code is 0 where both have passed."""
    at_once = (os.cpu_count() or 1) > 1
    with tempfile.TemporaryFile() as told, ThreadPoolExecutor(1) as beside:
        second = beside.submit(_on_postgresql, arguments, told) if at_once else None
        verdict = _pytest(arguments, "")
        if second is None:
            return _both(verdict, _on_postgresql(arguments))
        on_postgresql = second.result()
        told.seek(0)
        sys.stdout.buffer.write(told.read())
        sys.stdout.flush()
        return _both(verdict, on_postgresql)


def _both(on_sqlite: int, on_postgresql: int) -> int:
    """The exit code of both: what is no verdict on the tests counts most, no tests count only where both have none."""
    verdicts = {on_sqlite, on_postgresql} - {NOTHING}
    return max(verdicts, default=NOTHING)


def _on_postgresql(arguments: list[str], out: IO[bytes] | None = None) -> int:
    """The part on PostgreSQL, printed into `out` where one is given; the exit code."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        return _pytest(arguments, given, out)
    try:
        with tempfile.TemporaryDirectory(prefix="papertide-postgres-", ignore_cleanup_errors=True) as folder:
            server = postgres.start(Path(folder))
            try:
                return _pytest(arguments, server.url, out)
            finally:
                server.stop()
    except Unavailable as error:
        print(f"Left out: the tests on PostgreSQL, for there is {error}", flush=True)
        return FAILED if CI else NOTHING


def _pytest(arguments: list[str], url: str, out: IO[bytes] | None = None) -> int:
    said = f"Tests on {'PostgreSQL' if url else 'SQLite'}\n"
    (out or sys.stdout.buffer).write(said.encode())
    (out or sys.stdout.buffer).flush()
    server = {"TEST_POSTGRES_URL": url} if url else {}
    command = [sys.executable, "-m", "pytest", *arguments]
    environment = {**os.environ, **server, "TEST_DATABASE_URL": url}
    return subprocess.run(
        command, env=environment, check=False, stdout=out, stderr=None if out is None else subprocess.STDOUT
    ).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
