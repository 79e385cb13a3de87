"""What load balancers and containers ask."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from pytest_django import Settings

from search.engines.base import EngineAwayError
from workers import health


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health, "_running", {})


def test_alive_asks_nobody(client: Client) -> None:
    response = client.get("/healthz")  # without the mark, a test that asks the database fails
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"].startswith("text/plain")
    assert not response.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_plain_http_is_answered_where_readers_are_sent_to_https(
    client: Client, settings: Settings, address: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/help").status_code == 301
    assert client.get(address).status_code != 301
    assert client.get(address, headers={"host": "elsewhere.example"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_ready(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    checks = {"database": "ok", "migrations": "ok", "search": "ok", "broker": "ok"}
    assert response.json() == {"status": "ready", "checks": checks}


@pytest.mark.django_db(transaction=True)
def test_without_search_pages_are_served(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise EngineAwayError("https://search.internal:9200 refused")

    monkeypatch.setattr(health, "get_engine", away)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["search"] == "away"
    assert b"internal" not in response.content


@pytest.mark.django_db(transaction=True)
def test_without_redis_too(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://:word@127.0.0.1:9/0"
    response = client.get("/readyz")
    assert response.json()["checks"]["broker"] == "away"
    assert response.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_with_redis(client: Client, settings: Settings, redis_url: str) -> None:
    settings.REDIS_URL = redis_url
    assert client.get("/readyz").json()["checks"]["broker"] == "ok"


@pytest.mark.sqlite
def test_without_its_database_it_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = {**connections.settings["default"], "NAME": str(tmp_path / "no" / "such.sqlite3")}
    lost = connections.create_connection("default")
    monkeypatch.setattr(lost, "settings_dict", settings)
    lost.inc_thread_sharing()
    monkeypatch.setattr(health, "connection", lost)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "unready"
    assert response.json()["checks"]["database"] == "away"


@pytest.mark.django_db(transaction=True)
def test_tables_of_another_version_are_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Any] = [["one to do"], []]
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: plans.pop(0))
    response = client.get("/readyz")
    assert (response.status_code, response.json()["checks"]["migrations"]) == (503, "pending")
    assert client.get("/readyz").status_code == 200
    assert client.get("/readyz").status_code == 200  # and is not asked again: there is no third plan


@pytest.mark.django_db(transaction=True)
def test_a_check_that_hangs_costs_a_second_and_one_thread(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = [], threading.Event()

    def hangs() -> health.Found:
        begun.append(1)
        go_on.wait(20)
        return "ok"

    monkeypatch.setitem(health.CHECKS, "database", hangs)
    monkeypatch.setattr(health, "LIMIT", 0.1)
    started = time.monotonic()
    for _ in range(3):
        response = client.get("/readyz")
        assert (response.status_code, response.json()["checks"]["database"]) == (503, "no answer")
    assert time.monotonic() - started < 5
    assert len(begun) == 1
    go_on.set()
    health._running["database"].result(5)
    monkeypatch.setattr(health, "LIMIT", 1.0)
    assert client.get("/readyz").status_code == 200
