"""`make test`: all tests on SQLite, then on PostgreSQL those that touch the database.

PostgreSQL is the one that TEST_POSTGRES_URL names, else one that is started for the run. Where there is none the second
part is left out, which is told; with CI=true that is an error.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.services import postgres
from scripts.services.base import Unavailable

CI = os.environ.get("CI", "").lower() in {"1", "true"}
FAILED, NOTHING = 1, 5  # exit codes of pytest; those between are no verdict on the tests


def main(arguments: list[str]) -> int:
    """Run both parts with pytest's `arguments`; the exit code is 0 where both have passed."""
    on_sqlite = _pytest(arguments, "")
    if on_sqlite not in (0, FAILED, NOTHING):
        return on_sqlite
    try:
        on_postgresql = _on_postgresql(arguments)
    except Unavailable as error:
        print(f"Left out: the tests on PostgreSQL, for there is {error}", flush=True)
        on_postgresql = FAILED if CI else NOTHING
    verdicts = {on_sqlite, on_postgresql} - {NOTHING}
    return max(verdicts, default=NOTHING)


def _on_postgresql(arguments: list[str]) -> int:
    if given := os.environ.get("TEST_POSTGRES_URL"):
        return _pytest(arguments, given)
    with tempfile.TemporaryDirectory(prefix="papertide-postgres-", ignore_cleanup_errors=True) as folder:
        server = postgres.start(Path(folder))
        try:
            return _pytest(arguments, server.url)
        finally:
            server.stop()


def _pytest(arguments: list[str], url: str) -> int:
    print(f"Tests on {'PostgreSQL' if url else 'SQLite'}", flush=True)
    server = {"TEST_POSTGRES_URL": url} if url else {}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env={**os.environ, **server, "TEST_DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
