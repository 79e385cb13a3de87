"""The tools that assistants may call: what each takes, answers, and how. None of them changes anything.

Each calls the function that stands behind the same address of the API, so that both answer alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja.errors import HttpError
from pydantic import BaseModel, ConfigDict, Field

from api import schemas
from api.mcp.answers import Classification, Found, FullPaper, Missing, Paper, Papers, RelatedPaper, Relatives
from api.routers import classify as classify_router
from api.routers import papers as papers_router
from api.routers import search as search_router

MOST = 25  # papers in one answer
MOST_IDS = 20
LONGEST_QUERY = 2_000  # characters; the query language reads no more
LONGEST_ID = 200
LONGEST_CURSOR = 200
LONGEST_TEXT = 20_000

PaperId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_ID,
        description="An arXiv id (2401.00001, hep-th/9108020), with or without a version, or an address of arXiv.",
    ),
]


class Arguments(BaseModel):
    """What a tool takes; a name that it does not know is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class Search(Arguments):
    """The arguments of `search`."""

    query: str = Field(
        min_length=1,
        max_length=LONGEST_QUERY,
        description=(
            'Words, which also match by meaning. Binding parts: "a phrase", title:word, abstract:word, author:name, '
            "cat:cs.CL, date:2024 or date:2024-01..2024-06, -excluded; OR joins alternatives. sort:new orders by date."
        ),
    )
    limit: int = Field(10, ge=1, le=MOST, description="Papers wanted.")
    cursor: str | None = Field(
        None, max_length=LONGEST_CURSOR, description="`next` of the answer before, with the same query."
    )


class Get(Arguments):
    """The arguments of `get`."""

    ids: list[PaperId] = Field(min_length=1, max_length=MOST_IDS, description="The papers wanted.")


class Related(Arguments):
    """The arguments of `related`."""

    id: PaperId
    limit: int = Field(10, ge=1, le=MOST, description="Papers wanted.")


class Classify(Arguments):
    """The arguments of `classify`."""

    text: str = Field(
        min_length=1, max_length=LONGEST_TEXT, description="An abstract, or a title, a new line and an abstract."
    )


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what assistants read of it, the models of its arguments and answer, and the function that answers."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    answer: type[BaseModel]
    call: Callable[[HttpRequest, Any], BaseModel]


def search(request: HttpRequest, asked: Search) -> Found:
    """Papers that fit a query. Raises HttpError, EngineError."""
    found = search_router.search(
        request, HttpResponse(), q=asked.query, size=asked.limit, cursor=asked.cursor, verbatim=False
    )
    assert isinstance(found, schemas.SearchList)  # all fields are wanted
    return Found(
        papers=[Paper.of(each) for each in found.items],
        total=found.total,
        next=found.next,
        notes=found.notes,
        asked=found.asked,
    )


def get(request: HttpRequest, asked: Get) -> Papers:
    """Papers by their ids, each once; those that cannot be given with the reason."""
    papers, missing = [], []
    for paper_id in dict.fromkeys(asked.ids):
        try:
            row = papers_router.paper_of(paper_id)
        except HttpError as error:
            missing.append(Missing(id=paper_id, reason=str(error)))
        else:
            papers.append(FullPaper.of(schemas.Paper.of(row, request)))
    return Papers(papers=papers, missing=missing)


def related(request: HttpRequest, asked: Related) -> Relatives:
    """The relatives of a paper. Raises HttpError, EngineError."""
    found = papers_router.related_papers(request, asked.id, limit=asked.limit)
    assert isinstance(found, schemas.RelatedList)
    return Relatives(papers=[RelatedPaper.of(each, reason=each.reason) for each in found.items])


def classify(request: HttpRequest, asked: Classify) -> Classification:
    """The categories of a text. Raises HttpError, EngineError."""
    found = classify_router.of_text(request, classify_router.ClassifiedText(title="", text=asked.text))
    return Classification.model_validate(found.model_dump())


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            "search",
            "Search arXiv papers",
            "Find arXiv papers on this site by words and by meaning, best first, with their abstracts.",
            Search,
            Found,
            search,
        ),
        Tool(
            "get",
            "Get papers by id",
            f"Title, authors, abstract and all else that is known of papers, by their arXiv ids (at most {MOST_IDS}).",
            Get,
            Papers,
            get,
        ),
        Tool(
            "related",
            "Papers related to one",
            "The papers most related to one, best first, with the terms that they share.",
            Related,
            Relatives,
            related,
        ),
        Tool(
            "classify",
            "Categories of a text",
            "The arXiv categories that a paper with this text would be filed under, by papers like it on this site.",
            Classify,
            Classification,
            classify,
        ),
    )
}
