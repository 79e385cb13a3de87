"""Formulas as plain text, for mails: no mail program shows MathML, and none shows TeX as readers want it.

The text is taken from the MathML that pages show (`papers.maths`), so that there is one reader of TeX, and
one list of what is not rendered. Scripts are Unicode's where it has them (x², aᵢⱼ), else `x^(ab)`; fractions are
`a/b`, roots `√(a+b)`.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree

from papers.maths import pieces
from papers.tex_tables import GREEK_AND_SIGNS

_SUPER: Final = str.maketrans(
    "0123456789+−-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθιφχ∗*′⊤",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᶥᵠᵡ**′ᵀ",
)
_SUB: Final = str.maketrans("0123456789+−-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
_COMBINING: Final = {
    "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303", "¯": "\u0304", "‾": "\u0304", "_": "\u0332",
    "˙": "\u0307", "¨": "\u0308", "→": "\u20d7", "⃗": "\u20d7", "ˇ": "\u030c", "˘": "\u0306", "´": "\u0301",
    "`": "\u0300", "˚": "\u030a", "‾‾": "\u0304",
}  # fmt: skip
_SPACED: Final = frozenset("=<>≤≥≠≡≈∼≃≅∝≪≫∈∉⊂⊆⊃⊇→↦⟶⇒⟹⇔←↔≔×±≲≳⩽⩾∖∪∩∧∨∣")
_UNARY_AFTER: Final = frozenset("([{=<>≤≥≈∼,;:^_/×±→∈")
_INVISIBLE: Final = re.compile("[\u2062-\u2064\u200b\ufe00-\ufe0f]")
_APPLY: Final = "\u2061"
_ROWS: Final = frozenset({"f", "math", "mrow", "mtd", "msqrt"})
_SCRIPTS: Final = frozenset({"msub", "msup", "msubsup", "munder", "mover", "munderover"})
_SPACES: Final = re.compile(r"\s+")
_PLAIN: Final = re.compile(r"[^\s+−/=<>≤≥≈∼±×·,]*")
_TIGHT: Final = re.compile(r"\s*([^\w\s])\s*")
_COMMAND: Final = re.compile(r"\\(?:([A-Za-z]+)\s*|(.))")
_NO_WORDS: Final = re.compile(
    r"\\(?:begin|end|hskip|hspace)\s*\{[^{}]*\}|\\(?:left|right|big|Big|rm|it|bf|cal|sf|tt|em)(?![A-Za-z])\s*"
)


@lru_cache(maxsize=4_096)
def plain(text: str) -> str:
    """`text`, as `papers.tex.to_text` gives it, with its formulas as text of Unicode. Never raises; linear time."""
    if "$" not in text and "\\" not in text:
        return text
    return "".join(
        text[start:end] if html is None else _formula(html, text[start:end]) for start, end, html in pieces(text)
    )


def _formula(html: str, source: str) -> str:
    try:
        # Our own writing of a formula (`papers.maths_safe`), well-formed but for where its lines may break.
        root = ElementTree.fromstring(f"<f>{html.replace('<wbr>', '')}</f>")  # noqa: S314
        text = source if root.find("code") is not None else "".join(_row(root))
    except ElementTree.ParseError:
        text = source
    text = _INVISIBLE.sub("", text).replace(_APPLY, "").replace(": =", " :=")
    if "\\" in text or text == source:
        text = _without_commands(text)
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text).strip())


def _without_commands(source: str) -> str:
    r"""What is left to do for a formula that cannot be rendered: its text without delimiters, braces, backslashes."""
    inner = source.strip("$").removeprefix("\\(").removeprefix("\\[").removesuffix("\\)").removesuffix("\\]")

    def named(found: re.Match[str]) -> str:
        return GREEK_AND_SIGNS.get(found[1], f"{found[1]} ") if found[1] else found[2].strip("\\{}") or " "

    return _COMMAND.sub(named, _NO_WORDS.sub("", inner)).translate({ord(sign): None for sign in "{}\\"})


def _row(parent: ElementTree.Element) -> list[str]:
    """The children's texts, with spaces around signs of relation, around + and − between operands, and beside names of
    functions."""
    out: list[str] = []
    after_name = False
    for place, child in enumerate(parent):
        text = _text(child)
        before = out[-1][-1:] if out else ""
        is_name = _is_name(child)
        if child.tag == "mo" and text in _SPACED:
            text = f" {text} " if place + 1 < len(parent) else text
        elif child.tag == "mo" and text in {"+", "−", "-"} and parent.tag in _ROWS:
            told = "".join(out).rstrip()
            text = text if not told or told[-1] in _UNARY_AFTER else f" {text} "
        elif child.tag == "mo" and text in {",", ";"}:
            text += " "
        elif (is_name and before.isalnum()) or (after_name and (text[:1].isalnum() or text[:1] == "√")):
            text = f" {text}"
        if text:
            out.append(text)
            after_name = is_name or (after_name and text == _APPLY)
    return out


def _is_name(element: ElementTree.Element) -> bool:
    """Whether it is a name of several letters, such as `log`, with scripts or without."""
    while element.tag in _SCRIPTS and len(element):
        element = element[0]
    return element.tag in {"mi", "mo"} and len(element.text or "") > 1 and (element.text or "").isalpha()


def _text(element: ElementTree.Element) -> str:
    if (special := _SPECIAL.get(element.tag)) is not None:
        return special(element, [_SPACES.sub(" ", _text(child)).strip() for child in element])
    if not len(element) or element.tag == "mtext":
        return "".join(element.itertext())
    return "".join(_row(element))


def _scripted(_: ElementTree.Element, parts: Sequence[str]) -> str:
    return parts[0] + _script(parts[1], "^", _SUPER)


def _subscripted(_: ElementTree.Element, parts: Sequence[str]) -> str:
    return parts[0] + _script(parts[1], "_", _SUB)


def _both(_: ElementTree.Element, parts: Sequence[str]) -> str:
    return parts[0] + _script(parts[1], "_", _SUB) + _script(parts[2], "^", _SUPER)


def _script(text: str, sign: str, table: dict[int, int]) -> str:
    text = _TIGHT.sub(r"\1", text.strip())
    if not text:
        return ""
    tight = text.replace(" ", "")
    if set(tight) <= {"′", "*", "†", "‡", "∗", "°", "∘"} and sign == "^":
        return "°" if tight == "∘" else tight.replace("∗", "*")
    if all(ord(letter) in table for letter in tight):
        return tight.translate(table)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"


def _over(element: ElementTree.Element, parts: Sequence[str]) -> str:
    base, sign = _INVISIBLE.sub("", parts[0]), parts[1].strip()
    above = element.tag == "mover"
    if sign in {"⏞", "⏟", "⎴", "⎵"}:
        return base
    if sign == "\u0332":  # a line, of which the renderer knows one only
        return "".join(letter + ("\u0305" if above else sign) for letter in base)
    mark = sign if len(sign) == 1 and unicodedata.combining(sign) else _COMBINING.get(sign)
    if above and mark:
        return "".join(letter + mark for letter in base) if len(base) <= 3 else base + mark
    return base + (_script(sign, "^", _SUPER) if above else _script(sign, "_", _SUB))


def _fraction(element: ElementTree.Element, parts: Sequence[str]) -> str:
    if element.get("linethickness", "").startswith("0"):  # a binomial coefficient's two lines
        return f"{parts[0]} {parts[1]}"
    return f"{_operand(parts[0])}/{_operand(parts[1])}"


def _operand(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else f"({text})"


def _root(element: ElementTree.Element, parts: Sequence[str]) -> str:
    if element.tag == "mroot":
        index = parts[1].strip()
        return {"3": "∛", "4": "∜"}.get(index, _script(index, "^", _SUPER) + "√") + _operand_of_root(parts[0])
    return "√" + _operand_of_root("".join(_row(element)))


def _operand_of_root(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 1 or text.isdigit() else f"({text})"


def _table(_: ElementTree.Element, parts: Sequence[str]) -> str:
    return "; ".join(part for part in parts if part)


def _cells(_: ElementTree.Element, parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if part)


def _space(element: ElementTree.Element, _: Sequence[str]) -> str:
    return "" if element.get("width", "").startswith("-") else " "


_SPECIAL: Final[dict[str, Callable[[ElementTree.Element, Sequence[str]], str]]] = {
    "msup": _scripted,
    "msub": _subscripted,
    "msubsup": _both,
    "munderover": _both,
    "mover": _over,
    "munder": _over,
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _root,
    "mtable": _table,
    "mtr": _cells,
    "mspace": _space,
    "mphantom": lambda _element, _parts: "",
}
