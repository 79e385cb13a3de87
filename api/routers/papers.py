"""One paper by its id, its relatives and its keyphrases."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Query, Router
from ninja.errors import HttpError

from api import cursors, fields, schemas
from papers.identifiers import parse_id
from papers.listing import present
from papers.models import Paper
from search.related import related

router = Router(tags=["papers"])

PaperId = Annotated[
    str, Path(description="An arXiv id: 2401.00001, hep-th/9108020, with or without a version or `arXiv:`.")
]


def paper_of(paper_id: str) -> Paper:
    """The paper of an id in any form it is passed around in. Raises HttpError 404 where it is not here, 410 where arXiv
    has removed it."""
    named = parse_id(paper_id)
    if named is None:
        raise HttpError(404, "There is no arXiv id at this address.")
    paper = Paper.objects.filter(arxiv_id=named.base).first()
    if paper is None:
        raise HttpError(404, f"The paper {named.base} is not on this site.")
    if paper.removed:
        raise HttpError(410, f"arXiv has removed {named.base}.")
    return paper


# An old id holds a slash, so the id takes all there is: the longer addresses stand before the bare one.
@router.get(
    "/papers/{path:paper_id}/related",
    response=schemas.RelatedList,
    summary="Relatives of a paper",
    operation_id="related",
)
def related_papers(
    request: HttpRequest,
    paper_id: PaperId,
    limit: Annotated[int, Query(ge=1, le=cursors.LARGEST_SIZE, description="Papers wanted.")] = 20,
    wanted: fields.Fields = None,
) -> schemas.RelatedList:
    """The papers most related to one, best first, with the terms that they share."""
    fields.choose(request, wanted, schemas.RelatedPaper)
    found = related(paper_of(paper_id), limit=limit)
    rows = present(each.id for each in found)
    items = [
        schemas.RelatedPaper.of(rows[each.id], request, score=each.score, reason=list(each.reason))
        for each in found
        if each.id in rows
    ]
    return schemas.RelatedList(items=items, total=len(items))


@router.get("/papers/{path:paper_id}", response=schemas.Paper, summary="One paper", operation_id="paper")
def one_paper(request: HttpRequest, paper_id: PaperId, wanted: fields.Fields = None) -> schemas.Paper:
    """A paper in the newest version known here, whatever version the id names."""
    fields.choose(request, wanted, schemas.Paper)
    return schemas.Paper.of(paper_of(paper_id), request)
