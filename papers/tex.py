"""Text as arXiv serves it, made readable: TeX accents and markup become Unicode, mathematics stays."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from papers.tex_tables import (
    ACCENTS,
    CONTROL_SYMBOLS,
    FOLDED,
    FONT_SWITCHES,
    GREEK_AND_SIGNS,
    LETTERS,
    WRAPPERS,
)

__all__ = ["KEPT", "collapse", "fold", "to_text"]


def _longest_first(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_SPECIAL: Final = re.compile(r"[\\{}$`~\x00]|--")

# What is passed through untouched: mathematics, bare addresses and NUL. `NUL number NUL` stands in for them
# meanwhile. Every branch stops at the next opener of its kind or takes what it saw, so the scan is linear.
_MATHS: Final = r"""
    (?P<kept>
        \$\$ [^\\$]*+ (?: (?: \\. | \$(?!\$) ) [^\\$]*+ )*+ \$\$
      | \$ (?!\$) [^\\$]*+ (?: \\. [^\\$]*+ )*+ \$
      | \\\( [^\\]*+ (?: \\[^()] [^\\]*+ )*+ \\\)
      | \\\[ [^\\]*+ (?: \\[^\[\]] [^\\]*+ )*+ \\\]
      | \x00
"""
_ESCAPED: Final = r") | (?:\\\\)++ | \\[^\x00]"
KEPT: Final = re.compile(_MATHS + _ESCAPED, re.VERBOSE | re.DOTALL)
_KEPT_WITH_ADDRESSES: Final = re.compile(_MATHS + r"| https?://[^\s{}$\\\x00]+" + _ESCAPED, re.VERBOSE | re.DOTALL)

_ACCENT: Final = re.compile(
    r"""
    (?:\\\\)++
    | (?P<open>\{\s?)?
      \\ (?: (?P<mark>["'`^~=.])\s? | (?P<letter>[cvHurkdb])(?:\s+|(?=[{]|[^\x00-\x7f])) )
      (?: \{\s?(?P<braced>[^\W\d_])\s?\} | (?P<bare>[^\W\d_]) )
      (?P<close>\s?\})?
    """,
    re.VERBOSE,
)
_LETTER: Final = re.compile(
    rf"(?:\\\\)++|(?P<open>\{{\s?)?\\(?P<name>{_longest_first(LETTERS)})(?![A-Za-z])"
    r"(?P<after>\s?\}|\{\}|[ ]+(?=\w))?"
)
_SIGN: Final = re.compile(rf"(?:\\\\)++|\{{\\(?P<name>{_longest_first(GREEK_AND_SIGNS)})\}}|(?P<beta>\\b\{{eta\}})")
_BRACES: Final = re.compile(
    rf"""
    (?P<skip> (?:\\\\)++ | \\[{{}}] )
    | (?P<wrap> \\(?:{_longest_first(WRAPPERS)})(?![A-Za-z])\s?\{{
              | \\textcolor\s?\{{[\w!]{{0,40}}\}}\s?\{{
              | \{{\s?\\(?:{_longest_first(FONT_SWITCHES)})(?![A-Za-z])\s* )
    | (?P<link> \\href\s?\{{(?P<address>[^{{}}\s]{{0,2000}})\}}\s?\{{ )
    | (?P<open> \{{ )
    | (?P<close> \}} )
    """,
    re.VERBOSE,
)
_REST: Final = re.compile(
    rf"\\(?:{_longest_first(FONT_SWITCHES)})(?![A-Za-z])\s*|\\xspace(?![A-Za-z])"
    r"|(?<=\S)\\ |(?:\\\\)++|\\[~^](?:\{\})?|\\[^A-Za-z ]|``|''|\"|(?<![<-])-{2,3}(?![->])|~"
)
_TO_REST: Final = re.compile(r"[\\`~]|--")
_DOTTED: Final = {"ı": "i", "ȷ": "j"}
_NO_TIE_AFTER: Final = frozenset("([{</=<>≈-–")


def to_text(tex: str) -> str:
    """The text of a title or abstract for showing and indexing, in NFC.

    Accents, special letters, quotes, dashes, escapes and text markup become Unicode. Mathematics between
    `$…$`, `$$…$$`, `\\(…\\)` or `\\[…\\]` comes back byte for byte, and so do bare addresses, unknown
    commands and braces that do not match. A `~` is a tie, hence a space, unless it stands before a word,
    where it means "about". Takes any text, in linear time.
    """
    if _SPECIAL.search(tex) is None:
        return _nfc(tex)
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        if found["kept"] is None:
            return found[0]
        kept.append(found[0])
        return f"\0{len(kept) - 1}\0"

    text = (_KEPT_WITH_ADDRESSES if "://" in tex else KEPT).sub(keep, tex)
    if "\\" in text:
        text = _LETTER.sub(_letter, text)
        text = _ACCENT.sub(_accented, text)
        text = _ACCENT.sub(_accented, text)  # again, for an accent upon an accent, as Vietnamese has
        if "{\\" in text or "\\b{" in text:
            text = _SIGN.sub(_sign, text)
        text = _unwrap(text)
    if _TO_REST.search(text):
        text = _rest(text)
    text = _nfc(text)
    if not kept:
        return text
    pieces = text.split("\0")
    pieces[1::2] = [kept[int(number)] for number in pieces[1::2]]
    return "".join(pieces)


def _accented(found: re.Match[str]) -> str:
    base = found["braced"] or found["bare"]
    if base is None:
        return found[0]
    base = _DOTTED.get(base, base)
    letter = unicodedata.normalize("NFC", base + ACCENTS[found["mark"] or found["letter"]])
    return _rebrace(found["open"], letter, found["close"])


def _letter(found: re.Match[str]) -> str:
    name = found["name"]
    if name is None:
        return found[0]
    letter, after = LETTERS[name], found["after"] or ""
    if after == "{}":
        after = ""
    elif after.isspace():
        # A space that ends the command within a word (`St\o rmer`) goes, one after it (`5 \AA in`) stays.
        inside = found.string[found.start() - 1 : found.start()].isalpha()
        begins = name != "AA" and found.string[found.end()].islower()
        after = "" if letter.isalpha() and len(letter) == 1 and (inside or begins) else after
        return (found["open"] or "") + letter + after
    return _rebrace(found["open"], letter, after)


def _rebrace(opened: str | None, letter: str, closed: str | None) -> str:
    """Drop the braces around a lone letter; a brace that has no partner here belongs to something larger."""
    return letter if opened and closed else (opened or "") + letter + (closed or "")


def _sign(found: re.Match[str]) -> str:
    # arXiv's own conversion writes a pasted Greek letter as {\mu}, and beta, by mistake, as \b{eta}.
    if found["beta"]:
        return "β"
    return GREEK_AND_SIGNS[found["name"]] if found["name"] else found[0]


def _unwrap(text: str) -> str:
    """Drop text markup whose braces match: `\\emph{x}`, `{\\it x}`, `\\href{address}{x}`."""
    out: list[str] = []
    # Of each open brace: its place in `out`, and what to write for its partner; None keeps both.
    opened: list[tuple[int, str | None]] = []
    at = 0
    for found in _BRACES.finditer(text):
        out.append(text[at : found.start()])
        at = found.end()
        kind = found.lastgroup
        if kind == "close" and opened:
            place, ending = opened.pop()
            if ending is None:
                out.append("}")
            else:
                out[place] = ""
                out.append(ending)
            continue
        if kind == "wrap":
            opened.append((len(out), ""))
        elif found["link"]:
            opened.append((len(out), f" ({found['address']})"))
        elif kind == "open":
            opened.append((len(out), None))
        out.append(found[0])
    out.append(text[at:])
    return "".join(out)


def _rest(text: str) -> str:
    """Quotes, dashes, ties, escapes and bare font switches."""
    quotes = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal quotes
        piece = found[0]
        if piece[0] == "\\":
            if piece[1].isalpha():
                return ""
            if piece[1] in "~^":
                return piece[1]
            return CONTROL_SYMBOLS.get(piece[1], piece)
        if piece[0] == "-":
            return "–" if len(piece) == 2 else "—"
        if piece == "~":
            before = text[found.start() - 1 : found.start()]
            return " " if before and not before.isspace() and before not in _NO_TIE_AFTER else piece
        if piece == "``":
            quotes += 1
            return "“"
        if not quotes:
            return piece
        quotes -= 1
        return "”"

    return _REST.sub(replace, text)


_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def collapse(text: str) -> str:
    """One line of clean text: white space of any kind and length becomes one space, none at the ends; NFC.

    Control characters, zero-width spaces and marks that turn the direction of writing are dropped, and a lone
    surrogate, which no encoding can carry, becomes U+FFFD.
    """
    if not text.isprintable():
        text = _CONTROLS.sub("", text)
        text = _SURROGATES.sub("\ufffd", text)
    return _nfc(" ".join(text.split()))


_MARKS: Final = re.compile("[\u0300-\u036f]+")


def fold(text: str) -> str:
    """The form in which names are compared: lower case, without accents, Latin in ASCII; Greek stays."""
    text = text.lower()
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", text).translate(FOLDED)))


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
