"""The API on a real index: the same answers as the functions behind the pages."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from django.core.cache import cache
from django.test import Client
from numpy.typing import NDArray

from papers.ingest import ingest
from papers.models import Paper
from papers.shelf import read_shelf
from search import related, service
from search.analysis import stems
from search.encoder import Encoder
from search.engines.base import EngineError
from search.query import parse
from search.rebuilding import rebuild
from tests.api.problem import assert_problem

Get = Callable[..., dict[str, Any]]
PAPERS = 24


def hashed(self: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of the texts' stems: like the encoder's in shape, and near where texts share words."""
    vectors = np.zeros((len(texts), 384), np.float32)
    for row, text in zip(vectors, texts, strict=True):
        for stem in stems(text):
            row[crc32(stem.encode()) % 384] += 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
    return vectors


@pytest.fixture
def index(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Some papers of the shelf, indexed; no model is loaded for that."""
    monkeypatch.setattr(Encoder, "encode", hashed)
    service.encode_by.cache_clear()
    cache.clear()
    ingest(islice(read_shelf(), 40, 40 + PAPERS))
    assert rebuild() == PAPERS
    yield
    service.encode_by.cache_clear()
    cache.clear()


def test_search_relatives_and_keyphrases_are_those_of_the_pages(client: Client, get: Get, index: None):
    paper = Paper.objects.order_by("pk")[3]
    query = f"{paper.plain_title} date:1991.."
    expected = service.search(parse(query), page=1, size=5)
    rows = Paper.objects.in_bulk(expected.ids)
    answer = get("search", q=query, size=5)
    assert [item["id"] for item in answer["items"]] == [rows[pk].arxiv_id for pk in expected.ids]
    assert [item["score"] for item in answer["items"]] == pytest.approx(expected.scores)
    assert (answer["total"], answer["by_meaning"]) == (expected.total, True)
    assert answer["items"][0]["id"] == paper.arxiv_id

    seen = [item["id"] for item in answer["items"]]
    while answer["next"]:
        answer = get("search", q=query, cursor=answer["next"])
        seen += [item["id"] for item in answer["items"]]
    assert len(seen) == len(set(seen)) == expected.reachable

    dated = get("search", q="date:1991.. sort:old", size=100)
    days = [item["published"] for item in dated["items"]]
    assert days == sorted(days)
    assert (len(days), {item["score"] for item in dated["items"]}) == (PAPERS, {None})

    relatives = related.related(paper, limit=4)
    rows = Paper.objects.in_bulk([each.id for each in relatives])
    items = get(f"papers/{paper.arxiv_id}/related", limit=4)["items"]
    assert [item["id"] for item in items] == [rows[each.id].arxiv_id for each in relatives] != []
    assert [item["reason"] for item in items] == [list(each.reason) for each in relatives]
    page = client.get(f"/arxiv/{paper.arxiv_id}/related").content.decode()
    assert all(item["id"] in page for item in items)

    keywords = get(f"papers/{paper.arxiv_id}/keywords")["items"]
    assert [each["text"] for each in keywords] == get(f"papers/{paper.arxiv_id}")["keywords"] != []


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_a_number_of_relatives_that_cannot_be(client: Client, db: None, limit: object):
    assert_problem(client.get("/api/v1/papers/2401.00001/related", {"limit": str(limit)}), 422, "limit")


def test_relatives_while_the_engine_is_away(client: Client, shelf: list[Paper], monkeypatch: pytest.MonkeyPatch):
    def away() -> None:
        raise EngineError("refused")

    monkeypatch.setattr("search.service.site_context", away)
    response = client.get(f"/api/v1/papers/{shelf[0].arxiv_id}/related")
    assert_problem(response, 503)
    assert response["Retry-After"]
