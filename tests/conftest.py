"""What all tests share."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from numpy.typing import NDArray
from pytest_django import Settings

from papers.models import Paper
from papers.shelf import load_shelf, read_shelf
from search.encoder import Encoder, get_encoder, text_hash, text_of
from search.engines import get_engine
from search.engines.base import Engine
from search.indexing import index_pending
from search.vectors import store
from tests import SHARED
from tests.chinese import foreign_records, foreign_site  # noqa: F401 (fixtures)

pytest_plugins = ["tests.services", "tests.served"]


def pytest_configure(config: pytest.Config) -> None:
    """The marks that say which database a test is for (see `scripts/test.py`)."""
    config.addinivalue_line("markers", "database: works on a database without asking for pytest-django's fixtures")
    config.addinivalue_line("markers", "sqlite: tells of SQLite and runs on nothing else")
    config.addinivalue_line("markers", "postgresql: tells of PostgreSQL and runs on nothing else")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On SQLite all tests run but those of PostgreSQL; there, what touches the database."""
    runs = _runs_on_postgresql if connection.vendor == "postgresql" else _runs_on_sqlite
    left_out = [item for item in items if not runs(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = filter(runs, items)


def _runs_on_sqlite(item: pytest.Item) -> bool:
    return item.get_closest_marker("postgresql") is None


def _runs_on_postgresql(item: pytest.Item) -> bool:
    if item.get_closest_marker("postgresql"):
        return True
    fixtures = set(getattr(item, "fixturenames", ()))
    # What a browser or the other engine makes the site ask of its database, other tests ask as well, in a tenth of
    # the time. One that needs both servers says so by the mark.
    if item.get_closest_marker("sqlite") or fixtures & {"browser", "elasticsearch_url"}:
        return False
    return bool(
        item.get_closest_marker("django_db")
        or item.get_closest_marker("database")
        or fixtures & {"db", "transactional_db", "live_server"}
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real papers and judged sets; where it is absent the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip("no shared data")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def _throw_away_data() -> Iterator[None]:
    yield
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


@pytest.fixture
def engine(settings: Settings, tmp_path: Path) -> Iterator[Engine]:
    """The site's engine on an index that is empty at first and that no other test sees."""
    settings.INDEX_DIR = tmp_path / "index"
    get_engine.cache_clear()
    cache.clear()
    yield get_engine()
    get_engine.cache_clear()
    cache.clear()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real encoder, loaded once a run."""
    return get_encoder()


@pytest.fixture(scope="session")
def shelf_vectors(encoder: Encoder) -> dict[str, tuple[int, NDArray[np.float32]]]:
    """Text hash and real vector of each paper of the shelf, encoded once a run."""
    records = list(read_shelf())
    texts = [text_of(record.title, record.abstract) for record in records]
    hashes = [text_hash(text) for text in texts]
    rows = zip(hashes, encoder.encode(texts), strict=True)
    return dict(zip((record.arxiv_id for record in records), rows, strict=True))


@pytest.fixture
def shelf_site(
    db: None, engine: Engine, encoder: Encoder, shelf_vectors: dict[str, tuple[int, NDArray[np.float32]]]
) -> list[Paper]:
    """The sample shelf in database and index; the papers, newest first."""
    load_shelf()
    papers = list(Paper.objects.order_by("-published", "-id"))
    rows = [shelf_vectors[paper.arxiv_id] for paper in papers]
    store(encoder.name, [paper.pk for paper in papers], [row[0] for row in rows], np.stack([row[1] for row in rows]))
    assert index_pending() == len(papers)
    return list(Paper.objects.order_by("-published", "-id"))


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes JSON lines into a file and gives its path."""

    def write(*rows: Any, name: str = "papers.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
        return path

    return write
