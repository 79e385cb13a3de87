"""A mail's papers as HTML and as text, each made once for all readers of a language; and a mail's text part."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from textwrap import wrap
from typing import Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from papers.models import Paper
from papers.tex import collapse
from workers.digests.plain_maths import plain

WIDTH: Final = 76  # characters of a line of the text part; addresses may be longer
SHOWN_AUTHORS: Final = 5
SHOWN_ABSTRACT: Final = 350
LONGEST_TITLE: Final = 400
KEPT: Final = 4_096  # papers: some 20 MB


@dataclass(frozen=True, slots=True)
class Piece:
    """One paper: in full as HTML and as text, and the title alone as both."""

    html: SafeString
    text: str
    title_html: SafeString
    title_text: str


def piece_of(paper: Paper) -> Piece:
    """What mails of the language in use show of a paper."""
    return _piece(_Key(paper, (paper.fingerprint, get_language() or "", settings.SITE_URL)))


class _Key:
    """A paper that is known by what is shown of it."""

    __slots__ = ("by", "paper")

    def __init__(self, paper: Paper, by: tuple[str, str, str]) -> None:
        self.paper, self.by = paper, by

    def __hash__(self) -> int:
        return hash(self.by)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.by == other.by


@lru_cache(maxsize=KEPT)
def _piece(key: _Key) -> Piece:
    paper, site = key.paper, settings.SITE_URL
    key.paper = Paper(arxiv_id=paper.arxiv_id)  # the key is kept, the row need not be
    title = _cut(collapse(plain(paper.plain_title)), LONGEST_TITLE)
    page = f"{site}{paper.get_absolute_url()}"
    related = f"{site}{reverse('related', args=[paper.arxiv_id])}"
    context = {
        "title": title,
        "page": page,
        "related": related,
        "arxiv_id": paper.arxiv_id,
        "authors": _authors(paper),
        "categories": _(", ").join(map(collapse, paper.categories)),
        "abstract": _cut(collapse(plain(paper.plain_abstract)), SHOWN_ABSTRACT),
    }
    title_html = f'<a href="{escape(page)}">{escape(title)}</a>'
    return Piece(
        html=mark_safe(render_to_string("digests/_paper.html", context).strip()),  # noqa: S308 (of our template)
        text=_text(context),
        title_html=mark_safe(title_html),  # noqa: S308 (escaped)
        title_text="\n".join([*_wrapped(title, "   "), f"   {page}"]),
    )


def body(context: dict[str, Any]) -> str:
    """The text part of the mail of a context of `rendering.message`."""
    return "\n".join(_lines(context)) + "\n"


def _lines(mail: dict[str, Any]) -> Iterator[str]:
    total = mail["total"]
    yield (ngettext("%(count)s new paper", "%(count)s new papers", total) % {"count": total}) + f" · {mail['day']}"
    yield ""
    if not mail["groups"]:
        yield _("Nothing is new.")
    for group in mail["groups"]:
        yield from _wrapped(f"{group.number}. {group.name} ({group.total})", "   ", first="")
    for group in mail["groups"]:
        yield from ("", "", *_wrapped(group.name, ""), "=" * min(WIDTH, max(len(group.name), 3)))
        for entry in group.in_full:
            yield from ("", f"{group.number}.{entry.number}", entry.piece.text)
            yield from _wrapped(f"{entry.kind} · {entry.why}", "   ")
        if group.titles:
            yield ""
        for entry in group.titles:
            yield from (f"{group.number}.{entry.number} {entry.kind}", entry.piece.title_text)
        if group.more:
            yield ""
            yield ngettext("… and %(count)s more on this page:", "… and %(count)s more on this page:", group.more) % {
                "count": group.more
            }
            yield mail["page"]
        yield ""
        yield _("No more mail of this subscription:")
        yield group.unsubscribe
    yield from ("", "-- ", _("In the browser:"), mail["page"])
    yield from (_("Hour, language, rhythm:"), mail["delivery"], _("End all these mails:"), mail["ending"])


def _text(paper: dict[str, str]) -> str:
    lines = [
        *_wrapped(paper["title"], "   "),
        *_wrapped(paper["authors"], "   "),
        f"   {paper['categories']} · arXiv:{paper['arxiv_id']}",
        *_wrapped(paper["abstract"], "   "),
        f"   {paper['page']}",
        f"   PDF: https://arxiv.org/pdf/{paper['arxiv_id']}",
        "   " + _("Related: %(address)s") % {"address": paper["related"]},
    ]
    return "\n".join(lines)


def _authors(paper: Paper) -> str:
    names = [collapse(name) for name in paper.plain_authors[: SHOWN_AUTHORS + 1]]
    rest = len(paper.authors) - SHOWN_AUTHORS
    shown = ", ".join(names[:SHOWN_AUTHORS])
    if rest <= 0:
        return shown
    return shown + (ngettext(" and %(count)s other", " and %(count)s others", rest) % {"count": rest})


def _cut(text: str, length: int) -> str:
    """The text's beginning, about `length` characters, ended at a word where there is one."""
    if len(text) <= length:
        return text
    words, _space, _rest = text[:length].rpartition(" ")
    return (words if len(words) > length / 2 else text[:length]).rstrip(" ,;:.(") + " …"


def _wrapped(text: str, indent: str, *, first: str | None = None) -> list[str]:
    start = indent if first is None else first
    return wrap(text, WIDTH, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False)
