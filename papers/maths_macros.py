"""What authors write in formulas beyond LaTeX's own commands, and in which words a renderer understands it."""

import re
import unicodedata
from typing import Final

__all__ = ["MACROS", "mend", "normalise"]

_CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

MACROS: Final[dict[str, str]] = {
    # Private macros whose meaning is a custom of the field.
    **{letter * 2: rf"\mathbb{{{letter}}}" for letter in "CEFHNPQRTZ"},
    **{"bb" + letter: rf"\mathbb{{{letter}}}" for letter in _CAPITALS},
    **{"b" + letter: rf"\mathbb{{{letter}}}" for letter in "CFNPQRSTZ"},
    **{"B" + letter: rf"\mathbb{{{letter}}}" for letter in "CNPQRZ"},
    **{"I" + letter: rf"\mathbb{{{letter}}}" for letter in "CNPQRZ"},
    **{"c" + letter: rf"\mathcal{{{letter}}}" for letter in _CAPITALS},
    **{"cal" + letter: rf"\mathcal{{{letter}}}" for letter in _CAPITALS},
    **{letter: rf"\mathbb{{{letter}}}" for letter in "CQ"},
    "Cal": r"\mathcal{#1}",
    "Scr": r"\mathscr{#1}",
    "scr": r"\mathscr{#1}",
    "mc": r"\mathcal{#1}",
    "mb": r"\mathbf{#1}",
    "bb": r"\mathbb{#1}",
    "mathds": r"\mathbb{#1}",
    "mathbbm": r"\mathbb{#1}",
    "pmb": r"\boldsymbol{#1}",
    "Real": r"\mathbb{R}",
    "CP": r"\mathbb{CP}",
    "eps": r"\epsilon",
    "veps": r"\varepsilon",
    "al": r"\alpha",
    "om": r"\omega",
    "Om": r"\Omega",
    "si": r"\sigma",
    "Si": r"\Sigma",
    "vp": r"\varphi",
    "ra": r"\rightarrow",
    "lra": r"\longrightarrow",
    "half": r"\tfrac{1}{2}",
    "abs": r"\lvert #1\rvert",
    "norm": r"\lVert #1\rVert",
    "ket": r"\lvert #1\rangle",
    "bra": r"\langle #1\rvert",
    "braket": r"\langle #1\rangle",
    "ov": r"\overline{#1}",
    "wt": r"\widetilde{#1}",
    "wh": r"\widehat{#1}",
    "dbar": r"\bar\partial",
    "pa": r"\partial",
    "lsim": r"\lesssim",
    "gsim": r"\gtrsim",
    # Units.
    "sun": r"\odot",
    "msun": r"M_\odot",
    "Msun": r"M_\odot",
    "Msol": r"M_\odot",
    "kms": r"\mathrm{km\,s^{-1}}",
    "micron": r"\mathrm{μm}",
    # LaTeX that the renderer does not know.
    "mbox": r"\text{#1}",
    "hbox": r"\text{#1}",
    "textup": r"\text{#1}",
    "textnormal": r"\text{#1}",
    "textsl": r"\textit{#1}",
    "ensuremath": "#1",
    "xspace": "",
    "displaylimits": "",
    "sp": "^",
    "sb": "_",
    "dotsc": r"\ldots",
    "dotsb": r"\cdots",
    "eqno": r"\quad",
    "substack": r"\begin{matrix}#1\end{matrix}",
    "AA": r"\mathrm{Å}",
    "textdegree": r"^\circ",
    "textgreater": ">",
    "textless": "<",
    "textmu": r"\mathrm{μ}",
    # Text accents in a formula are an author's own names for something.
    **{letter: rf"\mathrm{{{letter}}}" for letter in "HLOuv"},
    **{letter: rf"\backslash\mathrm{{{letter}}}" for letter in "clort"},
}
r"""Commands for the renderer: name to replacement, `#1` for the argument. Chosen by how many of 18,000 real abstracts
use a command; a name with two common meanings (`\la`, `\F`) is left out."""

_CODE_POINT: Final = re.compile(r"\\unicode\s?\{x([0-9A-Fa-f]{2,5})\}")
_PERCENT: Final = re.compile(r"(?<=[\d})])\s?%")
_COMMENT: Final = re.compile(r"(?<!\\)%")
_HASH: Final = re.compile(r"(?<!\\)#")
_OPENING: Final = re.compile(r"\\la(?![A-Za-z])")
_CLOSING: Final = re.compile(r"\\ra(?![A-Za-z])")


def normalise(tex: str) -> str:
    r"""`tex` with what every formula may need.

    A bare `%` behind a figure is a sign, another one began a comment that has lost its line's end; `#` is a sign;
    `\la … \ra` are brackets; `\unicode{x…}` is its character.
    """
    if "%" in tex:
        tex = _COMMENT.sub("", _PERCENT.sub(r"\\%", tex))
    if "#" in tex:
        tex = _HASH.sub(r"\\#", tex)
    if r"\ra" in tex and _OPENING.search(tex):
        tex = _CLOSING.sub(r"\\rangle", _OPENING.sub(r"\\langle", tex))
    if r"\unicode" in tex:
        tex = _CODE_POINT.sub(_character, tex)
    return tex


def _character(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16)) if int(found[1], 16) < 0x110000 else "\ufffd"
    known = unicodedata.category(character)[0] in "LNPS" and character not in "\\{}$%#&_^~<>"
    return character if known else found[0]


_REPAIRS: Final = [
    # TeX forgives these, or plain TeX writes them so; the renderer refuses them.
    (re.compile(r"\\(?:no)?limits(?![A-Za-z])"), ""),
    (re.compile(r"\\(left|right|[bB]igg?[lrm]?)\s*<"), r"\\\1\\langle "),
    (re.compile(r"\\(left|right|[bB]igg?[lrm]?)\s*>"), r"\\\1\\rangle "),
    (re.compile(r"\{smallmatrix\}"), "{matrix}"),
    (re.compile(r"\\(text|mbox|hbox|textrm)\s*\{\s*\\(?:rm|it|bf|sc|sl|sf|tt)(?![A-Za-z])\s*"), r"\\\1{"),
    (re.compile(r"\\(?:scriptsize|footnotesize|small|normalsize|tiny|large)(?![A-Za-z])"), ""),
    (re.compile(r"\\label\s*\{[^{}]*\}"), ""),
    (re.compile(r"\}\s+([\^_])"), r"}{}\1"),
    (re.compile(r"\\(left|right)(?=\s*(?:\\?[A-Za-z0-9]|$))"), ""),
    (re.compile(r"\\[bB]igg?[lrm]?(?=\s*[A-Za-z0-9{}^_]|\s*$)"), ""),
    (re.compile(r"\\cr(?![A-Za-z])"), r"\\\\"),
    (re.compile(r"\\p?matrix\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}"), r"\\begin{pmatrix}\1\\end{pmatrix}"),
    (re.compile(r"\\not\s*\\(?:mathrel|mathbin)\s*\{([^{}]*)\}|\\not\s*\{([^{}]*)\}"), "\\1\\2\u0338"),
]


def mend(tex: str) -> str:
    """`tex` once more, for a formula that the renderer has refused: usual slips put right."""
    for pattern, replacement in _REPAIRS:
        tex = pattern.sub(replacement, tex)
    return tex
