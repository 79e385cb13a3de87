"""Keyphrases of papers and of any text."""

from django.http import HttpRequest
from ninja import Router

from api import schemas
from api.routers.papers import PaperId, paper_of
from search import service
from search.engines.base import EngineError
from search.frequencies import FrequencyTable, smoothed
from search.keywords import keyphrases

router = Router(tags=["keywords"])


def _table() -> FrequencyTable:
    """The frequencies that the index was made with, so that the phrases are those of the cards; what ships with
    the project while there is no index to ask."""
    try:
        context = service.site_context()
    except EngineError:
        context = None
    return context.table if context else smoothed(None)


def _answer(title: str, text: str) -> schemas.KeyphraseList:
    found = keyphrases(title, text, _table())
    items = [schemas.Keyphrase(text=each.text, weight=each.weight) for each in found]
    return schemas.KeyphraseList(items=items, total=len(items))


@router.get(
    "/papers/{path:paper_id}/keywords",
    response=schemas.KeyphraseList,
    summary="Keyphrases of a paper",
    operation_id="paperKeywords",
)
def of_paper(request: HttpRequest, paper_id: PaperId) -> schemas.KeyphraseList:
    """The keyphrases of one paper with their weights, best first."""
    paper = paper_of(paper_id)
    return _answer(paper.plain_title, paper.plain_abstract)


@router.post("/keywords", response=schemas.KeyphraseList, summary="Keyphrases of a text", operation_id="keywords")
def of_text(request: HttpRequest, body: schemas.Text) -> schemas.KeyphraseList:
    """The keyphrases of a text that is sent, best first; what its title says counts for more."""
    return _answer(body.title, body.text)
