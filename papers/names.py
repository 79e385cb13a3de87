"""Authors' names: lists written in one string, and names taken apart by arXiv."""

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["join_parsed", "split_authors"]

_PARENTHESES: Final = re.compile(r"[()]")
_SEPARATOR: Final = re.compile(r"\s*[,;]\s*(?:and\s|&\s)?\s*|\s(?:and|&)\s+")
_SUFFIX: Final = re.compile(r"(?:[JS]r\.?|I{2,3}|IV|Ph\.?\s?D\.?|M\.?D\.?)", re.IGNORECASE)
_OTHERS: Final = re.compile(r"(?:and\s+)?et\.?\s+al\.?", re.IGNORECASE)


def join_parsed(parts: Sequence[str]) -> str:
    """A name in the order it is said, from (last, first, suffix, affiliations …): `J. Doe Jr.`."""
    last, first, suffix = (*parts[:3], "", "", "")[:3]
    return " ".join(part for part in (first.strip(), last.strip(), suffix.strip()) if part)


def split_authors(text: str) -> list[str]:
    """The names in a list as authors write it: `A. One (Here), B. Two, Jr., and C. Three`.

    What stands in parentheses is an affiliation and is left out, unless they do not match.
    """
    names: list[str] = []
    for piece in _SEPARATOR.split(_outside_parentheses(" ".join(text.split()))):
        name = piece.strip()
        if not name or _OTHERS.fullmatch(name):
            continue
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f" {name}"
        else:
            names.append(name)
    return names


def _outside_parentheses(text: str) -> str:
    kept: list[str] = []
    depth = at = 0
    for found in _PARENTHESES.finditer(text):
        if depth == 0:
            kept.append(text[at : found.start()])
        depth += 1 if found[0] == "(" else -1
        at = found.end()
        if depth < 0:
            return text
    return text if depth else " ".join(part.strip() for part in [*kept, text[at:]] if part.strip())
