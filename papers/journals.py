"""Journal references, which arXiv keeps as authors typed them, read as far as they follow the common shapes."""

import re
from dataclasses import dataclass
from typing import Final

from papers.tex import collapse, to_text


@dataclass(frozen=True, slots=True)
class Journal:
    """What a reference names; all but `name` and `year` may be empty. `year` has four digits."""

    name: str
    year: str
    volume: str = ""
    number: str = ""
    pages: str = ""


_LONGEST: Final = 300
_ABBREVIATION: Final = 8  # letters; a longer word before a full stop is written out
_YEAR: Final = r"(?P<year>(?:1[6-9]|20)[0-9]{2})"
_NAME: Final = r"(?P<name>[^\W\d_][^\d,;:()]{1,100}?)"
_VOLUME: Final = r"(?:\bvol(?:ume)?\.?\s*|(?<=[\s,])v\.\s*)?(?P<volume>[A-Z]?[0-9]{1,4}[A-Z]?)"
_NUMBER: Final = (
    r"(?:\s*\(\s*(?P<number>[0-9]{1,3}(?:[-–/][0-9]{1,3})?)\s*\)"
    r"|,?\s*(?:no|nr|n|num(?:ber)?|issue|iss)\.?\s*(?P<no>[0-9]{1,3}))"
)
_PAGES: Final = (
    r"(?:pp?\.?\s*|pages?\s+|art(?:icle)?\.?\s*(?:no\.?\s*|id\s*)?)?"
    r"(?P<pages>[A-Z]{0,3}[0-9]{1,7}[A-Z]?(?:\s*(?:--?|–)\s*[A-Z]{0,2}[0-9]{1,7})?)(?:\s*\(R\))?(?:\s*pp?\.?)?"
)
_GAP: Final = r"(?:\s*[,:;]\s*|\s+)"
_SHAPES: Final = tuple(
    re.compile(shape + r"\s*\.?", re.IGNORECASE)
    for shape in (
        # Phys. Rev. D 56, 6467 (1997); Annals 12(3), 1-20, 2004; Phys.Rev.Lett.94:221805,2005
        rf"{_NAME}\s*[,.]?\s*{_VOLUME}{_NUMBER}?{_GAP}{_PAGES}\s*[,;]?\s*\(?{_YEAR}\)?",
        # J. Eur. Math. Soc. 14 (2012), no. 6, 1135-1180
        rf"{_NAME}\s*[,.]?\s*{_VOLUME}\s*[,;]?\s*\(\s*{_YEAR}\s*\){_NUMBER}?{_GAP}{_PAGES}",
        rf"{_NAME}\s*[,.]?\s*{_VOLUME}{_NUMBER}?\s*[,;]?\s*\(?\b{_YEAR}\)?",  # no pages
        # Langmuir, 2012, 30(9):1279-90
        rf"{_NAME}\s*[,.]?\s*\(?{_YEAR}\)?\s*[,;:]?\s*{_VOLUME}{_NUMBER}?{_GAP}{_PAGES}",
        rf"{_NAME}\s*[,.]?\s*\(\s*{_YEAR}\s*\)",  # European Physics Journal H (2013)
    )
)
_NO_JOURNAL: Final = re.compile(
    r"\b(?:proc|proceedings?|conference|workshop|symposium|congress|meeting|thesis|dissertation|lecture|chapter|book|in|"
    r"eds?|editors?|press|submitted|appear|accepted|preprint|arxiv|to|isbn|university|springer)\b",
    re.IGNORECASE,
)
_PROCEEDINGS_JOURNAL: Final = re.compile(
    r"^(?:proc|proceedings)\.?\s*(?:of\s+the\s+)?(?:nat|roy|r\.|ieee$|amer|london|lms|vldb)", re.I
)


def read_journal(reference: str) -> Journal | None:
    """What a reference says where it has one of the common shapes, volume before or behind the year; None for all
    else, conferences among it, so that nothing is told that the reference does not say."""
    text = collapse(to_text(reference)).strip(" .;,")
    if not text or len(text) > _LONGEST:
        return None
    for shape in _SHAPES:
        found = shape.fullmatch(text)
        if found is None:
            continue
        name = found["name"].strip(" ,.-–")
        if _NO_JOURNAL.search(name) and not _PROCEEDINGS_JOURNAL.search(name):
            return None
        if text[found.end("name") :].startswith(".") and len(re.split(r"[ .]", name)[-1]) <= _ABBREVIATION:
            name += "."
        name = re.sub(r"\.(?=[A-Z])", ". ", name)  # Phys.Rev.Lett.
        parts = found.groupdict()
        pages = re.sub(r"\s*(?:-{1,2}|–)\s*", "-", parts.get("pages") or "")
        volume, number = parts.get("volume") or "", parts.get("number") or parts.get("no") or ""
        if volume[:1].isalpha():  # Phys.Rev.D77 is volume 77 of Phys. Rev. D
            name, volume = f"{name} {volume[0].upper()}", volume[1:]
        return Journal(name, found["year"], volume, number, pages)
    return None
