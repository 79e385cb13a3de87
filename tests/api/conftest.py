"""A small real library behind the API."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from papers.models import Paper
from papers.shelf import load_shelf
from search.engines import get_engine

Get = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _own_index(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """An index that is empty at first and that no other test sees."""
    settings.INDEX_DIR = tmp_path / "index"
    get_engine.cache_clear()
    yield
    get_engine.cache_clear()


@pytest.fixture
def shelf(db: None) -> Iterator[list[Paper]]:
    """The papers that ship with the project, newest first."""
    cache.clear()
    load_shelf()
    yield list(Paper.objects.order_by("-published", "-id"))
    cache.clear()


@pytest.fixture
def get(client: Client) -> Get:
    """GET of an address under /api/v1/ that has to succeed: its JSON."""

    def fetch(address: str, **query: Any) -> dict[str, Any]:
        response = client.get(f"/api/v1/{address}", query)
        assert response.status_code == 200, response.content
        assert response["Content-Type"] == "application/json; charset=utf-8"
        body = json.loads(response.content)
        assert isinstance(body, dict)
        return body

    return fetch
