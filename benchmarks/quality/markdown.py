"""Tables in Markdown."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np


def head(first: str, rest: Sequence[str]) -> Iterator[str]:
    """The two lines that begin a table."""
    yield from ("", row(first, rest), "|---|" + "---|" * len(rest))


def row(first: str, cells: Iterable[str]) -> str:
    """One line of a table."""
    return f"| {first} | " + " | ".join(cells) + " |"


def fat(value: float, best: float) -> str:
    """Three digits, fat where they are the best's."""
    text = f"{value:.3f}"
    return f"**{text}**" if text == f"{best:.3f}" else text


def mean(values: Iterable[float]) -> float:
    """The plain mean."""
    return float(np.mean(list(values)))
