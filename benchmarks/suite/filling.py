"""How long a peer takes to index a corpus, and what that costs in memory and on disk."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.suite.children import Child
from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers import load
from benchmarks.suite.results import ROUNDS, Measured
from search.engines.base import Document

SMALL = 10_000  # up to so many papers the index is made ROUNDS times
DONE = "filled.json"


@dataclass(frozen=True)
class Clocked(Corpus):
    """A corpus that counts the seconds which reading its documents takes, in `clock[0]`."""

    clock: list[float] = field(default_factory=lambda: [0.0], compare=False)

    def documents(self) -> Iterator[Document]:
        """See Corpus."""
        stream = super().documents()
        while True:
            start = time.perf_counter()
            document = next(stream, None)
            self.clock[0] += time.perf_counter() - start
            if document is None:
                return
            yield document


def filled(name: str, corpus: Corpus, folder: Path) -> Measured:
    """Have the peer of this name index the corpus into `folder`/index, unless that is done, and tell what it took.

    Raises ChildError, ImportError.
    """
    told = folder / DONE
    if told.exists():
        return Measured(**json.loads(told.read_text()))
    load(name)  # where it is not installed, that is seen before anything is begun
    found = Measured()
    for _ in range(ROUNDS if corpus.papers <= SMALL else 1):
        index = folder / "index"
        shutil.rmtree(index, ignore_errors=True)
        index.mkdir(parents=True)
        with Child() as child:
            child.watched, before = child.do(_servers, name)
            seconds, found.disk, found.note = child.do(_fill, name, corpus, index, watch=True)
        found.index_seconds.append(seconds)
        found.fill_peak = max(found.fill_peak, child.peak - before)
    told.write_text(json.dumps(found.__dict__))
    return found


def _servers(name: str) -> tuple[list[int], int]:
    """The peer's servers, and the bytes that this process holds of its own before there is anything of the peer."""
    import os

    from benchmarks.suite.children import memory

    before = memory([os.getpid()])["own"]
    return list(load(name)().servers()), before


def _fill(name: str, corpus: Corpus, folder: Path) -> tuple[float, int, str]:
    """Seconds without those of reading the corpus, bytes on disk, the note."""
    peer = load(name)()
    clocked = Clocked(corpus.folder, corpus.papers, corpus.real, corpus.given, corpus.width)
    start = time.perf_counter()
    peer.fill(clocked, folder)
    seconds = time.perf_counter() - start - clocked.clock[0]
    peer.settle()
    return seconds, peer.disk(folder), peer.note
