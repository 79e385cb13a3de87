"""What a renderer made of a formula, taken apart and written anew from elements and attributes that do no harm."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from xml.etree import ElementTree

from django.utils.html import escape

__all__ = ["UnsafeError", "rows"]

DEEPEST: Final = 40
"""Elements within each other, at most: a browser's parser ends at 512."""


class UnsafeError(ValueError):
    """Markup that is no formula as we allow it."""


_FLAG: Final = re.compile("true|false").fullmatch
_LENGTH: Final = re.compile(r"-?(?:0|[0-3](?:\.\d+)?)(?:em)?").fullmatch
_FORM: Final = re.compile("infix|prefix|postfix").fullmatch
_LEVEL: Final = re.compile(r"\+?[0-2]").fullmatch
_NORMAL: Final = re.compile("normal").fullmatch

_Checks = dict[str, Callable[[str], object]]
_STYLE: Final[_Checks] = {"displaystyle": _FLAG, "scriptlevel": _LEVEL}
# MathML Core without links, actions, styles, names and anything of HTML.
_ALLOWED: Final[dict[str, _Checks]] = {
    "mrow": _STYLE,
    "mi": {"mathvariant": _NORMAL},
    "mn": {},
    "mo": {
        "form": _FORM,
        "lspace": _LENGTH,
        "maxsize": _LENGTH,
        "minsize": _LENGTH,
        "movablelimits": _FLAG,
        "rspace": _LENGTH,
        "stretchy": _FLAG,
        "symmetric": _FLAG,
    },
    "mtext": {},
    "mspace": {"width": _LENGTH},
    "msub": {},
    "msup": {},
    "msubsup": {},
    "munder": {"accentunder": _FLAG},
    "mover": {"accent": _FLAG},
    "munderover": {},
    "mfrac": {"displaystyle": _FLAG, "linethickness": _LENGTH},
    "msqrt": {},
    "mroot": {},
    "mphantom": {},
    "mtable": _STYLE,
    "mtr": {},
    "mtd": {},
}
_ROWS: Final = frozenset({"mrow", "msqrt", "mphantom", "mtable", "mtr", "mtd"})
# What the renderer says by style attributes, which our Content-Security-Policy forbids, and HTML says inside of text.
_CLASSES: Final = {
    "text-align: left": "tex-left",
    "text-align: right": "tex-right",
    "font-variant-caps: small-caps": "tex-caps",
}
_TEXT: Final = {"b": "tex-bold", "i": "tex-italic", "em": "tex-italic", "code": "tex-code", "span": ""}
# A line may break behind these where it must.
_BREAKS: Final = frozenset("=<>≤≥≠≡≈∼≃≅∝≪≫∈⊂⊆⊃→↦⟶⇒⟹⇔←↔≔:,;+−±×⋅⊗⊕∪∩∧∨∖|")
_UNKNOWN: Final = re.compile(r"\\(?:[A-Z]|[A-Za-z]{3,}|[a-z]*[A-Z][A-Za-z]*)").fullmatch
_REFUSED: Final = re.compile(
    r"\\(?:href|url|style|class|css\w*|html\w*|cite\w*|footnote|label|ref|eqref|includegraphics|char|unicode|verb|input"
    r"|newline|newcommand|def|let|halign|rlap|llap|begin|end)?"
).fullmatch


def rows(markup: str, *, longest: int) -> list[tuple[str, int]]:
    """The parts of the formula `markup`, `<math>…</math>`, as the HTML within `<math>` and its width in characters.

    A formula wider than `longest` is parted behind relations and signs of its outermost row, where lines may
    break; else there is one part. A width counts the characters, in scripts by two thirds. Raises UnsafeError where
    the markup is not well-formed, too deep, or holds what no formula needs.
    """
    try:
        # It comes from our own renderer, not from outside, and begins with an element: no entities can be declared.
        root = ElementTree.fromstring(markup.replace("&ApplyFunction;", "\u2061"))  # noqa: S314
    except ElementTree.ParseError as error:
        raise UnsafeError(str(error)) from error
    if root.tag != "math":
        raise UnsafeError(root.tag)
    parts = [(child, *_write(child, 1)) for child in root]
    if sum(width for _, _, width in parts) <= longest:
        return [("".join(html for _, html, _ in parts), round(sum(width for _, _, width in parts)))]
    return list(_parted(parts, longest))


def _parted(parts: Iterable[tuple[ElementTree.Element, str, float]], longest: int) -> Iterator[tuple[str, int]]:
    pieces: list[str] = []
    wide = 0.0
    for element, html, width in parts:
        if element.tag == "mo" and (element.text or "") in _BREAKS and wide >= longest / 3 and "form=" not in html:
            # The last sign of a row would stand as if behind its operand only.
            yield "".join(pieces) + html.replace("<mo", '<mo form="infix"', 1), round(wide + width)
            pieces, wide = [], 0.0
        else:
            pieces.append(html)
            wide += width
    if pieces:
        yield "".join(pieces), round(wide)


def _write(element: ElementTree.Element, depth: int) -> tuple[str, float]:
    """An element's HTML and its width in characters."""
    tag = element.tag
    if depth > DEEPEST:
        raise UnsafeError("too deep")
    if tag == "merror":
        return _unknown("".join(element.itertext()))
    if tag == "mtext":
        return _text(element)
    if tag == "mpadded":
        tag = "mrow"
    if tag not in _ALLOWED:
        raise UnsafeError(tag)
    if tag == "mspace" and "width" not in element.attrib:
        return "", 0.0  # a renderer's trick, or a negative space, which needs a style
    checks = _ALLOWED[tag]
    attributes = "".join(
        f' {name}="{value}"' for name, value in element.attrib.items() if name in checks and checks[name](value)
    )
    if tag == "mtd":
        attributes += _class(element)
    if not len(element):
        text = element.text or ""
        return f"<{tag}{attributes}>{escape(text)}</{tag}>", float(len(text))
    inner = [_write(child, depth + 1) for child in element]
    widths = [width for _, width in inner]
    if tag in _ROWS:
        written = [html for html, _ in inner if html]
        if tag == "mrow" and not attributes and len(written) == 1:
            return written[0], sum(widths)
    else:  # where each child has its place, none may be missing
        written = [html or "<mrow></mrow>" for html, _ in inner]
    html = "".join(written)
    return f"<{tag}{attributes}>{html}</{tag}>", _width(tag, widths)


def _width(tag: str, widths: list[float]) -> float:
    if tag in {"mfrac", "munder", "mover", "munderover"}:
        return max(widths)
    if tag in {"msub", "msup"}:
        return widths[0] + 0.67 * sum(widths[1:])
    if tag == "msubsup":
        return widths[0] + 0.67 * max(widths[1:])
    if tag == "mtable":
        return max(widths)
    return sum(widths) + (tag in {"msqrt", "mroot", "mtd"})


def _class(element: ElementTree.Element) -> str:
    style = element.get("style", "").split(";")[0]
    return f' class="{_CLASSES[style]}"' if style in _CLASSES else ""


def _text(element: ElementTree.Element) -> tuple[str, float]:
    """Words in a formula: whatever HTML they are written in becomes a class of ours."""
    attributes = ""
    for child in element.iter():
        if child is not element:
            if child.tag not in _TEXT:
                raise UnsafeError(child.tag)
            name = _TEXT[child.tag]
            attributes = attributes or (f' class="{name}"' if name else _class(child))
    text = "".join(element.itertext())
    return f"<mtext{attributes}>{escape(text)}</mtext>", float(len(text))


def _unknown(command: str) -> tuple[str, float]:
    r"""An author's own command, by its name: `\Diff` reads as "Diff", a short `\gm` says nothing without its stroke."""
    if _REFUSED(command):
        raise UnsafeError(command)
    name = command[1:] if _UNKNOWN(command) else command
    return f'<mi mathvariant="normal">{escape(name)}</mi>' if len(name) == 1 else f"<mi>{escape(name)}</mi>", len(name)
