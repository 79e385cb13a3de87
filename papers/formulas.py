"""Where formulas stand in a text, and which dollars are money or a slip."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from papers.tex import KEPT

__all__ = ["Formula", "formulas"]


class Formula(NamedTuple):
    """A formula's place in its text, delimiters included, the TeX between them, and whether it is a display."""

    start: int
    end: int
    tex: str
    display: bool


_GROUPS: Final = re.compile(r"\{[^{}]*\}|\\[A-Za-z]+")
# Three plain words in a row are a sentence between two dollars that do not belong together.
_SENTENCE: Final = re.compile(r"(?<![A-Za-z])[A-Za-z]{2,}[,;:.]? \(?[a-z]{2,}[,;:.]? \(?[a-z]{2,}")
# "$20 to $50", "$5-$10", "$1.33M) and Mistral ($0.70": figures first, then no end of a formula, then figures again.
_AMOUNT: Final = re.compile(r"\d[^\\^_{}=<>$]*[^\w\\^_{}=<>$)\]]")
_WORD: Final = re.compile(r" [a-z]{2,}")


def formulas(text: str) -> Iterator[Formula]:
    r"""The formulas of `text` between `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, from left to right.

    Delimiters are those that `papers.tex.to_text` passes over. A dollar that stands for money or is never
    closed is no delimiter, and the next one may open a formula. Takes time linear in the text.
    """
    at = 0
    while found := KEPT.search(text, at):
        at = found.end()
        whole = found["kept"]
        if whole is None or whole == "\0":
            continue
        width = 1 if whole[0] == "$" and whole[1] != "$" else 2
        tex = whole[width:-width]
        if width == 1 and _is_prose(tex, text[at : at + 1]):
            at = found.end() - 1
            continue
        yield Formula(found.start(), found.end(), tex, whole[:2] in {"$$", r"\["})


def _is_prose(between: str, after: str) -> bool:
    """Whether what stands between two dollars is no formula; `after` is the character behind the second."""
    if " " in between and _SENTENCE.search(_GROUPS.sub("", between)):
        return True
    if not _AMOUNT.fullmatch(between):
        return False
    return after.isdigit() or ((after.isalpha() or after == "\\") and _WORD.search(between) is not None)
