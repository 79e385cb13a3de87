"""A site in a folder of its own, served by gunicorn as `make run` does: what browsers look at and what is measured.

It reaches nobody: arXiv's address is a port on this machine where nothing listens.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from scripts.services.base import HOST, free_port
from scripts.services.errors import Unavailable
from scripts.services.process import Process

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 90.0  # seconds until the encoder is loaded, on a busy machine
_open = build_opener(ProxyHandler({})).open


class Site(Process):
    """SQLite, the embedded index and the web server, all in `folder`."""

    title = "The site"

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._settings = settings

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def command(self) -> list[str]:
        """The web process of the Procfile."""
        threads = ["--worker-class", "config.web_worker.Worker", "--workers", "1", "--threads", "8"]
        bind = ["--bind", f"{HOST}:{self.port}", "--graceful-timeout", "3", "--no-control-socket"]
        return [sys.executable, "-m", "gunicorn", "config.wsgi", *threads, *bind, "--chdir", str(ROOT)]

    def environment(self) -> dict[str, str]:
        """Ours, but for what would lead elsewhere."""
        own = {
            "DJANGO_SETTINGS_MODULE": "scripts.throwaway_settings",
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "SEARCH_ENGINE": "embedded",
            "ARXIV_URL": f"http://{HOST}:9",
        }
        return {**os.environ, **own, **self._settings}

    def privileges(self) -> tuple[list[str], None]:
        """As ourselves."""
        return self.command(), None

    def manage(self, *arguments: str | Path) -> str:
        """What a management command prints. Raises subprocess.CalledProcessError where it fails."""
        return self.run("manage.py", *arguments)

    def run(self, *arguments: str | Path) -> str:
        """What a Python program in the site's environment prints. Raises subprocess.CalledProcessError."""
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(), stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8"
        )
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Gather the static files and serve; the address, once pages and search answer. Raises Unavailable."""
        self.manage("collectstatic", "--verbosity", "0", "--no-input")
        self.launch()
        try:
            self._wait("/api/v1/search?q=first+search")  # it needs the encoder, as every later one does
            yield self.url
        finally:
            self.stop()

    def _wait(self, address: str) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with _open(self.url + address, timeout=PATIENCE) as answer:
                    answer.read()
                return
            except OSError as error:
                broken = isinstance(error, HTTPError) and error.code != 503
                if broken or time.monotonic() > end or not self.alive:
                    raise Unavailable(f"the site in {self.folder} does not serve: {error}") from error
                time.sleep(0.2)
