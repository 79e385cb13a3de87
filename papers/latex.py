"""Plain text as LaTeX inside BibTeX's braces: formulas stay, all else is escaped, braces always match.

Accented Latin letters, Greek and signs become commands, since classic BibTeX sorts and cuts bytes and every reader
(BibTeX, biber, JabRef, Zotero) knows the commands. Other scripts have none and stay as UTF-8, which biber, JabRef and
Zotero read as it is.
"""

import re
from typing import Final

from pylatexenc.latexencode import (
    RULE_DICT,
    RULE_REGEX,
    UnicodeToLatexConversionRule,
    UnicodeToLatexEncoder,
    get_builtin_conversion_rules,
)

_OWN: Final = {
    ord("{"): r"\textbraceleft",  # an escaped brace counts as a brace in BibTeX
    ord("}"): r"\textbraceright",
    ord("“"): "``",
    ord("”"): "''",
    ord("‘"): "`",
    ord("’"): "'",
    ord("–"): "--",
    ord("—"): "---",
    ord("\xa0"): " ",
    ord('"'): r"\textquotedbl",
}
_ENCODER: Final = UnicodeToLatexEncoder(
    conversion_rules=[
        UnicodeToLatexConversionRule(
            RULE_REGEX,
            [
                (re.compile(r"[“”‘’–—\xa0]"), lambda found: _OWN[ord(found[0])]),
                (re.compile("[\u0400-\u052f]+"), r"\g<0>"),
            ],
            replacement_latex_protection="none",
        ),
        UnicodeToLatexConversionRule(RULE_DICT, _OWN),
        *get_builtin_conversion_rules("defaults"),
    ],
    replacement_latex_protection="braces-all",
    unknown_char_policy="keep",
    unknown_char_warning=False,
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9 .,:;!?'()/*+=@|\[\]-]*")
_MATHS: Final = re.compile(
    r"\$\$(?P<a>[^$]+)\$\$ | \$(?P<b>(?:\\.|[^\\$])+)\$ | \\\((?P<c>.+?)\\\) | \\\[(?P<d>.+?)\\\]",
    re.VERBOSE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"(?<!\\)([%#])")
_WORD: Final = re.compile(r"\S+|\s+")
_SMALL_IN_TITLES: Final = frozenset(
    """
    about above across after against along amid among around before behind below beneath beside between beyond during
    from inside into like near onto over past since than that through toward towards under until upon versus when with
    within without your
    """.split()
)


def escape(text: str) -> str:
    """Text without formulas as LaTeX; its braces match."""
    if _PLAIN.fullmatch(text):
        return text
    encoded: str = _ENCODER.unicode_to_latex(text)
    return encoded


def with_maths(text: str) -> str:
    """Text as LaTeX with its formulas in braces (`{$x$}`), so that no style changes their letters."""
    return "".join(piece if maths else escape(piece) for piece, maths in _pieces(text))


def title(text: str) -> str:
    """A title as LaTeX, its formulas and those words in braces that lose their meaning in small letters: `{BERT}`,
    `{GANs}`, `{3D}`; where the title is written like a sentence, names within it too: `the {Riemann} zeta function`."""
    pieces = _pieces(text)
    sentence = _like_a_sentence(text)
    out: list[str] = []
    start = True
    for piece, maths in pieces:
        if maths:
            out.append(piece)
            start = False
            continue
        for word in _WORD.findall(piece):
            if word.isspace():
                out.append(escape(word))
                continue
            guarded = _keeps_capitals(word) or (sentence and not start and word.strip("“‘(\"'")[:1].isupper())
            out.append(_guard(word) if guarded else escape(word))
            start = word[-1] in ":.?!—"
    return "".join(out)


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, and whether each is a formula, ready to stand in BibTeX; one that cannot is text."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for found in _MATHS.finditer(text):
        inner = found["a"] or found["b"] or found["c"] or found["d"]
        if not _balanced(inner) or not inner.strip() or inner.endswith("\\"):
            continue
        pieces.append((text[at : found.start()], False))
        pieces.append(("{$" + _COMMENT.sub(r"\\\1", inner.strip()) + "$}", True))
        at = found.end()
    pieces.append((text[at:], False))
    return [piece for piece in pieces if piece[0]]


def _balanced(text: str) -> bool:
    """Whether braces match as BibTeX counts them, which takes no notice of backslashes."""
    depth = 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            return False
    return depth == 0


def _keeps_capitals(word: str) -> bool:
    """Whether a capital stands elsewhere than at the beginning of one of the word's parts; also of `3D`, `C-RAN`."""
    parts = re.findall(r"\w+", word)
    return any(
        any(letter.isupper() for letter in part[1:]) or (len(parts) > 1 and len(part) == 1 and part.isupper())
        for part in parts
    )


def _guard(word: str) -> str:
    core = word.rstrip(",.:;!?")
    return "{" + escape(core) + "}" + escape(word[len(core) :])


def _like_a_sentence(text: str) -> bool:
    """Whether words are small that a title in capitals would not have small: two, or half of all long words."""
    long_words = [word for word in re.findall(r"[^\W\d_]{4,}", _MATHS.sub(" ", text)) if word not in _SMALL_IN_TITLES]
    small: int = sum(word.islower() for word in long_words)
    return small >= 2 or (small > 0 and 2 * small >= len(long_words))
