"""What was measured, as one JSON file that grows from run to run.

Milliseconds, seconds, bytes. A list of five is one figure a round; the report takes its median.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from filelock import FileLock

ROUNDS = 5
FILE = "results.json"


@dataclass
class Machine:
    """Where it was measured. load: mean number of processes that wanted a core in the minute before the run. date,
    commit: of the last run that added to the results."""

    cores: int
    cpu: str
    memory_gb: float
    date: str
    commit: str
    load: float


@dataclass
class Waits:
    """Of one kind of task: how many different ones were asked in each round, and the quantiles of each round, in ms."""

    tasks: int
    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


@dataclass
class Measured:
    """Of one peer at one size. index_seconds: of each filling. disk: bytes of the index. fill_peak: bytes that the
    filling process held at most. memory, files: bytes that the answering process held after all rounds, of its own and
    of pages of files, less what it held before the peer came. note: what a reader of the table must know."""

    index_seconds: list[float] = field(default_factory=list)
    disk: int = 0
    fill_peak: int = 0
    memory: int = 0
    files: int = 0
    note: str = ""
    kinds: dict[str, Waits] = field(default_factory=dict)


@dataclass
class Part:
    """One ranking of the site against the bare parts it is made of, same process, same tasks, in turns: medians of each
    round in ms. together: the median over tasks of the sum of the parts. encode is empty where nothing is encoded."""

    tasks: int = 0
    ours: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    scan: list[float] = field(default_factory=list)
    encode: list[float] = field(default_factory=list)


@dataclass
class Size:
    """One corpus. real: papers with real vectors; given: different records; width: k. parts: "lexical", "hybrid",
    "related". http: as `benchmarks.suite.site` tells it."""

    real: int
    given: int
    width: int
    peers: dict[str, Measured] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    http: dict[str, Any] = field(default_factory=dict)


@dataclass
class Results:
    """All. sizes: by number of papers. minutes: what each part of the run took, by name ("364000 engines")."""

    machine: Machine | None = None
    sizes: dict[int, Size] = field(default_factory=dict)
    arrival: dict[str, Any] = field(default_factory=dict)
    encoding: dict[str, Any] = field(default_factory=dict)
    minutes: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote."""
        stored = json.loads(text)
        machine = stored.get("machine")
        return cls(
            machine=Machine(**machine) if machine else None,
            sizes={int(papers): _size(each) for papers, each in stored.get("sizes", {}).items()},
            arrival=stored.get("arrival", {}),
            encoding=stored.get("encoding", {}),
            minutes=stored.get("minutes", {}),
        )

    def to_json(self) -> str:
        """Indented; sizes from small to large."""
        stored = asdict(self)
        stored["sizes"] = {str(papers): each for papers, each in sorted(stored["sizes"].items())}
        return json.dumps(stored, indent=1) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The results in a folder; empty ones where there are none."""
        path = folder / FILE
        return cls.from_json(path.read_text()) if path.exists() else cls()


@contextmanager
def changing(folder: Path) -> Iterator[Results]:
    """The results of a folder, to be changed inside the `with` block and written at its end, unless that raises."""
    with FileLock(folder / "results.lock"):
        results = Results.read(folder)
        yield results
        part = folder / f"{FILE}.part"
        part.write_text(results.to_json())
        os.replace(part, folder / FILE)


def _size(stored: dict[str, Any]) -> Size:
    return Size(
        real=stored["real"],
        given=stored["given"],
        width=stored["width"],
        peers={name: _measured(each) for name, each in stored.get("peers", {}).items()},
        parts={name: Part(**each) for name, each in stored.get("parts", {}).items()},
        http=stored.get("http", {}),
    )


def _measured(stored: dict[str, Any]) -> Measured:
    kinds = {kind: Waits(**each) for kind, each in stored.get("kinds", {}).items()}
    return Measured(**{**stored, "kinds": kinds})
