"""Where the papers of a world come from, and how text is put on the wire."""

import itertools
import json
import lzma
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from pathlib import Path

from papers.categories import ALIASES
from papers.records import PaperRecord, from_json
from papers.tex import to_text
from tests import SHARED

FROM_LINE = 6_000  # of the file of real papers: recent ones follow, and vectors exist for 94,000 from here on


def real_records(folder: Path = SHARED, skip: int = FROM_LINE) -> Iterator[PaperRecord]:
    """Real papers as a stream, without the first `skip`. Raises OSError where the folder is absent."""
    with lzma.open(folder / "arxiv-364k.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in itertools.islice(lines, skip, None):
            yield from_json(json.loads(line))


def shelf_records() -> Iterator[PaperRecord]:
    """The sample shelf: two hundred papers with summaries."""
    from papers.shelf import read_shelf  # it wants Django ready, which it is not when this module is loaded by hand

    return read_shelf()


def any_records() -> Iterator[PaperRecord]:
    """Real papers where they lie beside the checkout, else the sample shelf."""
    return real_records() if SHARED.is_dir() else shelf_records()


def endless(records: Iterable[PaperRecord]) -> Iterator[PaperRecord]:
    """The records, from the first again when they are used up. Raises ValueError where there is none."""
    repeated = itertools.cycle(records)
    first = next(repeated, None)
    if first is None:
        raise ValueError("no records to make papers of")
    return itertools.chain([first], repeated)


_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FIT = re.compile(r"(.{55,76}) (?=\S)")


def xml(text: str) -> str:
    """The text escaped for an element or an attribute; what XML cannot hold is left out."""
    return escape(_NO_XML.sub("", text))


def wrapped(text: str, indent: str = "") -> str:
    """Hard line breaks after 55 to 76 characters, as arXiv's records hold them."""
    return _FIT.sub(rf"\1\n{indent}", text)


_MARKS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"'}
_LETTER_MARKS = {"\u0327": "c", "\u030c": "v", "\u030b": "H", "\u0306": "u"}


@cache
def _tex_letter(letter: str) -> str:
    base, mark = [*unicodedata.normalize("NFD", letter), "", ""][:2]
    if not base.isascii():
        return letter
    if mark in _MARKS:
        tex = f"\\{_MARKS[mark]}{base}"
    elif mark in _LETTER_MARKS:
        tex = f"\\{_LETTER_MARKS[mark]}{{{base}}}"
    else:
        return letter
    return tex if to_text(tex) == letter else letter


def tex_names(names: Iterable[str]) -> str:
    """Names joined by commas, with TeX accents: how feeds and arXivRaw write authors."""
    text = ", ".join(names)
    return text if text.isascii() else "".join(letter if letter.isascii() else _tex_letter(letter) for letter in text)


_OTHER_NAMES = {stored: alias for alias, stored in ALIASES.items()}


def both_names(categories: Iterable[str]) -> list[str]:
    """The categories as arXiv lists them: one with an alias under both its names."""
    return [name for code in categories for name in (code, _OTHER_NAMES.get(code)) if name]
