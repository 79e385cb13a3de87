"""How long readers wait for each peer: one process a peer, the same tasks, in turns.

In every round the peers take turns kind by kind, so that a noisy machine hits all of them; one round before is not
counted. Then the parts: the site's rankings against the least that could do the same, in one process.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from benchmarks.suite.children import Child, ChildError, memory, say, timed
from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers import load
from benchmarks.suite.peers.base import KINDS, Peer, Task
from benchmarks.suite.results import ROUNDS, Measured, Part, Waits

PATIENCE = 3.0  # seconds that a round of one kind should take at most
LAST = "hybrid"  # the kind that loads the encoder into the peers that have one: asked when memory has been measured

Tasks = Mapping[str, Sequence[Task]]


def ask_all(corpus: Corpus, folders: Mapping[str, Path], tasks: Tasks, measured: dict[str, Measured]) -> None:
    """Ask the peers, whose indexes are in these folders, and write into `measured` what they waited and held; into its
    note where a peer could not answer."""
    with ExitStack() as stack:
        children = {name: stack.enter_context(Child()) for name in folders}
        for name in list(children):
            with _noting(measured[name], "opening") as told:
                told.append(children[name].do(_open, name, corpus, folders[name], dict(tasks)))
            if not told:
                del children[name]
        for kind in [kind for kind in KINDS if kind != LAST]:
            _rounds(kind, children, measured)
        for name, child in children.items():
            with _noting(measured[name], "memory"):
                held = child.do(_memory)
                measured[name].memory, measured[name].files = held["own"], held["files"]
        _rounds(LAST, children, measured)


def _rounds(kind: str, children: Mapping[str, Child], measured: Mapping[str, Measured]) -> None:
    """ROUNDS rounds of one kind."""
    start = time.perf_counter()
    waits: dict[str, Waits] = {}
    for name, child in children.items():
        if kind in load(name).kinds:
            with _noting(measured[name], kind):
                waits[name] = Waits(child.do(_warm, kind))
    for _ in range(ROUNDS):
        for name, found in waits.items():
            with _noting(measured[name], kind):
                seconds = children[name].do(_ask, kind, found.tasks)
                for quantile, figures in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
                    figures.append(round(1000 * float(np.quantile(seconds, quantile)), 4))
    for name, found in waits.items():
        if len(found.p50) == ROUNDS:
            measured[name].kinds[kind] = found
    told = ", ".join(f"{name} {statistics.median(found.p50):.1f}" for name, found in waits.items() if found.p50)
    say(f"{kind}, ms: {told}; {time.perf_counter() - start:.0f} s")


@contextmanager
def _noting(measured: Measured, what: str) -> Iterator[list[object]]:
    """A child's error becomes a note."""
    try:
        yield []
    except ChildError as error:
        say(f"{what}: {error}")
        measured.note = f"{measured.note} {what}: {error}.".strip()


class _State:
    """What a peer's process knows. before: bytes that it held before the peer came."""

    peer: Peer
    tasks: Tasks
    before: dict[str, int]


def _open(name: str, corpus: Corpus, folder: Path, tasks: Tasks) -> None:
    _State.tasks, _State.before = tasks, memory([os.getpid()])
    _State.peer = load(name)()
    _State.peer.open(corpus, folder)


def _warm(kind: str) -> int:
    """Ask every task once, as far as PATIENCE goes, and tell how many a round can have."""
    tasks = _State.tasks[kind]
    _State.peer.ask(kind, tasks[0])  # what is compiled or loaded at a first time says nothing of the pace
    begun, asked = time.perf_counter(), 0
    for asked, task in enumerate(tasks, start=1):
        _State.peer.ask(kind, task)
        if time.perf_counter() - begun > PATIENCE and asked >= _State.peer.fewest:
            break
    return asked


def _ask(kind: str, count: int) -> list[float]:
    """Seconds of each of the first tasks of a kind."""
    return [timed(lambda: _State.peer.ask(kind, task)) for task in _State.tasks[kind][:count]]  # noqa: B023


def _memory() -> dict[str, int]:
    found = memory([os.getpid(), *_State.peer.servers()])
    return {name: max(0, found[name] - _State.before[name]) for name in found}


def measure_parts(corpus: Corpus, ours: Path, bare: Path, tasks: Tasks) -> dict[str, Part]:
    """The site's embedded rankings against tantivy, a scan and the encoder, by turns within one process: this one.

    lexical: words, titles and questions, parsed, read and ranked, against the same clauses. hybrid: the same with the
    query encoded, against the same clauses, a scan for the nearest and encoding. related: against the clauses of the
    paper's words, which are given, and a scan. ours, bare: folders of the filled indexes.
    """
    from benchmarks.suite.peers.bare import Scan, Tantivy, related_words
    from benchmarks.suite.peers.papertide import Embedded, encode

    site, lean, scan = Embedded(), Tantivy(), Scan(corpus)
    site.open(corpus, ours)
    lean.open(corpus, bare)
    words = [task for kind in ("words", "title", "question") for task in tasks[kind][: len(tasks[kind]) // 3 + 1]]
    relatives = {task.paper: related_words(task, corpus) for task in tasks["related"]}
    rankings: dict[str, tuple[Sequence[Task], dict[str, Callable[[Task], object]]]] = {
        "lexical": (
            words,
            {"ours": lambda task: site.ask(task.kind, task), "bare": lambda task: lean.ask(task.kind, task)},
        ),
        "hybrid": (
            tasks["hybrid"],
            {
                "ours": lambda task: site.ask("hybrid", task),
                "bare": lambda task: lean.ask("hybrid", task),
                "scan": scan.nearest,
                "encode": lambda task: encode(task.text),
            },
        ),
        "related": (
            tasks["related"],
            {
                "ours": lambda task: site.ask("related", task),
                "bare": lambda task: lean.find(relatives[task.paper]),
                "scan": scan.nearest,
            },
        ),
    }
    return {name: _part(asked, calls) for name, (asked, calls) in rankings.items()}


def _part(tasks: Sequence[Task], calls: Mapping[str, Callable[[Task], object]]) -> Part:
    part = Part(len(tasks))
    for turn in range(ROUNDS + 1):
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for place, task in enumerate(tasks):
            # Who goes first changes, so that none always finds the caches of the processor as another left them.
            for name in list(calls) if (place + turn) % 2 else reversed(list(calls)):
                seconds[name].append(timed(lambda: calls[name](task)))  # noqa: B023
        if turn:  # the first one warms
            for name, figures in seconds.items():
                getattr(part, name).append(round(1000 * statistics.median(figures), 4))
            sums = [sum(each) for each in zip(*(seconds[name] for name in calls if name != "ours"), strict=True)]
            part.together.append(round(1000 * statistics.median(sums), 4))
    return part
