"""A library and subscriptions read and written by a token: the same as on the pages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from papers.accounts import tokens
from papers.library import lists, notes
from papers.models import Note, Paper, Reader, ReadingList, Subscription, Tag, Tally
from search.subscriptions import keeping
from tests.api.problem import assert_problem
from tests.papers.factories import PaperFactory, day_list
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db
Ask = Callable[..., Any]


@pytest.fixture
def papers() -> list[Paper]:
    return [PaperFactory.create(arxiv_id=f"2511.0000{number}") for number in range(1, 5)]


@pytest.fixture
def ada(papers: list[Paper]) -> Reader:
    return make_reader()


@pytest.fixture
def ask(ada: Reader) -> Ask:
    """A request with a token of hers that may do everything; its JSON, or the answer where another status is wanted."""
    _token, text = tokens.make(ada, "token", tokens.SCOPES, 90)

    def send(method: str, address: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        sent = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        headers["Authorization"] = f"Bearer {text}"
        response = Client().generic(
            method, f"/api/v1/{address}", sent, content_type="application/json", headers=headers
        )
        assert response.status_code == status, response.content
        return response.json() if status in {200, 201} else response

    return send


def test_stars_are_those_of_the_pages_and_are_counted(ask: Ask, ada: Reader, papers: list[Paper]) -> None:
    assert ask("PUT", "library/papers/2511.00001v3/star")["starred"] is True
    assert ask("PUT", "library/papers/arXiv:2511.00001/star")["starred"] is True
    assert Tally.objects.get(paper=papers[0]).stars == 1
    assert "2511.00001" in signed_in(ada).get("/library").content.decode()
    changed = ask("PATCH", "library/stars", {"add": ["2511.00002", "2511.00001", "2511.99999", "x"], "remove": []})
    assert changed == {"added": 1, "removed": 0, "unknown": ["2511.99999", "x"]}
    assert ask("DELETE", "library/papers/2511.00001/star")["starred"] is False
    assert Tally.objects.get(paper=papers[0]).stars == 0
    assert [each["id"] for each in ask("GET", "library?fields=starred")["items"]] == ["2511.00002"]


def test_a_note_that_changed_meanwhile_is_not_written_over(ask: Ask, ada: Reader, papers: list[Paper]) -> None:
    address = "library/papers/2511.00001/note"
    assert_problem(ask("GET", address, status=404), 404)
    ask("PUT", address, {"text": "first\r\nline\0\n"}, **{"If-None-Match": "*"})
    assert Note.objects.get().text == "first\nline"
    tag = f'"{notes.stamp(Note.objects.get())}"'
    assert_problem(ask("PUT", address, {"text": "x"}, status=412, **{"If-None-Match": "*"}), 412)
    page = signed_in(ada).get("/library/papers/2511.00001").content.decode()
    assert "first" in page
    ask("PUT", address, {"text": "second"}, **{"If-Match": f"W/{tag}"})
    assert_problem(ask("PUT", address, {"text": "third"}, status=412, **{"If-Match": tag}), 412)
    assert_problem(ask("DELETE", address, status=412, **{"If-Match": tag}), 412)
    assert Note.objects.get().text == "second"
    ask("PUT", address, {"text": "fourth"})
    ask("DELETE", address, status=204, **{"If-Match": "*"})
    assert_problem(ask("PUT", address, {"text": "x"}, status=412, **{"If-Match": "*"}), 412)
    assert not Note.objects.exists()
    ask("DELETE", address, status=204)


def test_tags_and_lists(ask: Ask, papers: list[Paper]) -> None:
    assert ask("PATCH", "library/papers/2511.00001/tags", {"add": ["to read", "a/b"]})["tags"] == ["a/b", "to read"]
    assert_problem(ask("PATCH", "library/papers/2511.00001/tags", {"add": ["a, b"]}, status=422), 422, "comma")
    ask("PATCH", "library/papers/2511.00002/tags", {"add": ["TO READ", "later"]})
    assert ask("GET", "library/tags")["items"] == [
        {"name": "a/b", "papers": 1},
        {"name": "later", "papers": 1},
        {"name": "to read", "papers": 2},
    ]
    assert_problem(ask("PATCH", "library/tags/later", {"name": "To read"}, status=409), 409, "merge")
    assert ask("PATCH", "library/tags/later", {"name": "to read", "merge": True}) == {"name": "to read", "papers": 2}
    ask("DELETE", "library/tags/a/b", status=204)
    assert [tag.name for tag in Tag.objects.all()] == ["to read"]

    made = ask("POST", "library/lists", {"name": " Seminar ", "about": "*spring*"}, status=201)
    assert (made["name"], made["papers"], made["shared"]) == ("Seminar", 0, False)
    assert_problem(ask("POST", "library/lists", {"name": "Seminar"}, status=409), 409)
    address = f"library/lists/{made['id']}"
    changed = ask("PATCH", f"{address}/papers", {"add": ["2511.00003", "2511.00001", "x"]})
    assert changed == {"added": 2, "removed": 0, "unknown": ["x"]}
    assert ask("PATCH", f"{address}/papers", {"add": ["2511.00001"], "remove": ["2511.00003"]})["removed"] == 1
    lists.share(ReadingList.objects.get())
    shown = ask("PATCH", address, {"name": "Group"})
    assert (shown["name"], shown["about"], shown["papers"], shown["shared"]) == ("Group", "*spring*", 1, True)
    assert (ReadingList.objects.get().secret or "-") not in json.dumps(ask("GET", "library/lists"))
    [item] = ask("GET", f"library?list={made['id']}&fields=tags,lists")["items"]
    assert item == {"id": "2511.00001", "tags": ["to read"], "lists": [made["id"]]}
    ask("DELETE", address, status=204)
    assert ask("GET", "library/lists")["items"] == []
    assert_problem(ask("GET", f"library?list={made['id']}", status=404), 404)


def test_the_library_is_paged_and_narrowed(ask: Ask, papers: list[Paper]) -> None:
    ask("PATCH", "library/stars", {"add": [paper.arxiv_id for paper in papers]})
    ask("PUT", "library/papers/2511.00002/note", {"text": "x"})
    assert [each["id"] for each in ask("GET", "library?has=note&fields=note")["items"]] == ["2511.00002"]
    first = ask("GET", "library?sort=new&size=3")
    assert (first["total"], len(first["items"]), first["items"][0]["starred"]) == (4, 3, True)
    rest = ask("GET", f"library?sort=new&cursor={first['next']}")
    assert rest["next"] is None
    seen = [each["id"] for each in first["items"] + rest["items"]]
    assert seen == [paper.arxiv_id for paper in reversed(papers)]
    assert_problem(ask("GET", f"library?sort=title&cursor={first['next']}", status=400), 400, "another request")
    assert_problem(ask("GET", "library?sort=best", status=422), 422, "sort")


def test_subscriptions(ask: Ask, ada: Reader, papers: list[Paper]) -> None:
    day_list("cs.CL", "2025-11-21", new=papers[:2], cross=papers[2:3])
    made = ask("POST", "subscriptions", {"kind": "categories", "text": "cs.CL", "crosses": False}, status=201)
    row = Subscription.objects.get()
    assert (row.visitor.reader, row.crosses, made["label"], made["since"]) == (ada, False, "cs.CL", "2025-11-21")
    assert row.secret not in json.dumps(made)
    again = ask("POST", "subscriptions", {"kind": "categories", "text": "cs.CL", "name": "Mine"}, status=201)
    assert (again["id"], again["name"], again["crosses"]) == (made["id"], "Mine", True)
    address = f"subscriptions/{made['id']}"
    brought = ask("GET", f"{address}/papers?size=2&fields=announced_as")
    assert [each["announced_as"] for each in brought["items"]] == ["new", "new"]
    assert (brought["total"], brought["days"]) == (3, ["2025-11-21"])
    [last] = ask("GET", f"{address}/papers?cursor={brought['next']}")["items"]
    assert (last["id"], last["announced_as"], last["cosine"]) == (papers[2].arxiv_id, "cross", None)
    assert ask("PATCH", address, {"text": "cs.LG", "rhythm": "weekly"})["text"] == "cs.LG"
    ask("POST", "subscriptions", {"kind": "author", "text": "Emmy Noether"}, status=201)
    assert len(ask("GET", "subscriptions")["items"]) == 2
    ask("DELETE", address, status=204)
    assert_problem(ask("GET", address, status=404), 404)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "categories", "text": "cs.XX"}, "no category"),
        ({"kind": "categories", "text": ""}, "category"),
        ({"kind": "text", "text": "tides"}, "near"),
        ({"kind": "stars", "threshold": 0.5}, "Star at least"),
        ({"kind": "author", "text": "x" * 201}, "too long"),
        ({"kind": "search", "text": "x" * 5_001}, "text"),
        ({"kind": "horoscope", "text": "x"}, "kind"),
        ({"kind": "search", "text": "x", "threshold": 2}, "threshold"),
        ({"kind": "search", "text": "x", "rythm": "daily"}, "rythm"),
        ("[", "JSON"),
        ("[]", "NewSubscription"),
    ],
)
def test_what_cannot_be_subscribed_to(ask: Ask, body: Any, words: str) -> None:
    status = 400 if body == "[" else 422
    response = ask("POST", "subscriptions", body, status=status)
    assert_problem(response, status)
    assert words in response.json()["detail"] or status == 400
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("method", "address", "body", "status"),
    [
        ("PUT", "library/papers/2511.00009/star", None, 404),
        ("PUT", "library/papers/nothing/star", None, 404),
        ("PUT", "library/papers/2511.00001/note", {"text": "x" * 20_001}, 422),
        ("PUT", "library/papers/2511.00001/note", {"text": " \n "}, 422),
        ("PUT", "library/papers/2511.00001/note", '{"text": "\\ud800"}', 422),
        ("PUT", "library/papers/2511.00001/note", {"text": 1}, 422),
        ("PATCH", "library/papers/2511.00001/tags", {"add": ["x"] * 31}, 422),
        ("PATCH", "library/papers/2511.00001/tags", {"add": ["x" * 61]}, 422),
        ("PATCH", "library/tags/a%00b", {"name": "x"}, 404),
        ("PATCH", "library/stars", {"add": ["2511.00001"] * 1_001}, 422),
        ("PATCH", "library/stars", {"add": "2511.00001"}, 422),
        ("POST", "library/lists", {"name": "\0 "}, 422),
        ("POST", "library/lists", {"name": "x" * 121}, 422),
        ("POST", "library/lists", {"name": "x", "about": "x" * 2_001}, 422),
        ("GET", "library/lists/99999999999999999999", None, 422),
        ("GET", "subscriptions/0", None, 422),
        ("GET", "library?q=" + "x" * 501, None, 422),
        ("GET", "library?tag=%00", None, 200),
        ("GET", "library?q=%00", None, 200),
        ("POST", "library/lists", "x" * 1_000_001, 413),
    ],
)
def test_what_no_library_takes_is_told(ask: Ask, method: str, address: str, body: Any, status: int) -> None:
    response = ask(method, address, body, status=status)
    if status != 200:
        assert_problem(response, status)
    assert not Note.objects.exists()
    assert not Tag.objects.exists()
    assert not ReadingList.objects.exists()


def test_where_there_is_no_room_it_is_a_conflict(
    ask: Ask, papers: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("papers.library.lists.MOST", "papers.library.tags.MOST", "search.subscriptions.keeping.MOST"):
        monkeypatch.setattr(name, 0)
    assert keeping.MOST == 0
    assert_problem(ask("POST", "library/lists", {"name": "x"}, status=409), 409, "room")
    assert_problem(ask("PATCH", "library/papers/2511.00001/tags", {"add": ["x"]}, status=409), 409, "room")
    assert_problem(ask("POST", "subscriptions", {"kind": "categories", "text": "cs.CL"}, status=409), 409, "room")
