"""Sites whose workers are real processes, killed and started again at will, and what is left in them in the end."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.arxiv import LoopbackArxiv
from tests.databases import ROOT, OwnDatabase

FOLLOWED = "cs.AI,cs.CL,cs.CV,cs.LG,stat.ML"


class Nursery:
    """The process from which the workers of one site are forked; see `tests.workers.worker_process`."""

    def __init__(self, database: OwnDatabase, settings: dict[str, str], options: dict[str, Any]) -> None:
        self.database = database
        self.log = database.folder / "workers.log"
        environment = {"REDIS_URL": "", "SEARCH_ENGINE": "embedded", "PULL_CATEGORIES": FOLLOWED, "ARXIV_DELAY": "0"}
        environment |= {"NO_PROXY": "127.0.0.1", "CELERY_SKIP_CHECKS": "1"}
        self.environment = database.environment | environment | settings
        self.workers: list[int] = []
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.workers.worker_process", json.dumps(options)],
                cwd=ROOT,
                env=self.environment,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._read("ready")

    def start(self, name: str = "worker", beat: bool = True) -> int:
        """A worker; its process number, which is that of the group of all its processes."""
        pid = int(self._ask("start", name, beat))
        self.workers.append(pid)
        return pid

    def kill(self, pid: int) -> None:
        """SIGKILL to a worker's whole group: its main process, its pool, its beat."""
        self._ask("kill", pid)
        self.workers.remove(pid)

    def call(self, name: str, *arguments: Any) -> Any:
        """Do one of the things of `worker_process.CALLS` on the site."""
        answer = self._ask("call", name, list(arguments))
        assert answer != {"failed": name}, self.last_words()
        return answer

    def processes(self, pid: int) -> list[int]:
        """All processes of a worker's group that live."""
        found = subprocess.run(["ps", "-o", "pid=", "-g", str(pid)], capture_output=True, text=True, check=False)
        return [int(number) for number in found.stdout.split()]

    def alive(self, pid: int) -> bool:
        """Whether a worker's main process runs."""
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"

    def last_words(self) -> str:
        """How the log ends."""
        return f"the workers said:\n{self.log.read_text()[-4000:]}"

    def stop(self) -> None:
        """End all."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _ask(self, *words: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(words)}\n")
        self._process.stdin.flush()
        return json.loads(self._read())

    def _read(self, wanted: str = "") -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line if not wanted else line == wanted, self.last_words()
        return line


@contextmanager
def nursery(
    database: OwnDatabase, arxiv: LoopbackArxiv | None = None, options: dict[str, Any] | None = None, **settings: str
) -> Iterator[Nursery]:
    """A nursery on a site that pulls from `arxiv`, everything ended with the block."""
    address = {"ARXIV_URL": arxiv.url if arxiv else "http://127.0.0.1:9"}
    made = Nursery(database, address | settings, options or {})
    try:
        yield made
    finally:
        made.stop()


def until(holds: Callable[[], object], seconds: float, site: Nursery, what: str) -> float:
    """Wait until something holds; how long that took. Fails with what the workers said."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, f"{what}: not within {seconds} s; {site.last_words()}"
        time.sleep(0.05)
    return time.monotonic() - start
