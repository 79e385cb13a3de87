"""When two spellings can be one author's: initials, accents, order, middle names, hyphens, particles.

The rule (`compatible`): the family names are equal without accents, spaces, hyphens and apostrophes (particles belong
to them), `ü` being `u` or `ue`. The given names agree from the first on, part by part: two words must be equal, an
initial must be the word's first letter, and what only one of them has is no contradiction (`Yang Song`, `Y. Song`,
`Yang L. Song`). A hyphenated given name is one name (`Fei-Fei Li` is not `Fei Li`), and the same as written together or
apart (`Feifei`, `Fei Fei`).

The family name comes last, unless the spelling shows that it does not: a comma (`Song, Yang`), initials or small
letters behind it (`Song Y.`, `SONG Yang`), or a Chinese or Korean family name before a given name of two syllables
that is no family name (`Li Fei-Fei`, `Zhang Xiaoming`; `Song Yang` shows nothing).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

from papers.people import Person, is_initials, read_person
from papers.tex import fold

_UMLAUT: Final = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ø"): "oe", ord("å"): "aa"}
_CHINESE: Final = frozenset(
    """
    ai bai bao bi bian bo cai cao cen chai chang chen cheng chi chu cui dai deng ding dong dou du duan fan fang fei
    feng fu gan gao ge geng gong gu guan guo han hao he hong hou hu hua huang huo ji jia jian jiang jiao jin jing ju
    kang kong kuang lai lan lei leng li lian liang liao lin ling liu long lou lu luo lv ma mao mei meng mi miao mo
    mu ni nie niu ouyang pan pang pei peng pi pu qi qian qiao qin qiu qu quan ren rong ruan shang shao shen sheng
    shi shu si song su sui sun tan tang tao teng tian tong tu wan wang wei wen weng wu xi xia xiang xiao xie xin
    xiong xu xuan xue yan yang yao ye yi yin ying you yu yuan yue yun zeng zha zhai zhan zhang zhao zheng zhong zhou
    zhu zhuang zhuo zou zuo
    """.split()
)
_KOREAN: Final = frozenset(
    "kim lee park choi jung chung jeong kang cho yoon jang lim shin seo kwon hwang ahn hong yoo ko moon baek".split()
)
_PINYIN: Final = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uan|uai|ai|ei|ao|ou|an|en|in|un|ia|ie|iu|ua|uo|ui|ue|er|a|e|i|u|v)"
    r"|[bpmfw]o){2,3}"
)
_SYLLABLE: Final = re.compile(r"(?:ch|sh|zh|ts|[bcdfghjklmnpqrstwxyz])?[aeiouwy]{1,3}(?:ng|[nkmlpt])?")
_COLLECTIVE: Final = re.compile(r"^(?:for |on behalf of )?(?:the )?|s$")
_Units = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """What counts of a spelling. families, givens: equal ways to write it (`muller`, `mueller`). A given name is a
    tuple of units, each a tuple of parts: `Jean-Pierre M.` is (("jean", "pierre"), ("m",))."""

    families: frozenset[str]
    givens: tuple[_Units, ...]

    @property
    def full(self) -> bool:
        """Whether the first given name is written out."""
        units = self.givens[0]
        return bool(units) and len(units[0][0]) > 1

    @property
    def written(self) -> int:
        """How many given names are written out."""
        return sum(len(unit[0]) > 1 for unit in self.givens[0])

    @property
    def initial(self) -> str:
        """The first letter of the given names, empty where there are none."""
        units = self.givens[0]
        return units[0][0][0] if units else ""


@lru_cache(maxsize=50_000)
def form_of(name: str) -> Form:
    """The form of a name as the database has it."""
    person = as_author(name)
    if person.collective:
        return Form(frozenset({_letters(_COLLECTIVE.sub("", fold(person.family)))}), ((),))
    families = frozenset(map(_letters, _variants(person.last)))
    shouted = person.last.isupper()
    return Form(families, tuple(dict.fromkeys(_units(given, shouted) for given in _variants(person.given))))


def as_author(name: str) -> Person:
    """The name in parts, a Chinese or Korean family name that stands first among it."""
    person = read_person(name)
    if not person.given or person.particle or person.suffix or " " in person.given or "," in name:
        return person
    first, last = fold(person.given), fold(person.family)
    if first not in _CHINESE | _KOREAN or last in _CHINESE | _KOREAN:
        return person
    parts = last.split("-")
    syllables = len(parts) == 2 and all(map(_SYLLABLE.fullmatch, parts))
    if syllables or (first in _CHINESE and _PINYIN.fullmatch(last) and len(last) > 3):
        return Person(person.family, "", person.given)
    return person


def compatible(one: Form, other: Form) -> bool:
    """Whether both can be one author's name."""
    if not one.families & other.families:
        return False
    return any(_agree(mine, theirs) for mine, theirs in product(one.givens, other.givens))


def same(one: Form, other: Form) -> bool:
    """Whether both are the same name but for accents, case, hyphens and order."""
    if not one.families & other.families:
        return False
    return any(_joined(mine) == _joined(theirs) for mine, theirs in product(one.givens, other.givens))


def _agree(mine: _Units, theirs: _Units) -> bool:
    if not mine or not theirs:
        return mine == theirs
    if _joined(mine) == _joined(theirs):
        return True
    if len(mine[0][0]) > 1 and len(theirs[0][0]) > 1 and "".join(mine[0]) != "".join(theirs[0]):
        return False
    flat = zip(_flat(mine), _flat(theirs), strict=False)
    if "".join(mine[0]) == "".join(theirs[0]):  # written together or apart: the rest is what is left to compare
        flat = zip(_flat(mine[1:]), _flat(theirs[1:]), strict=False)
    return all(one == other or (min(len(one), len(other)) == 1 and one[0] == other[0]) for one, other in flat)


def _flat(units: _Units) -> list[str]:
    return [part for unit in units for part in unit]


def _joined(units: _Units) -> str:
    return "".join(_flat(units))


def _variants(text: str) -> list[str]:
    """The text, and where it has umlauts the text with these written out."""
    small = text.lower()
    spelt = small.translate(_UMLAUT)
    return [text, spelt] if spelt != small else [text]


def _letters(text: str) -> str:
    """Only the letters and digits, folded."""
    return "".join(filter(str.isalnum, fold(text)))


def _units(given: str, shouted: bool) -> _Units:
    units: list[tuple[str, ...]] = []
    for word in given.split():
        pieces = [piece for piece in re.split(r"[-.‐–]+", word) if piece]
        if len(pieces) == 1 and _is_run_of_initials(pieces[0], shouted) and not is_initials(word):
            pieces = list(pieces[0])
        parts = tuple(filter(None, map(_letters, pieces)))
        if "-" in word:
            units += [parts] if parts else []
        else:
            units += [(part,) for part in parts]  # J.P. is two names
    return tuple(units)


def _is_run_of_initials(word: str, shouted: bool) -> bool:
    """`JP`, `YS` beside a name in small letters."""
    return not shouted and 2 <= len(word) <= 3 and word.isupper() and word.isalpha()
