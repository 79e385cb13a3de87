"""The lines below a card's abstract: written here, since as templates of many small parts they took more than half of
the time of a card that was not shown before."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from html import escape
from typing import Final

from django import template
from django.utils.dateformat import format as dated
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext

from papers import addresses, citations
from papers.categories import CategorySpec
from papers.models import Paper
from papers.templatetags.paper_tags import category_chip, has_html
from papers.views.context import Row

register = template.Library()

ARXIV: Final = "https://arxiv.org"
_TEXTS: Final[dict[str, Callable[[], str]]] = {
    "related": lambda: gettext("Related"),
    "copy": lambda: gettext("Copy"),
    "keep": lambda: gettext("Keep"),
    "kept": lambda: gettext("Note, tags, lists"),
    "star": lambda: gettext("Star"),
    "to_star": lambda: gettext("Star it: kept under Stars"),
    "to_unstar": lambda: gettext("Take the star back"),
    "revised": lambda: gettext("revised"),
    "withdrawn": lambda: gettext("withdrawn"),
    "summary": lambda: gettext("summary by Papertide"),
    "own_words": lambda: gettext(
        "A summary in Papertide’s own words, from the sample that ships with it; not the authors’ abstract."
    ),
    "unfed": lambda: gettext("not in arXiv’s feed"),
    "elsewhere": lambda: gettext("Another of arXiv’s sources says that it was announced on this day."),
}


@lru_cache(maxsize=8)
def _texts(language: str) -> dict[str, str]:
    """What the lines say in the language that is active, as HTML."""
    return {name: escape(text()) for name, text in _TEXTS.items()}


@register.simple_tag
def card_links(row: Row, language: str, has_account: bool) -> SafeString:
    """Where a card leads: arXiv, the paper's relatives and citation; and its star."""
    paper, words = row.paper, _texts(language)
    name = escape(paper.arxiv_id)
    of = f'<span class="unseen"> {name}</span>'
    opened = f' <span class="count">{row.told.opened}</span>' if row.told and row.told.opened else ""

    def to(view: str) -> str:
        return escape(addresses.of_paper(view, paper.arxiv_id))

    lines = [
        f'<a href="{ARXIV}/abs/{name}" rel="external">arXiv:{name}</a>',
        f'<a class="to-pdf" href="{ARXIV}/pdf/{name}" rel="external">PDF{of}{opened}</a>',
        f'<a href="{ARXIV}/html/{name}" rel="external">HTML{of}</a>' if has_html(paper) else "",
        f'<a class="to-related" href="{to("related")}">{words["related"]}{of}</a>',
        f'<a class="to-bibtex" href="{to("paper-bibtex")}" rel="nofollow">BibTeX{of}</a>',
        f'<button class="copy with-script" type="button" data-copy="{escape(citations.plain(paper))}">'
        f"{words['copy']}{of}</button>",
        f'<a class="to-keep" href="{to("keep")}" title="{words["kept"]}">{words["keep"]}{of}</a>'
        if has_account
        else "",
        star_button(row, language),
    ]
    return mark_safe(f'<div class="links">\n  {_joined(lines)}\n</div>')  # noqa: S308 (all of it went through escape)


@register.simple_tag
def star_button(row: Row, language: str) -> SafeString:
    """The button that stars a paper or takes that back, with how many stars it has."""
    words, name, told = _texts(language), escape(row.paper.arxiv_id), row.told
    on = told is not None and told.starred
    stars = f' <span class="count">{told.stars}</span>' if told and told.stars else ""
    return mark_safe(  # noqa: S308 (all of it went through escape)
        f'<button class="star" form="marks" id="star-{row.paper.pk}" type="submit" name="{"unstar" if on else "star"}"'
        f' value="{name}" aria-pressed="{"true" if on else "false"}" hx-post="{escape(addresses.of_view("marks"))}"'
        f' hx-include="#marks" hx-swap="outerHTML" title="{words["to_unstar" if on else "to_star"]}">'
        f'<span aria-hidden="true">{"★" if on else "☆"}</span>'
        f'<span class="unseen">{words["star"]} {name}</span>{stars}</button>'
    )


@register.simple_tag
def card_facts(paper: Paper, row: Row | None, spec: CategorySpec | str, language: str) -> SafeString:
    """A paper's categories, dates and what is peculiar about it; in an announcement list also how it stands there."""
    words = _texts(language)
    chips = [category_chip(code, number == 0, spec, language) for number, code in enumerate(paper.categories)]
    dates = _day(localtime(paper.published).date(), language)
    if paper.version:
        dates += f", v{paper.version}"
    if paper.updated:
        updated = _day(localtime(paper.updated).date(), language)
        dates += f'<span class="unseen">,</span> <span>{words["revised"]} {updated}</span>'
    lines = [*chips, f'<span class="dates">{dates}</span>']
    if row and row.kind is not None:
        lines.append(f'<span class="mark-kind kind-{row.kind.value}">{escape(str(row.kind.label))}</span>')
    if row and row.in_feed is False:
        lines.append(f'<span class="mark-unfed" title="{words["elsewhere"]}">{words["unfed"]}</span>')
    if paper.withdrawn:
        lines.append(f'<span class="mark-withdrawn">{words["withdrawn"]}</span>')
    if paper.is_summary:
        lines.append(f'<span class="mark-summary" title="{words["own_words"]}">{words["summary"]}</span>')
    return mark_safe(f'<p class="facts">\n  {_joined(lines)}\n</p>')  # noqa: S308 (all of it went through escape)


@lru_cache(maxsize=4_096)
def _day(day: date, language: str) -> str:
    """A day as HTML; the papers of a list share few."""
    return f'<time datetime="{day.isoformat()}">{escape(dated(day, gettext("j M Y")))}</time>'


def _joined(lines: list[str]) -> str:
    return "\n  ".join(filter(None, lines))
