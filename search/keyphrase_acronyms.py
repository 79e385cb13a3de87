"""Acronyms that a text explains: "large language model (LLM)"."""

import re
from collections.abc import Iterator

_BRACKETED = re.compile(r"\(([A-Z][A-Za-z-]{0,8}[A-Z])s?\)")
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 150


def explained(text: str) -> Iterator[tuple[str, str]]:
    """Each acronym in brackets with the words before it whose first letters it is made of, both as written."""
    for match in _BRACKETED.finditer(text) if "(" in text else ():
        letters = match[1].replace("-", "").lower()
        before = text[max(match.start() - _LONGEST, 0) : match.start()]
        words = list(_WORD.finditer(before))[-len(letters) :]
        if "".join(word[0][0] for word in words).lower() == letters:
            yield match[1], before[words[0].start() :]
