"""Announcement lists: what arXiv announced on a day."""

from datetime import date
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router
from ninja.errors import HttpError

from api import cursors, fields, schemas
from papers.announcements import ANNOUNCE_TYPES, DayOfLists, list_days, read_without
from papers.categories import CategorySpec, UnknownCategory, split_spec
from papers.selection import from_entries, page_of

router = Router(tags=["papers"])


@router.get(
    "/announcements", response=schemas.AnnouncementList, summary="Announcement lists", operation_id="announcements"
)
def announcements(
    request: HttpRequest,
    day: Annotated[
        date | None,
        Query(alias="date", description="The announcement day, US Eastern; the newest with a list where not given."),
    ] = None,
    category: Annotated[
        str | None, Query(description="Categories to join and take away, such as cs.AI+cs.LG-cs.CY.")
    ] = None,
    without: Annotated[str, Query(description="Kinds to leave out: cross, replace, or both with a comma.")] = "",
    size: Annotated[int, Query(ge=1, le=cursors.LARGEST_SIZE, description="Papers in one answer.")] = 25,
    cursor: Annotated[str | None, Query(description="`next` of the answer before.")] = None,
    wanted: fields.Fields = None,
) -> schemas.AnnouncementList:
    """What arXiv announced on a day in some categories (in all without `category`), each paper once: in arXiv's order
    for one category, else by kind and id."""
    fields.choose(request, wanted, schemas.AnnouncedPaper)
    spec, words = _spec(category), _words(without)
    here = cursors.start(cursor, size, cursors.digest("announcements", spec, day, words), paged=True)
    day = here.until or day or list_days(spec).newest
    if day is None:
        return schemas.AnnouncementList(items=[], total=0, date=None, lists=[])
    lists = DayOfLists(spec, day)
    page = page_of(from_entries(lists.entries_without(words)), here.page, None, here.size)
    behind = here.offset + here.size
    return schemas.AnnouncementList(
        items=[
            schemas.AnnouncedPaper.of(
                page.papers[item.paper_id],
                request,
                kind=ANNOUNCE_TYPES[item.entry.kind],
                announced_version=item.entry.version,
            )
            for item in page.items
            if item.entry is not None
        ],
        total=page.total,
        next=str(cursors.Cursor(behind, here.size, here.of, day)) if behind < page.total else None,
        date=day,
        lists=[one.category for one in lists.lists],
    )


def _spec(category: str | None) -> CategorySpec | None:
    try:
        return None if category is None else split_spec(category)
    except UnknownCategory as error:
        raise HttpError(422, f"category: {error}") from None


def _words(without: str) -> tuple[str, ...]:
    words, unknown = read_without(without)
    if unknown:
        raise HttpError(422, f"without: {unknown[0][:60]} cannot be left out; cross and replace can.")
    return words
