"""A real PostgreSQL."""

import secrets
import shutil
import signal
import sys
from pathlib import Path

import psycopg

from papers.backup.postgres import INSTALLED, program_folders
from scripts.services import base
from scripts.services.users import hand_over, run

HOW = "install Debian's or Ubuntu's package postgresql (macOS: brew install postgresql), or set TEST_POSTGRES_URL"
NAME = "papertide"  # of the role and of the database


def programs() -> Path:
    """The folder of initdb and postgres. Raises Unavailable."""
    for folder in program_folders(INSTALLED):
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise base.Unavailable(f"no PostgreSQL: {HOW}")


class Server(base.Server):
    """One PostgreSQL with a role and a database `papertide`, reached by TCP with a password."""

    title = "PostgreSQL"
    stop_signal = signal.SIGINT  # ends the clients' connections too ("fast")

    def __init__(self, folder: Path, port: int | None = None, *, fsync: bool = False) -> None:
        self.programs = programs()
        super().__init__("postgres", hand_over(folder), port)
        self.fsync = fsync
        self.data = self.folder / "data"
        self.secret = self.folder / "password"

    @property
    def url(self) -> str:
        """`postgres://papertide:password@127.0.0.1:port/papertide`."""
        return self._url(NAME)

    def _url(self, database: str) -> str:
        return f"postgres://{NAME}:{self.secret.read_text().strip()}@{base.HOST}:{self.port}/{database}"

    def command(self) -> list[str]:
        """postgres with all it needs as arguments; no socket file, whose path may be only 107 characters long."""
        options = {"listen_addresses": base.HOST, "port": str(self.port), "unix_socket_directories": ""}
        if not self.fsync:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *given]

    def ready(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create(self) -> None:
        """Make the data folder at the first time. Raises Unavailable."""
        if self.data.is_dir():
            return
        self.secret.write_text(secrets.token_urlsafe(24))
        self.secret.chmod(0o600)
        hand_over(self.folder)
        aside = self.folder / "data.new"
        shutil.rmtree(aside, ignore_errors=True)
        command = [str(self.programs / "initdb"), "-D", str(aside), "-U", NAME, "-E", "UTF8", "-A", "scram-sha-256"]
        command += ["--pwfile", str(self.secret)]
        if sys.platform == "linux":
            command += ["--locale", "C.UTF-8"]  # sorts by code point, knows letters beyond ASCII
        if not self.fsync:
            command.append("--no-sync")
        run(command, self.folder, "PostgreSQL")
        aside.rename(self.data)  # whole, or not at all

    def create_database(self) -> None:
        """Make the database `papertide` where it is not there yet."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")


def start(folder: Path, port: int | None = None, *, fsync: bool = False) -> Server:
    """Start PostgreSQL with its data in `folder` (taken up again where there is some). Raises Unavailable.

    Without `fsync` it is fast and a power cut may ruin the data: for what is thrown away.
    """
    server = Server(folder, port, fsync=fsync)
    server.create()
    server.start()
    try:
        server.create_database()
    except psycopg.Error as error:
        server.stop()
        raise base.Unavailable(f"PostgreSQL: {error}") from error
    return server
