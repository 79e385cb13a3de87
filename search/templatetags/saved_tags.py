"""A visitor's saved searches, for pages that list what is kept."""

from typing import Any

from django import template

from papers.models import Visitor
from search.saved import searches_of

register = template.Library()


@register.inclusion_tag("search/_saved.html", takes_context=True)
def saved_searches(context: template.Context, visitor: Visitor | None) -> dict[str, Any]:
    """The list of what `visitor` saved, each search with its feed and a button to take it back."""
    return {"searches": searches_of(visitor), "here": context.get("here", ""), "csrf_token": context.get("csrf_token")}
