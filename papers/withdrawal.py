"""Tell a withdrawn paper from one that speaks of withdrawal, by what its authors wrote.

arXiv marks a withdrawal only by the words in the comment and the abstract. In a comment the word nearly
always means this paper, so there the exceptions are listed; an abstract must say plainly that the paper
itself is withdrawn.
"""

import re
from typing import Final

__all__ = ["is_withdrawn"]

_FLAGS: Final = re.VERBOSE | re.IGNORECASE
_PAPER: Final = (
    r"(?:paper|article|manuscript|submission|pre-?print|e-?print|draft|document|work|note|letter|report|study|version"
    r"|text)(?:\(s\))?"
)
_BE: Final = (
    r"(?:(?:has|have|had|is|was|be|been|beenbeen|being|to|now|currently|temporarily|temprally|also|therefore|hereby)"
    r"\s+){1,4}"
)
_DONE: Final = r"withdr(?:aw[ae]?n?|awed|ewn|own|awal)\b"
_WHY: Final = (
    r"(?:due|because|as|since|for|by|until|following|based|pending|while|in\s+(?:order|sign|favou?r)|"
    r"from\s+(?:the\s+)?ar[Xχ]iv|at\s+(?:the|his|her|their)\s+request)\b"
)

_COMMENT: Final = re.compile(
    rf"""
    ^\W*(?:(?:v(?:er(?:sion|\.)?)?\s?\d+|note|status|{_PAPER})\W+)?(?:temporarily\s+)?withdr(?:awn?|awed|ew|awing|awal)\b
    | \b{_PAPER},?(?:\s+\S+){{0,6}}?\s+{_BE}{_DONE} |
    \b{_PAPER}\s+(?:temporarily\s+)?(?:withdrawn?|withdrawal)\b | \bit\s+{_BE}{_DONE} |
    \bwithdr(?:awn?|awed|ew|awing|awal)\s+{_WHY} |
    \bwithdraw(?:ing|s|n|al\s+of)?\s+(?:this|the|our|your|my|it|its|from\s+the|(?:the\s+)?{_PAPER})\b |
    (?:[.;:>]|--)\s*(?:temporarily\s+)?withdrawn\b | (?-i:\b(?:Withdrawn|WITHDRAWN)\b) |
    \b(?:request\w*|wish|want|need|like|decided|apply|reason|time)\s+(?:(?:to|for|its|a|the)\s+)?
    withdraw(?:al)?\b | (?:[,)\]"]|\d)\s*withdrawn\W*$ """,
    _FLAGS,
)

# In a comment these speak of another paper, of a part of this one, of a journal or meeting, or of a day to
# come.
_COMMENT_NOT: Final = re.compile(
    rf"""
    \b(?:earlier|previous|former|other|another|prior|last|replac(?:es|ing)|supersedes|results\s+of|which|section|appendix
        |theorem|lemma|prop(?:osition)?|part|proof|claim|statement|accepted|presented|workshop|submission\s+to
        |admin\s+note:\s+updated)\b
      (?:\s+(?!{_PAPER}\s+(?:has|is))\S*[^.;\s]){{0,9}}?\s+\(?(?:withdrawn|withdrew|withdraws)\b
    | \b(?:later|then|finally)\s+withdrawn
    | \bwithdr(?:aw|awn|ew)\s+(?:(?:it|this|the)\s+)?(?:{_PAPER}\s+)?
      from\s+(?:\S+\s+){{0,3}}?(?:conference|workshop|journal|special\s+issue)\b
    | \b(?:will|may|might|could|not|never)\s+(?:(?:not|be|been|either)\s+){{0,2}}withdrawn
    | \bwithdraw\s+(?:the\s+claim|from\s+the\s+paper)
    | \bwithdrawing\s+this\s+(?:statement|claim|result)
    | \bwithdrawal\s+(?:benefit|guarantee|constraint|polic|strateg|limit|symptom|from)
    | \(\s*(?:now\s+)?withdrawn\s*\)
    """,
    _FLAGS,
)

_THIS: Final = rf"\b(?:this|the|our|my)\s+(?:\S+\s+){{0,2}}?{_PAPER}"

_ABSTRACT: Final = re.compile(
    rf"""
    ^\W*(?:{_PAPER}\s+(?:{_BE})?)?(?:temporarily\s+)?withdrawn\b(?!\s+(?:from|at|into|in)\b)
    | ^\W*(?:withdrawal\s+notice|{_PAPER}\s+withdrawal)\b
    | [(\[]\s*(?:{_PAPER}\s+)?withdrawn\b
    | {_THIS}(?:\s+(?:itself|referred\s+to\s+in\s+the\s+title))?\s+{_BE}{_DONE}(?!\s+from\s+(?!the\s+ar|ar))
    | {_THIS}[^.]{{0,90}},?\s(?:and\s)?it\s+{_BE}{_DONE}
    | \b(?:we|i|authors?)\s+(?:(?:therefore|hereby|would|like|wish|want|have|had|am|are|decided|to)\s+){{0,4}}
      withdraw(?:ing)?\s+(?:this|our|my|it\b|the\s+(?:present\s+)?{_PAPER})
    | \b{_PAPER}\s+{_BE}withdrawn\s+(?:temporarily\s+)?by\s+(?:the\s+|its\s+|arxiv\s+)(?:\w+\s+)?
      (?:authors?\b|admin)
    | (?:^|[.!?]\s+|--\s*)(?:this\s+)?{_PAPER}\s+withdrawn\b
    """,
    _FLAGS,
)
_ABSTRACT_NOT: Final = re.compile(r"\b(?:should|will|must|would|could)\s+be\s+withdrawn", re.IGNORECASE)

_TITLE: Final = re.compile(r"^\W*withdrawn\s*(?:$|[:.\])-])|[(\[]\s*withdrawn\b|\b(?-i:WITHDRAWN)\b", re.IGNORECASE)


def is_withdrawn(comment: str, abstract: str, title: str = "") -> bool:
    """Whether the authors (or arXiv) say in any of these that this paper is withdrawn."""
    if _speaks(comment) and _COMMENT.search(comment) and not _COMMENT_NOT.search(comment):
        return True
    if _speaks(abstract) and _ABSTRACT.search(abstract) and not _ABSTRACT_NOT.search(abstract):
        return True
    return _speaks(title) and _TITLE.search(title) is not None


def _speaks(text: str) -> bool:
    """The cheap look that spares nearly all papers the patterns."""
    return "ithdr" in text or "ITHDR" in text
