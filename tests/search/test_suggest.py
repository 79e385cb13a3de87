"""Suggestions from a small library, on the embedded engine; that both engines answer alike, tests/contract shows."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from papers.models import Paper
from search.engines import get_engine
from search.engines.base import Engine, EngineAwayError, LexicalQuery
from search.query import parse
from search.suggest import LABELS, MOST, PAPERS, ROOM, Suggestion, suggest
from search.suggest_values import LONGEST_LIST
from tests.papers.factories import PaperFactory
from tests.search.suggestible import document_of, make_library

pytestmark = pytest.mark.django_db


@pytest.fixture
def library(engine: Engine) -> list[Paper]:
    return make_library(engine)


def texts(typed: str, kind: str, limit: int = MOST) -> list[str]:
    """What is suggested of one kind."""
    return [each.text for each in suggest(typed, limit) if each.kind == kind]


def only(typed: str, text: str) -> Suggestion:
    """The suggestion with this text."""
    [found] = [each for each in suggest(typed) if each.text == text]
    return found


@pytest.mark.parametrize(
    ("typed", "kind", "found"),
    [
        ("smi", "author", ["Ann Smith", 'Eve "Smithy" O\'Neil', "Bob Smith", "José Smítherman"]),
        ("ann smi", "author", ["Ann Smith"]),
        ("smith ann", "author", ["Ann Smith"]),
        ("jose smith", "author", ["José Smítherman"]),
        ("schrod", "author", ["Erwin Schrödinger"]),
        ("erwin s", "author", ["Erwin Schrödinger"]),
        ("erwin x", "author", []),
        ("gr", "keyword", ["graph neural network", "graph wavelet", "graph theory", "Graph signal"]),
        ("graph neu", "keyword", ["graph neural network"]),
        ("schrodinger bri", "keyword", ["Schrödinger bridge"]),
        ("attention is", "title", ["Attention is all you need"]),
        ("attention", "title", ["Attention is all you need", "Paying attention to graphs"]),
        ("graph neural", "title", ["Graph neural networks: a survey"]),
        ("neural gra", "title", ["Neural graphs of Schrödinger bridges", "Graph neural networks: a survey"]),
        ("machine lea", "category", ["Machine Learning (cs.LG)", "Machine Learning (stat.ML)"]),
        ("zzzz", "title", []),
    ],
)
def test_what_is_typed_is_completed(library: list[Paper], typed: str, kind: str, found: list[str]) -> None:
    assert texts(typed, kind) == found


def test_the_kinds_share_the_list_and_come_in_one_order(library: list[Paper]) -> None:
    found = [each.kind for each in suggest("gra")]
    assert len(found) == MOST
    assert found == sorted(found, key=list(LABELS).index)
    assert set(found) == set(LABELS)
    assert [each.kind for each in suggest("gra", 4)] == list(LABELS)
    assert len(suggest("gra", 1)) == 1
    assert sum(ROOM.values()) == MOST


@pytest.mark.parametrize(
    ("typed", "text", "query"),
    [
        ("graph neu", "graph neural network", "graph neural network"),
        ("survey of graph neu", "graph neural network", "survey of graph neural network"),
        ("survey of schrodi", "Schrödinger bridge", "survey of Schrödinger bridge"),
        ("cat:cs.CL graph neu", "graph neural network", "cat:cs.CL graph neural network"),
        ("tides|graph neu", "graph neural network", 'tides| "graph neural network"'),
        ("tides NOT graph neu", "graph neural network", 'tides NOT "graph neural network"'),
        ("tides AND graph neu", "graph neural network", "tides AND graph neural network"),
        ("not ga", "NOT gate", '"NOT gate"'),
        ('"tidal flow" OR graph neu', "graph neural network", '"tidal flow" OR "graph neural network"'),
        ('tides "graph neu', "graph neural network", 'tides "graph neural network"'),
        ("ann smi", "Ann Smith", 'author:"Ann Smith"'),
        ("author:smi", "Bob Smith", 'author:"Bob Smith"'),
        ('tides au:"bob', "Bob Smith", 'tides author:"Bob Smith"'),
        ("-author:smi", "Bob Smith", '-author:"Bob Smith"'),
        ("smithy", 'Eve "Smithy" O\'Neil', 'author:"Eve Smithy O\'Neil"'),
        ("title:paying", "Paying attention to graphs", 'title:"Paying attention to graphs"'),
        ("cs.lg", "Machine Learning (cs.LG)", "cat:cs.LG"),
        ("tides cat:math", "Mathematics (math)", "tides cat:math.*"),
        ("cat:cs.LG,cs.na", "Numerical Analysis (math.NA)", "cat:cs.LG,math.NA"),
    ],
)
def test_a_suggestion_keeps_what_stands_before_it(library: list[Paper], typed: str, text: str, query: str) -> None:
    assert only(typed, text).query == query
    assert not parse(query).notes


@pytest.mark.parametrize("typed", ["attention", "smi", "graph", "schrod", "wavelets", "o'neil"])
def test_whatever_is_suggested_finds_papers(library: list[Paper], client: Client, typed: str) -> None:
    """The query that is made of a name or a title with any signs in it is one that the language reads."""
    found = suggest(typed)
    assert found
    for each in found:
        query = parse(each.query)
        assert query.tree is not None
        assert not query.notes
        if each.kind in {"title", "category"}:
            assert client.get(each.path).status_code == 200
        else:
            assert parse_qs(urlsplit(each.path).query)["q"] == [each.query]
        assert each.kind == "category" or get_engine().count(LexicalQuery(query.tree)) >= 1, each


def test_a_category_leads_to_its_list(library: list[Paper], client: Client) -> None:
    assert only("cs.lg", "Machine Learning (cs.LG)").path == "/arxiv/cs.LG"
    assert only("computer sci", "Computer Science (cs)").path == "/arxiv/cs"
    assert client.get("/arxiv/cs").status_code == 200
    assert only("cs.lg -graphs cs.l", "Machine Learning (cs.LG)").path.startswith("/search?")


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "s", "-", "-smi", "graph -smi", '"', '""', "(", "((((", "|", "OR", "\x00", "\ud800", "☃", "%"),
        *("abs:gra", "doi:10.1", "date:2017", "author:", 'author:"', "cat:", "title:", "\\", "\\alpha gra", '"graph"'),
        *("gra" * 200, "cat:zz", "author:nobody", "'; drop table", "graph " * 60, "\t\n", "א", "量"),
    ],
)
def test_garbage_and_what_is_whole_completes_to_nothing(library: list[Paper], typed: str) -> None:
    assert [each for each in suggest(typed) if each.kind != "category"] == []


def test_names_in_other_case_are_one(library: list[Paper]) -> None:
    PaperFactory(authors=["ANN SMITH", "ann smith"], keywords=["Graph Neural Network"])
    newest = Paper.objects.latest("pk")
    get_engine().index([document_of(newest)])
    assert texts("ann smi", "author") == ["Ann Smith"]
    assert texts("graph neu", "keyword") == ["graph neural network"]


def test_lists_of_great_collaborations_are_passed_over(library: list[Paper]) -> None:
    names = [f"Quentin Member{number}" for number in range(LONGEST_LIST // 15)]
    papers = [PaperFactory(authors=names), PaperFactory(authors=names[:100])]
    get_engine().index([document_of(papers[0])])
    assert texts("quentin", "author") == []
    get_engine().index([document_of(papers[1])])
    assert texts("quentin", "author")[0] == "Quentin Member0"


def test_a_paper_that_is_gone_suggests_nothing(library: list[Paper]) -> None:
    Paper.objects.all().delete()
    assert suggest("attention is") == []


def test_without_an_index_there_are_categories(engine: Engine) -> None:
    assert [each.text for each in suggest("quantum phys")] == ["Quantum Physics (quant-ph)"]


def test_an_engine_that_is_away_leaves_the_categories(
    library: list[Paper], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def away(*args: object) -> None:
        raise EngineAwayError("refused")

    monkeypatch.setattr(get_engine(), "starting", away)
    assert {each.kind for each in suggest("gra")} == {"category"}
    assert suggest("smith") == []
    monkeypatch.undo()
    settings.SEARCH_ENGINE, settings.ELASTICSEARCH = "elasticsearch", settings.ELASTICSEARCH | {"URL": ()}
    get_engine.cache_clear()
    assert suggest("smith") == []


def test_few_questions_and_one_query_a_keystroke(
    library: list[Paper], django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    starting = get_engine().starting

    def counted(*given: Any) -> object:
        asked.append(given)
        return starting(*given)

    monkeypatch.setattr(get_engine(), "starting", counted)
    with django_assert_num_queries(1):
        suggest("graph neu")
    assert len(asked) == 1
    assert asked[0][-1] == max(PAPERS.values())
    suggest("no such thing anywhere")
    assert len(asked) == 4
