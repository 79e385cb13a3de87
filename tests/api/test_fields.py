"""Sparse fields, and papers by their ids."""

from typing import Any

import pytest
from django.test import Client

from api import schemas
from papers.models import Paper
from tests.api.conftest import Get
from tests.api.problem import assert_problem
from tests.papers.factories import PaperFactory


@pytest.fixture
def papers(db: None) -> list[Paper]:
    return [PaperFactory.create(arxiv_id=f"2511.0000{number}") for number in range(1, 4)]


def test_only_the_fields_asked_for_come_and_the_id_always(get: Get, papers: list[Paper]) -> None:
    assert get("papers/2511.00001", fields="title, version") == {
        "id": "2511.00001",
        "version": 1,
        "title": papers[0].title,
    }
    assert get("papers/2511.00001", fields="").keys() == {"id"}
    answer = get("papers", fields="title", size=2)
    assert [item.keys() for item in answer["items"]] == [{"id", "title"}] * 2
    assert (answer.keys(), answer["total"]) == ({"items", "total", "next"}, 3)
    every = ",".join(schemas.Paper.model_fields)
    assert get("papers/2511.00001", fields=every) == get("papers/2511.00001")


def test_a_cursor_goes_on_with_other_fields(get: Get, papers: list[Paper]) -> None:
    first = get("papers", fields="title", size=2)
    assert [item["id"] for item in get("papers", cursor=first["next"])["items"]] == ["2511.00001"]


@pytest.mark.parametrize(
    "address",
    ["papers/2511.00001", "papers", "search?q=tidal", "announcements", "papers/2511.00001/related", "bulk/papers"],
)
def test_a_field_that_there_is_not_is_told(client: Client, db: None, address: str) -> None:
    sign = "&" if "?" in address else "?"
    response = client.get(f"/api/v1/{address}{sign}fields=title,titel")
    assert_problem(response, 422, "titel", "authors")
    assert_problem(client.get(f"/api/v1/{address}{sign}fields={'x' * 501}"), 422, "fields")


def test_two_choices_of_fields_are_two_answers_to_a_cache(client: Client, shelf: list[Paper]) -> None:
    query = f"/api/v1/search?q={shelf[0].arxiv_id}"
    tags = {client.get(query + fields)["ETag"] for fields in ("", "&fields=title", "&fields=title,authors")}
    assert len(tags) == 3


def test_papers_by_their_ids_in_their_order(get: Get, client: Client, papers: list[Paper]) -> None:
    Paper.objects.filter(pk=papers[1].pk).update(removed=True)
    asked = "2511.00003v2,arXiv:2511.00001,2511.00002,2511.00009,nothing,2511.00003"
    answer: dict[str, Any] = get("papers", ids=asked, fields="title")
    assert [item["id"] for item in answer["items"]] == ["2511.00003", "2511.00001"]
    assert (answer["total"], answer["next"]) == (2, None)
    assert get("papers", ids="")["items"] == []
    assert_problem(client.get("/api/v1/papers", {"ids": "2511.00001", "category": "cs.CL"}), 422, "ids")
    assert_problem(client.get("/api/v1/papers", {"ids": ",".join(["2511.00001"] * 101)}), 422, "100")
