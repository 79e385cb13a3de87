"""Authors' names taken apart as citations want them: given names, particle, family name, suffix, or a collective.

arXiv gives a name as one string, mostly in the order it is said. Where the family name begins is told by particles
(“van der”), suffixes (“Jr.”), commas, and initials that stand last (“Callan Curtis G.”).
"""

import re
from dataclasses import dataclass
from typing import Final

from papers.tex import collapse, fold, to_text

PARTICLES: Final = frozenset(
    """
    af al ap av bar bin bint da das de degli dei del della delle den der des di do dos du e el ibn i in la las le lo los
    op t' 't ten ter thoe tot und van vande vanden vander vom von y zu zum zur
    """.split()
)
_JOINING: Final = frozenset({"y", "e", "i", "und"})
"""Between two halves of a family name, and so no beginning of one."""

_SUFFIX: Final = re.compile(r"(?:[JS]r\.?|I{2,3}|IV|Ph\.?\s?D\.?|M\.?D\.?)")
_GENERATION: Final = re.compile(r"[JS]r\.?|I{2,3}|IV")
_INITIALS: Final = re.compile(r"(?:[^\W\d_]\.?-?){1,3}")
_COLLECTIVE: Final = re.compile(
    r"""
    \b(?: collaborations? | consorti(?:um|a) | teams? | groups? | projects? | committee | working | network | initiative
        | laborator(?:y|ies) | institut(?:e|es|ion)? | universit(?:y|ies|at|é) | society | association | foundation
        | board | members? | community | alliance | experiment | survey | observatory | facility )\b
    | \b(?: inc | ltd | llc | corp | gmbh )\b
    | \b(?: on\ behalf | for\ the | with\ the | appendi(?:x|ce) )\b | ^the\b | [\d@/:;()&]
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MOST_WORDS: Final = 9
# Vietnamese families, before which “Van” is a middle name and no particle.
_VIETNAMESE: Final = frozenset(
    "nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly dinh truong luong mai trinh dao".split()
)


@dataclass(frozen=True, slots=True)
class Person:
    """A name in parts, each possibly empty: `given`, `particle` (“van der”), `family`, `suffix` (“Jr.”).

    A collective (“ATLAS Collaboration”), or what cannot be taken apart, has all of it in `family` and says so.
    """

    given: str
    particle: str
    family: str
    suffix: str = ""
    collective: bool = False

    @property
    def last(self) -> str:
        """The family name with its particle."""
        return f"{self.particle} {self.family}".strip()

    @property
    def inverted(self) -> str:
        """Family name first: `van der Berg, Jan, Jr.`"""
        return ", ".join(part for part in (self.last, self.given, self.suffix) if part)


def read_person(name: str) -> Person:
    """Take a name apart. Any text is read; what is no person's name becomes a collective."""
    text = collapse(to_text(name).replace("~", " ")).strip(" ,;:")
    if not text or _COLLECTIVE.search(text) or len(text.split()) > _MOST_WORDS:
        return Person("", "", text or collapse(name), collective=True)
    suffix = ""
    if "," in text:
        before, _, after = (part.strip() for part in text.partition(","))
        after, _, last = (part.strip() for part in after.partition(","))
        if _SUFFIX.fullmatch(after) and not last:
            text, suffix = before, after
        elif _SUFFIX.fullmatch(last) and after:
            return _comma(before, f"{after} {last}")
        elif last or len(before.split()) > 3:
            return Person("", "", text, collective=True)
        else:
            return _comma(before, after)
    words = text.split()
    ended = [word for word in words if _GENERATION.fullmatch(word.strip(","))] if len(words) > 2 else []
    if ended:
        suffix = suffix or ended[0].strip(",")
        leading = words[0] == ended[0]
        words = [word for word in words if word not in ended]
        if leading and len(words) > 1:  # “Jr. Callan Curtis G.”
            return Person(" ".join(words[1:]), "", words[0], suffix)
    if family_is_first(words):
        return Person(" ".join(words[1:]), "", words[0], suffix)
    return _parted(words, suffix)


def family_is_first(words: list[str]) -> bool:
    """Whether what stands last can be no family name, while what stands first can: `Song Y.`, `Callan Curtis G.`,
    `SONG Yang`."""
    if len(words) < 2 or is_initials(words[0]):
        return False
    if is_initials(words[-1]):
        return len(words) == 3 or all(map(is_initials, words[1:]))
    return len(words[0]) > 3 and words[0].isupper() and not any(word.isupper() for word in words[1:])


def is_initials(word: str) -> bool:
    """Whether a word is initials: `Y`, `Y.`, `J.-P.`, `J.P.`; two letters together need a dot."""
    if not _INITIALS.fullmatch(word):
        return False
    letters = sum(map(str.isalpha, word))
    return word.isupper() and (letters == 1 or "." in word)


def _comma(before: str, after: str) -> Person:
    """`van der Berg, Jan` or `Berg, Jan van der`; `Berg, Jan Jr.`"""
    given = after.split()
    suffix = given.pop() if len(given) > 1 and _GENERATION.fullmatch(given[-1]) else ""
    family = before.split()
    while len(family) > 1 and _GENERATION.fullmatch(family[-1]):
        suffix = family.pop()
    start = len(given)
    while start > 1 and given[start - 1] in PARTICLES:
        start -= 1
    particles = given[start:]
    while len(family) > 1 and family[0].lower() in PARTICLES and family[0].islower():
        particles.append(family.pop(0))
    return Person(" ".join(given[:start]), " ".join(particles), " ".join(family), suffix)


def _parted(words: list[str], suffix: str) -> Person:
    """Given names, particle and family name of words in the order they are said: the particle is the first one that
    is written small, as BibTeX has it, or else what stands right before the last word."""
    end = len(words) - 1
    if end > 1 and words[end - 1] in _JOINING and not is_initials(words[end - 2]) and end > 2:  # Ramón y Cajal
        return Person(" ".join(words[: end - 2]), "", " ".join(words[end - 2 :]), suffix)
    small = [place for place in range(1, end) if words[place].islower() and words[place] in PARTICLES - _JOINING]
    start = small[0] if small else end
    while start > 1 and _is_particle(words, start - 1):
        start -= 1
    after = start
    while after < end and words[after].lower() in PARTICLES:
        after += 1
    return Person(" ".join(words[:start]), " ".join(words[start:after]), " ".join(words[after:]), suffix)


def _is_particle(words: list[str], place: int) -> bool:
    """Whether a word with a capital (`Van`, `De`) is one; Korean, Chinese and Vietnamese middle names look alike."""
    word = words[place]
    if word.lower() not in PARTICLES or len(word) == 1 or word.lower() in {"do", "i", "in", "lo", "le", "la", "bin"}:
        return False
    return fold(words[-1]) not in _VIETNAMESE
