"""The smallest parts of a query: what words, phrases, operators and field names look like in the text."""

import re

QUOTES = '"“”„'
_BREAK = rf"[\s()|{QUOTES}]"

# TeX writes an umlaut as a backslash and a quotation mark: that mark opens and closes no phrase.
_ACCENT = r'\\"(?=[^\W\d_]|\{|\\[ij])'
# Mathematics: no space just inside the dollars and no digit behind them, so that "$5 or $10" holds none.
_MATHS = r"(?:\$\$[^$]+\$\$|\$(?![\s$])(?:[^$\\]|\\.)+(?<!\s)\$(?![0-9]))"

SPACE = re.compile(r"\s+")
OPEN = re.compile(r"\(")
CLOSE = re.compile(r"\)")
QUOTE = re.compile(rf"[{QUOTES}]")
PHRASE = re.compile(rf"[{QUOTES}]((?:{_ACCENT}|[^{QUOTES}])*)([{QUOTES}]?)")
AND = re.compile(rf"AND(?={_BREAK}|$)")
OR = re.compile(rf"\|+|OR(?={_BREAK}|$)")
NOT = re.compile(rf"NOT(?={_BREAK}|$)")
HYPHENS = re.compile(r"-+")
NOTHING_BEHIND = re.compile(r"[\s)|]|$")
FIELD = re.compile(r"([A-Za-z]+):")
# "Comment: a lecture" is how titles begin; a field is written small or without the blank.
TITLE_LIKE = re.compile(r"[A-Z][a-z]+:\s")
FIELD_WITH_VALUE = re.compile(r"([A-Za-z]+):(?=\S)")
CHUNK = re.compile(rf"(?:{_MATHS}|\\\$|{_ACCENT}|[^\s()|{QUOTES}])+", re.DOTALL)
# A DOI may hold pairs of parentheses: 10.1016/S0370-2693(98)00123-4.
DOI = re.compile(rf"[0-9](?:[^\s()|{QUOTES}]|\([^\s()|{QUOTES}]*\))*")
DOI_PREFIX = re.compile(r"(?:https?://)?(?:dx\.)?doi\.org/", re.IGNORECASE)

# A dollar that belongs to no formula and a colon part words; an escaped dollar opens no formula.
_PIECE = re.compile(rf"\\\$|((?:{_MATHS}|{_ACCENT}|(?!\\?\$)[^:])+)", re.DOTALL)
_KEY_BREAK = re.compile(rf"[\s(),;:+|${QUOTES}]+")
_EDGES = re.compile(r"\A[-,;:!?/]+|[,;:!?.]+\Z")
# So many words are pasted prose, unless someone wrote operators into them.
PROSE_WORDS = 30
_OPERATORS = re.compile(rf"(?<!\S)(?:AND|OR|NOT)(?!\S)|\||(?<![^\s(-])[A-Za-z]+:[\w{QUOTES}(<>]")
_PUNCTUATION = re.compile(rf"[{QUOTES}()]|(?<!\S)-+")
_UNWANTED = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)], " ") | dict.fromkeys(
    [0xAD, 0x200B, 0x2060, 0xFEFF]  # soft hyphen, zero-width space, word joiner, byte-order mark
)


def clean(text: str) -> str:
    """`text` without lone surrogates, control and invisible characters, which no engine or page can take."""
    return text.translate(_UNWANTED).strip()


def quoted(text: str) -> str:
    """`text` in quotation marks for a note, cut at 40 characters."""
    return f"“{text if len(text) <= 40 else text[:39] + '…'}”"


def holds_word(text: str) -> bool:
    """Whether there is a letter or a digit: nothing else can be found."""
    return any(character.isalnum() for character in text)


def pieces(chunk: str) -> list[str]:
    """The words of a stretch without blanks: parted at colons and stray dollars, bare of edge punctuation."""
    return [word for piece in _PIECE.findall(chunk) if (word := _trim(piece))]


def keys(text: str) -> list[str]:
    """The names in a list of categories or ids, parted at blanks, commas, pluses and the like."""
    return [word for key in _KEY_BREAK.split(text) if (word := _trim(key))]


def doi_names(text: str) -> list[str]:
    """The DOIs in `text`, without the address of the resolver; other stretches as words."""
    found: list[str] = []
    for part in text.split():
        bare = DOI_PREFIX.sub("", part)
        match = DOI.match(bare)
        found += [match[0].rstrip(",;:!?.")] if match else keys(bare)
    return found


def _trim(text: str) -> str:
    """`text` without punctuation at its edges; empty if no letter or digit is left.

    An operator's name where it is a word is written small, so that it stays a word when read again.
    """
    word = _EDGES.sub("", text)
    return (word.lower() if word in {"AND", "OR", "NOT"} else word) if holds_word(word) else ""


def as_prose(text: str) -> str | None:
    """A pasted text without its quotation marks, parentheses and dashes, which ask for nothing there; None where the
    text is short, has no such marks, or has operators or fields: then it is a query."""
    if len(text.split()) < PROSE_WORDS or _OPERATORS.search(text) or not _PUNCTUATION.search(text):
        return None
    return " ".join(_PUNCTUATION.sub(" ", text).split())


class Scanner:
    """A text and a position in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def at(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match of `pattern` here, without moving."""
        return pattern.match(self.text, self.position)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match of `pattern` here; the position moves behind it."""
        if match := self.at(pattern):
            self.position = match.end()
        return match

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.text)

    def before(self) -> str:
        """The character before the position; a blank at the beginning."""
        return self.text[self.position - 1] if self.position else " "
