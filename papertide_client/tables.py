"""Papers for people's eyes: a line each, or a block with the abstract."""

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

Json = dict[str, Any]

_NARROWEST = 60
_WIDEST_TEXT = 100
_NAMED = 3
_MOST_NAMED = 20


def width() -> int | None:
    """Columns of the terminal; None where the output goes to a file or a program, for which nothing is cut."""
    return max(shutil.get_terminal_size().columns, _NARROWEST) if sys.stdout.isatty() else None


def lines(papers: Sequence[Json], columns: int | None) -> Iterator[str]:
    """A line for each paper: place, id, day, primary category, title and authors, and what it shares with another."""
    place = len(str(len(papers)))
    ids = max((len(_plain(paper["id"])) for paper in papers), default=0)
    kinds = max((len(_plain(paper.get("primary_category"))) for paper in papers), default=0)
    for number, paper in enumerate(papers, start=1):
        start = f"{number:>{place}}  {_plain(paper['id']):<{ids}}  {_day(paper):<10}  "
        start += f"{_plain(paper.get('primary_category')):<{kinds}}  "
        told = f"{_plain(paper['title'])} · {_authors(paper, _NAMED)}"
        if paper.get("reason"):
            told += f" · shares {', '.join(map(_plain, paper['reason']))}"
        yield start + (told if columns is None else _cut(told, columns - len(start)))


def block(paper: Json, columns: int | None) -> Iterator[str]:
    """All that matters of one paper, its abstract wrapped."""
    wide = min(columns or _WIDEST_TEXT, _WIDEST_TEXT)
    yield from textwrap.wrap(_plain(paper["title"]), wide)
    yield from textwrap.wrap(_authors(paper, _MOST_NAMED), wide)
    version = f"v{paper['version']}" if paper.get("version") else ""
    yield f"{_plain(paper['id'])}{version} · {_day(paper)} · {' '.join(map(_plain, paper['categories']))}"
    for name in ("comment", "journal_ref", "doi"):
        if paper.get(name):
            yield from textwrap.wrap(_plain(paper[name]), wide)
    yield ""
    yield from textwrap.wrap(_plain(paper["abstract"]), wide)
    yield ""
    if paper.get("keywords"):
        yield from textwrap.wrap(f"Keywords: {', '.join(map(_plain, paper['keywords']))}", wide)
    yield f"{_plain(paper['url'])}"
    yield f"{_plain(paper['pdf_url'])}"


def categories(items: Sequence[Json]) -> Iterator[str]:
    """A line for each category suggested, with the confidence in it."""
    codes = max((len(_plain(item["category"])) for item in items), default=0)
    for item in items:
        yield f"{_plain(item['category']):<{codes}}  {float(item['confidence']):>4.0%}  {_plain(item['name'])}"


def _day(paper: Json) -> str:
    return _plain(paper.get("published"))[:10]


def _authors(paper: Json, most: int) -> str:
    names = [_plain(name) for name in paper["authors"]]
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _plain(text: object) -> str:
    """A text on one line, without what a terminal would take for an order."""
    letters = (letter if letter.isprintable() else " " for letter in str("" if text is None else text))
    return " ".join("".join(letters).split())


def _cut(text: str, columns: int) -> str:
    """As much of a text as fits, by the columns that its letters take."""
    used = 0
    for place, letter in enumerate(text):
        used += 0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > columns:
            return f"{text[: max(place - 1, 0)]}…"
    return text
