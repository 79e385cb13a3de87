"""The whole site at an institute's size on one machine: three servers, the web server and two workers."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from scripts.services.fleet import NAMES, Fleet, say
from scripts.services.process import Process
from scripts.services.watch import NoWatchError, watch, watching

ROOT = Path(__file__).resolve().parents[2]
PROCFILE = "Procfile.institute"
WORKERS = ("worker1", "worker2")
PARTS = ("web", *WORKERS)  # as on machines of their own, each has its own DATA_DIR


class Site(Process):
    """What the Procfile names, on this terminal and as ourselves."""

    title = "The site"
    grace = 20.0

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__(ROOT)
        self._environment = environment

    def command(self) -> list[str]:
        """honcho, whose processes take their variables from ours alone."""
        return [sys.executable, "-m", "honcho", "-e", os.devnull, "-f", str(ROOT / PROCFILE), "start"]

    def environment(self) -> dict[str, str]:
        """Ours with the servers' variables."""
        return self._environment

    @property
    def log(self) -> None:
        """The terminal."""

    def privileges(self) -> tuple[list[str], None]:
        """As ourselves."""
        return self.command(), None


def serve(folder: Path) -> int:
    """Start all, wait until the site ends or we are told to stop, stop all; the exit code.

    The servers' data stays in `folder` and is taken up by the next run.
    """
    folder = folder.resolve()
    try:
        with watching(folder), Fleet(folder, keep=True) as fleet:
            fleet.start()
            if fleet.missing:
                say(f"The institute needs all of {', '.join(NAMES)}.")
                return 1
            return _run(folder, fleet)
    except NoWatchError as error:
        say(f"{error}.")
        return 1


def _run(folder: Path, fleet: Fleet) -> int:
    threads = str(max(1, (os.cpu_count() or 1) // len(WORKERS)))
    environment = {"OMP_NUM_THREADS": threads, **os.environ, **fleet.variables, "INSTITUTE": str(folder)}
    for part in PARTS:
        (folder / part).mkdir(exist_ok=True)
    given = fleet.exports + f"export DATA_DIR={shlex.quote(str(folder / 'web'))}\n"
    variables = folder / "environment"
    variables.touch(mode=0o600)
    variables.write_text(given)
    prepared = [sys.executable, str(ROOT / "manage.py"), "prepare"]
    done = subprocess.run(prepared, cwd=ROOT, env=environment | {"DATA_DIR": str(folder / "web")}, check=False)
    if done.returncode != 0:
        return done.returncode
    _explain(folder, fleet)
    site = Site(environment)
    site.launch()
    try:
        watch(fleet, lambda: site.alive)
    finally:
        site.stop()
    say("The site has ended.")
    return 1


def _explain(folder: Path, fleet: Fleet) -> None:
    for name, server in fleet.servers.items():
        say(f"{name:<13} process {server.pid:<7} {server.url}")
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    say(
        f"For trials, in another terminal:\n"
        f"  . {shown}/environment\n"
        f"      the variables of all three, for manage.py\n"
        f"  .venv/bin/python -m scripts.services kill elasticsearch --folder {shown}\n"
        f"      Elasticsearch is gone (kill -9 {fleet.servers['elasticsearch'].pid} does the same)\n"
        f"  .venv/bin/python -m scripts.services start elasticsearch --folder {shown}\n"
        f"      and back, on the same port with the same data\n"
        f"Ctrl-C stops everything; the data stays in {shown}."
    )
