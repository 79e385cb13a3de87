"""SQLite's own online copy: one moment of the database, while the site goes on writing.

A read transaction is held during the copy; in WAL mode it keeps that moment and stops no writer.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from papers.backup.manifest import BackupError, Progress

FILE = "database.sqlite3"
_PAGES = 4096  # copied between two words of progress
_WAIT = 30  # seconds for another writer


def dump(database: Path, folder: Path, tables: Iterable[str], progress: Progress) -> dict[str, int]:
    """Copy the database into `folder`; returns the copy's rows by table. Raises BackupError."""
    room = shutil.disk_usage(folder).free
    if database.stat().st_size > room:
        raise BackupError(f"{folder} has no room: the database is of {database.stat().st_size:,} bytes, {room:,} free")
    try:
        with _open(database, "ro") as source, _open(folder / FILE, "rwc") as target:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment begins with the first read
            _copy(source, target, "copying", progress)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            return count_rows(target, tables)
    except sqlite3.Error as error:
        raise BackupError(f"the database cannot be copied: {error}") from error


def restore(folder: Path, database: Path, counts: Mapping[str, int], progress: Progress) -> None:
    """Put the copy into the database's place in one transaction: a kill or a full disk leaves what was there.

    Raises BackupError.
    """
    size, room = (folder / FILE).stat().st_size, shutil.disk_usage(database.parent).free
    if 2 * size > room:  # the log of the transaction, then the file
        raise BackupError(f"{database.parent} has no room: restoring takes {2 * size:,} bytes, {room:,} are free")
    try:
        with _open(folder / FILE, "ro") as source, _open(database, "rwc") as target:
            found = source.execute("PRAGMA quick_check").fetchone()[0]
            if found != "ok":
                raise BackupError(f"{folder / FILE} is damaged: {found}")
            _compare(source, counts)
            _copy(source, target, "restoring", progress)
            _compare(target, counts)
    except sqlite3.OperationalError as error:
        hint = " (is the site still running?)" if "locked" in str(error) or "busy" in str(error) else ""
        raise BackupError(f"the database cannot be restored: {error}{hint}") from error
    except sqlite3.Error as error:
        raise BackupError(f"the database cannot be restored: {error}") from error


def count_rows(connection: sqlite3.Connection, tables: Iterable[str]) -> dict[str, int]:
    """Rows by table. Raises sqlite3.Error where a table is missing."""
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 -- our own tables
        for name in tables
    }


def _compare(connection: sqlite3.Connection, counts: Mapping[str, int]) -> None:
    wrong = [name for name, found in count_rows(connection, counts).items() if found != counts[name]]
    if wrong:
        raise BackupError(f"other numbers of rows than the backup says: {', '.join(wrong)}")


def _open(path: Path, mode: str) -> closing[sqlite3.Connection]:
    address = f"{path.resolve().as_uri()}?mode={mode}"
    return closing(sqlite3.connect(address, uri=True, timeout=_WAIT, isolation_level=None))


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, what: str, progress: Progress) -> None:
    page = source.execute("PRAGMA page_size").fetchone()[0]

    def told(_status: int, remaining: int, total: int) -> None:
        progress(what, (total - remaining) * page, total * page)

    source.backup(target, pages=_PAGES, progress=told, sleep=0.05)
