"""Listings: the papers of some categories, newest first."""

from datetime import date
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router
from ninja.errors import HttpError

from api import cursors, fields, schemas
from papers.categories import UnknownCategory, split_spec
from papers.identifiers import parse_id
from papers.listing import Listing
from papers.models import Paper

router = Router(tags=["papers"])

LONGEST_IDS = 5_000  # characters


@router.get("/papers", response=schemas.PaperList, summary="Papers of categories", operation_id="papers")
def papers(
    request: HttpRequest,
    category: Annotated[
        str | None,
        Query(description="Categories to join and take away, such as cs.AI+cs.LG-cs.CY."),
    ] = None,
    start: Annotated[date | None, Query(alias="from", description="First day of publication, UTC.")] = None,
    end: Annotated[date | None, Query(alias="to", description="Last day of publication, UTC.")] = None,
    size: Annotated[int, Query(ge=1, le=cursors.LARGEST_SIZE, description="Papers in one answer.")] = 25,
    cursor: Annotated[str | None, Query(description="`next` of the answer before.")] = None,
    ids: Annotated[
        str | None,
        Query(max_length=LONGEST_IDS, description="ArXiv ids, joined by commas: these papers alone, in this order."),
    ] = None,
    wanted: fields.Fields = None,
) -> schemas.PaperList:
    """Papers of some categories (of all without `category`), newest first, each once, however far back.

    With `ids` those papers that are here, 100 at most, and none of the other filters.
    """
    fields.choose(request, wanted, schemas.Paper)
    if ids is not None:
        if category or start or end or cursor:
            raise HttpError(422, "ids: it stands alone; leave out the other filters.")
        return _of_ids(request, ids)
    listing = listing_of(category, start, end)
    here = cursors.start(cursor, size, cursors.digest("papers", listing.spec, start, end))
    rest = Listing(listing.spec, start, here.until) if here.until else listing
    rows = rest.papers(here.size + 1, here.offset)
    shown = rows[: here.size]
    return schemas.PaperList(
        items=[schemas.Paper.of(paper, request) for paper in shown],
        total=listing.total(),
        next=str(_behind(shown, here)) if len(rows) > here.size else None,
    )


def _of_ids(request: HttpRequest, ids: str) -> schemas.PaperList:
    named = [parse_id(text) for text in ids.split(",") if text.strip()]
    if len(named) > cursors.LARGEST_SIZE:
        raise HttpError(422, f"ids: {cursors.LARGEST_SIZE} at most.")
    bases = list(dict.fromkeys(each.base for each in named if each))
    rows = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=bases, removed=False)}
    items = [schemas.Paper.of(rows[base], request) for base in bases if base in rows]
    return schemas.PaperList(items=items, total=len(items))


def listing_of(category: str | None, start: date | None, end: date | None) -> Listing:
    """The listing that is asked for. Raises HttpError 422 for unknown categories and days given backwards."""
    if start and end and start > end:
        raise HttpError(422, f"from: {start} is after {end}, the last day asked for.")
    try:
        return Listing(None if category is None else split_spec(category), start, end)
    except UnknownCategory as error:
        raise HttpError(422, f"category: {error}") from None


def _behind(shown: list[Paper], here: cursors.Cursor) -> cursors.Cursor:
    """The place behind the papers of this answer, told by the last one's day and what was shown of that day.

    So no answer has to walk far, and papers that arrive meanwhile, being newer, do not push the others on.
    """
    day = shown[-1].published.date()
    offset = sum(paper.published.date() == day for paper in shown)
    if day == here.until:
        offset += here.offset
    return cursors.Cursor(offset, here.size, here.of, day)
