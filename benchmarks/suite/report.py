"""The page docs/performance.md and its pictures, written from the results of the suite."""

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import encoding, page
from benchmarks.suite import labels, pictures
from benchmarks.suite.costs import costs, duration, lines, megabytes
from benchmarks.suite.markdown import joined, number, picture, table
from benchmarks.suite.report_growth import growth_part
from benchmarks.suite.report_http import http_part
from benchmarks.suite.results import Measured, Results, Size, Waits
from benchmarks.suite.verdict import WORDS_CALL, main_size, ratio, verdicts

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PICTURES = DOCS / "performance.md", DOCS / "pictures"
GRADES = {"aim": "✓ aim", "least": "✓", "short": "**falls short**", "open": "–"}
NOTHING = "Not measured."


def write(results: Results, document: Path = PAGE, folder: Path = PICTURES) -> None:
    """Write what was measured into the document, between its markers, and draw the pictures into the folder beside it.

    Raises PageError where a marker is missing, before anything is written.
    """
    found = parts(results)
    for name in found:
        page.check(document, name)
    for name, part in found.items():
        page.put(document, name, part)
    draw(results, folder)


def draw(results: Results, folder: Path) -> None:
    """The pictures of these results."""
    if not results.sizes:
        return
    size = results.sizes[main_size(results)]
    pictures.latency(folder, size)
    pictures.growth(
        folder, {f"{cost.name}, {cost.unit}": list(lines(results, cost).values()) for cost in costs(results)}
    )
    pictures.throughput(folder, size.http, WORDS_CALL)


def parts(results: Results) -> dict[str, str]:
    """Markdown by the name of its place on the page; what was not measured has none, so that the page keeps it."""
    found = {}
    if results.sizes:
        main = main_size(results)
        found = {
            "verdict": _verdict(results, main),
            "machine": _machine(results),
            "peers": _by_size(results, main, _peers, "latency"),
            "http": _by_size(results, main, http_part, "throughput"),
            "growth": growth_part(results),
        }
    if results.arrival:
        found["arrival"] = joined(_arrival(results.arrival))
    if results.encoding:
        found["encoding"] = encoding.table(**results.encoding)
    return found


def _verdict(results: Results, main: int) -> str:
    rows = [[each.measure, each.least, each.aim, each.seen, GRADES[each.grade]] for each in verdicts(results)]
    return joined(table([f"at {main:,} papers", "at least", "aim", "seen", ""], rows))


def _machine(results: Results) -> str:
    machine = results.machine
    if machine is None:
        return NOTHING
    took = sum(results.minutes.values())
    return (
        f"{machine.cores} cores ({machine.cpu}), {machine.memory_gb:.0f} GB, {machine.date}, "
        f"commit `{machine.commit[:9]}`; {machine.load:.1f} processes wanted a core before the run"
        + (f", which took {took:.0f} minutes in all." if took else ".")
    )


def _by_size(results: Results, main: int, tell: Callable[[Size], Iterator[str]], image: str) -> str:
    """The main size with its picture first, the others folded below it."""
    told = {count: joined(tell(size)) for count, size in sorted(results.sizes.items())}
    if not any(told.values()):
        return NOTHING
    found = []
    if told[main]:
        found += [f"### {main:,} papers", picture(image), told.pop(main)]
    for count, part in told.items():
        if part:
            found.append(f"<details><summary>{count:,} papers</summary>\n\n{part}\n\n</details>")
    return "\n\n".join(found)


def _peers(size: Size) -> Iterator[str]:
    if not size.peers:
        return
    ours = size.peers.get("embedded", Measured())
    count = f"{size.given:,} different records, {size.real:,} of them with real vectors; {size.width} dimensions."
    yield count
    rows = []
    for name, peer in size.peers.items():
        seconds = statistics.median(peer.index_seconds) if peer.index_seconds else 0
        rows.append(
            [
                labels.peer(name),
                _beside(duration, seconds, ratio(peer.index_seconds, ours.index_seconds), name),
                _beside(megabytes, peer.disk / 1e6, peer.disk / ours.disk if ours.disk else 0, name),
                megabytes(peer.fill_peak / 1e6) if peer.fill_peak else "–",
                f"{megabytes(peer.memory / 1e6)} + {megabytes(peer.files / 1e6)}" if peer.memory else "–",
            ]
        )
    head = ["", "time to index", "on disk", "memory to index, at most", "to answer: of its own + of files"]
    yield from table(head, rows)
    yield from _notes(size)
    yield from _halves(size)
    yield from _quantiles(size)
    yield from _bare(size)


def _beside(tell: Callable[[float], str], value: float, times: float, name: str) -> str:
    """A figure with how it stands to the embedded engine's."""
    if not value:
        return "–"
    return f"**{tell(value)}**" if name == "embedded" else f"{tell(value)} ({times:.2g}×)" if times else tell(value)


def _notes(size: Size) -> Iterator[str]:
    notes = [f"- {labels.peer(name)}: {peer.note}" for name, peer in size.peers.items() if peer.note]
    yield from notes
    if notes:
        yield ""


def _halves(size: Size) -> Iterator[str]:
    """p50 by kind and peer: those that read words, then those that know vectors alone."""
    ours = size.peers.get("embedded", Measured()).kinds
    scans = [name for name, peer in size.peers.items() if peer.kinds and not labels.WORDS & set(peer.kinds)]
    readers = [name for name, peer in size.peers.items() if peer.kinds and name not in scans]
    told = "p50 in milliseconds, in brackets how many times Papertide’s (~: over fewer questions):"
    for names, title in ((readers, told), (scans, "The same of scans of full vectors, which know nothing else:")):
        kinds = [kind for kind in labels.KINDS if any(kind in size.peers[name].kinds for name in names)]
        if kinds:
            yield title
            rows = [
                [labels.kind(kind), *(_half(size.peers[each], each, kind, ours) for each in names)] for kind in kinds
            ]
            yield from table(["", *(labels.peer(name) for name in names)], rows)


def _half(peer: Measured, name: str, kind: str, ours: dict[str, Waits]) -> str:
    waits = peer.kinds.get(kind)
    if waits is None:
        return "–"
    half = number(statistics.median(waits.p50))
    if name == "embedded" or kind not in ours:
        return f"**{half}**"
    about = "~" if waits.tasks != ours[kind].tasks else ""
    return f"{half} ({about}{ratio(waits.p50, ours[kind].p50):.2g}×)"


def _quantiles(size: Size) -> Iterator[str]:
    """Everything, folded."""
    rows = []
    for kind in labels.KINDS:
        for name, peer in size.peers.items():
            waits = peer.kinds.get(kind)
            if waits:
                figures = (number(statistics.median(each)) for each in (waits.p50, waits.p95, waits.p99))
                rows.append([labels.kind(kind), labels.peer(name), f"{waits.tasks}", *figures])
    if rows:
        yield "<details><summary>p50, p95 and p99 of each, in milliseconds</summary>"
        yield from table(["", "", "questions", "p50", "p95", "p99"], rows)
        yield "</details>"
        yield ""


def _bare(size: Size) -> Iterator[str]:
    """The rankings of the site against their bare parts."""
    names = {"lexical": "by words", "hybrid": "by words and meaning", "related": "relatives"}
    rows = []
    for name, label in names.items():
        part = size.parts.get(name)
        if part and part.ours and part.together:
            each = [mine / theirs for mine, theirs in zip(part.ours, part.together, strict=True)]
            waits = (
                f"{statistics.median(times):.1f}" if times else "–" for times in (part.bare, part.scan, part.encode)
            )
            rows.append(
                [
                    label,
                    f"{statistics.median(part.ours):.1f}",
                    f"{statistics.median(part.together):.1f}",
                    f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})",
                    *waits,
                ]
            )
    if rows:
        yield "The site’s rankings beside the bare parts they are made of, p50 in milliseconds:"
        yield from table(
            ["", "Papertide", "its parts", "ratio (range over rounds)", "tantivy", "scan", "encoding"], rows
        )


def _arrival(arrival: dict[str, Any]) -> Iterator[str]:
    rows = []
    encoder, indexing, loading = (arrival.get(name, []) for name in ("encoder", "indexing", "loading"))
    if encoder and indexing:
        each = [whole / alone for whole, alone in zip(indexing, encoder, strict=True)]
        rows += [
            ["encoder alone", f"{statistics.median(encoder):.1f} papers/s"],
            ["indexing: encode, whiten, keyphrases, write, confirm", f"{statistics.median(indexing):.1f} papers/s"],
            ["ratio, median of rounds (range)", f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"],
        ]
    if loading:
        rows.append(["loading records, start-up included", f"{statistics.median(loading):,.0f} records/s"])
        rows.append(["memory of loading, at most", megabytes(arrival.get("loading_peak", 0) / 1e6)])
    yield from table(["measure", "figure"], rows)
