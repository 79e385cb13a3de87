"""Readers that ask an engine at once, in processes of their own as a site's web processes are."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from benchmarks.operations import Task

PROCESSES = 2


@dataclass(frozen=True)
class Site:
    """Where the engines are, and what a search needs besides. roots: of engine kinds the folder or the alias. full: a
    file of NumPy with the full vectors. transform, table: as bytes."""

    roots: dict[str, str]
    full: Path
    transform: bytes
    table: bytes
    width: int
    tasks: "list[Task]"


@dataclass(frozen=True)
class Round:
    """So many threads ask one engine one kind of question for so many seconds, beginning with task `first`."""

    kind: str
    operation: str
    threads: int
    seconds: float
    first: int


@dataclass(frozen=True)
class Outcome:
    """times: seconds of each question. failed: questions that the engine did not answer."""

    times: list[float]
    failed: int


class Readers:
    """Web processes, told what to do over pipes; a context manager that ends them."""

    def __init__(self, site: Site, processes: int = PROCESSES) -> None:
        spawn = get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(processes):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
            theirs.close()  # so that the end of the process is seen
            ours.send(site)
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(10)
            process.terminate()

    def ask(self, kind: str, operation: str, clients: int, seconds: float, first: int) -> Outcome:
        """What one reader, or several of them spread over all processes, waited."""
        used = self._pipes[:clients]
        for number, pipe in enumerate(used):
            pipe.send(Round(kind, operation, clients // len(used), seconds, first + number * 1000))
        outcomes: list[Outcome] = [pipe.recv() for pipe in used]
        return Outcome([time for each in outcomes for time in each.times], sum(each.failed for each in outcomes))

    def memory(self) -> dict[str, int]:
        """Of the first process: see `memory_of`."""
        self._pipes[0].send(None)
        return dict(self._pipes[0].recv())


def memory_of(pid: int) -> dict[str, int]:
    """Bytes in memory that are the process's own ("own") and that are pages of files ("files"); Linux tells."""
    fields = {"RssAnon": "own", "RssFile": "files"}
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    rows = (line.split() for line in lines)
    return {fields[row[0][:-1]]: int(row[1]) * 1024 for row in rows if row and row[0][:-1] in fields}


def _serve(pipe: Connection) -> None:
    import django

    django.setup()  # before the site comes, whose tasks are made of what needs it
    from benchmarks.operations import OPERATIONS, contexts

    site: Site = pipe.recv()
    found = contexts(site)
    while True:
        try:
            order: Round | None = pipe.recv()
        except EOFError:
            return
        if order is None:
            pipe.send(memory_of(os.getpid()))
            continue
        context = found[order.kind]
        operation = OPERATIONS[order.operation]
        pipe.send(_threads(order, lambda task: operation(context, task), site.tasks))  # noqa: B023


def _threads(order: Round, ask: "Callable[[Task], object]", tasks: "Sequence[Task]") -> Outcome:
    from search.engines.base import EngineError

    times: list[float] = []
    failed: list[str] = []
    begin = threading.Barrier(order.threads)

    def read(number: int) -> None:
        place = order.first + number * 100
        begin.wait()
        end = time.perf_counter() + order.seconds
        while (start := time.perf_counter()) < end:
            try:
                ask(tasks[place % len(tasks)])
            except EngineError as error:
                failed.append(str(error))
            else:
                times.append(time.perf_counter() - start)
            place += 1

    readers = [threading.Thread(target=read, args=(number,)) for number in range(order.threads)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return Outcome(times, len(failed))
