"""A database of its own for real processes: SQLite in their folder, or a fresh one on the tests' PostgreSQL."""

import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
TEST_DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "")


@dataclass(frozen=True)
class OwnDatabase:
    """The database of a site in `folder`. `url` is empty for SQLite."""

    folder: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that works on this site."""
        own = {"DATA_DIR": str(self.folder), "DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": "config.settings"}
        return os.environ | own

    def migrate(self) -> None:
        """Make the tables."""
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--skip-checks", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=60)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query gives."""
        if self.url:
            with psycopg.connect(self.url) as server:
                return server.execute(query.encode()).fetchall()
        with closing(sqlite3.connect(self.folder / "papertide.sqlite3", timeout=10)) as file:
            return file.execute(query).fetchall()


@contextmanager
def own_database(folder: Path) -> Iterator[OwnDatabase]:
    """A migrated, empty database for a site in `folder`, taken away at the end."""
    if not TEST_DATABASE_URL:
        made = OwnDatabase(folder, "")
        made.migrate()
        yield made
        return
    name = f"papertide_own_{secrets.token_hex(4)}"
    with psycopg.connect(TEST_DATABASE_URL, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    made = OwnDatabase(folder, urlsplit(TEST_DATABASE_URL)._replace(path=f"/{name}").geturl())
    try:
        made.migrate()
        yield made
    finally:
        with psycopg.connect(TEST_DATABASE_URL, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
