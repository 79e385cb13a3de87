from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from api.cursors import Cursor, digest
from papers.models import Paper
from search import service
from search.engines.base import EngineError
from search.query import Query, parse
from tests.api.problem import assert_problem

Get = Callable[..., dict[str, Any]]


def found(
    papers: list[Paper],
    *,
    reachable: int | None = None,
    total: int | None = None,
    notes: tuple[str, ...] = (),
    took_ms: float = 1.5,
) -> Callable[..., service.Results]:
    """A search that finds `papers` for any query."""
    end = len(papers) if reachable is None else reachable

    def search(query: Query, page: int = 1, size: int = 25, **_: object) -> service.Results:
        part = papers[(page - 1) * size : min(page * size, end)]
        return service.Results(
            ids=[paper.pk for paper in part],
            scores=[1 / (page * size + n) for n in range(len(part))] if query.sort == "relevance" else [],
            total=len(papers) if total is None else total,
            reachable=end,
            page=page,
            size=size,
            notes=notes,
            took_ms=took_ms,
            by_meaning=True,
        )

    return search


@pytest.fixture
def finds_shelf(shelf: list[Paper], monkeypatch: pytest.MonkeyPatch) -> list[Paper]:
    """Every search finds the whole shelf."""
    monkeypatch.setattr(service, "search", found(shelf))
    return shelf


def test_an_answer_holds_papers_with_scores(get: Get, finds_shelf: list[Paper]):
    answer = get("search", q="neural networks", size=3)
    assert answer.keys() == {"items", "total", "next", "took_ms", "notes", "by_meaning", "asked"}
    assert answer["total"] == len(finds_shelf)
    assert (answer["took_ms"], answer["notes"], answer["by_meaning"]) == (1.5, [], True)
    single = get(f"papers/{finds_shelf[0].arxiv_id}")
    assert answer["items"][0] == single | {"score": pytest.approx(1 / 3)}


@pytest.mark.parametrize("size", [1, 13, 100])
def test_the_cursors_lead_through_everything_once(get: Get, finds_shelf: list[Paper], size: int):
    answer = get("search", q="anything", size=size)
    ids = [item["id"] for item in answer["items"]]
    while answer["next"]:
        answer = get("search", q="anything", cursor=answer["next"])
        assert len(answer["items"]) == size or not answer["next"]
        ids += [item["id"] for item in answer["items"]]
    assert ids == [paper.arxiv_id for paper in finds_shelf]


def test_the_cursors_end_where_no_more_can_be_reached(get: Get, shelf: list[Paper], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "search", found(shelf, reachable=30))
    first = get("search", q="anything", size=20)
    second = get("search", q="anything", cursor=first["next"])
    assert (len(second["items"]), second["next"], second["total"]) == (10, None, len(shelf))


def test_the_cursors_lead_on_to_what_meaning_brought(get: Get, shelf: list[Paper], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "search", found(shelf, total=3))
    answer = get("search", q="anything", size=20)
    assert answer["total"] == 3
    assert len(get("search", q="anything", cursor=answer["next"])["items"]) == 20


def test_a_paper_that_is_gone_is_left_out(get: Get, finds_shelf: list[Paper]):
    Paper.objects.filter(pk=finds_shelf[1].pk).delete()
    answer = get("search", q="anything", size=3)
    assert [item["id"] for item in answer["items"]] == [finds_shelf[0].arxiv_id, finds_shelf[2].arxiv_id]


@pytest.mark.parametrize("sort", ["new", "old"])
def test_scores_are_null_in_other_orders(get: Get, finds_shelf: list[Paper], sort: str):
    assert {item["score"] for item in get("search", q=f"networks sort:{sort}")["items"]} == {None}


def test_notes_say_how_the_query_was_read(get: Get, shelf: list[Paper], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "search", found(shelf, notes=("A note of the search.",)))
    notes = get("search", q="(networks")["notes"]
    assert notes == [*parse("(networks").notes, "A note of the search."]
    assert len(notes) == 2


@pytest.mark.parametrize("query", ["hep-th/9108020", "arXiv:hep-th/9108020v1", "https://arxiv.org/abs/hep-th/9108020"])
def test_an_id_alone_is_its_paper(get: Get, finds_shelf: list[Paper], query: str):
    answer = get("search", q=query)
    assert [item["id"] for item in answer["items"]] == ["hep-th/9108020"]
    assert (answer["items"][0]["score"], answer["total"], answer["next"]) == (None, 1, None)
    assert answer["by_meaning"] is False


def test_several_ids_are_their_papers_in_this_order(get: Get, finds_shelf: list[Paper]):
    wanted = [paper.arxiv_id for paper in finds_shelf[5:0:-1]]
    query = ", ".join([*wanted, "2401.99999"])
    first = get("search", q=query, size=3)
    second = get("search", q=query, cursor=first["next"])
    assert [item["id"] for item in first["items"] + second["items"]] == wanted
    assert (first["total"], second["next"]) == (5, None)


def test_what_arxiv_has_removed_is_not_found(get: Get, finds_shelf: list[Paper]):
    gone, *kept = finds_shelf[:3]
    Paper.objects.filter(pk=gone.pk).update(removed=True)
    by_ids = get("search", q=", ".join(paper.arxiv_id for paper in (gone, *kept)))
    assert [item["id"] for item in by_ids["items"]] == [paper.arxiv_id for paper in kept]
    by_words = get("search", q="attention", size=3)  # the index holds it until the next worker comes by
    assert [item["id"] for item in by_words["items"]] == [paper.arxiv_id for paper in kept]


@pytest.mark.parametrize("query", ["", "   ", "()", "\x00", "sort:new", '""'])
def test_a_query_for_nothing_finds_nothing(get: Get, db: None, query: str):
    answer = get("search", q=query)
    assert (answer["items"], answer["total"], answer["next"]) == ([], 0, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({}, 422, "q"),
        ({"q": "a" * 100_000}, 422, "q"),
        ({"q": "a", "size": 0}, 422, "size"),
        ({"q": "a", "size": 1000}, 422, "size"),
        ({"q": "a", "size": "ten"}, 422, "size"),
        ({"q": "a", "cursor": "nonsense"}, 400, "cursor"),
        ({"q": "a", "cursor": "\x00"}, 400, "cursor"),
    ],
)
def test_bad_requests(client: Client, query: dict[str, Any], status: int, word: str):
    assert_problem(client.get("/api/v1/search", query), status, word)


def test_a_cursor_of_another_query(client: Client, get: Get, finds_shelf: list[Paper]):
    cursor = get("search", q="one")["next"]
    assert_problem(client.get("/api/v1/search", {"q": "two", "cursor": cursor}), 400, "another request")


def test_a_cursor_between_two_pages(client: Client, finds_shelf: list[Paper]):
    cursor = str(Cursor(3, 2, digest("search", "one")))
    assert_problem(client.get("/api/v1/search", {"q": "one", "cursor": cursor}), 400, "cursor cannot be read")


def test_an_engine_that_is_away(client: Client, db: None, monkeypatch: pytest.MonkeyPatch):
    def away(query: Query, page: int = 1, size: int = 25, **_: object) -> service.Results:
        raise EngineError("connection refused at a secret address")

    monkeypatch.setattr(service, "search", away)
    response = client.get("/api/v1/search", {"q": "a"})
    assert_problem(response, 503)
    assert int(response["Retry-After"]) > 0
    assert "secret" not in response.content.decode()


def test_the_tag_of_an_answer_tells_nothing_of_its_time(
    client: Client, shelf: list[Paper], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(service, "search", found(shelf))
    fast = client.get("/api/v1/search", {"q": "a"})
    monkeypatch.setattr(service, "search", found(shelf, took_ms=99.0))
    assert client.get("/api/v1/search", {"q": "a"}, headers={"If-None-Match": fast["ETag"]}).status_code == 304
    assert client.get("/api/v1/search", {"q": "a", "size": "2"})["ETag"] != fast["ETag"]
