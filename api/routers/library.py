"""A reader's library, for programs that hold a token of hers: her papers, and what she keeps of each."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Header, Query, Router, Status
from ninja.errors import HttpError

from api import cursors, fields, schemas_own
from api.routers.papers import PaperId, paper_of
from api.tokens import Needs, visitor_of
from papers import visitors
from papers.identifiers import parse_id
from papers.library import notes, page, shelf, tags
from papers.library.keeping import keeping
from papers.listing import present
from papers.models import Note, Paper, Visitor

router = Router(tags=["library"])
READS, WRITES = Needs("library:read"), Needs("library:write")


@router.get("/library", response=schemas_own.LibraryList, auth=READS, summary="The library", operation_id="library")
def library(
    request: HttpRequest,
    q: Annotated[
        str, Query(max_length=shelf.LONGEST_QUERY, description="A query in the site's language, also for notes.")
    ] = "",
    has: Annotated[Literal["", "star", "note"], Query(description="star or note: only papers with one.")] = "",
    tag: Annotated[str, Query(max_length=tags.LONGEST, description="Only papers with this tag.")] = "",
    number: Annotated[int, Query(alias="list", ge=0, lt=2**31, description="Only papers of the list of this id.")] = 0,
    category: Annotated[str, Query(max_length=32, description="Only papers of this category.")] = "",
    year: Annotated[int, Query(ge=0, le=9999, description="Only papers first published in this year.")] = 0,
    sort: Annotated[
        Literal["kept", "new", "title", "preference"],
        Query(description="kept: last kept first; new: newest paper first; title; preference."),
    ] = "kept",
    size: Annotated[int, Query(ge=1, le=cursors.LARGEST_SIZE, description="Papers in one answer.")] = 25,
    cursor: Annotated[str | None, Query(description="`next` of the answer before.")] = None,
    wanted: fields.Fields = None,
) -> schemas_own.LibraryList:
    """All that is kept, the last kept first, each paper with what is kept of it."""
    fields.choose(request, wanted, schemas_own.LibraryPaper)
    asked = shelf.Wanted(q.replace("\0", "").strip(), has, tag.replace("\0", ""), number, category, year, sort)
    here = cursors.start(cursor, size, cursors.digest("library", asked))
    told: list[str] = []
    selection = page.select(visitor_of(request), asked, told)
    if selection.away:
        raise HttpError(503, told[-1])
    ids = selection.ids[here.offset : here.offset + here.size]
    papers = present(ids)
    items = [_library_paper(request, papers[pk], selection.shown[pk]) for pk in ids if pk in papers]
    total = len(selection.ids)
    answer = schemas_own.LibraryList(items=items, total=total, next=here.following(total), notes=told)
    return answer


def _library_paper(request: HttpRequest, paper: Paper, held: shelf.Holding) -> schemas_own.LibraryPaper:
    return schemas_own.LibraryPaper.of(
        paper,
        request,
        starred=held.starred,
        note=held.note,
        tags=sorted(held.tags),
        lists=sorted(held.lists),
        kept=held.kept,
    )


@router.patch(
    "/library/stars", response=schemas_own.Changed, auth=WRITES, summary="Star many papers", operation_id="changeStars"
)
def change_stars(request: HttpRequest, body: schemas_own.Stars) -> dict[str, Any]:
    """Star papers, and take the star from others; up to 1,000 each."""
    visitor = visitor_of(request)
    more, unknown = named(body.add)
    less, unknown_too = named(body.remove)
    added = visitors.mark(visitor, more, "starred", True)
    removed = visitors.mark(visitor, less, "starred", False)
    return {"added": len(added), "removed": len(removed), "unknown": unknown + unknown_too}


def named(ids: list[str]) -> tuple[list[int], list[str]]:
    """Primary keys of the papers that ids name, in their order, each once; and what names no paper of this site."""
    read = {text: found.base if (found := parse_id(text)) else "" for text in ids}
    known = dict(Paper.objects.filter(arxiv_id__in=set(read.values()), removed=False).values_list("arxiv_id", "pk"))
    there = [known[base] for base in read.values() if base in known]
    return list(dict.fromkeys(there)), [text for text, base in read.items() if base not in known]


@router.put(
    "/library/papers/{path:paper_id}/star",
    response=schemas_own.Kept,
    auth=WRITES,
    summary="Star a paper",
    operation_id="star",
)
def star(request: HttpRequest, paper_id: PaperId) -> schemas_own.Kept:
    """Star a paper; one that is starred stays so."""
    return _starred(request, paper_id, on=True)


@router.delete(
    "/library/papers/{path:paper_id}/star",
    response=schemas_own.Kept,
    auth=WRITES,
    summary="Take a star back",
    operation_id="unstar",
)
def unstar(request: HttpRequest, paper_id: PaperId) -> schemas_own.Kept:
    """Take the star from a paper."""
    return _starred(request, paper_id, on=False)


def _starred(request: HttpRequest, paper_id: str, *, on: bool) -> schemas_own.Kept:
    visitor, paper = visitor_of(request), paper_of(paper_id)
    visitors.mark(visitor, [paper.pk], "starred", on)
    return _kept(visitor, paper)


@router.put(
    "/library/papers/{path:paper_id}/note",
    response=schemas_own.Note,
    auth=WRITES,
    summary="Write a note",
    operation_id="writeNote",
)
def write_note(
    request: HttpRequest,
    response: HttpResponse,
    paper_id: PaperId,
    body: schemas_own.NewNote,
    if_match: Annotated[
        str | None, Header(alias="If-Match", max_length=100, description="The ETag of the note that this one follows.")
    ] = None,
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", max_length=100, description="`*`: only where there is no note yet.")
    ] = None,
) -> schemas_own.Note:
    """Write the note on a paper, in Markdown. With `If-Match` or `If-None-Match: *` only in the place of the note that
    is meant: 412 where another one stands there meanwhile."""
    visitor, paper = visitor_of(request), paper_of(paper_id)
    text = notes.read_text(body.text)
    if not text:
        raise HttpError(422, "text: there is none; DELETE takes a note away.")
    note = _save(visitor, paper, text, _before(visitor, paper, if_match, if_none_match))
    assert note is not None
    response["ETag"] = _tag(note)
    return schemas_own.Note.model_validate(note, from_attributes=True)


@router.get(
    "/library/papers/{path:paper_id}/note",
    response=schemas_own.Note,
    auth=READS,
    summary="The note on a paper",
    operation_id="note",
)
def read_note(request: HttpRequest, response: HttpResponse, paper_id: PaperId) -> schemas_own.Note:
    """The note on a paper; its `ETag` is what `If-Match` of a change takes."""
    note = notes.note_of(visitor_of(request), paper_of(paper_id))
    if note is None:
        raise HttpError(404, "There is no note on this paper.")
    response["ETag"] = _tag(note)
    return schemas_own.Note.model_validate(note, from_attributes=True)


@router.delete(
    "/library/papers/{path:paper_id}/note",
    response={204: None},
    auth=WRITES,
    summary="Delete a note",
    operation_id="deleteNote",
)
def delete_note(
    request: HttpRequest,
    paper_id: PaperId,
    if_match: Annotated[
        str | None, Header(alias="If-Match", max_length=100, description="The ETag of the note that is meant.")
    ] = None,
) -> Status[None]:
    """Delete the note on a paper; with `If-Match` only the one that is meant."""
    visitor, paper = visitor_of(request), paper_of(paper_id)
    _save(visitor, paper, "", _before(visitor, paper, if_match, None))
    return Status(204, None)


def _before(visitor: Visitor, paper: Paper, if_match: str | None, if_none_match: str | None) -> str:
    """The stamp of the note that is to be replaced: what the request says, else of the one that is there. Raises
    HttpError 422 for what no condition is, 412 where no note fulfils it."""
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise HttpError(422, "If-None-Match: `*` is what a change takes.")
        return ""
    now = notes.stamp(notes.note_of(visitor, paper))
    if if_match is None:
        return now
    wanted = [tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")]
    if not now or (now not in wanted and "*" not in wanted):
        raise HttpError(412, _OTHER)
    return now


_OTHER = "Another note stands there meanwhile; read it, and send its ETag as If-Match."


def _save(visitor: Visitor, paper: Paper, text: str, before: str) -> Note | None:
    try:
        return notes.save(visitor, paper, text, before)
    except notes.ConflictError:
        raise HttpError(412, _OTHER) from None


def _tag(note: Note) -> str:
    return f'"{notes.stamp(note)}"'


@router.patch(
    "/library/papers/{path:paper_id}/tags",
    response=schemas_own.Kept,
    auth=WRITES,
    summary="Tag a paper",
    operation_id="changeTags",
)
def change_tags(request: HttpRequest, paper_id: PaperId, body: schemas_own.TagChange) -> schemas_own.Kept:
    """Put tags on a paper, and take others off it. Names that differ in the case of letters alone are one; a tag on no
    paper is gone."""
    visitor, paper = visitor_of(request), paper_of(paper_id)
    names = [tags.read_name(name) for name in body.add]
    for name in body.remove:
        tags.remove(visitor, paper, tags.read_name(name))
    if names:
        tags.add(visitor, [paper], names)
    return _kept(visitor, paper)


@router.get(
    "/library/papers/{path:paper_id}",
    response=schemas_own.Kept,
    auth=READS,
    summary="What is kept of a paper",
    operation_id="kept",
)
def kept(request: HttpRequest, paper_id: PaperId) -> schemas_own.Kept:
    """Star, note, tags and lists of one paper."""
    return _kept(visitor_of(request), paper_of(paper_id))


def _kept(visitor: Visitor, paper: Paper) -> schemas_own.Kept:
    found = keeping(visitor, paper)
    return schemas_own.Kept(
        id=paper.arxiv_id,
        starred=visitors.told_of(visitor, [paper.pk])[paper.pk].starred,
        note=schemas_own.Note.model_validate(found.note, from_attributes=True) if found.note else None,
        tags=found.tags,
        lists=[schemas_own.Named(id=box.pk, name=box.name) for box in found.boxes if box.inside],
    )
