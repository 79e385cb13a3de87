"""What a token opens, for whom, and for how long; what is one reader's is out of reach for any other's."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from api.site import api
from api.tokens import Needs
from papers import visitors
from papers.accounts import tokens
from papers.library import lists, notes, tags
from papers.models import ApiToken, ListEntry, Mark, Note, Reader, ReadingList, Subscription, Tag, Tagged
from papers.visitors import TooManyError
from search.subscriptions import keeping
from tests.api.problem import assert_problem
from tests.papers.pages import paper
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db
MARK = "zqadas"
OWN_ROWS: tuple[type[Model], ...] = (Mark, Note, ReadingList, ListEntry, Tag, Tagged, Subscription, ApiToken)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def ada() -> Reader:
    """A reader who keeps one of everything, each with MARK in it."""
    reader = make_reader("ada@example.org")
    tide = paper("2511.00001", title="On tides")
    visitors.mark(reader.visitor, [tide.pk], "starred", True)
    notes.save(reader.visitor, tide, f"{MARK} note", "")
    shelf = lists.make(reader.visitor, f"{MARK} list")
    lists.add(shelf, [tide.pk])
    tags.add(reader.visitor, [tide], [f"{MARK}"])
    keeping.subscribe(reader.visitor, keeping.read("categories", "cs.CL"), name=f"{MARK} subscription")
    return reader


def requests_of(reader: Reader) -> list[tuple[str, str, Any]]:
    """A request to each address of what is a reader's own: method, address, body."""
    shelf, followed = ReadingList.objects.get(visitor__reader=reader), Subscription.objects.get(visitor__reader=reader)
    own, kept = "library/papers/2511.00001", {"add": ["2511.00001"]}
    return [
        ("GET", "token", None),
        ("GET", "library", None),
        ("GET", f"library?list={shelf.pk}", None),
        ("GET", f"library?tag={MARK}", None),
        ("GET", f"library?q={MARK}", None),
        ("GET", own, None),
        ("GET", f"{own}/note", None),
        ("GET", "library/tags", None),
        ("GET", "library/lists", None),
        ("GET", f"library/lists/{shelf.pk}", None),
        ("GET", "subscriptions", None),
        ("GET", f"subscriptions/{followed.pk}", None),
        ("GET", f"subscriptions/{followed.pk}/papers", None),
        ("PATCH", "library/stars", {"remove": ["2511.00001"]}),
        ("PUT", f"{own}/star", None),
        ("DELETE", f"{own}/star", None),
        ("PUT", f"{own}/note", {"text": "x"}),
        ("DELETE", f"{own}/note", None),
        ("PATCH", f"{own}/tags", {"remove": [MARK]}),
        ("PATCH", f"library/tags/{MARK}", {"name": "x"}),
        ("DELETE", f"library/tags/{MARK}", None),
        ("POST", "library/lists", {"name": "x"}),
        ("PATCH", f"library/lists/{shelf.pk}", {"name": "x"}),
        ("PATCH", f"library/lists/{shelf.pk}/papers", kept),
        ("DELETE", f"library/lists/{shelf.pk}", None),
        ("POST", "subscriptions", {"kind": "categories", "text": "cs.LG"}),
        ("PATCH", f"subscriptions/{followed.pk}", {"paused": True}),
        ("DELETE", f"subscriptions/{followed.pk}", None),
    ]


def send(method: str, address: str, body: Any = None, **headers: str) -> Any:
    text = "" if body is None else json.dumps(body)
    return Client().generic(method, f"/api/v1/{address}", text, content_type="application/json", headers=headers)


def rows(reader: Reader) -> list[list[dict[str, Any]]]:
    """All that a reader keeps."""
    ways = {ListEntry: "reading_list__visitor__reader", Tagged: "tag__visitor__reader", ApiToken: "reader"}
    return [
        list(model._default_manager.filter(**{ways.get(model, "visitor__reader"): reader}).order_by("pk").values())
        for model in OWN_ROWS
    ]


def operations() -> dict[str, str]:
    """By method and address, the scope that an operation needs."""
    found = {}
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for need in operation.auth_callbacks:
                    assert isinstance(need, Needs)
                    found[f"{operation.methods[0]} {path.lstrip('/').replace('{path:', '{')}"] = need.scope
    return found


def shape(method: str, address: str) -> str:
    """An address as operations name it."""
    path = (
        address.partition("?")[0]
        .replace("papers/2511.00001", "papers/{paper_id}")
        .replace(f"tags/{MARK}", "tags/{tag_name}")
    )
    return f"{method} " + "/".join("{number}" if part.isdigit() else part for part in path.split("/"))


def test_every_address_that_needs_a_token_is_tried_below(ada: Reader) -> None:
    assert {shape(method, address) for method, address, _body in requests_of(ada)} == operations().keys()


def test_another_readers_token_gets_and_changes_nothing(ada: Reader) -> None:
    bea = make_reader("bea@example.org")
    _token, text = tokens.make(bea, "token", tokens.SCOPES, 90)
    before = rows(ada)
    for method, address, body in requests_of(ada):
        response = send(method, address, body, **bearer(text))
        assert response.status_code in {200, 201, 204, 404}, (address, response.content)
        assert MARK not in response.content.decode().replace(f"/{MARK}", ""), address
        assert rows(ada) == before, address


@pytest.mark.parametrize(
    "why", ["none", "made up", "expired", "revoked", "no longer a reader", "another scheme", "in the address", "cookie"]
)
def test_without_a_token_that_holds_nothing_is_told_or_changed(ada: Reader, why: str) -> None:
    token, text = tokens.make(ada, "token", tokens.SCOPES, 90)
    headers = bearer(text)
    now = timezone.now()
    if why == "expired":
        ApiToken.objects.filter(pk=token.pk).update(expires=now)
    elif why == "revoked":
        tokens.revoke(token)
    elif why == "no longer a reader":
        Reader.objects.filter(pk=ada.pk).update(is_active=False)
    elif why == "made up":
        headers = bearer(text[:-1] + ("A" if text[-1] != "A" else "B"))
    elif why == "another scheme":
        headers = {"Authorization": f"Basic {text}"}
    elif why in {"none", "in the address", "cookie"}:
        headers = {}
    before = rows(ada)
    client = signed_in(ada) if why == "cookie" else Client()
    for method, address, body in requests_of(ada):
        if why == "in the address":
            address += f"{'&' if '?' in address else '?'}token={text}&access_token={text}"
        sent = "" if body is None else json.dumps(body)
        response = client.generic(method, f"/api/v1/{address}", sent, content_type="application/json", headers=headers)
        assert_problem(response, 401)
        assert response["WWW-Authenticate"].startswith("Bearer ")
        assert MARK not in response.content.decode().replace(f"/{MARK}", "")
    assert rows(ada) == before


def test_each_scope_opens_its_own_addresses_alone(ada: Reader) -> None:
    needed = operations()
    for scope in tokens.SCOPES:
        _token, text = tokens.make(ada, scope, [scope], 90)
        for method, address, body in requests_of(ada):
            if needed[shape(method, address)] not in {scope, "read"}:
                assert_problem(send(method, address, body, **bearer(text)), 403, needed[shape(method, address)])
        assert send("GET", "token", **bearer(text)).status_code == 200
        if scope.endswith(":read"):
            assert send("GET", scope.partition(":")[0], **bearer(text)).status_code == 200


def test_a_token_that_is_none_is_told_so_where_none_is_needed(ada: Reader) -> None:
    response = send("GET", "categories", **bearer("ptd_nothing"))
    assert_problem(response, 401)
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_what_was_asked_for_with_a_token_is_for_its_reader_alone(ada: Reader) -> None:
    _token, text = tokens.make(ada, "token", tokens.SCOPES, 90)
    for address in ("library", "categories"):
        response = send("GET", address, **bearer(text), Origin="https://elsewhere.example")
        assert response["Cache-Control"] == "private, no-cache"
        assert "Authorization" in response["Vary"]
        assert "Access-Control-Allow-Origin" not in response
        again = send("GET", address, **bearer(text), **{"If-None-Match": response["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_the_site_keeps_a_hash_and_logs_nothing(ada: Reader, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token, text = tokens.make(ada, "token", tokens.SCOPES, 90)
    for method, address, body in requests_of(ada):
        send(method, address, body, **bearer(text))
    send("GET", "library/lists/999", **bearer(text))
    assert text not in caplog.text
    assert text[4:] not in caplog.text
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {ApiToken._meta.db_table}")
        assert text[12:] not in repr(cursor.fetchall())
    assert len(text) == 47
    assert text.startswith(token.prefix)


def test_that_a_token_was_used_is_written_once_an_hour(ada: Reader) -> None:
    token, text = tokens.make(ada, "token", [], 90)
    with CaptureQueriesContext(connection) as first:
        send("GET", "token", **bearer(text))
    with CaptureQueriesContext(connection) as second:
        send("GET", "token", **bearer(text))
    assert (len(first), len(second)) == (2, 1)
    ApiToken.objects.filter(pk=token.pk).update(last_used=timezone.now() - timedelta(minutes=61))
    send("GET", "token", **bearer(text))
    token.refresh_from_db()
    assert token.last_used is not None
    assert timezone.now() - token.last_used < timedelta(minutes=1)


def test_a_renewed_token_has_a_successor_and_a_day(ada: Reader) -> None:
    old, text = tokens.make(ada, "token", ["library:read"], 30)
    new, fresh = tokens.rotate(old)
    assert (new.name, new.scopes, new.expires - new.created) == (old.name, old.scopes, timedelta(days=30))
    assert send("GET", "library", **bearer(fresh)).status_code == 200
    assert send("GET", "library", **bearer(text)).status_code == 200
    old.refresh_from_db()
    assert timedelta(hours=23) < old.expires - timezone.now() <= tokens.GRACE


def test_a_reader_has_a_bounded_number_of_tokens_that_hold(ada: Reader) -> None:
    made = [tokens.make(ada, f"{number}", [], 7)[0] for number in range(tokens.MOST)]
    with pytest.raises(TooManyError):
        tokens.make(ada, "one more", [], 7)
    tokens.revoke(made[0])
    assert tokens.make(ada, "one more", [], 7)


def test_a_client_that_asks_too_often_is_told_when_to_go_on(ada: Reader, settings: Settings) -> None:
    settings.CLIENT_LIMITS = {"pages": 0, "api": 3}
    caches["limits"].clear()
    _token, text = tokens.make(ada, "token", [], 7)
    statuses = [send("GET", "categories").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    response = send("GET", "categories")
    assert_problem(response, 429, "seconds")
    assert 1 <= int(response["Retry-After"]) <= 60
    assert send("GET", "token", **bearer(text)).status_code == 200  # a token counts for itself
    assert send("GET", "token", **bearer("ptd_" + "x" * 43)).status_code == 429  # and one that is none for the address
    assert send("OPTIONS", "categories").status_code == 204
    caches["limits"].clear()
