"""The names of arXiv's sets in OAI-PMH: `cs`, `physics:hep-th`, `math:math:AG`."""

from collections.abc import Iterable
from typing import Final

from papers.categories import ARCHIVES, CATEGORIES, subcategories
from papers.taxonomy import GROUP_OF_ARCHIVE

# A closed archive is no set any more. Its papers are in the category that took its place.
_SUCCESSORS: Final = {
    "acc-phys": "physics.acc-ph",
    "adap-org": "nlin.AO",
    "alg-geom": "math.AG",
    "ao-sci": "physics.ao-ph",
    "atom-ph": "physics.atom-ph",
    "bayes-an": "physics.data-an",
    "chao-dyn": "nlin.CD",
    "chem-ph": "physics.chem-ph",
    "cmp-lg": "cs.CL",
    "comp-gas": "nlin.CG",
    "dg-ga": "math.DG",
    "funct-an": "math.FA",
    "mtrl-th": "cond-mat.mtrl-sci",
    "patt-sol": "nlin.PS",
    "plasm-ph": "physics.plasm-ph",
    "q-alg": "math.QA",
    "solv-int": "nlin.SI",
    "supr-con": "cond-mat.supr-con",
}
_PHYSICS: Final = "physics"


def _group(archive: str) -> str:
    """The first part of a set's name: only physics is more than one archive."""
    return _PHYSICS if GROUP_OF_ARCHIVE[archive] == "Physics" else archive


def _current(archive: str) -> frozenset[str]:
    return frozenset(code for code in subcategories(archive) if not CATEGORIES[code].historic)


_ARCHIVES: Final = {archive: _current(archive) for archive in ARCHIVES if archive not in _SUCCESSORS}


def _whole_sets() -> dict[str, frozenset[str]]:
    """The sets above single categories with the current categories they hold, the larger ones first."""
    groups: dict[str, frozenset[str]] = {}
    for archive, codes in _ARCHIVES.items():
        groups[_group(archive)] = groups.get(_group(archive), frozenset()) | codes
    archives = {f"{_PHYSICS}:{archive}": codes for archive, codes in _ARCHIVES.items() if _group(archive) == _PHYSICS}
    return groups | archives


_WHOLE: Final = _whole_sets()


def _set_of(code: str) -> str:
    archive, _, name = code.partition(".")
    if name:
        return f"{_group(archive)}:{archive}:{name}"
    return f"{_PHYSICS}:{archive}" if _group(archive) == _PHYSICS else archive


def oai_sets(categories: Iterable[str]) -> list[str]:
    """The fewest sets that hold all papers of these categories (stored codes) and of no other current ones.

    A group or an archive is taken where every category of it is wanted. A category with two names is in the sets of
    both archives, so that one of them is enough. The old bare names (`astro-ph`) have no narrower set than their
    whole archive.
    """
    wanted = dict.fromkeys(_SUCCESSORS.get(code, code) for code in categories)
    bare = {code for code in wanted if CATEGORIES[code].historic}
    all_current = wanted.keys() | {code for archive in bare for code in _ARCHIVES[archive]}
    chosen: list[str] = []
    covered: set[str] = set()
    for name, codes in _WHOLE.items():
        if codes <= all_current and codes - covered:
            chosen.append(name)
            covered |= codes | {code for code in bare if _ARCHIVES[code] <= codes}
    return chosen + [_set_of(code) for code in wanted if code not in covered]
