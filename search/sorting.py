"""The order that an address asks for by `sort=`, beside the query: the query's text stays as it was typed."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from search.query import Query

SORTS = {
    "relevance": gettext_lazy("Best first"),
    "new": gettext_lazy("Newest first"),
    "old": gettext_lazy("Oldest first"),
    "stars": gettext_lazy("Most starred"),
}


def ordered(query: Query, sort: str | None) -> Query:
    """`query` in the order that `sort=` names, whatever `sort:` it holds; with a note where that is no order."""
    if not sort:
        return query
    if sort not in SORTS:
        told = {"name": sort[:20], "orders": ", ".join(SORTS)}
        return replace(query, notes=(*query.notes, _("“%(name)s” is no order: sort= takes %(orders)s.") % told))
    return replace(query, sort=sort)


def address(view: str, query: Query, sort: str, *, verbatim: bool = False, without: Sequence[str] = ()) -> str:
    """The path of a view of `query`, as parsed, in the order `sort`; `sort=` only where the text asks for another.

    verbatim, without: as `search.service.search` has them.
    """
    return f"{reverse(view)}?{parameters(query, sort, verbatim=verbatim, without=without)}"


def parameters(query: Query, sort: str, *, verbatim: bool = False, without: Sequence[str] = ()) -> str:
    """What stands behind the question mark of such a path."""
    pairs = [("q", query.text)]
    if sort != query.sort:
        pairs.append(("sort", sort))
    if verbatim:
        pairs.append(("verbatim", "1"))
    pairs += [("without", word) for word in without]
    return urlencode(pairs)
