r"""Formulas in titles and abstracts as MathML, beside escaped prose.

The renderer is math-core. What it makes of a formula is never sent as it is: `papers.maths_safe` writes it anew.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from math_core import LatexToMathML

from papers.formulas import formulas
from papers.maths_macros import MACROS, mend, normalise
from papers.maths_safe import UnsafeError, rows

__all__ = ["join", "pieces", "to_html"]

LONGEST: Final = 600
"""Characters of a formula that is rendered. The longest of 120,000 real ones has 592."""
MOST: Final = 200
"""Formulas of one text that are rendered. The most that a real abstract has is 54."""
LARGEST: Final = 60_000
"""Characters of MathML in one text, about: past that, formulas stay as they are written."""
DEEPEST: Final = 40
"""Groups and commands within each other. math-core descends by recursion, about 3 KB a level, and a process whose stack
ends dies; threads have stacks of 128 KB to 8 MB."""
MOST_OPENED: Final = 8
"""Opening brackets in a formula. math-core looks for the partner of each, and for those behind one that has none twice:
every further one doubles the time. Of 120,000 real formulas 18 have more."""
WIDE: Final = 24
"""Characters from which on a formula is parted, so that lines can break in it."""
WIDEST: Final = 34
"""Characters of a part from which on it scrolls by itself on a narrow screen: a phone's line holds about 40."""

_RENDERER: Final = LatexToMathML(
    macros=MACROS,
    fancy_error=False,
    allow_unreliable_rendering=True,
    ignore_unknown_commands=True,
    max_expansions=200,
)
# With these a short text could say something of any size.
_DEFINITIONS: Final = re.compile(
    r"\\(?:[egx]?def|let|(?:provide|renew|new)command|DeclareMathOperator|mathchardef)(?![A-Za-z])"
)
_NESTING: Final = re.compile(r"\\(?:[A-Za-z]+|.)|[{}^_]|[^\\{}^_\s]", re.DOTALL)
# Commands after which nesting is not told by braces alone: what they take may be a single letter.
_NEST: Final = re.compile(r"\\(?:left|begin|\w*(?:frac|binom|set|rel|sqrt|arrow|color|box|choice))$")
_OPENING: Final = re.compile(
    r"[(\[]|\\(?:\{|[bB]igg?l?(?![a-z])|mathopen|mathstrut|abs|norm|bra|ket|Bra|Ket|set|Set|p?mod|lparen|llparen"
    r"|l*(?:ang|Ang|brac|Brac|vert|Vert|floor|ceil|group|moustache|corner)|ulcorner)"
)
_OPENS: Final = frozenset({"Ps", "So", "Sm"})  # corners are called symbols
_SPACES: Final = re.compile(r"\s+")


class _Refused(Exception):  # noqa: N818 (nothing went wrong: the formula is shown as it is written)
    """A formula that is not rendered."""


def to_html(text: str) -> SafeString:
    """`text`, as `papers.tex.to_text` gives it, as HTML: prose escaped, formulas as MathML.

    A formula that cannot be rendered stands as it was written, in `<code class="tex">`. The TeX of the others is their
    `alttext`. Never raises; takes time linear in the text.
    """
    if "$" not in text and "\\" not in text:
        return escape(text)
    return join((html or escape(text[start:end]), html is not None) for start, end, html in pieces(text))


_FIRST: Final = re.compile(r"&#?\w+;|[^\s<&]")
_LAST: Final = re.compile(r"(?:&#?\w+;|[^\s<>])\Z")
_BREAK: Final = "<wbr>"


def join(stretches: Iterable[tuple[SafeString, bool]]) -> SafeString:
    """Stretches of HTML, each with whether it is a formula, as one; a formula keeps the sign or letter beside it.

    Browsers may begin a line between a formula and the full stop, bracket or hyphen that touches it, which
    no character can prevent.
    """
    out: list[str] = []
    # A formula, or the last part of one, and the sign before it, until it is known what follows.
    before, waiting = "", ""
    for html, is_formula in stretches:
        if not is_formula:
            after = _FIRST.match(html) if waiting.startswith("<math") else None
            out.append(_tied(before, waiting, after[0] if after else ""))
            out.append(html[after.end() :] if after else html)
            before = waiting = ""
            continue
        out.append(_tied(before, waiting, ""))
        before = ""
        if len(out) > 1 and not out[-1] and html.startswith("<math"):
            prose = out[-2]
            if sign := _LAST.search(prose, max(len(prose) - 6, 0)):  # the longest entity, &quot;
                before = sign[0]
                out[-2] = prose[: sign.start()]
        first, parted, rest = html.partition(_BREAK)
        if parted:
            out.append(_tied(before, first, "") + parted)
            between, parted, first = rest.rpartition(_BREAK)
            out.append(between + parted)
            before = ""
        waiting = first
    out.append(_tied(before, waiting, ""))
    return mark_safe("".join(out))  # noqa: S308 (every stretch is HTML, and nothing but tags is added)


def _tied(before: str, formula: str, after: str) -> str:
    return f'<span class="tex-tie">{before}{formula}{after}</span>' if before or after else formula


def pieces(text: str) -> Iterator[tuple[int, int, SafeString | None]]:
    """`text` from end to end in stretches: begin, end, and a formula's HTML, or None for prose."""
    at = size = 0
    for number, formula in enumerate(formulas(text)):
        if formula.start > at:
            yield at, formula.start, None
        at = formula.end
        source = text[formula.start : at]
        if number < MOST and size < LARGEST and len(source) <= LONGEST:
            html = _formula(formula.tex, formula.display) or _source(source)
        else:
            html = _source(source)
        size += len(html)
        yield formula.start, at, html
    if at < len(text):
        yield at, len(text), None


def _source(source: str) -> SafeString:
    return mark_safe(f'<code class="tex">{escape(source)}</code>')  # noqa: S308


@lru_cache(maxsize=8_192)
def _formula(tex: str, display: bool) -> SafeString | None:
    """A formula's HTML, or None where it is better shown as it is written."""
    try:
        parts = _rendered(tex, display)
    except (_Refused, UnsafeError):
        return None
    if not parts[0][0]:
        return None
    alttext = f' alttext="{escape(_SPACES.sub(" ", tex).strip())}"'
    out = []
    for html, width in parts:
        maths = f"<math{alttext}>{html}</math>"
        # A part that scrolls must be reached by the keyboard.
        out.append(f'<span class="tex-wide" tabindex="0">{maths}</span>' if width > WIDEST else maths)
        alttext = ""
    return mark_safe(_BREAK.join(out))  # noqa: S308


def _rendered(tex: str, display: bool) -> list[tuple[str, int]]:
    if _DEFINITIONS.search(tex):
        raise _Refused
    tex = normalise(tex)
    try:
        markup = _convert(tex, display)
    except _Refused:
        markup = _convert(mend(tex), display)
    if len(markup) > LARGEST:
        raise _Refused
    return rows(markup, longest=WIDE)


def _convert(tex: str, display: bool) -> str:
    if _nesting(tex) > DEEPEST or _opened(tex) > MOST_OPENED:
        raise _Refused
    try:
        return _RENDERER.convert_with_local_state(tex, displaystyle=display)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of Rust is no Exception
        raise _Refused from error


def _nesting(tex: str) -> int:
    r"""How deep a parser may descend at most: open groups, and commands that take the next one for an argument.

    `\left`, `\begin` and the like count as never closed, so that the order in which things end does not matter.
    """
    if sum(map(tex.count, "\\{^_")) <= DEEPEST:
        return 0
    deepest = outer = run = ever = 0
    opened: list[int] = []
    for sign in _NESTING.findall(tex):
        if sign == "{":
            opened.append(run)
            outer += run + 1
            run = 0
        elif sign == "}":
            outer -= opened.pop() + 1 if opened else 0
            run = 0
        elif sign in {"^", "_"} or sign[0] == "\\":
            run += 1
            ever += _NEST.match(sign) is not None
        else:
            run = 0
        deepest = max(deepest, outer + run + ever)
    return deepest


def _opened(tex: str) -> int:
    """How many opening brackets there are at most, by sign or by name."""
    named = len(_OPENING.findall(tex))
    return named if tex.isascii() else named + sum(unicodedata.category(sign) in _OPENS for sign in tex if sign > "~")
