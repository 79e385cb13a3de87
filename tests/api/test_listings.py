from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from papers.categories import split_spec
from papers.ingest import ingest
from papers.listing import Listing
from papers.models import Paper
from papers.records import PaperRecord
from tests.api.problem import assert_problem
from tests.papers.factories import PaperFactory

Get = Callable[..., dict[str, Any]]


def walk(get: Get, **query: Any) -> Iterator[dict[str, Any]]:
    """The answers of a listing from the first to the last."""
    answer = get("papers", **query)
    yield answer
    while answer["next"]:
        answer = get("papers", **query, cursor=answer["next"])
        yield answer


def ids(answers: Iterator[dict[str, Any]]) -> list[str]:
    return [item["id"] for answer in answers for item in answer["items"]]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_cursors_lead_through_everything_once_newest_first(get: Get, shelf: list[Paper], size: int):
    answers = list(walk(get, size=size))
    assert ids(iter(answers)) == [paper.arxiv_id for paper in shelf]
    assert {answer["total"] for answer in answers} == {len(shelf)}
    assert all(len(answer["items"]) == size for answer in answers[:-1])


def test_a_cursor_keeps_its_size(get: Get, shelf: list[Paper]):
    first = get("papers", size=9)
    assert len(get("papers", cursor=first["next"])["items"]) == 9
    assert len(get("papers", cursor=first["next"], size=3)["items"]) == 9


def test_many_papers_of_one_moment(get: Get, db: None):
    moment = datetime(2024, 5, 6, 7, tzinfo=UTC)
    ingest(
        PaperRecord(
            arxiv_id=f"2405.{number:05}",
            title="T",
            abstract="A",
            authors=("A. Author",),
            categories=("cs.AI", "cs.LG"),
            published=moment + timedelta(days=number // 20),
        )
        for number in range(50)
    )
    found = ids(walk(get, size=6, category="cs.AI+cs.LG"))
    assert found == [f"2405.{number:05}" for number in reversed(range(50))]


def test_papers_that_arrive_meanwhile_do_not_push_the_others_on(get: Get, shelf: list[Paper]):
    first = get("papers", size=10)
    Paper.objects.create(arxiv_id="2512.99999", title="New", abstract="", published=datetime(2025, 12, 31, tzinfo=UTC))
    second = get("papers", size=10, cursor=first["next"])
    assert ids(iter([first, second])) == [paper.arxiv_id for paper in shelf[:20]]


@pytest.mark.parametrize("spec", ["cs.LG", "cs.CL+cs.LG-cs.CV", "cs.AI,hep-th", "cs", "math.*-math.GT", "hep-th"])
def test_a_listing_is_the_page_of_the_same_categories(get: Get, shelf: list[Paper], spec: str):
    page = Listing(split_spec(spec)).page(1, 25)
    answer = get("papers", category=spec)
    assert [item["id"] for item in answer["items"]] == [paper.arxiv_id for paper in page.papers]
    assert answer["total"] == page.total > 0
    include, exclude = split_spec(spec).expand()
    for item in answer["items"]:
        assert include & set(item["categories"])
        assert not (exclude - include) & set(item["categories"])


def test_a_listing_of_some_days(get: Get, shelf: list[Paper]):
    since, until = date(2016, 1, 1), date(2018, 12, 31)
    expected = [paper.arxiv_id for paper in shelf if since <= paper.published.date() <= until]
    assert ids(walk(get, size=4, **{"from": since, "to": until})) == expected != []
    day = shelf[3].published.date()
    assert shelf[3].arxiv_id in ids(walk(get, **{"from": day, "to": day}))


def test_an_empty_listing(get: Get, db: None):
    assert get("papers", category="cs.LG") == {"items": [], "total": 0, "next": None}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({"category": "cs.XX"}, 422, "cs.XX"),
        ({"category": ""}, 422, "category"),
        ({"category": "-cs.AI"}, 422, "category"),
        ({"category": "\x00"}, 422, "category"),
        ({"category": "cs.AI+" * 20_000}, 422, "category"),
        ({"size": 0}, 422, "size"),
        ({"size": 101}, 422, "size"),
        ({"size": "1e9"}, 422, "size"),
        ({"size": ""}, 422, "size"),
        ({"from": "yesterday"}, 422, "from"),
        ({"to": "2024-02-30"}, 422, "to"),
        ({"from": "2024-03-01", "to": "2024-02-01"}, 422, "from"),
        ({"cursor": "nonsense"}, 400, "cursor"),
        ({"cursor": ""}, 400, "cursor"),
        ({"cursor": "\x00"}, 400, "cursor"),
    ],
)
def test_bad_requests(client: Client, query: dict[str, Any], status: int, word: str):
    assert_problem(client.get("/api/v1/papers", query), status, word)


def test_a_cursor_of_another_listing(client: Client, get: Get, shelf: list[Paper]):
    cursor = get("papers", category="cs.LG", size=2)["next"]
    assert_problem(client.get("/api/v1/papers", {"category": "cs.CL", "cursor": cursor}), 400, "another request")
    assert get("papers", category="CS.lg", cursor=cursor)["items"]


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_time(get: Get, day: str):
    assert get("papers", **{"from": day, "to": day})["items"] == []


def test_papers_of_midnight_are_of_their_day_and_no_other(get: Get, db: None) -> None:
    midnight = datetime(2025, 11, 4, tzinfo=UTC)
    for days in range(-1, 2):
        PaperFactory.create(categories=["cs.LG"], published=midnight + timedelta(days=days))
    spec, day = split_spec("cs.LG-cs.CL"), midnight.date()
    listing = Listing(spec, day, day)
    assert [paper.published for paper in listing.papers(5)] == [midnight]
    assert [published for _pk, published in listing.keys(5)] == [midnight]
    assert listing.total() == 1
    answer = get("papers", **{"category": "cs.LG-cs.CL", "from": day, "to": day})
    assert (len(answer["items"]), answer["total"]) == (1, 1)
