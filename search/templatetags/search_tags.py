"""Filters for showing what a search found."""

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString

from papers import maths
from search import highlight as marking

register = template.Library()


@register.filter
def highlight(text: str, words: Iterable[str] | None) -> SafeString:
    """`text` as HTML with formulas as MathML and the query's words marked, where there is a query."""
    return marking.highlight(text, words) if words else maths.to_html(text)
