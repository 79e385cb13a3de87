"""Filters for showing papers."""

from datetime import UTC, datetime
from urllib.parse import quote_plus

from django import template
from django.urls import reverse

from papers.categories import ARCHIVES, CATEGORIES, canonical
from papers.models import Paper

register = template.Library()

SHOWN_AUTHORS = 40
_FIRST_HTML = datetime(2023, 12, 1, tzinfo=UTC)  # since then arXiv makes HTML of what is submitted in TeX


@register.filter
def category_name(code: str) -> str:
    """The English name of a category or archive; the code itself where it is unknown."""
    stored = canonical(code)
    return CATEGORIES[stored].name if stored else ARCHIVES.get(code, code)


@register.filter
def has_html(paper: Paper) -> bool:
    """Whether arXiv is likely to have an HTML version."""
    return paper.published >= _FIRST_HTML


@register.filter
def shown_authors(paper: Paper) -> list[str]:
    """The authors that are always shown."""
    return paper.plain_authors[:SHOWN_AUTHORS]


@register.filter
def hidden_authors(paper: Paper) -> list[str]:
    """The authors behind the fold."""
    return paper.plain_authors[SHOWN_AUTHORS:]


@register.filter
def phrase_search(text: str, field: str = "") -> str:
    """The address that searches for `text` as an exact phrase, within `field` where one is named."""
    phrase = '"{}"'.format(text.replace('"', " "))
    return f"{reverse('search')}?q={quote_plus(f'{field}:{phrase}' if field else phrase)}"
