"""PostgreSQL's own tools: pg_dump of one exported moment, pg_restore within one transaction that counts before it ends.

The tools must be of the server's major version or a later one; they are looked for on PATH, where `pg_config` says, and
where Debian and its kin put them. The password goes by the environment: arguments can be read by every user.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import conninfo, pq, sql

from papers.backup.manifest import BackupError, Progress

FILE = "database.dump"
LOCK_WAIT = "30s"
INSTALLED = Path("/usr/lib/postgresql")  # Debian keeps the programs of several versions there
_CHUNK = 1 << 18

# Tables that no model names any more, left standing for the old processes of an upgrade; a dump holds them, too.
RETIRED = ("workers_sourcerun",)


@dataclass(frozen=True)
class Target:
    """The server's address in libpq's words (`host`, `dbname`, …)."""

    words: dict[str, str]

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Target":
        """From the parameters that Django connects with, less what only Django understands."""
        known = {default.keyword.decode() for default in pq.Conninfo.get_defaults()}
        return cls({name: str(value) for name, value in parameters.items() if name in known and value is not None})

    @property
    def environment(self) -> dict[str, str]:
        """For the tools: the address without its password, which stands beside it."""
        password = {"PGPASSWORD": self.words["password"]} if "password" in self.words else {}
        return {**os.environ, **password, "LC_ALL": "C"}

    @property
    def address(self) -> str:
        """A connection string that may be shown. Its sessions wait for a lock for LOCK_WAIT at most."""
        words = {name: word for name, word in self.words.items() if name != "password"}
        # Here: libpq passes over PGOPTIONS where the address has options of its own, as the site's has.
        words["options"] = f"{words.get('options', '')} -c lock_timeout={LOCK_WAIT}".strip()
        return conninfo.make_conninfo(**words)

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """Raises psycopg.Error."""
        return psycopg.connect(**self.words, autocommit=False)  # type: ignore[arg-type]


def dump(target: Target, folder: Path, tables: Iterable[str], progress: Progress) -> tuple[dict[str, int], int]:
    """Dump into `folder`; returns the rows by table in that very moment and the server's major version.

    Raises BackupError.
    """
    try:
        with target.connect() as connection:
            server = connection.info.server_version // 10000
            program = tool("pg_dump", server)
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert row is not None
            command = [program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={row[0]}"]
            command += [f"--file={folder / FILE}", f"--dbname={target.address}"]
            _run(command, target, folder / FILE, progress)
            return _count(connection, tables), server
    except psycopg.Error as error:
        raise BackupError(f"the database cannot be read: {_line(error)}") from error


def restore(
    target: Target, folder: Path, dropped: Sequence[str], counts: Mapping[str, int], made_on: int, progress: Progress
) -> None:
    """Drop the tables named, fill in the dump, and compare its counts, all in one transaction.

    Whatever goes wrong leaves what was there. Raises BackupError.
    """
    try:
        with target.connect() as connection:
            server = connection.info.server_version // 10000
    except psycopg.Error as error:
        raise BackupError(f"the database cannot be reached: {_line(error)}") from error
    if server < made_on:
        raise BackupError(f"the backup is of PostgreSQL {made_on}, and this server is older: {server}")
    source = [tool("pg_restore", made_on), "--no-owner", "--no-privileges", "--file=-", str(folder / FILE)]
    drops = "".join(f"DROP TABLE IF EXISTS {_quoted(name)} CASCADE;" for name in (*dropped, *RETIRED))
    sink = [tool("psql", max(server, made_on)), "--no-psqlrc", "--quiet", "--single-transaction"]
    sink += ["--set=ON_ERROR_STOP=1", f"--dbname={target.address}", f"--command={drops}", "--file=-"]
    # The dump empties the search path of its session.
    sink += ["--command=RESET search_path", f"--command={_comparison(counts)}"]
    _pipe(source, sink, target, progress)


def tool(name: str, server: int) -> str:
    """The path of the oldest `name` that fits a server of this major version. Raises BackupError."""
    # Of two of one version the likelier place counts, which comes last here.
    found = {version: path for path in reversed(_places(name)) if (version := _version(path)) >= server}
    if not found:
        raise BackupError(f"no {name} for PostgreSQL {server} here: install postgresql-client-{server} or a later one")
    return found[min(found)]


def program_folders(installed: Path = INSTALLED) -> list[Path]:
    """Where PostgreSQL's programs may be: as pg_config says, those of `installed` (newest first), those of PATH."""
    folders = []
    if config := shutil.which("pg_config"):
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)  # noqa: S603
        folders.append(Path(said.stdout.strip() or "."))
    versions = installed.glob("*/bin")
    folders += sorted(versions, key=lambda path: [int(part) for part in re.findall(r"\d+", str(path))], reverse=True)
    return [*folders, *map(Path, os.get_exec_path())]


def _places(name: str) -> list[str]:
    return [str(path) for folder in program_folders() if os.access(path := folder / name, os.X_OK)]


def _version(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    match = re.search(r"\) (\d+)", said.stdout)
    return int(match[1]) if match else 0


def _run(command: Sequence[str], target: Target, growing: Path, progress: Progress) -> None:
    """Run a tool to its end, telling the size of the file that it writes. Raises BackupError with its own words."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, env=target.environment, stderr=errors)  # noqa: S603
        try:
            while process.poll() is None:
                time.sleep(0.1)
                if growing.exists():
                    progress("dumping", growing.stat().st_size, 0)
        finally:
            _end(process)
        _check(process, errors)


def _pipe(source: Sequence[str], sink: Sequence[str], target: Target, progress: Progress) -> None:
    """The output of one tool into the other; where the first fails, the second is ended before it can commit."""
    with tempfile.TemporaryFile() as wrong, tempfile.TemporaryFile() as refused:
        reader = subprocess.Popen(source, stdout=subprocess.PIPE, stderr=wrong)  # noqa: S603
        writer = subprocess.Popen(  # noqa: S603
            sink, env=target.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=refused
        )
        assert reader.stdout is not None
        assert writer.stdin is not None
        try:
            try:
                _feed(reader.stdout, writer.stdin, progress)
                _check(reader, wrong)
                writer.stdin.close()
            except BrokenPipeError:  # the writer has stopped and says why
                reader.kill()
            progress("checking", 0, 0)
            _check(writer, refused)
        finally:
            _end(reader)
            _end(writer)
            reader.stdout.close()
            with suppress(BrokenPipeError):
                writer.stdin.close()


def _feed(source: IO[bytes], sink: IO[bytes], progress: Progress) -> None:
    done = 0
    while chunk := source.read(_CHUNK):
        sink.write(chunk)
        done += len(chunk)
        progress("restoring", done, 0)
    sink.flush()


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


def _check(process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
    """Wait for a tool. Raises BackupError with the first error that it told."""
    if process.wait() == 0:
        return
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines() or [f"exit status {process.returncode}"]
    line = next((line for line in lines if "error" in line.lower()), lines[0])
    hint = " (is the site still running?)" if "lock timeout" in line else ""
    raise BackupError(line.strip() + hint)


def _comparison(counts: Mapping[str, int]) -> str:
    """SQL that ends the transaction with an error where a table holds another number of rows."""
    rows = " UNION ALL ".join(
        f"SELECT {_literal(name)}, {expected}, count(*) FROM {_quoted(name)}"  # noqa: S608 -- quoted
        for name, expected in counts.items()
    )
    return (
        f"DO $check$ DECLARE wrong text; BEGIN SELECT string_agg(name, ', ') INTO wrong FROM ({rows}) "  # noqa: S608
        "AS compared(name, expected, held) WHERE expected <> held; IF wrong IS NOT NULL THEN "
        "RAISE EXCEPTION 'other numbers of rows than the backup says: %', wrong; END IF; END $check$"
    )


def _count(connection: "psycopg.Connection[tuple[Any, ...]]", tables: Iterable[str]) -> dict[str, int]:
    counts = {}
    for name in tables:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        assert row is not None
        counts[name] = int(row[0])
    return counts


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
