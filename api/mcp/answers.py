"""What the tools answer: short forms of papers, bounded, since all of it becomes part of a conversation."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from api import schemas

MOST_AUTHORS = 20
LONGEST_ABSTRACT = 4_000  # characters; arXiv's own limit is half of it
LONGEST_FIELD = 1_000  # characters of any other text
LONGEST_NAME = 200


class Paper(BaseModel):
    """One paper in the newest version known to the site. TeX accents are Unicode, formulas stay TeX."""

    id: str = Field(description="arXiv's id without version, such as 2401.00001 or hep-th/9108020.")
    title: str
    authors: list[str] = Field(description=f"The first {MOST_AUTHORS}.")
    author_count: int = Field(description="How many authors there are.")
    abstract: str
    categories: list[str] = Field(description="arXiv's categories, the primary one first.")
    published: date = Field(description="Day of the first version, UTC.")
    url: str = Field(description="The paper's page on this site.")

    @classmethod
    def of(cls, paper: schemas.Paper, **more: object) -> Self:
        """The short form of a paper as the API has it; `more` are the fields that a subclass adds."""
        return cls.model_validate(
            {
                "id": paper.id,
                "title": cut(paper.title, LONGEST_FIELD),
                "authors": [cut(name, LONGEST_NAME) for name in paper.authors[:MOST_AUTHORS]],
                "author_count": len(paper.authors),
                "abstract": cut(paper.abstract, LONGEST_ABSTRACT),
                "categories": paper.categories,
                "published": paper.published.date(),
                "url": paper.url,
                **more,
            }
        )


class FullPaper(Paper):
    """One paper with what else is known of it."""

    version: int | None = Field(description="The newest version known to the site.")
    updated: date | None = Field(description="Day of the newest version, UTC, where there are several.")
    doi: str | None
    journal_ref: str | None
    comment: str | None = Field(description="The authors' comment: pages, figures, where it was accepted.")
    license: str | None
    withdrawn: bool
    keywords: list[str] = Field(description="Keyphrases, best first.")
    arxiv_url: str
    pdf_url: str

    @classmethod
    def of(cls, paper: schemas.Paper, **more: object) -> Self:
        """As for `Paper`."""
        texts = {name: getattr(paper, name) for name in ("doi", "journal_ref", "comment", "license")}
        return super().of(
            paper,
            version=paper.version,
            updated=paper.updated.date() if paper.updated else None,
            withdrawn=paper.withdrawn,
            keywords=paper.keywords,
            arxiv_url=paper.arxiv_url,
            pdf_url=paper.pdf_url,
            **{name: text and cut(text, LONGEST_FIELD) for name, text in texts.items()},
            **more,
        )


class Found(BaseModel):
    """Part of what a search found, best first."""

    papers: list[Paper]
    total: int = Field(description="Papers that hold the query's words; meaning may bring more of them.")
    next: str | None = Field(description="The cursor of the next part; null at the end.")
    notes: list[str] = Field(description="How the query was read, where that is not plain.")
    asked: str | None = Field(description="The query that was searched in place of yours, slips corrected.")


class RelatedPaper(Paper):
    """A relative of a paper."""

    reason: list[str] = Field(description="Terms that both papers share.")


class Relatives(BaseModel):
    """The papers most related to one, best first."""

    papers: list[RelatedPaper]


class Missing(BaseModel):
    """A paper that cannot be given."""

    id: str
    reason: str


class Papers(BaseModel):
    """Papers by their ids, in the order asked for."""

    papers: list[FullPaper]
    missing: list[Missing]


class Guess(BaseModel):
    """A category that papers like the text are filed under."""

    category: str
    name: str
    confidence: float = Field(description="How probable it is that it would be the primary category, 0 to 1.")


class Classification(BaseModel):
    """The categories of a text, the most probable first."""

    items: list[Guess]
    unsure: bool = Field(description="None of the best three is clearly ahead.")


def cut(text: str, longest: int) -> str:
    """The text, of which what is beyond `longest` characters gives way to an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
