"""From marks to the index, with the real encoder and real summaries."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock
from pytest_django import Settings

from papers.ingest import ingest, mark_for_index
from papers.models import IndexMark, Paper
from papers.shelf import read_shelf
from search import indexing
from search.encoder import Encoder, text_hash
from search.engines.base import Engine, EngineError, LexicalQuery
from search.engines.embedded import EmbeddedEngine
from search.fits import FitError, fit_corpus, load, newest_key
from search.models import PaperVector
from search.query import parse
from search.rebuilding import rebuild
from search.service import search

pytestmark = pytest.mark.django_db


def test_marked_papers_become_searchable_and_lose_their_marks(shelf_site: list[Paper], engine: Engine) -> None:
    assert engine.statistics().papers == len(shelf_site)
    assert not IndexMark.objects.exists()
    assert all(paper.keywords for paper in shelf_site)
    assert search(parse(shelf_site[0].title)).ids[0] == shelf_site[0].pk


def test_a_changed_paper_is_encoded_and_found_anew(shelf_site: list[Paper], encoder: Encoder) -> None:
    record = replace(next(read_shelf()), title="Zebrafish stripes", abstract="Why zebrafish have stripes.")
    ingest([replace(record, is_summary=False)])
    paper = Paper.objects.get(arxiv_id=record.arxiv_id)
    before = PaperVector.objects.get(paper=paper)
    assert indexing.index_pending() == 1
    after = PaperVector.objects.get(paper=paper)
    assert after.text_hash == text_hash("Zebrafish stripes. Why zebrafish have stripes.") != before.text_hash
    stored = np.frombuffer(bytes(after.data), "<f2").astype(np.float32)
    assert stored @ encoder.encode(["Zebrafish stripes. Why zebrafish have stripes."])[0] > 0.999
    found = search(parse("zebrafish"))
    assert (found.ids[0], found.total) == (paper.pk, 1)


def test_a_mark_renewed_while_indexing_stays(
    shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch, engine: EmbeddedEngine
) -> None:
    paper = shelf_site[0]
    mark_for_index([paper.pk])
    write = engine.index

    def change_meanwhile(documents: object) -> None:
        mark_for_index([paper.pk])
        write(documents)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "index", change_meanwhile)
    assert indexing.index_pending() == 1
    assert IndexMark.objects.get().paper == paper


def test_marks_stay_when_the_engine_fails(
    shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch, engine: EmbeddedEngine
) -> None:
    mark_for_index([shelf_site[0].pk])

    def full(*_: object) -> None:
        raise EngineError("the index cannot be written: No space left on device")

    monkeypatch.setattr(engine, "index", full)
    with pytest.raises(EngineError, match="No space left"):
        indexing.index_pending()
    assert IndexMark.objects.count() == 1


def test_only_one_process_indexes(shelf_site: list[Paper], settings: Settings) -> None:
    mark_for_index([shelf_site[0].pk])
    with FileLock(settings.DATA_DIR / "indexing.lock"):
        assert indexing.index_pending() == 0
    assert indexing.index_pending() == 1


def test_a_rebuild_embeds_nothing_and_drops_what_is_gone(
    shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch, engine: Engine, encoder: Encoder
) -> None:
    Paper.objects.get(pk=shelf_site[0].pk).delete()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a rebuild must not encode")

    monkeypatch.setattr(encoder, "encode", refuse)
    told: list[int] = []
    assert rebuild(told.append, batch=50) == len(shelf_site) - 1 == sum(told)
    assert engine.statistics().papers == len(shelf_site) - 1


def test_a_fit_is_versioned_and_taken_into_use_by_a_rebuild(shelf_site: list[Paper], engine: Engine) -> None:
    assert engine.statistics().transform == newest_key("all-MiniLM-L6-v2") == "prior:all-MiniLM-L6-v2"
    fit = fit_corpus("all-MiniLM-L6-v2")
    key = f"fit-{fit.pk}"
    assert (fit.papers, newest_key("all-MiniLM-L6-v2")) == (len(shelf_site), key)
    assert engine.statistics().transform == "prior:all-MiniLM-L6-v2"
    assert search(parse("attention")).total
    rebuild()
    assert engine.statistics().transform == key
    assert search(parse("attention")).total
    assert load(key).transform.papers == len(shelf_site)


def test_nothing_to_fit_on_and_a_lost_fit_are_said_clearly(engine: Engine) -> None:
    with pytest.raises(FitError, match="no paper has a vector"):
        fit_corpus("all-MiniLM-L6-v2")
    with pytest.raises(FitError, match="fit-999"):
        load("fit-999")


def test_an_index_of_another_version_is_made_anew(shelf_site: list[Paper], engine: EmbeddedEngine) -> None:
    path = engine.root / (engine.root / "current").read_text() / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 0}))
    with pytest.raises(EngineError, match="another version"):
        engine.count(LexicalQuery())
    assert indexing.index_pending() == len(shelf_site)
    assert engine.count(LexicalQuery()) == len(shelf_site)


def test_progress_is_told_batch_by_batch(shelf_site: list[Paper]) -> None:
    mark_for_index(paper.pk for paper in shelf_site[:25])
    told: list[int] = []
    collect: Callable[[int], None] = told.append
    assert indexing.index_pending(collect, batch=10) == 25
    assert told == [10, 10, 5]
