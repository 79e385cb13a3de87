"""Categories by what someone types: their codes, their old codes, the words of their names."""

from collections.abc import Iterable
from dataclasses import dataclass

from papers.categories import ALIASES, ARCHIVES, CATEGORIES, subcategories
from search import analysis

MOST = 4


@dataclass(frozen=True, slots=True)
class _Entry:
    """code: as `cat:` takes it. codes, aliases, words (of the name): small, a blank before and behind each."""

    code: str
    name: str
    codes: str
    aliases: str
    words: str
    historic: bool

    def rank(self, typed: str, words: list[str]) -> int | None:
        """How well it fits what was typed, in small letters and as exact terms; 0 is best, None not at all."""
        if f" {typed} " in self.codes or f" {typed} " in self.aliases:
            return 0
        # An alias has another archive's name in it: "math" is not to lead to cs.IT.
        if f" {typed}" in self.codes or ("." in typed and f" {typed}" in self.aliases):
            return 1
        if len("".join(words)) < 2:
            return None
        if self.words.startswith(f" {' '.join(words)}"):
            return 2
        *whole, last = words
        return 3 if f" {last}" in self.words and all(f" {word} " in self.words for word in whole) else None


def _entries() -> list[_Entry]:
    """Archives that hold categories before these."""
    divided = {code: name for code, name in ARCHIVES.items() if len(subcategories(code)) > 1}
    entries = [_entry(f"{code}.*", name, [code, f"{code}.*"]) for code, name in divided.items()]
    for code, category in CATEGORIES.items():
        if code not in divided:
            aliases = [alias.lower() for alias, stored in ALIASES.items() if stored == code]
            entries.append(_entry(code, category.name, [code.lower()], aliases, category.historic))
    return entries


def _entry(code: str, name: str, codes: list[str], aliases: Iterable[str] = (), historic: bool = False) -> _Entry:
    return _Entry(code, name, _listed(codes), _listed(aliases), _listed(analysis.words(name)), historic)


def _listed(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


_ENTRIES = _entries()


def categories(typed: str) -> list[tuple[str, str]]:
    """Codes (`cs.*` for an archive) and names of at most MOST categories whose code or name begins so, or whose name
    holds the words, the last of which may be begun. Those that take no new papers come last."""
    text, words = typed.strip().lower(), analysis.words(typed)
    if not words:
        return []
    ranked = [(rank, entry.historic, entry) for entry in _ENTRIES if (rank := entry.rank(text, words)) is not None]
    ranked.sort(key=lambda each: each[:2])
    return [(entry.code, entry.name) for _, _, entry in ranked[:MOST]]
