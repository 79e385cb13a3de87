"""How costs grow and what 3 million papers mean, as a part of the page."""

from collections.abc import Iterator

from benchmarks.suite import labels
from benchmarks.suite.costs import Cost, costs, lines, papers
from benchmarks.suite.growth import Growth
from benchmarks.suite.markdown import joined, number, picture, table
from benchmarks.suite.pictures import FORETOLD
from benchmarks.suite.results import Results

BEARABLE = 100.0  # ms: a wait that a reader does not notice much


def growth_part(results: Results) -> str:
    """Markdown: a table of fits for each engine, and what they say."""
    tables = []
    for house in labels.HOUSES:
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
            tables += table(["", "", "grows as", "off by", "foretold within", "at 3 million", "100 ms at"], rows)
    if not tables:
        return "Growth is fitted from three sizes on."
    return joined(iter([picture("growth"), "", *tables, *_meaning(results)]))


def _foretold(cost: Cost, growth: Growth) -> list[str]:
    curve = growth.curve
    shape = f"n^{curve.b:.2f}"
    if curve.form == "line":
        grows = curve.b * growth.largest > 0.02 * curve.a
        shape = f"{number(curve.a)} + {number(curve.b * 1e5)} per 100,000" if grows else f"{number(curve.a)} throughout"
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
    foretold: dict[str, dict[str, str]] = {house: {} for house in labels.HOUSES}
    slow, quicker = [], []
    for cost in costs(results):
        grown = lines(results, cost)
        said = {
            house: line.growth.curve.at(FORETOLD)
            for house in labels.HOUSES
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
            of = {
                name: told[name] for name in ("disk", "memory to index", "memory to answer, with files") if name in told
            }
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
