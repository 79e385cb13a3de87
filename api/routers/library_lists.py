"""A reader's tags and lists, for programs that hold a token of hers."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Status
from ninja.errors import HttpError

from api import schemas_own
from api.routers.library import named
from api.tokens import Needs, visitor_of
from papers.library import lists, tags
from papers.library.kept import lists_of, tags_of
from papers.models import ReadingList, Tag

router = Router(tags=["library"])
READS, WRITES = Needs("library:read"), Needs("library:write")
ListId = Annotated[int, Path(ge=1, lt=2**31, description="The list's number.")]
TagPath = Annotated[str, Path(description="The tag's name.")]


@router.get("/library/tags", response=schemas_own.TagList, auth=READS, summary="Tags", operation_id="tags")
def all_tags(request: HttpRequest) -> schemas_own.TagList:
    """All tags by name, with how many papers have each."""
    rows = tags_of(visitor_of(request))
    items = [_tagged(row) for row in rows]
    return schemas_own.TagList(items=items, total=len(items))


@router.patch(
    "/library/tags/{path:tag_name}",
    response=schemas_own.Tag,
    auth=WRITES,
    summary="Rename a tag",
    operation_id="renameTag",
)
def rename_tag(request: HttpRequest, tag_name: TagPath, body: schemas_own.NewTagName) -> schemas_own.Tag:
    """Give a tag another name. 409 where another tag has it, unless they are to become one."""
    tag = _tag(request, tag_name)
    try:
        tag = tags.rename(tag.visitor, tag, tags.read_name(body.name), merge=body.merge)
    except tags.TakenError as error:
        raise HttpError(409, f"There is a tag {error.tag.name} already; `merge` makes them one.") from None
    return _tagged(tags_of(tag.visitor).get(pk=tag.pk))


@router.delete(
    "/library/tags/{path:tag_name}", response={204: None}, auth=WRITES, summary="Delete a tag", operation_id="deleteTag"
)
def delete_tag(request: HttpRequest, tag_name: TagPath) -> Status[None]:
    """Take a tag off all papers."""
    _tag(request, tag_name).delete()
    return Status(204, None)


def _tagged(row: Any) -> schemas_own.Tag:
    return schemas_own.Tag(name=row.name, papers=row.count)


def _tag(request: HttpRequest, name: str) -> Tag:
    tag = tags.tag_named(visitor_of(request), name)
    if tag is None:
        raise HttpError(404, "There is no such tag.")
    return tag


@router.get("/library/lists", response=schemas_own.ReadingLists, auth=READS, summary="Lists", operation_id="lists")
def all_lists(request: HttpRequest) -> schemas_own.ReadingLists:
    """All lists by name."""
    items = [_shown(row) for row in lists_of(visitor_of(request))]
    return schemas_own.ReadingLists(items=items, total=len(items))


@router.post(
    "/library/lists",
    response={201: schemas_own.ReadingList},
    auth=WRITES,
    summary="Make a list",
    operation_id="makeList",
)
def make_list(request: HttpRequest, body: schemas_own.NewList) -> Status[schemas_own.ReadingList]:
    """Make a list; 409 where there is one of this name."""
    visitor, name, about = visitor_of(request), lists.read_name(body.name), lists.read_about(body.about)
    if ReadingList.objects.filter(visitor=visitor, name=name).exists():
        raise HttpError(409, "There is a list of this name already.")
    made = lists.make(visitor, name)
    if about:
        lists.describe(made, name, about)
    return Status(201, _shown(_one(request, made.pk)))


@router.get(
    "/library/lists/{number}", response=schemas_own.ReadingList, auth=READS, summary="A list", operation_id="list"
)
def one_list(request: HttpRequest, number: ListId) -> schemas_own.ReadingList:
    """One list; its papers are those of `library?list=` with its number."""
    return _shown(_one(request, number))


@router.patch(
    "/library/lists/{number}",
    response=schemas_own.ReadingList,
    auth=WRITES,
    summary="Change a list",
    operation_id="changeList",
)
def change_list(request: HttpRequest, number: ListId, body: schemas_own.ListChange) -> schemas_own.ReadingList:
    """Give a list another name or description."""
    row = _one(request, number)
    name = row.name if body.name is None else lists.read_name(body.name)
    lists.describe(row, name, row.about if body.about is None else lists.read_about(body.about))
    return _shown(_one(request, number))


@router.patch(
    "/library/lists/{number}/papers",
    response=schemas_own.Changed,
    auth=WRITES,
    summary="Put papers in a list",
    operation_id="changeListPapers",
)
def change_papers(request: HttpRequest, number: ListId, body: schemas_own.Stars) -> dict[str, Any]:
    """Put papers in a list, the last of them on top, and take others out; up to 1,000 each."""
    row = _one(request, number)
    more, unknown = named(body.add)
    less, unknown_too = named(body.remove)
    removed = lists.remove(row, less) if less else 0
    added = lists.add(row, more) if more else 0
    return {"added": added, "removed": removed, "unknown": unknown + unknown_too}


@router.delete(
    "/library/lists/{number}", response={204: None}, auth=WRITES, summary="Delete a list", operation_id="deleteList"
)
def delete_list(request: HttpRequest, number: ListId) -> Status[None]:
    """Delete a list; its papers stay where else they are kept."""
    _one(request, number).delete()
    return Status(204, None)


def _one(request: HttpRequest, number: int) -> Any:
    row = lists_of(visitor_of(request)).filter(pk=number).first()
    if row is None:
        raise HttpError(404, "There is no such list.")
    return row


def _shown(row: Any) -> schemas_own.ReadingList:
    return schemas_own.ReadingList(
        id=row.pk,
        name=row.name,
        about=row.about,
        papers=row.count,
        shared=row.secret is not None,
        made=row.made,
        changed=row.changed,
    )
