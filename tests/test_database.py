"""DATABASE_URL as settings, and a web server's pool on a real PostgreSQL."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.database import database
from config.process import Kind
from scripts.services.base import free_port
from tests.databases import ROOT, OwnDatabase, own_database

URL = "postgres://name:s3cret@host:5432/papertide"
POOL = 3


def settings(url: str = URL, process: Kind = "web", pool: int = 8, timeout: float = 30) -> dict[str, Any]:
    """The settings of a database."""
    return database(url, Path("site.sqlite3"), process, pool, timeout)


def test_without_a_url_it_is_sqlite_in_a_file_for_every_process() -> None:
    for process in ("web", "worker", "command"):
        found = settings("", process)
        assert (found["ENGINE"], found["NAME"]) == ("django.db.backends.sqlite3", "site.sqlite3")
        assert found["OPTIONS"].keys() == {"transaction_mode", "timeout", "init_command"}


def test_a_web_process_has_a_pool_and_a_time_limit() -> None:
    found = settings()
    assert found["OPTIONS"]["pool"]["max_size"] == 8
    assert found["CONN_MAX_AGE"] == 0
    assert found["CONN_HEALTH_CHECKS"]
    assert found["OPTIONS"]["options"] == "-c jit=off -c statement_timeout=30000"
    assert found["OPTIONS"]["application_name"] == "papertide web"


@pytest.mark.parametrize(("process", "pool"), [("worker", 8), ("command", 8), ("web", 0)])
def test_others_keep_one_connection_and_try_it_before_use(process: Kind, pool: int) -> None:
    found = settings(process=process, pool=pool)
    assert "pool" not in found["OPTIONS"]
    assert found["CONN_MAX_AGE"] > 0
    assert found["CONN_HEALTH_CHECKS"]


@pytest.mark.parametrize("process", ["worker", "command"])
def test_only_a_web_process_has_a_time_limit(process: Kind) -> None:
    assert settings(process=process)["OPTIONS"]["options"] == "-c jit=off"


def test_what_the_url_says_comes_first() -> None:
    options = settings(f"{URL}?application_name=mine&sslmode=require&options=-c%20statement_timeout%3D5000")["OPTIONS"]
    assert (options["application_name"], options["sslmode"]) == ("mine", "require")
    assert options["options"].endswith("-c statement_timeout=5000")  # the last one counts


@pytest.mark.parametrize(
    "url", ["mysql://name:s3cret@host/db", "host", "postgres://name:s3cret@host", "postgres://n:s3cret@host:x/db"]
)
def test_a_url_that_cannot_be_used_is_said_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL cannot be read: expected postgres://") as caught:
        settings(url)
    assert "s3cret" not in str(caught.value)


def test_a_database_that_is_away_is_said_in_one_line(tmp_path: Path) -> None:
    away = f"postgres://name:s3cret@127.0.0.1:{free_port()}/papertide"
    environment = OwnDatabase(tmp_path, away).environment
    command = [sys.executable, str(ROOT / "manage.py"), "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("The database cannot be used: ")
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr


class Web:
    """A real web server with more threads than its pool has connections."""

    def __init__(self, site: OwnDatabase) -> None:
        self.site = site
        self.address = f"http://127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--threads", "8"]
        command += [
            "--worker-class",
            "config.web_worker.Worker",
            "--bind",
            self.address.removeprefix("http://"),
            "--no-control-socket",
        ]
        environment = {**site.environment, "DATABASE_POOL": str(POOL), "DATABASE_TIMEOUT": "7"}
        with (site.folder / "web.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def status(self, path: str = "/api/v1/papers") -> int:
        """The status of an answer, 0 without one. The default asks the database and needs no gathered files."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def sessions(self) -> list[tuple[object, ...]]:
        """Process number and state of its connections."""
        return self.site.rows(
            "SELECT pid, state FROM pg_stat_activity WHERE application_name = 'papertide web' "
            "AND datname = current_database()"
        )

    def stop(self) -> None:
        """End it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A web server that answers."""
    with own_database(tmp_path / "data") as site:
        served = Web(site)
        try:
            deadline = time.monotonic() + 60
            while served.status() != 200:
                assert served.process.poll() is None, (site.folder / "web.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield served
        finally:
            served.stop()


@pytest.mark.postgresql
@pytest.mark.database
def test_many_readers_share_a_few_connections_and_lost_ones_are_replaced(web: Web) -> None:
    with ThreadPoolExecutor(16) as readers:
        assert set(readers.map(lambda _: web.status(), range(100))) == {200}
    sessions = web.sessions()
    assert 1 <= len(sessions) <= POOL
    assert {state for _, state in sessions} == {"idle"}
    with psycopg.connect(web.site.url, autocommit=True) as server:
        for pid, _ in sessions:
            server.execute("SELECT pg_terminate_backend(%s)", [pid])
    with ThreadPoolExecutor(8) as readers:
        assert set(readers.map(lambda _: web.status(), range(20))) == {200}
    assert len(web.sessions()) <= POOL


@pytest.mark.postgresql
@pytest.mark.database
def test_the_server_ends_a_page_query_that_takes_too_long(tmp_path: Path) -> None:
    script = (
        "from config import process; process.claim('web')\n"
        "import django; django.setup()\n"
        "from django.db import OperationalError, connection\n"
        "try: connection.cursor().execute('SELECT pg_sleep(20)')\n"
        "except OperationalError as error: print(error)\n"
    )
    with own_database(tmp_path / "data") as site:
        environment = {**site.environment, "DATABASE_TIMEOUT": "0.2"}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "statement timeout" in done.stdout
