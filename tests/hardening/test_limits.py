"""How much one client may ask in a minute."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches
from django.test import Client, RequestFactory
from pytest_django import Settings

from config import limits
from papers.clients import network

pytestmark = pytest.mark.django_db

NOON = 29_000_000 * 60.0  # the beginning of a minute


@pytest.fixture(autouse=True)
def _few(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CLIENT_LIMITS = {"pages": 3, "api": 2}
    monkeypatch.setattr(time, "time", lambda: NOON + 20.5)
    caches["limits"].clear()
    yield
    caches["limits"].clear()


def statuses(client: Client, times: int, address: str = "/help", **headers: str) -> list[int]:
    return [client.get(address, headers=headers).status_code for _ in range(times)]


def test_pages_beyond_the_bound_are_told_when_to_come_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert statuses(client, 4) == [200, 200, 200, 429]
    refused = client.get("/search?q=tide")
    assert (refused.status_code, refused["Retry-After"]) == (429, "40")
    assert "no-store" in refused["Cache-Control"]
    assert b"A little too fast" in refused.content
    monkeypatch.setattr(time, "time", lambda: NOON + 60)
    assert statuses(client, 1) == [200]


def test_a_form_counts_as_a_page_does(client: Client) -> None:
    assert [client.post("/theme", {"theme": "dark"}).status_code for _ in range(4)] == [303, 303, 303, 429]


def test_each_address_has_a_count_of_its_own_and_cannot_name_another(client: Client) -> None:
    assert statuses(client, 4)[-1] == 429
    assert statuses(Client(REMOTE_ADDR="192.0.2.9"), 1) == [200]
    named = {"X-Forwarded-For": "192.0.2.10", "X-Real-IP": "192.0.2.10", "Forwarded": "for=192.0.2.10"}
    assert statuses(client, 1, **named) == [429]


def test_behind_a_proxy_the_address_is_what_it_adds(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.OPTION, "PROXY_HEADER", True)
    for number in range(3):
        assert statuses(client, 1, **{"X-Forwarded-For": f"10.0.0.{number}, 198.51.100.7"}) == [200]
    assert statuses(client, 1, **{"X-Forwarded-For": "10.0.0.9, 198.51.100.7"}) == [429]
    assert statuses(client, 1, **{"X-Forwarded-For": "198.51.100.7, 198.51.100.8"}) == [200]
    assert statuses(client, 5) == [200] * 5  # a proxy that names nobody: then nobody can be told apart


def test_what_watches_the_site_is_always_answered(client: Client) -> None:
    assert statuses(client, 6, "/healthz") == [200] * 6
    assert statuses(client, 4)[-1] == 429
    assert statuses(client, 1, "/healthz") == [200]


def test_a_token_counts_for_itself_and_pages_apart_from_the_api() -> None:
    request = RequestFactory().get("/api/v1/papers")
    assert [limits.wait(request, "api") for _ in range(3)] == [None, None, 40]
    assert [limits.wait(request, "api", "secret") for _ in range(3)] == [None, None, 40]
    assert limits.wait(request, "api", "other") is None
    assert limits.wait(request, "pages") is None


def test_nothing_is_counted_where_the_bound_is_none(client: Client, settings: Settings) -> None:
    settings.CLIENT_LIMITS = {"pages": 0, "api": 0}
    assert statuses(client, 6) == [200] * 6


def test_many_at_once_are_all_counted() -> None:
    request = RequestFactory().get("/")
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: limits.wait(request, "pages"), range(200)))
    assert waits.count(None) == 3


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:80", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", ""),
        ("", ""),
        ("1.2.3.4\0", ""),
    ],
)
def test_an_address_is_counted_as_what_one_subscriber_has(text: str, counted: str) -> None:
    assert network(text) == counted
