"""Bulk reading: all papers of some categories and days, or their vectors, a JSON object a line.

Lines come oldest first. Whoever was interrupted, or wants what has come since, asks on with `after`, the id of the last
line that arrived whole.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Annotated

import numpy as np
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router
from ninja.errors import HttpError

from api import fields, schemas
from api.routers.listings import listing_of
from papers.identifiers import parse_id
from papers.listing import Listing
from papers.models import Paper
from search.encoders import serving_model
from search.models import PaperVector

router = Router(tags=["bulk"])

MOST = 100_000  # lines of one answer
USUAL = 10_000
CHUNK = 500  # papers that are held at a time
NDJSON = "application/x-ndjson"

Category = Annotated[
    str | None, Query(description="Categories to join and take away, such as cs.AI+cs.LG-cs.CY; all where not given.")
]
Start = Annotated[date | None, Query(alias="from", description="First day of publication, UTC.")]
End = Annotated[date | None, Query(alias="to", description="Last day of publication, UTC.")]
After = Annotated[
    str | None,
    Query(max_length=100, description="The id of the last line of the answer before; go on behind it."),
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="The most lines of this answer.")]


@router.get(
    "/bulk/papers",
    response=schemas.Paper,
    summary="All papers, line by line",
    operation_id="bulkPapers",
)
def bulk_papers(
    request: HttpRequest,
    category: Category = None,
    start: Start = None,
    end: End = None,
    after: After = None,
    limit: Limit = USUAL,
    wanted: fields.Fields = None,
) -> StreamingHttpResponse:
    """Papers as lines of JSON (NDJSON), oldest first. An answer of fewer lines than `limit` that ends well holds all
    that there is."""
    names = fields.choose(request, wanted, schemas.Paper)
    papers = _walk(listing_of(category, start, end), after)

    def lines(chunk: list[Paper]) -> list[str]:
        return [schemas.Paper.line(paper, request, names) for paper in chunk]

    return _stream(papers, lines, limit)


@router.get(
    "/bulk/vectors",
    response=schemas.Vector,
    summary="All vectors, line by line",
    operation_id="bulkVectors",
)
def bulk_vectors(
    request: HttpRequest,
    category: Category = None,
    start: Start = None,
    end: End = None,
    after: After = None,
    limit: Limit = USUAL,
) -> StreamingHttpResponse:
    """The papers' sentence vectors as lines of JSON, oldest paper first; papers that have none yet are left out.

    A vector is base64 of float16, little-endian, of unit length before rounding. The headers `Vector-Model` and
    `Vector-Width` name the model and the number of dimensions.
    """
    papers = _walk(listing_of(category, start, end), after)
    model = serving_model()

    def lines(chunk: list[Paper]) -> list[str]:
        rows = PaperVector.objects.filter(model=model, paper__in=[paper.pk for paper in chunk])
        vectors = dict(rows.values_list("paper_id", "data"))
        return [
            schemas.Vector(id=paper.arxiv_id, vector=base64.b64encode(vectors[paper.pk]).decode()).model_dump_json()
            for paper in chunk
            if paper.pk in vectors
        ]

    response = _stream(papers, lines, limit)
    response["Vector-Model"] = model
    first = PaperVector.objects.filter(model=model).values_list("data", flat=True).first()
    if first is not None:
        response["Vector-Width"] = str(len(first) // np.dtype("<f2").itemsize)
    return response


def _walk(listing: Listing, after: str | None) -> Iterator[list[Paper]]:
    """The papers of a list behind one, oldest first, in chunks. Raises HttpError 422 where that one is not here."""
    if after is not None:
        named = parse_id(after)
        last = Paper.objects.filter(arxiv_id=named.base).only("published").first() if named else None
        if last is None:
            raise HttpError(422, "after: no paper of this id is on this site.")
        listing = replace(listing, after=(last.published, last.pk))
    return _chunks(listing)


def _chunks(listing: Listing) -> Iterator[list[Paper]]:
    while chunk := listing.papers(CHUNK, oldest_first=True):
        yield chunk
        listing = replace(listing, after=(chunk[-1].published, chunk[-1].pk))


def _stream(
    chunks: Iterator[list[Paper]], lines: Callable[[list[Paper]], list[str]], limit: int
) -> StreamingHttpResponse:
    def written() -> Iterator[str]:
        left = limit
        for chunk in chunks:
            some = lines(chunk)[:left]
            left -= len(some)
            if some:
                yield "\n".join(some) + "\n"
            if not left:
                return

    return StreamingHttpResponse(written(), content_type=NDJSON)
