"""The pictures of docs/performance.md: SVG for light pages and for dark ones, the same bytes for the same results."""

import math
import re
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.suite import labels
from benchmarks.suite.growth import Growth
from benchmarks.suite.results import Size

WIDTH = 8.6  # inches; 619 px of a page
ROW = 0.21  # inches of a line of text
FORETOLD = 3_000_000
DRAWN = labels.HOUSES[::-1]  # in colour, with what is foretold; the last on top


@dataclass(frozen=True)
class Theme:
    """Colours on a page of one brightness, those of the site's own design."""

    ink: str
    soft: str
    rule: str
    ours: str
    elastic: str
    other: str
    page: str

    def of(self, peer: str) -> str:
        """The colour of a peer."""
        return {"embedded": self.ours, "elasticsearch": self.elastic}.get(peer, self.other)


THEMES = {
    "": Theme("#192226", "#55636a", "#dde4e6", "#0a6e8a", "#c2571f", "#8b989f", "#ffffff"),
    "-dark": Theme("#dbe2e4", "#98a6ad", "#303b42", "#5fc3dc", "#f0955c", "#7a8890", "#0d1117"),
}


@dataclass(frozen=True)
class Line:
    """A cost of one peer: papers and costs as measured, how they grow, and what is foretold in words."""

    peer: str
    papers: Sequence[int]
    costs: Sequence[float]
    growth: Growth | None
    foretold: str = ""


def latency(folder: Path, size: Size) -> bool:
    """`latency.svg`: a panel for each kind, a line for each peer, from p50 to p95. False where nothing was asked."""
    kinds = [kind for kind in labels.KINDS if sum(kind in peer.kinds for peer in size.peers.values()) > 1]
    if not kinds:
        return False
    asked = {
        kind: sorted(
            (statistics.median(peer.kinds[kind].p50), statistics.median(peer.kinds[kind].p95), name)
            for name, peer in size.peers.items()
            if kind in peer.kinds
        )
        for kind in kinds
    }
    rows = [kinds[at : at + 2] for at in range(0, len(kinds), 2)]
    lines = [max(len(asked[kind]) for kind in row) for row in rows]
    least = min(waits[0] for found in asked.values() for waits in found)
    most = max(waits[1] for found in asked.values() for waits in found)
    height = sum(lines) * ROW + len(rows) * 0.42 + 0.35
    for theme, path in _themes(folder, "latency"):
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.add_gridspec(
            len(rows), 2, height_ratios=lines, hspace=0.42 / (height / len(rows)) * 1.25, wspace=0.42,
            left=0.125, right=0.955, top=1 - 0.32 / height, bottom=0.38 / height,
        )  # fmt: skip
        for at, kind in enumerate(kinds):
            axes = figure.add_subplot(grid[at // 2, at % 2])
            _waits(axes, theme, asked[kind], lines[at // 2])
            axes.set_title(labels.kind(kind), loc="left")
            axes.set_xlim(least / 1.6, most * 2 * (most / least) ** 0.12)  # room for the figures
            if at < len(kinds) - 2:
                axes.tick_params(labelbottom=False)
        _save(figure, path)
    return True


def _waits(axes: Axes, theme: Theme, found: Sequence[tuple[float, float, str]], lines: int) -> None:
    """Quickest peer at the top."""
    axes.set_xscale("log")
    for row, (half, most, name) in enumerate(found):
        colour = theme.of(name)
        axes.plot([half, most], [row, row], color=colour, linewidth=2.4, solid_capstyle="butt", alpha=0.55)
        axes.plot([half], [row], "o", color=colour, markersize=6)
        axes.annotate(
            milliseconds(half), (most, row), (6, 0), textcoords="offset points", va="center",
            color=theme.ink if name == "embedded" else theme.soft, fontsize=8,
        )  # fmt: skip
    axes.set_yticks(range(len(found)), [labels.peer(name) for _, _, name in found])
    for text, (_, _, name) in zip(axes.get_yticklabels(), found, strict=True):
        text.set_color(theme.ours if name == "embedded" else theme.ink)
        text.set_fontweight("bold" if name == "embedded" else "normal")
    axes.set_ylim(lines - 0.5, -0.5)
    axes.xaxis.set_major_locator(LogLocator(10))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: milliseconds(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(visible=True, axis="x", which="major")


def growth(folder: Path, costs: dict[str, list[Line]]) -> bool:
    """`growth.svg`: a panel for each cost on logarithmic axes, foretold to 3 million papers. False without costs."""
    costs = {name: lines for name, lines in costs.items() if any(len(line.papers) > 1 for line in lines)}
    if not costs:
        return False
    rows = math.ceil(len(costs) / 3)
    height = rows * 1.75 + 0.55
    for theme, path in _themes(folder, "growth"):
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.add_gridspec(
            rows, 3, hspace=0.5, wspace=0.3, left=0.07, right=0.975, top=1 - 0.62 / height, bottom=0.35 / height
        )
        for at, (name, lines) in enumerate(costs.items()):
            axes = figure.add_subplot(grid[at // 3, at % 3])
            axes.set_title(name, loc="left")
            _growing(axes, theme, lines)
        _key(figure, theme, height, 0.07, "other peers")
        _save(figure, path)
    return True


def _growing(axes: Axes, theme: Theme, lines: Sequence[Line]) -> None:
    axes.set(xscale="log", yscale="log")
    for line in lines:
        if line.peer not in DRAWN or line.growth is None:
            axes.plot(line.papers, line.costs, "-o", color=theme.of(line.peer), linewidth=0.9, markersize=2.2)
    drawn = [line for name in DRAWN for line in lines if line.peer == name and line.growth is not None]
    ends = [line.growth.curve.at(FORETOLD) for line in drawn if line.growth is not None]
    for line, end in zip(drawn, ends, strict=True):
        _foretold(axes, theme, line)
        axes.annotate(
            line.foretold, (FORETOLD, end), (6, 3 if end == max(ends) else -3), textcoords="offset points",
            va="bottom" if end == max(ends) else "top", ha="left", fontsize=8, color=theme.of(line.peer),
        )  # fmt: skip
    axes.set_xlim(7_000, 30_000_000)
    bottom, top = axes.get_ylim()
    if top / bottom < 20:  # so that there are powers of ten to read
        middle = math.sqrt(bottom * top)
        bottom, top = middle / 4.5, middle * 4.5
    axes.set_ylim(bottom, top * (top / bottom) ** 0.12)  # room for what is written at the end of a line
    axes.set_xticks([10_000, 100_000, 1_000_000], ["10k", "100k", "1M"])
    axes.yaxis.set_major_locator(LogLocator(10, numticks=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(visible=True, which="major")


def _foretold(axes: Axes, theme: Theme, line: Line) -> None:
    """The curve, dashed beyond what was measured, with a ring at its end."""
    assert line.growth is not None
    curve, largest, colour = line.growth.curve, line.growth.largest, theme.of(line.peer)
    steps = 1 if curve.form == "power" else 10  # a power law is a straight line here
    for style, begin, end in (("-", min(line.papers), largest), ("--", largest, FORETOLD)):
        points = [begin * (end / begin) ** (step / steps) for step in range(steps + 1)]
        axes.plot(points, [curve.at(point) for point in points], style, color=colour, linewidth=1.3)
    axes.plot(line.papers, line.costs, "o", color=colour, markersize=4)
    axes.plot([FORETOLD], [curve.at(FORETOLD)], "o", color=colour, markersize=5, markerfacecolor=theme.page)


def throughput(folder: Path, http: dict[str, Any], compared: str) -> bool:
    """`throughput.svg`: requests a second by clients, a panel for each call; the plain view beside the call named
    `compared`. False where nothing was served."""
    calls = list(dict.fromkeys(call for house in labels.HOUSES for call in http.get(house, {})))
    if not calls:
        return False
    across = min(3, len(calls))
    rows = math.ceil(len(calls) / across)
    height = rows * 1.85 + 0.55
    for theme, path in _themes(folder, "throughput"):
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.add_gridspec(
            rows, across, hspace=0.5, wspace=0.12, left=0.01, right=0.99, top=1 - 0.62 / height, bottom=0.3 / height
        )
        for at, call in enumerate(calls):
            axes = figure.add_subplot(grid[at // across, at % across])
            axes.set_title(call, loc="left")
            served = {"": http.get("plain", {})} if call == compared else {}
            served |= {house: http[house][call] for house in labels.HOUSES if call in http.get(house, {})}
            _served(axes, theme, served)
        _key(figure, theme, height, 0.01, "the same 25 rows by primary key")
        _save(figure, path)
    return True


def _served(axes: Axes, theme: Theme, served: dict[str, dict[str, Any]]) -> None:
    """Bars side by side for each number of clients."""
    clients = sorted({each for by_clients in served.values() for each in by_clients}, key=int)
    wide = 0.8 / max(2, len(served))
    for order, (peer, by_clients) in enumerate(served.items()):
        for at, each in enumerate(clients):
            if each not in by_clients:
                continue
            rate = statistics.median(by_clients[each]["rps"])
            place = at + (order - (len(served) - 1) / 2) * wide
            axes.bar([place], [rate], wide * 0.9, color=theme.of(peer))
            axes.annotate(
                per_second(rate), (place, rate), (0, 2), textcoords="offset points", ha="center", fontsize=7.5,
                color=theme.ink if peer == "embedded" else theme.soft,
            )  # fmt: skip
    axes.set_xticks(range(len(clients)), [f"{each} client{'s' if each != '1' else ''}" for each in clients])
    axes.set_xlim(-0.5, len(clients) - 0.5)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.1)
    axes.set_yticks([])


def milliseconds(value: float) -> str:
    """A wait with two or three digits: "0.41 ms", "3.8 ms", "1.2 s"."""
    if value >= 1000:
        return f"{value / 1000:.3g} s"
    return f"{value:.0f} ms" if value >= 9.95 else f"{value:.2g} ms"


def per_second(rate: float) -> str:
    """ "4.3", "1,250"."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def _key(figure: Figure, theme: Theme, height: float, left: float, other: str) -> None:
    """What colours mean, in one line at the top."""
    at = left
    for name in (*labels.HOUSES, ""):
        text = labels.peer(name) if name else other
        figure.text(at, 1 - 0.17 / height, "●", color=theme.of(name), fontsize=9, va="center")
        figure.text(at + 0.018, 1 - 0.17 / height, text, color=theme.ink, va="center")
        at += 0.045 + 0.0088 * len(text)


def _themes(folder: Path, name: str) -> Iterator[tuple[Theme, Path]]:
    """Each theme with its file; what is drawn meanwhile has the theme's colours."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, theme in THEMES.items():
        with _drawing(theme):
            yield theme, folder / f"{name}{suffix}.svg"


@contextmanager
def _drawing(theme: Theme) -> Iterator[None]:
    settings = {
        "axes.axisbelow": True,
        "axes.edgecolor": theme.rule,
        "axes.facecolor": "none",
        "axes.labelcolor": theme.soft,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.spines.left": False,
        "axes.titlecolor": theme.ink,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlepad": 5,
        "figure.facecolor": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 8.5,
        "grid.color": theme.rule,
        "grid.linewidth": 0.7,
        "svg.fonttype": "none",  # text stays text: small, and a program reads it
        "svg.hashsalt": "papertide",  # else ids differ from run to run
        "xtick.color": theme.rule,
        "xtick.labelcolor": theme.soft,
        "ytick.color": theme.rule,
        "ytick.labelcolor": theme.soft,
        "xtick.major.size": 0,
        "xtick.minor.size": 0,
        "ytick.major.size": 0,
        "ytick.minor.size": 0,
    }
    with matplotlib.rc_context(settings):
        yield


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    # The widths were worked out for DejaVu Sans, one of the widest: whatever the page is read in fits.
    drawn = path.read_text().replace("'DejaVu Sans', sans-serif", "system-ui, 'DejaVu Sans', sans-serif")
    # Hundredths of a point are enough, and calmer in a diff.
    drawn = re.sub(r"(\d\.\d\d)\d+", r"\1", re.sub(r' transform="rotate\(-0 [^"]*"', "", drawn))
    path.write_text("\n".join(line.strip() for line in drawn.splitlines()) + "\n")
