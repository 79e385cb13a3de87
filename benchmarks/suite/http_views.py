"""The site's addresses, and two operations more of its API: what others are held against.

`plain` is what an answer of 25 papers costs that nobody has searched for: it fetches their rows by primary key and
answers with the same JSON as a search, by the same code, behind the same middleware. `empty` answers nothing: what is
left are the server, the middleware, and the client that measures.
"""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from api import schemas
from api.site import api
from papers.models import Paper

router = Router()


@router.get("/plain", response=schemas.SearchList, include_in_schema=False)
def plain(request: HttpRequest, ids: str) -> schemas.SearchList:
    """The papers whose primary keys `ids` names, in this order."""
    numbers = [int(text) for text in ids.split(",")]
    rows = Paper.objects.in_bulk(numbers)
    return schemas.SearchList(
        items=[schemas.Hit.of(rows[number], request, score=1.0) for number in numbers],
        total=len(numbers),
        took_ms=0.0,
        notes=[],
        by_meaning=False,
        asked=None,
    )


@router.get("/empty", include_in_schema=False)
def empty(request: HttpRequest) -> HttpResponse:
    """Nothing."""
    return HttpResponse()


api.add_router("", router)  # before the addresses are made of the API

from config.urls import handler400, handler403, handler404, handler429, handler500, urlpatterns  # noqa: E402

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]
