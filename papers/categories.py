"""arXiv's subject categories: their names, their aliases, and the category lists that addresses carry."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from papers.taxonomy import ALIAS_CODES, ARCHIVE_NAMES, CATEGORY_NAMES, GROUP_OF_ARCHIVE, HISTORIC

__all__ = [
    "ALIASES",
    "ARCHIVES",
    "CATEGORIES",
    "Category",
    "CategorySpec",
    "UnknownCategory",
    "canonical",
    "clean_categories",
    "split_spec",
    "subcategories",
]


@dataclass(frozen=True, slots=True)
class Category:
    """One category under the name that is stored. `historic` ones take no new papers."""

    code: str
    name: str
    archive: str
    group: str
    historic: bool = False


def _build() -> dict[str, Category]:
    built = {}
    for code, name in CATEGORY_NAMES.items():
        archive = code.partition(".")[0]
        built[code] = Category(code, name, archive, GROUP_OF_ARCHIVE[archive], code in HISTORIC)
    return built


CATEGORIES: Final[Mapping[str, Category]] = MappingProxyType(_build())
"""Every category by its stored code, in arXiv's order within each archive. Aliases are not listed twice."""

ARCHIVES: Final[Mapping[str, str]] = MappingProxyType(ARCHIVE_NAMES)
"""Archive code to English name, historic archives included."""

ALIASES: Final[Mapping[str, str]] = MappingProxyType(ALIAS_CODES)
"""The second name of a category to the one that is stored."""

_BY_LOWER: Final = {code.lower(): code for code in CATEGORIES} | {a.lower(): c for a, c in ALIASES.items()}


def _members(archive: str) -> tuple[str, ...]:
    own = [code for code, category in CATEGORIES.items() if category.archive == archive]
    shared = [stored for alias, stored in ALIASES.items() if alias.startswith(archive + ".")]
    return tuple(dict.fromkeys(own + shared))


_MEMBERS: Final = {archive: _members(archive) for archive in ARCHIVES}


def canonical(name: str) -> str | None:
    """The stored code of a category written in any case or under its alias; None where there is none.

    An archive that is not itself a category (`cs`, `math`) gives None: see `ARCHIVES` and `subcategories`.
    """
    return name if name in CATEGORIES else _BY_LOWER.get(name.strip().lower())


def clean_categories(names: Iterable[str]) -> tuple[str, ...]:
    """The arXiv categories among `names`, canonical, in order, each once.

    What else stands there (ACM and MSC codes, free text) is dropped.
    """
    known = (canonical(name) for name in names)
    return tuple(dict.fromkeys(code for code in known if code is not None))


def subcategories(archive: str) -> tuple[str, ...]:
    """The stored codes of all categories of an archive; empty where there is no such archive.

    A category that belongs to two archives by its alias is in both (`eess.SY` is in `cs` too, as `cs.SY`),
    and the archive's own old name, where papers bear it (`cond-mat`), is one of them.
    """
    return _MEMBERS.get(archive, ())


class UnknownCategory(ValueError):  # noqa: N818 - reads well where it is raised and caught
    """A category list that cannot be read. `part` is the piece at fault, as it was written."""

    def __init__(self, message: str, part: str = "") -> None:
        super().__init__(message)
        self.part = part


@dataclass(frozen=True, slots=True)
class CategorySpec:
    """The union of some categories less others. An archive's code stands for all that it holds."""

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "+".join(self.include) + "".join(f"-{name}" for name in self.exclude)

    def expand(self) -> tuple[frozenset[str], frozenset[str]]:
        """The categories wanted and those unwanted, archives resolved. The two may overlap."""
        return _expand(self.include), _expand(self.exclude)


def _expand(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(code for name in names for code in subcategories(name) or (name,))


# Lower-case name as it may be typed -> name in a spec. An archive wins over the category of the same name.
_SPEC_NAMES: Final = (
    _BY_LOWER
    | {archive.lower(): archive for archive in ARCHIVES}
    | {f"{archive.lower()}.*": archive for archive in ARCHIVES}
)
_LONGEST_FIRST: Final = "|".join(re.escape(name) for name in sorted(_SPEC_NAMES, key=len, reverse=True))
_PART: Final = re.compile(rf"(?P<sign>[-+,\s]*)(?P<name>{_LONGEST_FIRST})(?=[-+,\s]|$)", re.IGNORECASE | re.ASCII)
_LONGEST_SPEC: Final = 4_000


def split_spec(spec: str) -> CategorySpec:
    """Read a category list as addresses carry it: `cs.AI+cs.LG-cs.CY`, `cs.AI,cs.LG`, `cs`, `math.*-math-ph`.

    `+`, a comma and white space (a `+` that was decoded on the way) join, `-` takes away; a hyphen within a
    known name is part of it, the longest name first. Raises UnknownCategory naming the part that is no
    category, and for a list that includes nothing.
    """
    text = spec.strip()
    if len(text) > _LONGEST_SPEC:
        raise UnknownCategory("the list of categories is too long")
    include: dict[str, None] = {}
    exclude: dict[str, None] = {}
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            rest = text[at:].lstrip("-+, \t\r\n")
            if not rest:
                break
            part = _unknown_part(rest)
            raise UnknownCategory(f"no such category: {part}", part)
        target = exclude if found["sign"].rstrip().endswith("-") else include
        target[_SPEC_NAMES[found["name"].lower()]] = None
        at = found.end()
    if not include:
        raise UnknownCategory("the list names no category to include", text[:60])
    return CategorySpec(tuple(include), tuple(exclude))


def _unknown_part(rest: str) -> str:
    """The piece at the start of `rest` that is no category: up to a separator or to `-` and a known name."""
    piece = re.split(r"[+,\s]", rest, maxsplit=1)[0][:60]
    for hyphen in re.finditer("-", piece):
        if hyphen.start() and _PART.match(rest, hyphen.start()):
            return piece[: hyphen.start()]
    return piece
