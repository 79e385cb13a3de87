"""The categories that a text would be filed under."""

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.errors import HttpError
from pydantic import BaseModel

from api.routers.papers import PaperId, paper_of
from papers.categories import CATEGORIES
from search.classifying.suggesting import LONGEST, LONGEST_TITLE, Suggestion, classify, of_paper

router = Router(tags=["classify"])


class ClassifiedText(BaseModel):  # a Schema of ninja would also take a list or a string for an object
    """A text to find the categories of."""

    title: str = Field("", max_length=LONGEST_TITLE, description="Without one, the text's first line is taken.")
    text: str = Field(max_length=LONGEST)


class CategoryGuess(Schema):
    """A category that papers like the text are filed under."""

    category: str
    name: str
    confidence: float = Field(description="How probable it is that it is the first category of such a paper, 0 to 1.")


class Classification(Schema):
    """The categories of a text, the most probable first."""

    items: list[CategoryGuess] = Field(description="Five at most; empty where no paper here is like the text.")
    unsure: bool = Field(description="None of the best three is clearly ahead.")
    by_meaning: bool = Field(description="Papers were also compared by meaning, not by their words alone.")


def _answer(found: Suggestion | None) -> Classification:
    if found is None:
        raise HttpError(503, "The index is being made.")
    items = [
        CategoryGuess(
            category=guess.category, name=CATEGORIES[guess.category].name, confidence=round(guess.confidence, 4)
        )
        for guess in found.guesses
    ]
    return Classification(items=items, unsure=found.unsure, by_meaning=found.by_meaning)


@router.get(
    "/papers/{path:paper_id}/classify",
    response=Classification,
    summary="Categories that papers like one are filed under",
    operation_id="paperClassify",
)
def of_known(request: HttpRequest, paper_id: PaperId) -> Classification:
    """The primary category of one paper as the papers around it tell; its own categories are not looked at."""
    return _answer(of_paper(paper_of(paper_id)))


@router.post("/classify", response=Classification, summary="Categories of a text", operation_id="classify")
def of_text(request: HttpRequest, body: ClassifiedText) -> Classification:
    """The primary category that a text would have, by what papers like it are filed under."""
    return _answer(classify(body.text, body.title))
