"""All versions of a paper, seen here or not, and the comparison of any two that were seen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from papers.changes import Difference, Text, difference, history
from papers.models import Paper, PaperVersion

MOST_NAMED: Final = 12  # of a gap between two versions that were seen
_PAIR: Final = re.compile(r"([1-9][0-9]{0,3})\.\.([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Line:
    """A version that was seen here, with what changed in it since the one seen before; or, where `text` is None, a gap:
    the numbers of versions that were not seen, the newest first, and how many more there are."""

    text: Text | None = None
    change: Difference | None = None
    numbers: tuple[int, ...] = ()
    more: int = 0


def lines(paper: Paper, earlier: Sequence[PaperVersion]) -> list[Line]:
    """The versions of a paper, newest first, `earlier` likewise; those before one without a number cannot be told."""
    found: list[Line] = []
    above = 0  # the number of the version seen last, 0 before the first
    for text, change in history(paper, earlier):
        if above and text.version:
            found += _gap(text.version, above)
        found.append(Line(text, change))
        above = text.version
    return found + (_gap(0, above) if above else [])


def _gap(low: int, high: int) -> list[Line]:
    """The versions between two."""
    numbers = range(high - 1, low, -1)
    named = tuple(numbers[:MOST_NAMED])
    return [Line(numbers=named, more=len(numbers) - len(named))] if named else []


def comparable(paper: Paper, earlier: Sequence[PaperVersion]) -> list[Text]:
    """The versions that were seen here and have a number, newest first."""
    rows: list[Paper | PaperVersion] = [paper, *earlier]
    return [Text.of(row) for row in rows if row.version]


def compared(seen: Sequence[Text], asked: str) -> Difference | None:
    """What changed between the two versions that `asked` names as `1..3`, in either order; None where it names no two
    of those seen."""
    found = _PAIR.fullmatch(asked)
    if not found:
        return None
    by_number = {text.version: text for text in seen}
    old, new = sorted(map(int, found.groups()))
    if old == new or old not in by_number or new not in by_number:
        return None
    return difference(by_number[old], by_number[new])
