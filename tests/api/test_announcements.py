from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from papers.ingest import remove
from tests.api.problem import assert_problem
from tests.papers.factories import day_list
from tests.papers.pages import page_of, paper, shown

pytestmark = pytest.mark.django_db
Get = Callable[..., dict[str, Any]]
DAY = "2025-11-21"


@pytest.fixture
def two_lists() -> None:
    """Two lists of one day that share a paper, and one of the day before."""
    made = [paper(f"2511.0000{number}", "cs.CL cs.LG" if number == 4 else "cs.CL") for number in range(8)]
    day_list("cs.CL", DAY, new=[made[6], made[5]], cross=[made[4]], replace=[made[2]], replace_cross=[made[3]])
    day_list("cs.LG", DAY, new=[made[4], made[7]])
    day_list("cs.CL", "2025-11-20", new=made[:1])


@pytest.mark.parametrize("spec", ["cs.CL", "cs.LG", "cs.CL+cs.LG", "cs", "cs.CL-cs.LG", "cs.LG-cs.CL"])
@pytest.mark.parametrize("without", ["", "cross", "replace", "cross,replace"])
def test_the_list_is_the_page_of_the_same_day(
    get: Get, client: Client, two_lists: None, spec: str, without: str
) -> None:
    page = page_of(client, f"/arxiv/{spec}?date={DAY}&without={without}")
    answer = get("announcements", date=DAY, category=spec, without=without)
    assert [item["id"] for item in answer["items"]] == shown(page)
    assert answer["total"] == len(answer["items"])


def test_kinds_are_arxivs_own_words(get: Get, two_lists: None) -> None:
    answer = get("announcements", date=DAY, category="cs.CL")
    assert [item["kind"] for item in answer["items"]] == ["new", "new", "cross", "replace", "replace-cross"]
    assert {item["announced_version"] for item in answer["items"]} == {1}
    assert (answer["date"], answer["lists"]) == (DAY, ["cs.CL"])


def test_the_newest_day_where_none_is_named(get: Get, client: Client, two_lists: None) -> None:
    answer = get("announcements")
    assert (answer["date"], answer["lists"]) == (DAY, ["cs.CL", "cs.LG"])
    assert [item["id"] for item in answer["items"]] == shown(page_of(client, "/"))


def test_cursors_stay_with_their_day(get: Get, two_lists: None) -> None:
    whole = [item["id"] for item in get("announcements", category="cs.CL")["items"]]
    answer = get("announcements", category="cs.CL", size=2)
    found = answer["items"]
    day_list("cs.CL", "2025-11-24", new=[])
    while answer["next"]:
        day_list("cs.CL", f"2025-12-0{len(found)}", new=[paper(f"2512.0000{len(found)}")])
        answer = get("announcements", category="cs.CL", cursor=answer["next"])
        found += answer["items"]
    assert [item["id"] for item in found] == whole
    assert answer["date"] == DAY


def test_a_day_without_list(get: Get, two_lists: None) -> None:
    empty = {"items": [], "total": 0, "next": None, "lists": []}
    assert get("announcements", date="2025-11-03", category="cs.CL") == {**empty, "date": "2025-11-03"}
    assert get("announcements", category="math") == {**empty, "date": None}


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({"date": "yesterday"}, 422, "date"),
        ({"category": "cs.XX"}, 422, "cs.XX"),
        ({"without": "new"}, 422, "without"),
        ({"size": 0}, 422, "size"),
        ({"cursor": "x"}, 400, "cursor"),
    ],
)
def test_bad_requests(client: Client, query: dict[str, Any], status: int, word: str) -> None:
    assert_problem(client.get("/api/v1/announcements", query), status, word)


def test_a_cursor_of_another_list(client: Client, get: Get, two_lists: None) -> None:
    cursor = get("announcements", category="cs.CL", size=2)["next"]
    query = {"category": "cs.LG", "cursor": cursor}
    assert_problem(client.get("/api/v1/announcements", query), 400, "another request")


def test_a_removed_paper_is_gone(client: Client, get: Get, two_lists: None) -> None:
    remove(["2511.00006"])
    assert_problem(client.get("/api/v1/papers/2511.00006"), 410, "removed")
    assert "2511.00006" not in [item["id"] for item in get("announcements", category="cs.CL")["items"]]
    assert "2511.00006" not in [item["id"] for item in get("papers")["items"]]
