"""Papers and vectors line by line: all of them, once, in bounded memory, and on from where it broke."""

import base64
import json
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from django.test import Client

from api.routers import bulk
from papers.models import Paper, PaperCategory
from search.encoders import serving_model
from search.vectors import store
from tests.api.problem import assert_problem
from tests.papers.factories import PaperFactory
from tests.papers.readers import streamed

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MOMENT = datetime(2020, 1, 2, tzinfo=UTC)


def read(address: str, **query: Any) -> list[dict[str, Any]]:
    response = Client().get(f"/api/v1/bulk/{address}", query)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/x-ndjson"
    text = streamed(response)
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def papers(monkeypatch: pytest.MonkeyPatch) -> list[Paper]:
    """Seven papers of two days, some of one moment, in chunks of two."""
    monkeypatch.setattr(bulk, "CHUNK", 2)
    kinds = [["cs.CL"], ["cs.CL", "cs.LG"], ["cs.LG"], ["cs.CL"], ["cs.CL"], ["math.CO"], ["cs.CL", "cs.LG"]]
    days = [1, 1, 1, 1, 1, 2, 2]
    return [
        PaperFactory.create(categories=codes, published=MOMENT.replace(day=day))
        for codes, day in zip(kinds, days, strict=True)
    ]


def ids(papers: list[Paper], *numbers: int) -> list[str]:
    return [papers[number].arxiv_id for number in numbers]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, (0, 1, 2, 3, 4, 5, 6)),
        ({"category": "cs.CL"}, (0, 1, 3, 4, 6)),
        ({"category": "cs.CL+cs.LG"}, (0, 1, 2, 3, 4, 6)),
        ({"category": "cs.CL-cs.LG"}, (0, 3, 4)),
        ({"from": "2020-01-02"}, (5, 6)),
        ({"to": "2020-01-01", "category": "cs"}, (0, 1, 2, 3, 4)),
        ({"category": "cs.AI"}, ()),
    ],
)
def test_all_papers_come_once_the_oldest_first(
    papers: list[Paper], query: dict[str, str], numbers: tuple[int, ...]
) -> None:
    wanted = ids(papers, *numbers)
    assert [line["id"] for line in read("papers", **query)] == wanted
    # Broken off behind each line, and taken up again.
    for place, last in enumerate(wanted):
        assert [line["id"] for line in read("papers", **query, after=last)] == wanted[place + 1 :]
        assert [line["id"] for line in read("papers", **query, limit=place + 1)] == wanted[: place + 1]


def test_what_arrives_meanwhile_comes_last_and_what_is_removed_is_not_told(papers: list[Paper]) -> None:
    seen = read("papers", limit=3)
    newer = PaperFactory.create(published=MOMENT.replace(day=3))
    Paper.objects.filter(pk__in=[papers[2].pk, papers[3].pk]).update(removed=True)
    PaperCategory.objects.filter(paper__in=[papers[2].pk, papers[3].pk]).delete()
    rest = read("papers", after=seen[-1]["id"])  # which is removed by now
    assert [line["id"] for line in rest] == [*ids(papers, 4, 5, 6), newer.arxiv_id]


def test_a_line_is_a_paper_as_elsewhere(papers: list[Paper]) -> None:
    [line] = read("papers", limit=1)
    assert line == Client().get(f"/api/v1/papers/{papers[0].arxiv_id}").json()
    assert read("papers", limit=1, fields="title") == [{"id": papers[0].arxiv_id, "title": papers[0].title}]


def test_vectors_are_those_that_are_kept(papers: list[Paper]) -> None:
    kept = np.linspace(-1, 1, 3 * 384, dtype=np.float32).reshape(3, 384).astype(np.float16)
    chosen = [papers[0].pk, papers[4].pk, papers[6].pk]
    store(serving_model(), chosen, [1, 2, 3], kept)
    lines = read("vectors")
    assert [line["id"] for line in lines] == ids(papers, 0, 4, 6)
    for line, vector in zip(lines, kept, strict=True):
        assert np.array_equal(np.frombuffer(base64.b64decode(line["vector"]), "<f2"), vector)
    assert [line["id"] for line in read("vectors", after=lines[0]["id"], limit=1)] == ids(papers, 4)
    response = Client().get("/api/v1/bulk/vectors")
    assert (response["Vector-Model"], response["Vector-Width"]) == (serving_model(), "384")
    assert response["Access-Control-Expose-Headers"] == "ETag, Retry-After, Vector-Model, Vector-Width"
    streamed(response)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"after": "2511.99999"}, 422),
        ({"after": "nothing"}, 422),
        ({"limit": 0}, 422),
        ({"limit": 100_001}, 422),
        ({"category": "cs.XX"}, 422),
        ({"fields": "secret"}, 422),
        ({"from": "2020-02-01", "to": "2020-01-01"}, 422),
    ],
)
def test_what_cannot_be_asked_is_told_before_the_first_line(query: dict[str, Any], status: int) -> None:
    assert_problem(Client().get("/api/v1/bulk/papers", query), status)


def test_memory_does_not_grow_with_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 20)
    Paper.objects.bulk_create(
        Paper(arxiv_id=f"2001.{number:05}", title="t", abstract="x" * 20_000, published=MOMENT) for number in range(400)
    )

    def peak(limit: int) -> int:
        response: Any = Client().get("/api/v1/bulk/papers", {"limit": limit})
        pieces = iter(response.streaming_content)
        next(pieces)
        tracemalloc.start()
        sent = sum(len(piece) for piece in pieces)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sent > (limit - 20) * 20_000
        return most

    assert peak(400) < 2 * peak(80)
