"""What goes wrong with an index while it serves: damage, switches in the middle of a search, a lost fit."""

import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from papers.ingest import mark_for_index
from papers.models import Paper
from search import indexing, rebuilding
from search.engines.base import Document, Engine, EngineError, LexicalQuery
from search.engines.embedded import EmbeddedEngine
from search.fits import fit_corpus
from search.models import Fit
from search.query import parse
from search.rebuilding import rebuild
from search.related import related
from search.service import NO_INDEX, encode_by, search

pytestmark = pytest.mark.django_db


def state_file(engine: EmbeddedEngine) -> Path:
    """The state of the serving version."""
    return engine.root / (engine.root / "current").read_text() / "state.json"


@pytest.mark.parametrize(
    "text", ["{}", "", "[]", "no json", '{"transform": "x", "width": -3, "schema": 1, "rows": 5, "categories": []}']
)
def test_a_damaged_state_is_said_and_the_next_run_makes_a_new_index(
    shelf_site: list[Paper], engine: EmbeddedEngine, text: str
) -> None:
    state_file(engine).write_text(text)
    with pytest.raises(EngineError):
        search(parse("attention"))
    assert indexing.index_pending() == len(shelf_site)
    assert search(parse("attention")).total


def test_a_damaged_name_of_the_serving_version_is_survived(shelf_site: list[Paper], engine: EmbeddedEngine) -> None:
    (engine.root / "current").write_bytes(b"\xff\x00")
    with pytest.raises(EngineError):
        search(parse("attention"))
    assert indexing.index_pending() == len(shelf_site)
    assert search(parse("attention")).total


def test_cut_vectors_are_said(shelf_site: list[Paper], engine: EmbeddedEngine) -> None:
    vectors = state_file(engine).with_name("vectors.i8")
    vectors.write_bytes(vectors.read_bytes()[:100])
    with pytest.raises(EngineError, match="damaged"):
        EmbeddedEngine(engine.root).count(LexicalQuery())


def test_a_deleted_index_is_said_and_made_anew(shelf_site: list[Paper], engine: EmbeddedEngine) -> None:
    shutil.rmtree(engine.root)
    assert search(parse("attention")).notes == (NO_INDEX,)
    engine.root.mkdir()
    assert indexing.index_pending() == len(shelf_site)
    assert search(parse("attention")).total


def test_a_lost_fit_is_no_dead_end(shelf_site: list[Paper], engine: Engine) -> None:
    fit_corpus("all-MiniLM-L6-v2")
    rebuild()
    Fit.objects.all().delete()
    from search.fits import load

    load.cache_clear()
    with pytest.raises(EngineError, match="does not have"):
        search(parse("attention"))
    assert indexing.index_pending() == len(shelf_site)
    assert search(parse("attention")).total


def test_a_switch_to_another_width_in_the_middle_of_a_search(
    shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    widths = iter((70, 80))

    def encode_while_the_index_is_switched(model: str, text: str) -> np.ndarray:
        width = next(widths, None)
        if width:
            monkeypatch.setattr(rebuilding, "width_for", lambda papers, dimension: width)
            rebuild()
        return encode_by(model, text)

    monkeypatch.setattr("search.service.encode_by", encode_while_the_index_is_switched)
    found = search(parse("attention for translation"))
    assert found.ids
    assert found.by_meaning


def test_vectors_grow_with_the_corpus(shelf_site: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.statistics().width == 64
    monkeypatch.setattr(rebuilding, "width_for", lambda papers, dimension: 80)
    mark_for_index([shelf_site[0].pk])
    assert indexing.index_pending() == 1
    assert engine.statistics().width == 80
    assert related(shelf_site[0], 3)


def test_a_folder_that_cannot_be_locked_is_said(shelf_site: list[Paper], settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "nowhere" / "file"
    settings.DATA_DIR.parent.write_text("a file where a folder should be")
    with pytest.raises(EngineError, match="nothing can be written"):
        indexing.index_pending()


def test_readers_see_no_error_while_the_index_is_written_and_rebuilt(tmp_path: Path) -> None:
    papers = [
        Document(number, f"2501.{number:05}", f"Paper {number}", "On bees.", np.eye(8, dtype=np.float32)[number % 8])
        for number in range(60)
    ]
    engine = EmbeddedEngine(tmp_path / "index")
    with engine.rebuild("a", 8) as fresh:
        fresh.index(papers)
    errors: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        reader = EmbeddedEngine(tmp_path / "index")
        while not done.is_set():
            try:
                assert reader.statistics().papers == 60
                assert len(reader.nearest(papers[0].vector, 5).ids) == 5
                assert reader.count(LexicalQuery()) == 60
            except Exception as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        engine.index(papers[:5])
        with engine.rebuild("a", 8) as fresh:
            fresh.index(papers)
    done.set()
    for reader in readers:
        reader.join()
    assert not errors, errors[0]
