"""Filters for showing what a search found."""

from collections.abc import Iterable

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from search import highlight as marking

register = template.Library()


@register.filter
def highlight(text: str, words: Iterable[str] | None) -> SafeString:
    """`text` as HTML with the query's words marked; only escaped where there is no query."""
    return marking.highlight(text, words) if words else escape(text)
