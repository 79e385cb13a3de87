"""What the API's answers and requests look like; the OpenAPI document is made of these."""

from collections.abc import Callable
from datetime import date as Date  # noqa: N812 - a field is called date
from datetime import datetime
from typing import Annotated, Any, Self

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field

from papers import models, tex

ARXIV = "https://arxiv.org"
Next = Annotated[str | None, Field(description="The cursor of the next part; null at the end.")]


def _sparse(schema: dict[str, Any]) -> None:
    schema["required"] = ["id"]


class Paper(BaseModel):
    """One paper in the newest version known here. TeX accents have become Unicode, formulas stay TeX.

    All fields are there, unless `fields` asked for some.
    """

    model_config = ConfigDict(json_schema_extra=_sparse)

    id: str = Field(description="arXiv's id without version, such as 2401.00001 or hep-th/9108020.")
    version: int | None = Field(description="The newest version known here.")
    title: str
    abstract: str
    is_summary: bool = Field(description="The abstract is the site's own summary and not arXiv's text.")
    authors: list[str]
    categories: list[str] = Field(description="The primary category first.")
    primary_category: str | None
    published: datetime = Field(description="When the first version was submitted, UTC.")
    updated: datetime | None = Field(description="When the newest version was submitted, UTC, if there are several.")
    doi: str | None
    journal_ref: str | None
    comment: str | None
    license: str | None
    report_number: str | None
    withdrawn: bool
    keywords: list[str] = Field(description="Keyphrases, best first; empty until the paper is indexed.")
    url: str = Field(description="The paper's page on this site.")
    arxiv_url: str
    pdf_url: str

    @classmethod
    def of(cls, paper: models.Paper, request: HttpRequest, **more: object) -> Self:
        """The paper of a row; `more` are the fields that a subclass adds."""
        return cls.model_validate({name: read(paper, request) for name, read in _READ.items()} | more)

    @classmethod
    def line(cls, paper: models.Paper, request: HttpRequest, names: set[str] | None) -> str:
        """The paper of a row as a line of JSON, with these fields alone where they are given; no other one is read."""
        found = {name: read(paper, request) for name, read in _READ.items() if names is None or name in names}
        return cls.model_construct(**found).model_dump_json()


_READ: dict[str, Callable[[models.Paper, HttpRequest], Any]] = {
    "id": lambda paper, _: paper.arxiv_id,
    "version": lambda paper, _: paper.version,
    "title": lambda paper, _: paper.plain_title,
    "abstract": lambda paper, _: paper.plain_abstract,
    "is_summary": lambda paper, _: paper.is_summary,
    "authors": lambda paper, _: paper.plain_authors,
    "categories": lambda paper, _: paper.categories,
    "primary_category": lambda paper, _: paper.primary_category or None,
    "published": lambda paper, _: paper.published,
    "updated": lambda paper, _: paper.updated,
    "doi": lambda paper, _: paper.doi or None,
    "journal_ref": lambda paper, _: tex.to_text(paper.journal_ref) or None,
    "comment": lambda paper, _: tex.to_text(paper.comment) or None,
    "license": lambda paper, _: paper.license or None,
    "report_number": lambda paper, _: paper.report_number or None,
    "withdrawn": lambda paper, _: paper.withdrawn,
    "keywords": lambda paper, _: paper.keywords,
    "url": lambda paper, request: request.build_absolute_uri(paper.get_absolute_url()),
    "arxiv_url": lambda paper, _: f"{ARXIV}/abs/{paper.arxiv_id}",
    "pdf_url": lambda paper, _: f"{ARXIV}/pdf/{paper.arxiv_id}",
}
"""How each field of a paper is read from its row."""


class PaperList(BaseModel):
    """Part of a list of papers."""

    items: list[Paper]
    total: int = Field(description="Exact up to 10,000; 10,001 says that there are more.")
    next: Next = None


class Vector(BaseModel):
    """The sentence vector of a paper."""

    id: str
    vector: str = Field(description="Base64 of float16, little-endian.")


class AnnouncedPaper(Paper):
    """A paper in an announcement list."""

    kind: str = Field(description="new, cross, replace or replace-cross; the best where categories differ.")
    announced_version: int | None = Field(description="The version that was announced; null where nobody told.")


class AnnouncementList(BaseModel):
    """Part of what arXiv announced on one day."""

    items: list[AnnouncedPaper]
    total: int
    next: Next = None
    date: Date | None = Field(description="The announcement day; null where no list is here.")
    lists: list[str] = Field(description="The categories asked for whose list of the day is here.")


class Hit(Paper):
    """A paper that was found."""

    score: float | None = Field(description="How well it fits; null where the order is not by relevance.")


class SearchList(BaseModel):
    """Part of what a search found."""

    items: list[Hit]
    total: int = Field(description="Papers that hold the query's words; meaning may bring more of them.")
    next: Next = None
    took_ms: float = Field(description="Milliseconds the search took.")
    notes: list[str] = Field(description="How the query was read, where that is not plain.")
    by_meaning: bool = Field(
        description="Papers were also matched by meaning, not by their words alone: never with `meaning=false`, nor "
        "where `notes` says why not."
    )
    asked: str | None = Field(None, description="The query that was searched in the place of `q`, slips corrected.")


class RelatedPaper(Paper):
    """A paper related to the one asked about."""

    score: float
    reason: list[str] = Field(description="The terms that both papers share.")


class RelatedList(BaseModel):
    """The papers most related to one, best first."""

    items: list[RelatedPaper]
    total: int
    next: Next = None


class Keyphrase(BaseModel):
    """A phrase of one to three words that says what a text is about."""

    text: str
    weight: float


class KeyphraseList(BaseModel):
    """The keyphrases of a text, best first."""

    items: list[Keyphrase]
    total: int
    next: Next = None


class Suggestion(BaseModel):
    """Something that completes a query."""

    kind: str = Field(description="category, keyword, author or title.")
    text: str = Field(description="What a reader reads.")
    query: str = Field(description="The whole query with what was typed last completed.")
    url: str = Field(description="Where it leads: a paper, a category's list, or a search.")


class SuggestionList(BaseModel):
    """What a query that is being typed may become, kind by kind."""

    items: list[Suggestion]
    total: int
    next: Next = None


class Category(BaseModel):
    """One of arXiv's categories."""

    code: str
    name: str
    archive: str
    papers: int = Field(description="Papers here that are filed or cross-listed under it.")


class CategoryList(BaseModel):
    """Every category of arXiv, those that take no new papers included."""

    items: list[Category]
    total: int
    next: Next = None


class Text(BaseModel):
    """A text to find the keyphrases of."""

    title: str = Field("", max_length=2_000)
    text: str = Field(max_length=200_000)


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    location: str
    detail: str


class Problem(BaseModel):
    """An error as of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Fault] = Field(default_factory=list, description="Of an invalid request (422): each fault.")
