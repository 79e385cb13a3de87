"""The categories of arXiv and how many papers of each are here."""

from django.core.cache import cache
from django.http import HttpRequest
from ninja import Router

from api import schemas
from papers.categories import CATEGORIES
from papers.listing import Listing

router = Router(tags=["categories"])

_KEY = "api:papers-by-category"
_SECONDS = 300  # counting walks the whole table of links


def _counts() -> dict[str, int]:
    counts: dict[str, int] | None = cache.get(_KEY)
    if counts is None:
        counts = Listing().category_counts()
        cache.set(_KEY, counts, _SECONDS)
    return counts


@router.get("/categories", response=schemas.CategoryList, summary="Categories", operation_id="categories")
def categories(request: HttpRequest) -> schemas.CategoryList:
    """Every category of arXiv with the number of papers here, which may be some minutes old."""
    counts = _counts()
    items = [
        schemas.Category(code=each.code, name=each.name, archive=each.archive, papers=counts.get(each.code, 0))
        for each in CATEGORIES.values()
    ]
    return schemas.CategoryList(items=items, total=len(items))
