"""How a keyphrase is written: ordinary words small, names and acronyms as they are, the last word in the singular.

One phrase should look the same on every paper that has it, since a reader counts and follows it by its text.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from search.keyphrase_candidates import without_possessive
from search.keyphrase_words import IRREGULAR_PLURALS

# Words in -s that are no plural, or whose singular no rule below would find.
_KEPT = frozenset(
    """
    aids axes bayes cookies hodges laves lens mars means movies navier-stokes news series species stokes
    summons theses thermos
    """.split()
)
_IRREGULAR = IRREGULAR_PLURALS | {
    "lenses": "lens",
    "caches": "cache",
    "niches": "niche",
    "avalanches": "avalanche",
    "quizzes": "quiz",
}
_NO_PLURAL = re.compile(r"(?:ss|us|is|as|[^ie]os|ics|uses)$")
# Plurals in -ics among the many names of fields ("physics").
_PLURALS_IN_ICS = frozenset(
    """
    antibiotics ceramics characteristics clinics conics critics cubics dielectrics epidemics fabrics geodesics harmonics
    heuristics logics metrics mosaics pandemics plastics quadrics quartics relics topics
    """.split()
)
_ACRONYMS = re.compile(r"[A-Z0-9]{2,}s$")
_PART = re.compile(r"([-‐‑’'.])")


def singular(word: str) -> str:
    """The singular of an English noun in lower case or of an acronym ("LLMs"); unsure cases stay as they are."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not word.endswith("s"):
        return word
    if _ACRONYMS.search(word):
        return word[:-1]
    head, hyphen, last = word.rpartition("-")
    if last in _PLURALS_IN_ICS:
        return word[:-1]
    if not last.islower() or len(last) < 4 or last in _KEPT or word in _KEPT or _NO_PLURAL.search(last):
        return word
    return head + hyphen + _singular(last)


@lru_cache(maxsize=50_000)
def last_word(word: str) -> str:
    """The last word of a phrase as shown: no possessive ending, and in the singular unless it is a name ("Stokes")."""
    bare = without_possessive(word)
    return bare if bare.istitle() else singular(bare)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "iases")):
        return word[:-2]
    if word.endswith(("yses", "eses")):
        return word[:-2] + "is"
    return word[:-1]


def cased(word: str, keeps_capital: Callable[[str], bool]) -> str:
    """A word without the capital of a title or a sentence's start.

    Each part of a hyphenated word is looked at alone. Capitals inside a word ("LLM", "ImageNet"), single letters
    ("X-ray"), words of which `keeps_capital` says so, given their lower case, and what is joined to one of
    those ("Born-Oppenheimer"), stay.
    """
    if word.islower():
        return word
    parts = _PART.split(word)
    if len(parts) > 1 and all(part[:1].isupper() for part in parts[::2]):
        named = any(part[1:].islower() and keeps_capital(part.lower()) for part in parts[::2])
        if named:
            return word
    return "".join(_cased(part, keeps_capital) for part in parts)


def _cased(part: str, keeps_capital: Callable[[str], bool]) -> str:
    if len(part) < 2 or not part[1:].islower() or not part.isalpha() or keeps_capital(part.lower()):
        return part
    return part.lower()
