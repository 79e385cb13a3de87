"""What was seen beside what was wanted: each measure with the least that counts, the aim, and the figure."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.suite import labels
from benchmarks.suite.results import Part, Results, Size

SIZE = 364_000  # papers at which the measures are wanted
RIVALS = {"elasticsearch": "Elasticsearch", "fts5": "SQLite FTS5", "bm25s": "bm25s", "tfidf": "TF-IDF + SVM"}
WORDS_CALL = "search by words"

Grade = Literal["aim", "least", "short", "open"]


@dataclass(frozen=True)
class Verdict:
    """One line. seen: the figure in words; grade: the aim reached, the least only, neither, or not measured."""

    measure: str
    least: str
    aim: str
    seen: str
    grade: Grade


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median over rounds of one / other; of medians where the numbers of rounds differ. NaN where there is none."""
    if not one or not other:
        return float("nan")
    if len(one) != len(other):
        return statistics.median(one) / statistics.median(other)
    return statistics.median(mine / theirs for mine, theirs in zip(one, other, strict=True))


def main_size(results: Results) -> int:
    """The measured size that measures are told at: the largest up to SIZE, else the smallest. Raises ValueError for
    results without sizes."""
    sizes = sorted(results.sizes)
    return max((size for size in sizes if size <= SIZE), default=min(sizes))


def verdicts(results: Results) -> list[Verdict]:
    """All measures, in the issue's order."""
    size = results.sizes[main_size(results)]
    return [
        *_parts(size),
        *_rivals(size),
        *_http(size),
        *_arrival(results.arrival),
        _memory(size.http.get("web_memory", {})),
        Verdict(
            "5xx or tracebacks under schemathesis, hypothesis and fuzzed feeds",
            "0",
            "0 in 100,000 cases",
            "`make fuzz`: [how hard it was tried](threats.md#how-hard-it-was-tried)",
            "open",
        ),
    ]


def _graded(measure: str, wanted: tuple[str, str], seen: str | None, least: bool, aim: bool) -> Verdict:
    """`seen` is None where nothing was measured."""
    if seen is None:
        return Verdict(measure, *wanted, "not measured", "open")
    grade: Grade = "aim" if aim else "least" if least else "short"
    return Verdict(measure, *wanted, seen, grade)


def _parts(size: Size) -> Iterator[Verdict]:
    rows = {
        "lexical": ("search by words in process ÷ bare tantivy with the same clauses", 1.3),
        "hybrid": ("hybrid search in process ÷ bare tantivy, vector scan and query encoding", 1.2),
        "related": ("ranking of a related page ÷ the same parts", 1.2),
    }
    for name, (measure, aim) in rows.items():
        part = size.parts.get(name, Part())
        found = ratio(part.ours, part.together)
        seen = (
            f"{found:.2f}× ({statistics.median(part.ours):.1f} ms ÷ {statistics.median(part.together):.1f} ms)"
            if part.ours and part.together
            else None
        )
        yield _graded(measure, ("≤ 2×", f"≤ {aim}×"), seen, found <= 2, found <= aim)


def ahead(size: Size, rival: str) -> dict[str, float]:
    """By kind of task that both answer: p50 of the rival ÷ p50 of the embedded engine, the median over rounds."""
    ours, theirs = size.peers.get("embedded"), size.peers.get(rival)
    if ours is None or theirs is None:
        return {}
    return {
        kind: ratio(theirs.kinds[kind].p50, waits.p50)
        for kind, waits in ours.kinds.items()
        if kind in theirs.kinds and theirs.kinds[kind].p50 and waits.p50
    }


def _rivals(size: Size) -> Iterator[Verdict]:
    for rival, label in RIVALS.items():
        by_kind = ahead(size, rival)
        seen = None
        if by_kind:
            worst = min(by_kind, key=lambda kind: by_kind[kind])
            middle, won = statistics.median(by_kind.values()), sum(each > 1 for each in by_kind.values())
            seen = (
                f"{by_kind[worst]:.2g}× at least ({labels.kind(worst)}), {middle:.2g}× in the median; "
                f"ahead in {won} of {len(by_kind)} kinds"
            )
        lowest = min(by_kind.values(), default=0.0)
        measure = f"p50 of {label} ÷ embedded, every kind that both answer"
        yield _graded(measure, ("> 1×", "≥ 3×"), seen, lowest > 1, lowest >= 3)


def _http(size: Size) -> Iterator[Verdict]:
    lists = size.http.get("list_page", {})
    cold, warm = (statistics.median(lists[key]) if lists.get(key) else float("nan") for key in ("cold", "warm"))
    seen = f"{cold:.0f} ms in an empty cache, {warm:.0f} ms in a warm one" if lists else None
    yield _graded(
        "list page of 25 cards, server time, p50",
        ("≤ 40 ms", "≤ 20 ms"),
        seen,
        max(cold, warm) <= 40,
        max(cold, warm) <= 20,
    )
    shares = {
        clients: ratio(served["rps"], size.http["plain"][clients]["rps"])
        for clients, served in size.http.get("embedded", {}).get(WORDS_CALL, {}).items()
        if clients in size.http.get("plain", {})
    }
    lowest = min(shares.values(), default=0.0)
    told = ", ".join(f"{share:.0%} with {clients}" for clients, share in shares.items())
    yield _graded(
        "search by words over HTTP, requests a second ÷ those of a plain view of the same rows",
        ("≥ 50%", "≥ 75%"),
        f"{told} {'client' if list(shares) == ['1'] else 'clients'}" if shares else None,
        lowest >= 0.5,
        lowest >= 0.75,
    )


def _arrival(arrival: dict[str, Any]) -> Iterator[Verdict]:
    share = ratio(arrival.get("indexing", []), arrival.get("encoder", []))
    yield _graded(
        "indexing ÷ the encoder alone, papers a second",
        ("≥ 95%", "≥ 98%"),
        f"{share:.0%}" if arrival.get("indexing") else None,
        share >= 0.95,
        share >= 0.98,
    )
    rates, peak = arrival.get("loading", []), arrival.get("loading_peak", 0) / 1e6
    rate = statistics.median(rates) if rates else 0.0
    yield _graded(
        "loading records",
        ("≥ 1,500/s under 500 MB", "≥ 4,000/s"),
        f"{rate:,.0f}/s, {peak:,.0f} MB" if rates else None,
        rate >= 1500 and peak <= 500,
        rate >= 4000 and peak <= 500,
    )


def _memory(memory: dict[str, Any]) -> Verdict:
    held = memory.get("private", 0) / 1e6
    return _graded(
        "web process, private memory after 1,000 mixed queries",
        ("≤ 600 MB", "≤ 300 MB"),
        f"{held:,.0f} MB" if memory else None,
        held <= 600,
        held <= 300,
    )
