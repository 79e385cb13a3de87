"""Engines on a real Elasticsearch, each behind an alias of its own, and small papers for them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from elasticsearch import Elasticsearch
from pytest_django import Settings

from papers.records import PaperRecord
from search.engines import get_engine
from search.engines.base import Document, Engine
from search.engines.elastic import ElasticEngine
from search.engines.elastic_client import Address, Cluster

WIDTH = 8
WORDS = "bees dance on warm evenings near old quiet rivers while slow networks learn maps of gravity".split()


def record(number: int, title: str = "") -> PaperRecord:
    """A paper; its title finds it."""
    return PaperRecord(
        f"2401.{number:05}",
        title or f"Paper number{number} on {WORDS[number % 16]} and {WORDS[number // 16 % 16]}",
        f"The {WORDS[number % 13]} of {WORDS[number % 7]}.",
        ("Ada Lovelace",),
        (("cs.LG", "cs.CL", "hep-th")[number % 3],),
        datetime(2024, 1, 1 + number % 28, tzinfo=UTC),
    )


def document(number: int, title: str = "", vector: np.ndarray | None = None) -> Document:
    """A paper that its number is a word of."""
    axis = np.eye(WIDTH, dtype=np.float32)[number % WIDTH]
    words = " ".join(WORDS[(number * step) % len(WORDS)] for step in range(1, 2 + number % 5))
    return Document(
        number,
        f"2401.{number:05}",
        title or f"number{number} {words}",
        "On bees.",
        axis if vector is None else vector,
        published=date(2000, 1, 1) + timedelta(days=number % 97),
    )


@contextmanager
def own_alias(url: str) -> Iterator[str]:
    """An alias of the test's own, its indices deleted at the end."""
    alias = f"rebuilding-{uuid.uuid4().hex[:8]}"
    try:
        yield alias
    finally:
        with Elasticsearch(url.split(",")) as client:
            for index in client.indices.get(index=f"{alias}*"):
                client.indices.delete(index=index)


def connect(url: str, alias: str, shards: int = 1) -> ElasticEngine:
    """An engine as another process would have it."""
    return ElasticEngine(Cluster(Address(tuple(url.split(",")), timeout=20)), alias, shards=shards)


def filled(engine: ElasticEngine, papers: int) -> ElasticEngine:
    """The engine with so many papers."""
    with engine.rebuild("prior:test", WIDTH) as fresh:
        fresh.index([document(number) for number in range(1, papers + 1)])
    return engine


@contextmanager
def empty_engine(request: pytest.FixtureRequest, settings: Settings, folder: Path) -> Iterator[Engine]:
    """The site's engine of the kind that the fixture's parameter names, without an index at first."""
    settings.INDEX_DIR = folder / "index"
    get_engine.cache_clear()
    cache.clear()
    if request.param == "embedded":
        yield get_engine()
    else:
        url = request.getfixturevalue("elasticsearch_url")
        with own_alias(url) as alias:
            settings.SEARCH_ENGINE = "elasticsearch"
            settings.ELASTICSEARCH = {**django_settings.ELASTICSEARCH, "URL": tuple(url.split(",")), "INDEX": alias}
            settings.ELASTICSEARCH["TIMEOUT"] = 20.0
            yield get_engine()
    get_engine.cache_clear()
