import json
from typing import Any

import pytest
from django.test import Client

from search import service
from search.engines.base import EngineError
from tests.api.problem import assert_problem

TEXT = {
    "title": "Whitening sentence representations",
    "text": "Sentence embeddings are made isotropic by a linear whitening, which makes retrieval of similar "
    "sentences faster and better. Whitening also cuts the dimensions of the sentence embeddings.",
}


def post(client: Client, body: Any, content_type: str = "application/json") -> Any:
    return client.post("/api/v1/keywords", body, content_type=content_type)


def test_keyphrases_of_a_text(client: Client, db: None):
    response = post(client, TEXT)
    assert response.status_code == 200
    body = json.loads(response.content)
    assert body["total"] == len(body["items"]) > 3
    assert body["next"] is None
    assert all(set(item) == {"text", "weight"} for item in body["items"])
    assert any("whitening" in item["text"].lower() for item in body["items"][:5])


@pytest.mark.parametrize("body", [{"title": "", "text": ""}, {"text": "\x00 the of 12 $x^2$"}])
def test_nothing_in_nothing_out(client: Client, db: None, body: dict[str, str]):
    response = post(client, body)
    assert response.status_code == 200
    assert json.loads(response.content) == {"items": [], "total": 0, "next": None}


@pytest.mark.parametrize("body", ["{", "", "nonsense", b"\xff\xfe", "[" * 100_000])
def test_a_body_that_is_no_json(client: Client, body: str | bytes):
    response = post(client, body)
    assert_problem(response, 422 if body == "" else 400)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("[]", ""),
        ("null", ""),
        ("{}", "text"),
        ('"text"', ""),
        ({"text": 3}, "text"),
        ({"text": None}, "text"),
        ({"title": []}, "title"),
    ],
)
def test_a_body_of_another_shape(client: Client, body: Any, word: str):
    assert_problem(post(client, body), 422, word)


def test_a_text_that_is_too_long(client: Client):
    assert_problem(post(client, {"text": "word " * 50_000}), 422, "text")
    assert_problem(post(client, {"text": "word " * 500_000}), 413)


def test_only_post_is_taken(client: Client):
    response = client.get("/api/v1/keywords")
    assert_problem(response, 405, "POST")
    assert response["Allow"] == "POST"


def test_a_text_has_keyphrases_while_the_engine_is_away(client: Client, db: None, monkeypatch: pytest.MonkeyPatch):
    def away() -> None:
        raise EngineError("refused")

    usual = post(client, TEXT).content
    monkeypatch.setattr(service, "site_context", away)
    response = post(client, TEXT)
    assert response.status_code == 200
    assert response.content == usual
