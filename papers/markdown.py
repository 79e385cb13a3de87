"""Markdown that readers write, as HTML that is safe to show to anybody.

markdown-it-py reads CommonMark and passes no HTML on; nh3 (ammonia) then lets through what stands in a short list, so
that a fault of either alone opens nothing. Pictures are not made: no page asks another host for anything.
"""

import re
import secrets
from collections.abc import Sequence
from html import unescape
from typing import Any, Final

import nh3
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from papers import maths
from papers.formulas import formulas

__all__ = ["LONGEST", "excerpt", "to_html"]

LONGEST: Final = 20_000
"""Characters of a text; what is beyond is not shown."""
DEEPEST: Final = 20
"""Quotations and lists within each other; what is deeper is left out."""
EXCERPT: Final = 240

_TAGS: Final = frozenset("p br hr em strong code pre blockquote ul ol li a h2 h3 h4 h5 h6".split())
_ATTRIBUTES: Final = {"a": {"href"}, "ol": {"start"}}
_WEB: Final = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
# What cannot stand in a text.
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def to_html(text: str, *, below: int = 2) -> SafeString:
    """`text` as HTML. Its headings come below one of level `below` (1 to 5), and none of their levels is left out.

    A line break stays one. Links lead to the web only and give nothing away; formulas between dollars are MathML.
    Takes any text; what is longer than LONGEST characters is cut.
    """
    env = _Env(text[:LONGEST])
    tokens = _READER.parse(env.text, env)
    _lower(tokens, below)
    html = nh3.clean(
        _READER.renderer.render(tokens, _READER.options, env),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https"},
        url_relative="deny",
        link_rel="nofollow noopener external ugc",
    )
    return mark_safe(env.filled(html, _formulas_shown(env.formulas)))  # noqa: S308 (nh3's, and our own MathML)


def excerpt(text: str) -> str:
    """The beginning of `text` in one plain line, without its marks; a formula stands as it was written."""
    env = _Env(text[: 4 * EXCERPT])
    html = _READER.render(env.text, env)
    plain = " ".join(unescape(strip_tags(html.replace("<", " <"))).split())
    plain = env.filled(plain, env.formulas)
    if len(plain) <= EXCERPT and len(text) <= 4 * EXCERPT:
        return plain
    return plain[:EXCERPT].rsplit(" ", 1)[0].rstrip(" ,;:.") + " …"


class _Env(dict[str, Any]):
    """What one reading carries along: the formulas met, and the sign for which each waits until all else is clean.

    The sign is new each time and cannot be guessed: a text that held one could put a formula where none may stand.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = _UNFIT.sub("\ufffd", text.replace("\r\n", "\n"))
        self.formulas: list[str] = []
        self.sign = secrets.token_hex(12)

    def placeholder(self, formula: str) -> str:
        """What stands for a formula."""
        self.formulas.append(formula)
        return f"{self.sign}.{len(self.formulas) - 1}."

    def filled(self, html: str, formulas: Sequence[str]) -> str:
        """`html` with the formulas in place of what stands for them."""
        return re.sub(rf"{self.sign}\.([0-9]+)\.", lambda found: formulas[int(found[1])], html)


def _formulas_shown(sources: Sequence[str]) -> list[str]:
    """Each formula as HTML, as it was written once there are too many of them or they have become too large."""
    shown: list[str] = []
    size = 0
    for number, source in enumerate(sources):
        plain = number >= maths.MOST or size >= maths.LARGEST
        html = f'<code class="tex">{escape(source)}</code>' if plain else maths.to_html(source)
        size += len(html)
        shown.append(html)
    return shown


def _lower(tokens: Sequence[Token], below: int) -> None:
    """Give headings levels from `below` + 1 on, each at most one deeper than that before."""
    within: list[int] = []
    for token in tokens:
        if token.type == "heading_open":
            written = int(token.tag[1])
            while within and within[-1] >= written:
                within.pop()
            within.append(written)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(below + len(within), 6)}"


def _formula(state: StateInline, silent: bool) -> bool:
    """A formula at this place, if one begins here; the text's formulas are looked for once."""
    if state.src[state.pos] != "$":
        return False
    if state.env.get("looked in") is not state.src:
        state.env["looked in"] = state.src
        state.env["found"] = {each.start: each.end for each in formulas(state.src)}
    end = state.env["found"].get(state.pos)
    if end is None or end > state.posMax:
        return False
    if not silent:
        state.push("formula", "", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _placeholder(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType
) -> str:
    """What stands for a formula until everything else has been cleaned."""
    assert isinstance(env, _Env)
    return env.placeholder(tokens[index].content)


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": DEEPEST})
    reader.disable(["html_block", "html_inline", "image", "reference"])
    reader.validateLink = lambda url: _WEB.match(url) is not None  # type: ignore[method-assign]
    reader.inline.ruler.before("escape", "formula", _formula)
    reader.add_render_rule("formula", _placeholder)
    return reader


_READER: Final = _reader()
