"""The order that an address asks for by `sort=`, beside the query: the query's text stays as it was typed."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from django.urls import reverse

from search.query import Query

SORTS = {"relevance": "Best first", "new": "Newest first", "old": "Oldest first"}


def ordered(query: Query, sort: str | None) -> Query:
    """`query` in the order that `sort=` names, whatever `sort:` it holds; with a note where that is no order."""
    if not sort:
        return query
    if sort not in SORTS:
        note = f"“{sort[:20]}” is no order: sort= takes {', '.join(SORTS)}."
        return replace(query, notes=(*query.notes, note))
    return replace(query, sort=sort)


def address(view: str, query: Query, sort: str, *, verbatim: bool = False, without: Sequence[str] = ()) -> str:
    """The path of a view of `query`, as parsed, in the order `sort`; `sort=` only where the text asks for another.

    verbatim, without: as `search.service.search` has them.
    """
    parameters = [("q", query.text)]
    if sort != query.sort:
        parameters.append(("sort", sort))
    if verbatim:
        parameters.append(("verbatim", "1"))
    parameters += [("without", word) for word in without]
    return f"{reverse(view)}?{urlencode(parameters)}"
