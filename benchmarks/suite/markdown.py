"""Pieces of the page: tables, pictures, numbers."""

from collections.abc import Iterable, Iterator, Sequence

ALTERNATIVES = {
    "latency": "Medians and 95th percentiles of each kind of question, a line for each peer, on a logarithmic axis.",
    "growth": "Each cost by the number of papers on logarithmic axes, as measured and foretold to 3 million papers.",
    "throughput": "Requests a second with 1, 4 and 16 clients for each call.",
}


def joined(rows: Iterable[str]) -> str:
    """Lines as one text, without empty ones at its ends."""
    return "\n".join(rows).strip()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table with an empty line before it and behind it."""
    yield ""
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""


def picture(name: str) -> str:
    """An image that follows the reader's light or dark page."""
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="pictures/{name}-dark.svg">'
        f'<img alt="{ALTERNATIVES[name]}" src="pictures/{name}.svg"></picture>'
    )


def number(value: float) -> str:
    """Two or three digits, without a unit."""
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"
