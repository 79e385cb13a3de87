"""Work in a process of its own, so that its memory is its own and ends with it."""

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from benchmarks.clients import memory_of

LOOK = 0.05  # seconds between two looks at the memory of a child that works


class ChildError(Exception):
    """The child could not do what it was told; the text says why."""


class Child:
    """A process with Django's settings loaded, told what to do; a context manager that ends it.

    peak: bytes that it and the servers named by `watched` held of their own at most while they worked.
    """

    def __init__(self) -> None:
        spawn = get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process is seen
        self.watched: Sequence[int] = ()
        self.peak = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._pipe.close()
        self._process.join(10)
        self._process.terminate()

    def do(self, function: Callable[..., Any], *arguments: object, watch: bool = False) -> Any:
        """What a function of a module returns there. watch: measure `peak` meanwhile.

        Raises ChildError where the function raises or the process ends.
        """
        try:
            self._pipe.send((function, arguments))
            while watch and not self._pipe.poll(LOOK):
                held = memory_of(self._process.pid or 0) if self._process.is_alive() else {}
                self.peak = max(self.peak, held.get("own", 0) + sum(memory_of(each)["own"] for each in self.watched))
            good, answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(5)
            raise ChildError(f"the process ended with {self._process.exitcode}") from error
        if not good:
            raise ChildError(answer)
        return answer


def apart(function: Callable[..., Any], *arguments: object) -> Any:
    """What a function of a module returns in a process of its own. Raises ChildError."""
    with Child() as child:
        return child.do(function, *arguments)


def memory(pids: Sequence[int]) -> dict[str, int]:
    """Bytes that processes hold of their own ("own") and of files ("files"), added up."""
    found = [memory_of(pid) for pid in pids]
    return {name: sum(each[name] for each in found) for name in ("own", "files")}


def _serve(pipe: Connection) -> None:
    import django

    django.setup()
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = (True, function(*arguments))
        except Exception as error:
            traceback.print_exc()
            answer = (False, f"{type(error).__name__}: {error}"[:300])
        pipe.send(answer)


def timed(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(text, file=sys.stderr, flush=True)
