"""What was perhaps meant by an address at which there is nothing: a paper, categories, or words to search for."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from papers.categories import ARCHIVES, CATEGORIES, UnknownCategory, split_spec
from papers.category_names import name_of
from papers.identifiers import ArxivId, parse_id

LONGEST = 300  # characters of an address that are looked at
MOST_WORDS, MOST_LETTERS = 8, 100
MOST_CATEGORIES = 6

_ID = re.compile(
    r"(?<![0-9.])(?:[0-9]{4}\.[0-9]{4,5}|(?<![a-z])[a-z-]+(?:\.[a-z-]{2,10})?/[0-9]{7})(?:v[0-9]{1,4})?(?![0-9])",
    re.IGNORECASE | re.ASCII,
)
_CATEGORY = re.compile(r"[a-z]{2,8}-?[a-z]{0,5}(?:[._][a-z][a-z-]*)?", re.IGNORECASE | re.ASCII)
# Parts of addresses, here and elsewhere, that say nothing of what is wanted.
_NO_WORDS = frozenset(
    "abs api arxiv asp aspx category categories feed format html htm http https index list listing new org paper "
    "papers pastweek pdf php ps recent rss search the www xml".split()
)


@dataclass(frozen=True, slots=True)
class Guesses:
    """An arXiv id in the address; else categories, nearest first, as code and name; else words."""

    arxiv_id: ArxivId | None = None
    categories: tuple[tuple[str, str], ...] = ()
    words: str = ""


def guess(path: str) -> Guesses:
    """What `path` (decoded, without a query) perhaps meant. Looks at nothing but the text."""
    text = path[:LONGEST]
    if text.startswith("/shared/"):
        return Guesses()  # a secret that was taken back is no word to search for
    for found in _ID.finditer(text):
        if arxiv_id := parse_id(found[0]):
            return Guesses(arxiv_id)
    parts = [part for part in text.split("/") if part and part.lower() not in _NO_WORDS]
    codes = [code for part in parts for code in nearest_categories(part)]
    if codes:
        return Guesses(categories=tuple((code, name_of(code)) for code in list(dict.fromkeys(codes))[:MOST_CATEGORIES]))
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", " ".join(parts))
    telling = [word for word in words if len(word) > 1 and word.lower() not in _NO_WORDS]
    return Guesses(words=" ".join(telling[:MOST_WORDS])[:MOST_LETTERS])


def nearest_categories(part: str) -> list[str]:
    """The codes that are written like `part`, nearest first; empty where `part` has not the form of one."""
    try:
        return [*split_spec(part.replace("_", ".")).include]
    except UnknownCategory:
        pass
    if not _CATEGORY.fullmatch(part):
        return []
    known = {name.lower(): name for name in (*CATEGORIES, *ARCHIVES)}
    wanted = part.lower().replace("_", ".")
    # A word without a dot is a word, unless it is nearly an archive.
    alike = get_close_matches(wanted, known, n=MOST_CATEGORIES, cutoff=0.6 if "." in wanted else 0.85)
    return [known[name] for name in alike]
