"""Suggestions while a query is typed."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router

from api import schemas
from api.routers.search import LONGEST_QUERY
from search.suggest import MOST
from search.suggest import suggest as find

router = Router(tags=["search"])


@router.get("/suggest", response=schemas.SuggestionList, summary="Suggestions as you type", operation_id="suggest")
def suggest(
    request: HttpRequest,
    q: Annotated[str, Query(max_length=LONGEST_QUERY, description="A query as far as it is typed.")],
    limit: Annotated[int, Query(ge=1, le=MOST, description="Suggestions wanted.")] = MOST,
) -> schemas.SuggestionList:
    """Categories, keyphrases, authors and titles that complete the last part of a query; none for what is no query."""
    items = [
        schemas.Suggestion(kind=each.kind, text=each.text, query=each.query, url=request.build_absolute_uri(each.path))
        for each in find(q, limit)
    ]
    return schemas.SuggestionList(items=items, total=len(items))
