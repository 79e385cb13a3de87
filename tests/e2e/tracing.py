"""How long a page keeps its main thread busy: Chromium's own trace, read task by task.

A frame cannot be shown while a task runs, so that a task of more than 50 ms is what a reader sees as a stutter
(https://www.w3.org/TR/longtasks-1/). A trace tells each task's time by the clock and the time that its thread was
given, and what filled it: scripts, style, layout, paint.
"""

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

LONG = 50.0  # milliseconds
_CATEGORIES = (
    "-*",
    "devtools.timeline",  # scripts, style, layout, paint, garbage collection
    "disabled-by-default-devtools.timeline",  # tasks
    "disabled-by-default-devtools.timeline.frame",  # frames
)
_TASK = "RunTask"
_FRAME = "DrawFrame"
_SCRIPTS = frozenset({"FunctionCall", "EvaluateScript", "v8.compile"})
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a task did, `own` milliseconds of it not in another part; scripts are named with file and line."""

    name: str
    own: float
    total: float


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the main thread: when it began, how long it took by the clock and how long its thread ran, in
    milliseconds from the trace's first event, and its parts, those that took longest first."""

    start: float
    wall: float
    cpu: float
    parts: tuple[Part, ...] = ()

    def __str__(self) -> str:
        parts = ", ".join(f"{part.name} {part.own:.0f}" for part in self.parts[:6] if part.own >= 1)
        return f"{self.wall:.0f} ms by the clock, {self.cpu:.0f} ms running: {parts}"


@dataclass(frozen=True, slots=True)
class Trace:
    """The tasks of a page's main thread in their order, and when frames were drawn, in milliseconds."""

    tasks: list[Task]
    frames: list[float]

    @property
    def longest(self) -> Task:
        """By the time that its thread ran, which other work on the machine does not stretch."""
        return max(self.tasks, key=lambda task: task.cpu, default=Task(0, 0, 0))

    @property
    def longest_wall(self) -> Task:
        """By the clock."""
        return max(self.tasks, key=lambda task: task.wall, default=Task(0, 0, 0))

    def long_tasks(self, least: float = LONG, *, cpu: bool = False) -> list[Task]:
        """Tasks of more than `least` milliseconds by the clock, or of running."""
        return [task for task in self.tasks if (task.cpu if cpu else task.wall) > least]

    @property
    def intervals(self) -> list[float]:
        """Milliseconds from each drawn frame to the next; where nothing changes none is drawn."""
        return [after - before for before, after in zip(self.frames, self.frames[1:], strict=False)]


def traced(browser: Browser, page: Page, act: Callable[[], object]) -> Trace:
    """What the main thread of `page` did while `act` ran. One trace at a time in a browser."""
    address = page.url  # as the trace tells it of the moment in which it begins
    browser.start_tracing(page=page, categories=list(_CATEGORIES))
    try:
        act()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    finally:
        raw = browser.stop_tracing()
    return read_trace(json.loads(raw)["traceEvents"], address)


def read_trace(events: Sequence[Event], address: str) -> Trace:
    """The tasks and frames of the process that shows `address`, from Chromium's trace events. Raises ValueError where
    the trace does not name it."""
    process = _process(events, address)
    threads = {
        event["tid"]: event["args"]["name"]
        for event in events
        if event["pid"] == process and event.get("name") == "thread_name"
    }
    main = next(thread for thread, name in threads.items() if name == "CrRendererMain")
    own = [event for event in events if event["pid"] == process and event.get("ts")]
    if not own:
        raise ValueError(f"the trace holds nothing of {address}")
    began = min(event["ts"] for event in own)
    spans = sorted((event for event in own if event["tid"] == main and event["ph"] == "X"), key=_order)
    frames = sorted({(event["ts"] - began) / 1000 for event in own if event["name"] == _FRAME})
    return Trace(list(_tasks(spans, began)), frames)


def _order(event: Event) -> tuple[float, float]:
    """Outer ones before what is in them."""
    return event["ts"], -event.get("dur", 0)


def _process(events: Iterable[Event], address: str) -> int:
    """The number of the process that shows an address."""
    for event in events:
        if event["name"] == "TracingStartedInBrowser":
            for frame in event["args"]["data"]["frames"]:
                if frame["url"].partition("#")[0] == address.partition("#")[0] and "processId" in frame:
                    return int(frame["processId"])
    raise ValueError(f"no process shows {address}")


def _tasks(spans: Sequence[Event], began: float) -> Iterable[Task]:
    starts = [span["ts"] for span in spans]
    for place, span in enumerate(spans):
        if not span["name"].endswith(_TASK):
            continue
        end = span["ts"] + span.get("dur", 0)
        inside = [each for each in spans[place + 1 : bisect_left(starts, end)] if not each["name"].endswith(_TASK)]
        wall, cpu = span.get("dur", 0) / 1000, span.get("tdur", 0) / 1000
        yield Task((span["ts"] - began) / 1000, wall, cpu, _parts(inside) if wall > LONG / 5 else ())


def _parts(spans: Iterable[Event]) -> tuple[Part, ...]:
    """Sums over the events of the same name, by the clock."""
    own: dict[str, float] = defaultdict(float)
    total: dict[str, float] = defaultdict(float)
    open_spans: list[tuple[float, str]] = []
    for span in spans:
        start, length, name = span["ts"], span.get("dur", 0), _name(span)
        while open_spans and open_spans[-1][0] <= start:
            open_spans.pop()
        if open_spans:
            own[open_spans[-1][1]] -= length / 1000
        own[name] += length / 1000
        total[name] += length / 1000
        open_spans.append((start + length, name))
    return tuple(sorted((Part(name, own[name], total[name]) for name in own), key=lambda part: -part.own))


def _name(span: Event) -> str:
    if span["name"] not in _SCRIPTS:
        return str(span["name"])
    data = span.get("args", {}).get("data", {})
    file = PurePosixPath(urlsplit(data.get("url", "")).path).name
    return f"{span['name']} {data.get('functionName') or ''}({file}:{data.get('lineNumber', 0)})"
