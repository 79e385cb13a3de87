"""Search, as the search page does it."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from api import cursors, fields, schemas
from papers.listing import present
from papers.models import Paper
from search import service
from search.query import Query as ReadQuery
from search.query import parse

router = Router(tags=["search"])

LONGEST_QUERY = 10_000  # characters: a pasted abstract is a query, a pasted paper is not


@router.get("/search", response=schemas.SearchList, summary="Search", operation_id="search")
def search(
    request: HttpRequest,
    response: HttpResponse,
    q: Annotated[str, Query(max_length=LONGEST_QUERY, description="A query in the site's language.")],
    size: Annotated[int, Query(ge=1, le=cursors.LARGEST_SIZE, description="Papers in one answer.")] = 25,
    cursor: Annotated[str | None, Query(description="`next` of the answer before.")] = None,
    verbatim: Annotated[bool, Query(description="Search as it stands: no slip of the finger is corrected.")] = False,
    meaning: Annotated[bool, Query(description="Match by meaning too; false: by words alone.")] = True,
    wanted: fields.Fields = None,
) -> schemas.SearchList:
    """Papers that fit a query, in its order (relevance unless it says `sort:`).

    In order of relevance the first 1,000 papers can be paged to. A query that is nothing but arXiv ids gives
    the papers of these ids that are here.
    """
    fields.choose(request, wanted, schemas.Hit)
    fields.tag(request, response)
    here = cursors.start(cursor, size, cursors.digest("search", q, verbatim, meaning), paged=True)
    query = parse(q)
    return _of_ids(request, query, here) or _found(request, query, here, verbatim=verbatim, meaning=meaning)


def _of_ids(request: HttpRequest, query: ReadQuery, here: cursors.Cursor) -> schemas.SearchList | None:
    """The papers of a query that consists of ids; None for others and where none of the papers is here."""
    if not query.arxiv_ids:
        return None
    rows = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=query.arxiv_ids, removed=False)}
    papers = [rows[arxiv_id] for arxiv_id in query.arxiv_ids if arxiv_id in rows]
    if not papers:
        return None
    part = papers[here.offset : here.offset + here.size]
    return schemas.SearchList(
        items=[schemas.Hit.of(paper, request, score=None) for paper in part],
        total=len(papers),
        next=here.following(len(papers)),
        took_ms=0.0,
        notes=list(query.notes),
        by_meaning=False,
        asked=None,
    )


def _found(
    request: HttpRequest, query: ReadQuery, here: cursors.Cursor, *, verbatim: bool, meaning: bool
) -> schemas.SearchList:
    if query.tree is None:
        return schemas.SearchList(items=[], total=0, took_ms=0.0, notes=list(query.notes), by_meaning=False, asked=None)
    results = service.search(query, page=here.page, size=here.size, verbatim=verbatim, meaning=meaning)
    reading = results.reading
    rows = present(results.ids)
    scores: list[float] | list[None] = results.scores or [None] * len(results.ids)
    hits = [
        schemas.Hit.of(rows[pk], request, score=score)
        for pk, score in zip(results.ids, scores, strict=True)
        if pk in rows
    ]
    return schemas.SearchList(
        items=hits,
        total=results.total,
        next=here.following(results.reachable),
        took_ms=results.took_ms,
        notes=list(dict.fromkeys([*query.notes, *results.notes])),
        by_meaning=results.by_meaning,
        asked=reading.asked.text if reading and reading.asked is not query else None,
    )
