"""Text cut into words, runs of subject words, and the phrases that these hold.

A *run* is a row of words without a stop word, a mark or a formula between them; a phrase is one to three neighbours
of a run. Phrases are told apart by their *key*, the stems of their words joined by spaces: "neural networks",
"Neural Network" and "neural-network" have one key.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Generic, TypeVar

from search.analysis import stems, words
from search.keyphrase_memory import Memory
from search.keyphrase_words import IRREGULAR_PLURALS, breaks

LONGEST_PHRASE = 3
# `$k$-means`, `$p$-adic`: a formula of one sign that is the first part of a word.
_PREFIX_FORMULA = re.compile(r"\$([A-Za-z0-9])\$(?=-[A-Za-z])")
# A formula ends at a dollar that no digit follows, so that "$5 million and $6 million" is none.
_FORMULA = re.compile(r"\$\$[^$]{1,2000}\$\$|\$[^$]{1,600}\$(?!\d)|\\\(.{1,600}?\\\)|\\\[.{1,2000}?\\\]", re.DOTALL)
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+")
# What is left of TeX: a piece with a command, an index, a power or a brace in it.
_TEX = re.compile(r"(?<![^\s(),;])[^\s(),;\\^_{}]*+[\\^_{}][^\s,;]*")
# Words with their inner hyphens, apostrophes and decimal points, otherwise every sign by itself.
_TOKEN = re.compile(r"[^\W_]+(?:(?:[-‐‑'’]|\.(?=\d))[^\W_]+)*|[^\w\s]")
# Scripts without spaces, where a "word" is a whole clause; a short one may be a term.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u2e80-\u9fff]")
_LONGEST_UNSPACED = 8
_LONGEST_WORD = 40
_MOST_KEPT = 100_000
_POSSESSIVE = re.compile(r"['’]s?$")


@dataclass(slots=True)
class Word:
    """A subject word as written and its key: the stems of its parts, joined by spaces, no possessive ending."""

    text: str
    key: str


Subject = TypeVar("Subject", bound=Word)
# A row of subject words, and before it the place of its first word, counted in tokens from the start of the text.
Run = tuple[int, list[Subject]]


@lru_cache(maxsize=100_000)
def subject_word(token: str) -> Word | None:
    """The subject word of a token, or None where the token ends a run (stop word, number, sign, single letter)."""
    text = without_possessive(token)
    lower = text.lower()
    if len(text) < 2 or len(text) > _LONGEST_WORD or breaks(lower) or not any(map(str.isalpha, text)):
        return None
    if len(text) > _LONGEST_UNSPACED and _UNSPACED.search(text):
        return None
    if lower.endswith("s") and len(text) > 2 and text[:-1].isupper():
        lower = lower[:-1]  # "LLMs", whose stem would keep the s for want of a vowel
        text = text[:-1]
    # What the analyzer would give, without the call.
    parts = [lower] if lower.isascii() and lower.isalnum() else words(text)
    if len(parts) == 1 and len(parts[0]) < 2:
        return None
    key = _key(parts)
    return Word(token, key) if key else None


def without_possessive(token: str) -> str:
    """A word without its 's."""
    return _POSSESSIVE.sub("", token)


def plain(text: str) -> str:
    """The text with formulas, leftovers of TeX and web addresses each replaced by a mark that ends a run."""
    if "$" in text or "\\" in text:
        text = _FORMULA.sub(" | ", _PREFIX_FORMULA.sub(r"\1", text))
    if "\\" in text or "_" in text or "^" in text or "{" in text:
        text = _TEX.sub(" | ", text)
    return _ADDRESS.sub(" | ", text) if "://" in text or "www." in text else text


class Cutter(Generic[Subject]):
    """Cuts texts into runs of whatever `make` makes of a subject word."""

    def __init__(self, make: Callable[[Word], Subject]) -> None:
        self.make = make
        self.words = Memory(self._word, _MOST_KEPT, _is_short)
        self.pieces = Memory(self._pieces, _MOST_KEPT, _is_short)

    def runs(self, text: str) -> list[Run[Subject]]:
        """The runs of subject words of a text, in order."""
        found: list[Run[Subject]] = []
        row: list[Subject] = []
        place = -1
        pieces = map(self.pieces.__getitem__, plain(text).split())
        for place, piece in enumerate(chain.from_iterable(pieces)):
            if piece is None:
                if row:
                    found.append((place - len(row), row))
                    row = []
            elif not isinstance(piece, str):
                row.append(piece)
            elif row and row[-1].text.isupper() and row[-1].text.isalpha():
                # "NGC 7793", "ISO 9000": an acronym and its number are one word.
                row[-1] = self.make(Word(f"{row[-1].text} {piece}", f"{row[-1].key} {piece}"))
            elif row:
                found.append((place - len(row), row))
                row = []
        if row:
            found.append((place + 1 - len(row), row))
        return found

    def _pieces(self, chunk: str) -> "tuple[Subject | str | None, ...]":
        """What a text without blanks is made of: subject words, plain numbers as they are, None for all else."""
        return tuple(map(self.words.__getitem__, _TOKEN.findall(chunk)))

    def _word(self, token: str) -> "Subject | str | None":
        word = subject_word(token)
        return self.make(word) if word else token if token.isdecimal() else None


def _is_short(text: str) -> bool:
    return len(text) <= 2 * _LONGEST_WORD


_CUTTER = Cutter(lambda word: word)


def phrase_key(phrase: str) -> str:
    """The key of a phrase as written; empty where a stop word or a mark is in it."""
    pieces = [piece for chunk in phrase.split() for piece in _CUTTER.pieces[chunk]]
    words = [piece.key for piece in pieces if isinstance(piece, Word)]
    return " ".join(words) if len(words) == len(pieces) else ""


def phrase_keys(text: str) -> set[str]:
    """The keys of all phrases of a text."""
    found: set[str] = set()
    for _, row in _CUTTER.runs(text):
        keys = [word.key for word in row]
        for start in range(len(keys)):
            for end in range(start + 1, min(start + LONGEST_PHRASE, len(keys)) + 1):
                found.add(" ".join(keys[start:end]))
    return found


def _key(parts: list[str]) -> str:
    return " ".join((stems(IRREGULAR_PLURALS.get(part, part)) or [part])[0] for part in parts)
