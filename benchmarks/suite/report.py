"""The page docs/performance.md and its pictures, written from the results of the suite."""

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import encoding, page
from benchmarks.suite import labels, pictures
from benchmarks.suite.costs import Cost, costs, duration, lines, megabytes, papers
from benchmarks.suite.growth import Growth
from benchmarks.suite.pictures import FORETOLD, milliseconds
from benchmarks.suite.results import Measured, Results, Size
from benchmarks.suite.verdict import WORDS_CALL, main_size, ratio, verdicts

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PICTURES = DOCS / "performance.md", DOCS / "pictures"
GRADES = {"aim": "✓ aim", "least": "✓", "short": "**falls short**", "open": "–"}
BEARABLE = 100.0  # ms: a wait that a reader does not notice much
HOUSES = ("embedded", "elasticsearch")
ALTERNATIVES = {
    "latency": "Medians and 95th percentiles of each kind of question, a line for each peer, on a logarithmic axis.",
    "growth": "Each cost by the number of papers on logarithmic axes, as measured and foretold to 3 million papers.",
    "throughput": "Requests a second with 1, 4 and 16 clients for each call.",
}
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
            "http": _by_size(results, main, _http, "throughput"),
            "growth": _growth(results),
        }
    if results.arrival:
        found["arrival"] = _lines(_arrival(results.arrival))
    if results.encoding:
        found["encoding"] = encoding.table(**results.encoding)
    return found


def _lines(rows: Iterator[str]) -> str:
    return "\n".join(rows).strip()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table with an empty line before it and behind it."""
    yield ""
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""


def _picture(name: str) -> str:
    """An image that follows the reader's light or dark page."""
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="pictures/{name}-dark.svg">'
        f'<img alt="{ALTERNATIVES[name]}" src="pictures/{name}.svg"></picture>'
    )


def _verdict(results: Results, main: int) -> str:
    rows = [[each.measure, each.least, each.aim, each.seen, GRADES[each.grade]] for each in verdicts(results)]
    return _lines(_table([f"at {main:,} papers", "at least", "aim", "seen", ""], rows))


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


def _by_size(results: Results, main: int, tell: Any, picture: str) -> str:
    """The main size with its picture first, the others folded below it."""
    told = {count: _lines(tell(size)) for count, size in sorted(results.sizes.items())}
    if not any(told.values()):
        return NOTHING
    found = []
    if told[main]:
        found += [f"### {main:,} papers", _picture(picture), told.pop(main)]
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
    yield from _table(head, rows)
    yield from _notes(size)
    yield from _halves(size)
    yield from _quantiles(size)
    yield from _bare(size)


def _beside(tell: Any, value: float, times: float, name: str) -> str:
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
    """p50 by kind and peer."""
    answering = [name for name, peer in size.peers.items() if peer.kinds]
    kinds = [kind for kind in labels.KINDS if any(kind in size.peers[name].kinds for name in answering)]
    if not kinds:
        return
    yield "p50 in milliseconds, in brackets how many times Papertide’s (~: over fewer questions):"
    ours = size.peers.get("embedded", Measured()).kinds
    rows = []
    for kind in kinds:
        row = [labels.kind(kind)]
        for name in answering:
            waits = size.peers[name].kinds.get(kind)
            if waits is None:
                row.append("–")
                continue
            half = _number(statistics.median(waits.p50))
            times = ""
            if kind in ours:
                about = "~" if waits.tasks != ours[kind].tasks else ""
                times = f" ({about}{ratio(waits.p50, ours[kind].p50):.2g}×)"
            row.append(f"**{half}**" if name == "embedded" else half + times)
        rows.append(row)
    yield from _table(["", *(labels.peer(name) for name in answering)], rows)


def _quantiles(size: Size) -> Iterator[str]:
    """Everything, folded."""
    rows = []
    for kind in labels.KINDS:
        for name, peer in size.peers.items():
            waits = peer.kinds.get(kind)
            if waits:
                figures = (_number(statistics.median(each)) for each in (waits.p50, waits.p95, waits.p99))
                rows.append([labels.kind(kind), labels.peer(name), f"{waits.tasks}", *figures])
    if rows:
        yield "<details><summary>p50, p95 and p99 of each, in milliseconds</summary>"
        yield from _table(["", "", "questions", "p50", "p95", "p99"], rows)
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
        yield from _table(
            ["", "Papertide", "its parts", "ratio (range over rounds)", "tantivy", "scan", "encoding"], rows
        )


def _http(size: Size) -> Iterator[str]:
    http = size.http
    if not http:
        return
    plain = http.get("plain", {})
    houses = [house for house in HOUSES if http.get(house)]
    rows = []
    for label, by_clients in (("an empty answer", http.get("empty", {})), ("the same 25 rows by primary key", plain)):
        for clients, served in by_clients.items():
            rows.append([label, clients, _rates(served), *["–"] * (len(houses) - 1)])
    for call in dict.fromkeys(call for house in houses for call in http[house]):
        for clients in dict.fromkeys(each for house in houses for each in http[house].get(call, {})):
            row = [call, clients]
            for house in houses:
                served = http[house].get(call, {}).get(clients)
                share = ""
                if served and call == WORDS_CALL and clients in plain:
                    share = f", {ratio(served['rps'], plain[clients]['rps']):.0%} of the plain view"
                row.append(_rates(served) + share if served else "–")
            rows.append(row)
    if rows:
        yield "Requests a second; p50 / p95 / p99 in milliseconds:"
        yield from _table(["", "clients", *(labels.peer(house) for house in houses)], rows)
    yield from _pages(http)
    yield from _overload(http.get("overload", {}))


def _rates(served: dict[str, Any]) -> str:
    waits = " / ".join(_number(statistics.median(served[each])) for each in ("p50", "p95", "p99"))
    return f"{statistics.median(served['rps']):,.0f}/s; {waits}"


def _pages(http: dict[str, Any]) -> Iterator[str]:
    lists, memory = http.get("list_page"), http.get("web_memory")
    if lists:
        cold, warm = (milliseconds(statistics.median(lists[each])) for each in ("cold", "warm"))
        yield f"A list page of 25 cards takes the server {cold} with empty caches and {warm} with warm ones (p50)."
    if memory:
        held, start, first = (megabytes(memory.get(each, 0) / 1e6) for each in ("private", "start", "master"))
        yield (
            f"The web process holds {held} of its own after {memory['queries']:,} mixed pages, searches and calls "
            f"({start} before the first; gunicorn’s first process, which only watches, {first})."
        )
    yield ""


def _overload(overload: dict[str, Any]) -> Iterator[str]:
    if not overload:
        return
    yield (
        f"Overload: {overload['asked']:,.0f} requests a second of the same mixture, whether answered or not, twice the "
        f"{overload['capacity']:,.0f} that 16 clients get answered:"
    )
    told = {"without limits by client": overload.get("open"), "as shipped": overload.get("limited")}
    told["as shipped, another client meanwhile"] = (overload.get("limited") or {}).get("other")
    rows = []
    for label, seen in told.items():
        if seen:
            shares = (f"{seen.get(status, 0):.1%}" for status in ("200", "429", "503", "none"))
            waits = f"{milliseconds(seen['p50'])} / {milliseconds(seen['p95'])}" if "p50" in seen else "–"
            after = {True: "at once", False: "**no**"}.get(seen.get("after"), "")
            rows.append([label, *shares, waits, after])
    yield from _table(["", "200", "429", "503", "no answer", "p50 / p95 of the 200", "5 s later"], rows)


def _growth(results: Results) -> str:
    tables = []
    for house in HOUSES:
        rows = []
        sizes: set[int] = set()
        for cost in costs(results):
            line = lines(results, cost).get(house)
            if line and line.growth:
                rows.append([cost.name, cost.unit, *_foretold(cost, line.growth)])
                sizes |= set(line.papers)
        if rows:
            told = ", ".join(f"{size:,}" for size in sorted(sizes))
            tables.append(
                f"{labels.peer(house)}, fitted to {told} papers; {FORETOLD / max(sizes):.1f} times the largest:"
            )
            tables += _table(["", "", "grows as", "off by", "foretold within", "at 3 million", "100 ms at"], rows)
    if not tables:
        return "Growth is fitted from three sizes on."
    return _lines(iter([_picture("growth"), "", *tables, *_meaning(results)]))


def _foretold(cost: Cost, growth: Growth) -> list[str]:
    curve = growth.curve
    shape = f"n^{curve.b:.2f}"
    if curve.form == "line":
        grows = curve.b * growth.largest > 0.02 * curve.a
        shape = (
            f"{_number(curve.a)} + {_number(curve.b * 1e5)} per 100,000" if grows else f"{_number(curve.a)} throughout"
        )
    said, low, high = (cost.tell(value) for value in (curve.at(FORETOLD), *growth.between(FORETOLD)))
    if low != high:
        said += f" ({low.removesuffix(' ' + high.split(' ')[1])} to {high})"
    return [shape, f"{growth.off:.0%}", f"{growth.missed:.0%}", said, _reached(growth) if cost.unit == "ms" else ""]


def _reached(growth: Growth) -> str:
    """The papers at which the better curve passes BEARABLE."""
    curve = growth.curve
    if curve.b <= 0:
        return "never" if curve.at(FORETOLD) < BEARABLE else "always"
    at = (BEARABLE / curve.a) ** (1 / curve.b) if curve.form == "power" else (BEARABLE - curve.a) / curve.b
    return "always" if at <= 0 else "> 10 million" if at > 1e7 else papers(at)


def _meaning(results: Results) -> Iterator[str]:
    """What 3 million papers mean, in sentences."""
    foretold: dict[str, dict[str, str]] = {house: {} for house in HOUSES}
    slow, quicker = [], []
    for cost in costs(results):
        grown = lines(results, cost)
        said = {
            house: line.growth.curve.at(FORETOLD)
            for house in HOUSES
            if (line := grown.get(house)) is not None and line.growth is not None
        }
        for house, value in said.items():
            foretold[house][cost.name] = cost.tell(value)
        if cost.unit == "ms" and said.get("embedded", 0) > BEARABLE:
            slow.append(f"{cost.name} ({cost.tell(said['embedded'])})")
        if cost.unit == "ms" and said.get("elasticsearch", float("inf")) < said.get("embedded", 0):
            quicker.append(f"{cost.name} ({cost.tell(said['elasticsearch'])})")
    for house, told in foretold.items():
        if "indexing" in told:
            of = {name: told[name] for name in ("disk", "memory to index", "memory to answer") if name in told}
            yield (
                f"- **{labels.peer(house)} with 3 million papers**: indexed in {told['indexing']}, "
                + ", ".join(f"{value} {'on disk' if name == 'disk' else name}" for name, value in of.items())
                + "."
            )
    yield (
        f"- **Above {BEARABLE:.0f} ms for one reader on these cores**: {'; '.join(slow)}."
        if slow
        else f"- **No kind of search** takes more than {BEARABLE:.0f} ms for one reader on these cores."
    )
    if quicker:
        yield f"- **Where Elasticsearch would be the quicker of the two**: {'; '.join(quicker)}."


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
    yield from _table(["measure", "figure"], rows)


def _number(value: float) -> str:
    """Two or three digits, without a unit."""
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"
