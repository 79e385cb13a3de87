"""The page of speed says what was measured."""

import random
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.suite import growth, pictures, report
from benchmarks.suite.results import Machine, Measured, Part, Results, Size, Waits
from benchmarks.suite.verdict import verdicts

ROUNDS = 5
KINDS = ("word", "words", "title", "question", "phrase", "filtered", "meaning", "both", "hybrid", "related")
# Of 364,000 papers: ms of each kind as a multiple of 10, seconds to index as one of 100.
INVENTED = {
    "embedded": (1.0, 2.5, KINDS),
    "elasticsearch": (3.5, 7, KINDS),
    "fts5": (9, 0.6, KINDS[:6]),
    "tfidf": (40, 2, ("words", "related")),
    "numpy": (3.2, 0, ("meaning",)),
}


def invented(wanted: Sequence[str] = KINDS) -> Results:
    """Made-up figures: what grows in proportion to the papers, beside a part that is fixed, five noisy rounds."""
    chance = random.Random(1)

    def rounds(middle: float) -> list[float]:
        return [middle * chance.uniform(0.97, 1.03) for _ in range(ROUNDS)]

    results = Results(machine=Machine(2, "a processor", 8, "2026-11-28", "0123456789abcdef", 0.1))
    for papers in (10_000, 36_000, 100_000, 364_000, 1_100_000):
        share = papers / 364_000
        size = results.sizes[papers] = Size(real=min(papers, 100_000), given=min(papers, 363_900), width=107)
        for name, (slow, seconds, kinds) in INVENTED.items():
            if name != "embedded" and papers in (36_000, 1_100_000):
                continue
            waits = {}
            for at, kind in enumerate(kind for kind in kinds if kind in wanted):
                half = slow * (1 + at) * (0.5 + 4 * share)
                waits[kind] = Waits(60, rounds(half), rounds(3 * half), rounds(5 * half))
            size.peers[name] = Measured(
                rounds(100 * seconds * share) if seconds else [], int(5e8 * share), 10**9, 10**8, 10**8, "", waits
            )
    size = results.sizes[364_000]
    size.parts = {
        "lexical": Part(60, rounds(1.25), rounds(1.0), rounds(1.0)),
        "hybrid": Part(60, rounds(15), rounds(10), rounds(1), rounds(7), rounds(2)),
        "related": Part(60, rounds(25), rounds(10), rounds(3), rounds(7)),
    }
    for at, house in enumerate(("embedded", "elasticsearch")):
        size.http[house] = {
            call: {str(n): _served(rounds, 100 * (2 - at) * min(n, 2), n) for n in (1, 4, 16)}
            for call in ("search by words", "search hybrid", "related", "search page", "list page")
        }
    size.http["plain"] = {str(n): _served(rounds, 250 * min(n, 2), n) for n in (1, 4, 16)}
    size.http["client"] = {"plain": 0.4, "empty": 0.2}
    size.http["list_page"] = {"cold": rounds(38), "warm": rounds(16)}
    size.http["web_memory"] = {"private": 290_000_000, "start": 10**8, "master": 10**7, "queries": 1000}
    told = {"200": 0.5, "429": 0.0, "503": 0.5, "p50": 900.0, "p95": 5000.0, "after": True}
    size.http["overload"] = {"capacity": 100.0, "asked": 200.0, "open": told, "limited": told | {"other": {"503": 1.0}}}
    results.arrival = {
        "encoder": [50.0] * 5,
        "indexing": [48.0] * 5,
        "loading": [4100.0] * 5,
        "loading_peak": 200_000_000,
    }
    return results


def _served(rounds, rate: float, clients: int) -> dict[str, list[float]]:
    wait = 1000 * clients / rate
    return {
        "rps": rounds(rate),
        "p50": rounds(wait),
        "p95": rounds(2 * wait),
        "p99": rounds(3 * wait),
        "cpu": rounds(4),
    }


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.from_json(invented(("words", "related")).to_json())


def test_a_fixed_part_with_one_that_grows_is_told_from_a_power_law() -> None:
    sizes = [10_000, 36_000, 100_000, 364_000]
    line = growth.grow(sizes, [2 + 3e-5 * n for n in sizes])
    power = growth.grow(sizes, [0.01 * n**0.5 for n in sizes])
    assert line is not None
    assert power is not None
    assert line.curve.form == "line"
    assert line.curve.at(3_000_000) == pytest.approx(92)
    assert power.curve.form == "power"
    assert power.curve.b == pytest.approx(0.5)
    low, high = power.between(3_000_000)
    assert low <= power.curve.at(3_000_000) <= high
    assert growth.grow(sizes[:2], [1, 2]) is None


def test_what_falls_short_of_what_was_wanted_is_said(results: Results) -> None:
    grades = [each.grade for each in verdicts(results)]
    parts, rivals = grades[:3], grades[3:7]
    assert parts == ["aim", "least", "short"]
    assert rivals == ["aim", "aim", "open", "aim"]  # nobody measured bm25s
    assert grades[7:] == ["least", "aim", "least", "aim", "aim", "open"]


def test_the_page_and_its_pictures_are_written(results: Results, tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    names = report.parts(results)
    page.write_text("".join(f"Before.\n\n<!-- {name} -->\n<!-- end of {name} -->\n" for name in names))
    report.write(results, page, tmp_path / "pictures")
    text = page.read_text()
    assert text.count("Before.") == len(names)
    assert "nan" not in text
    for name in ("latency", "growth", "throughput"):
        assert f"pictures/{name}.svg" in text
        for suffix in ("", "-dark"):
            drawn = (tmp_path / "pictures" / f"{name}{suffix}.svg").read_bytes()
            assert ET.fromstring(drawn).tag.endswith("svg")
            assert len(drawn) < 100_000


def test_a_picture_of_the_same_figures_is_the_same_file(results: Results, tmp_path: Path) -> None:
    size = results.sizes[364_000]
    for folder in ("once", "again"):
        pictures.throughput(tmp_path / folder, size.http, "search by words")
    once, again = ((tmp_path / folder / "throughput.svg").read_bytes() for folder in ("once", "again"))
    assert once == again
