"""How a new embedded index is laid out, and that it reads as any other while it is being filled."""

from pathlib import Path

import numpy as np
import pytest

from search.engines import tantivy_writing
from search.engines.base import Document, LexicalQuery
from search.engines.embedded import EmbeddedEngine
from search.query import Word

WIDTH, PAPERS, BATCH = 4, 800, 70


def document(number: int, title: str = "A tide") -> Document:
    vector = np.eye(WIDTH, dtype=np.float32)[number % WIDTH]
    return Document(number, f"2511.{number:05}", title, f"Measured at place {number}.", vector)


def segments(engine: EmbeddedEngine) -> int:
    view = engine._open()
    assert view is not None
    return view.searcher.num_segments


@pytest.mark.parametrize("come", [PAPERS, PAPERS - 5, PAPERS + 40])
def test_an_index_of_about_as_many_papers_as_were_announced_has_two_segments_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, come: int
) -> None:
    monkeypatch.setattr(tantivy_writing, "LARGEST", PAPERS // 8)
    engine = EmbeddedEngine(tmp_path)
    with engine.rebuild("fit", WIDTH, PAPERS) as fresh:
        for start in range(0, come, BATCH):
            fresh.index([document(number) for number in range(start + 1, min(start + BATCH, come) + 1)])
    assert segments(engine) <= 2
    assert engine.count(LexicalQuery(Word("tide"))) == come
    assert engine.statistics().papers == come


def test_what_is_written_into_a_new_index_can_be_read_changed_and_deleted_before_it_serves(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    with engine.rebuild("fit", WIDTH, 2) as fresh:
        fresh.index([document(1), document(2), document(3)])
        assert fresh.count(LexicalQuery(Word("tide"))) == 3
        fresh.index([document(2, "A moon"), document(4)])
        fresh.index([document(4, "A moon")])  # not committed in between
        fresh.delete([3, 99])
        assert fresh.lexical(LexicalQuery(Word("moon")), 9).ids.tolist() == [4, 2]
        assert engine.statistics().papers == 0
    for each in (engine, fresh):
        assert each.lexical(LexicalQuery(Word("tide")), 9).ids.tolist() == [1]
        assert each.statistics().papers == 3
    fresh.index([document(5)])
    assert engine.count(LexicalQuery(Word("tide"))) == 2
