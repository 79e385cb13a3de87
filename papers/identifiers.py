"""arXiv identifiers: the new scheme (`2401.00001v2`), the old one (`hep-th/9108020`), and addresses."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

__all__ = ["OLD_ARCHIVES", "ArxivId", "month_of", "parse_id"]

# The archives that gave out ids before April 2007. Those that closed live on as subject classes elsewhere.
OLD_ARCHIVES: Final = frozenset(
    {
        "acc-phys",
        "adap-org",
        "alg-geom",
        "ao-sci",
        "astro-ph",
        "atom-ph",
        "bayes-an",
        "chao-dyn",
        "chem-ph",
        "cmp-lg",
        "comp-gas",
        "cond-mat",
        "cs",
        "dg-ga",
        "funct-an",
        "gr-qc",
        "hep-ex",
        "hep-lat",
        "hep-ph",
        "hep-th",
        "math",
        "math-ph",
        "mtrl-th",
        "nlin",
        "nucl-ex",
        "nucl-th",
        "patt-sol",
        "physics",
        "plasm-ph",
        "q-alg",
        "q-bio",
        "quant-ph",
        "solv-int",
        "supr-con",
    }
)

_LONGEST: Final = 500  # characters; no address of one paper comes near it
_FIRST_NEW, _LAST_NEW = (2007, 4), (2090, 12)  # 91 to 99 belong to the last century
_FIRST_OLD, _LAST_OLD = (1991, 7), (2007, 3)
_FIVE_DIGITS = (2015, 1)

_PATTERN: Final = re.compile(
    r"""
    (?: arxiv:\s* | oai:arxiv\.org:
      | (?:https?://)? (?:www\.|export\.)? arxiv\.org/(?P<page>abs|pdf|html|format|ps)/
      | (?:https?://(?:dx\.)?doi\.org/ | doi:\s*)? 10\.48550/arxiv\.
    )?
    (?: (?P<new>[0-9]{4}\.[0-9]{4,5})
      | (?P<archive>[a-z][a-z-]+) (?:\.[a-z-]{2,10})? / (?P<old>[0-9]{7}) )
    (?: v(?P<version>[1-9][0-9]{0,3}) )?
    (?(page) (?:\.pdf)? /? (?:[?\#]\S*)? )
    (?: \s+ \[[a-z.-]+\] )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ArxivId:
    """One paper's identifier: `base` in its one written form, `version` from 1, None where none was named."""

    base: str
    version: int | None = None

    def __str__(self) -> str:
        return self.base if self.version is None else f"{self.base}v{self.version}"


def parse_id(text: str) -> ArxivId | None:
    """Read an arXiv id in any form it is passed around in; None where `text` is not one.

    Understood, in any case and with white space around: bare ids of both schemes, `arXiv:…` (also with the
    `[cs.CL]` that arXiv prints after it), OAI identifiers, arXiv's DOIs and the addresses of a paper on
    arXiv. The subject class of an old id is dropped (`math.GT/0309136` is `math/0309136`).
    """
    if len(text) > _LONGEST:
        return None
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        return None
    base = found["new"]
    if base is None:
        base = f"{found['archive'].lower()}/{found['old']}"
    if _month(base) is None:
        return None
    version = found["version"]
    return ArxivId(base, None if version is None else int(version))


def month_of(base: str) -> date:
    """The first day of the month that an id (without version) names. Raises ValueError for anything else."""
    month = _month(base)
    if month is None:
        raise ValueError(f"not an arXiv id: {base[:60]!r}")
    return date(*month, 1)


def _month(base: str) -> tuple[int, int] | None:
    """Year and month in a bare id, or None where the id breaks the rules of its scheme."""
    archive, slash, number = base.rpartition("/")
    digits = number if slash else number.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit()):
        return None
    year, month = int(digits[:2]), int(digits[2:4] or 0)
    year += 1900 if slash and year > 90 else 2000
    if not 1 <= month <= 12:
        return None
    when = (year, month)
    if slash:
        valid = archive in OLD_ARCHIVES and len(digits) == 7 and _FIRST_OLD <= when <= _LAST_OLD
    else:
        width = 10 if when >= _FIVE_DIGITS else 9
        valid = len(base) == width and base[4] == "." and _FIRST_NEW <= when <= _LAST_NEW
    return when if valid else None
