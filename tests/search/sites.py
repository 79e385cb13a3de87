"""A site of real processes: a web server, workers and commands on one database and one search engine."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from scripts.services.base import HOST, free_port
from tests.databases import ROOT, OwnDatabase, own_database


@dataclass
class RealSite:
    """The processes of one site; see `tests.search.site_process` for what they do."""

    database: OwnDatabase
    settings: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What all processes say."""
        return self.database.folder.with_name("processes.log")

    def start(self, name: str, *arguments: str, machine: str = "") -> subprocess.Popen[str]:
        """A process that goes on; with `machine` in a DATA_DIR of its own."""
        environment = self.database.environment | self.settings
        if machine:
            environment["DATA_DIR"] = str(self.database.folder / machine)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.search.site_process", name, *arguments],
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("a"),
        )
        self.running.append(process)
        return process

    def run(self, name: str, *arguments: str, timeout: float = 120) -> str:
        """A process to its end; what it printed."""
        process = self.start(name, *arguments)
        printed, _ = process.communicate(timeout=timeout)
        assert process.returncode == 0, self.log.read_text()[-2000:]
        return printed

    def number(self, query: str) -> int:
        """The one number that a query gives."""
        [[value]] = self.database.rows(query)
        assert isinstance(value, int)
        return value

    @property
    def marks(self) -> int:
        """Papers that wait for the index."""
        return self.number("SELECT count(*) FROM papers_indexmark WHERE NOT kept")

    def serve(self) -> "Browser":
        """A web server that answers, and a reader's browser for it."""
        port = free_port()
        self.start("serve", str(port))
        browser = Browser(f"http://{HOST}:{port}")
        demand(lambda: browser.status("/robots.txt") == 200, 60)
        return browser


@dataclass(frozen=True)
class Browser:
    """Asks a web server, by a new connection each time; from any thread."""

    base: str

    def get(self, address: str) -> requests.Response:
        """What is at an address."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy between us
            return session.get(self.base + address, timeout=30, allow_redirects=False)

    def status(self, address: str) -> int:
        """The status of an address, 0 where nobody answers."""
        try:
            return self.get(address).status_code
        except requests.RequestException:
            return 0


def demand(holds: Callable[[], object], seconds: float) -> float:
    """Wait until something holds; how long that took. Fails after `seconds`."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - start


@contextmanager
def real_site(folder: Path, **settings: str) -> Iterator[RealSite]:
    """A site with an empty database, its processes ended with the block."""
    with own_database(folder) as database:
        site = RealSite(database, settings)
        try:
            yield site
        finally:
            for process in site.running:
                process.kill()
                process.communicate()
