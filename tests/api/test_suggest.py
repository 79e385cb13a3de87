from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from search.engines import get_engine
from search.engines.base import EngineError
from tests.api.problem import assert_problem
from tests.search.suggestible import make_library

Get = Callable[..., dict[str, Any]]


@pytest.fixture
def library(db: None) -> None:
    make_library(get_engine())


def test_suggestions(get: Get, library: None):
    body = get("suggest", q="ann smi")
    assert body == {
        "items": [
            {
                "kind": "author",
                "text": "Ann Smith",
                "query": 'author:"Ann Smith"',
                "url": "http://testserver/search?q=author%3A%22Ann+Smith%22",
            }
        ],
        "total": 1,
        "next": None,
    }


def test_the_limit(get: Get, library: None):
    assert get("suggest", q="gra")["total"] == 10
    assert len(get("suggest", q="gra", limit=3)["items"]) == 3


@pytest.mark.parametrize("q", ["", "zzzz", "\\", "-x", "x" * 9000])
def test_nothing_to_suggest(get: Get, library: None, q: str):
    assert get("suggest", q=q) == {"items": [], "total": 0, "next": None}


def test_an_engine_that_is_away(get: Get, library: None, monkeypatch: pytest.MonkeyPatch):
    def away(*args: object) -> None:
        raise EngineError("refused")

    monkeypatch.setattr(get_engine(), "starting", away)
    assert [item["kind"] for item in get("suggest", q="graphics")["items"]] == ["category"]


@pytest.mark.parametrize(
    ("query", "word"),
    [({}, "q"), ({"q": "x" * 10_001}, "q"), ({"q": "x", "limit": 11}, "limit"), ({"q": "x", "limit": 0}, "limit")],
)
def test_what_cannot_be_asked(client: Client, query: dict[str, Any], word: str):
    assert_problem(client.get("/api/v1/suggest", query), 422, word)
