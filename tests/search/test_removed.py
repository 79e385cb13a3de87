"""Papers that arXiv has deleted, and papers that our own code stumbles over, on both engines."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from papers.ingest import ingest, mark_for_index, remove
from papers.models import IndexMark, Paper
from search import indexing, rebuilding
from search.encoder import Encoder
from search.engines.base import Engine, LexicalQuery
from search.models import PaperVector
from search.writing import prepare
from tests.search.elastics import empty_engine, record
from tests.search.site_process import draw_vectors

PAPERS = 12


@pytest.fixture(params=["embedded", "elasticsearch"])
def engine(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """The site's engine, without an index at first."""
    monkeypatch.setattr(Encoder, "encode", draw_vectors)
    monkeypatch.setattr(indexing, "outgrown", lambda engine: False)
    with empty_engine(request, settings, tmp_path) as made:
        yield made


@pytest.fixture
def library(db: None, engine: Engine) -> list[Paper]:
    """Papers in database and index."""
    ingest(record(number) for number in range(PAPERS))
    assert indexing.index_pending() == PAPERS
    return list(Paper.objects.order_by("pk"))


def held(engine: Engine) -> set[int]:
    """The primary keys of the papers in the index."""
    engine.statistics(fresh=True)
    return set(engine.lexical(LexicalQuery(), 1000, order="new").ids.tolist())


def keys(papers: list[Paper]) -> set[int]:
    return {paper.pk for paper in papers}


def test_a_removed_paper_leaves_the_index_and_comes_back(library: list[Paper], engine: Engine) -> None:
    gone = library[2:5]
    assert remove([paper.arxiv_id for paper in gone]) == 3
    ingest([record(0, "Wasps instead")])
    assert indexing.index_pending() == 1
    assert held(engine) == keys(library) - keys(gone)
    assert engine.statistics(fresh=True).papers == PAPERS - 3
    assert not IndexMark.objects.exists()
    ingest([record(3)])
    assert indexing.index_pending() == 1
    assert held(engine) == keys(library) - {gone[0].pk, gone[2].pk}


def test_a_rebuild_leaves_removed_papers_out(library: list[Paper], engine: Engine) -> None:
    remove([library[0].arxiv_id, library[7].arxiv_id])
    assert rebuilding.rebuild() == PAPERS - 2
    assert held(engine) == keys(library) - {library[0].pk, library[7].pk}
    indexing.index_pending()
    assert not IndexMark.objects.exists()
    assert held(engine) == keys(library) - {library[0].pk, library[7].pk}


@pytest.mark.parametrize("number", [1, PAPERS - 1])
def test_a_paper_removed_while_a_rebuild_runs_is_not_in_the_new_index(
    library: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fill = rebuilding._Run.fill

    def filled(run: rebuilding._Run, target: Engine) -> None:
        fill(run, target)
        remove([library[number].arxiv_id])
        indexing.index_pending()

    monkeypatch.setattr(rebuilding._Run, "fill", filled)
    assert rebuilding.rebuild(batch=5) == PAPERS - 1
    assert held(engine) == keys(library) - {library[number].pk}
    assert engine.statistics(fresh=True).papers == PAPERS - 1


def test_a_paper_that_our_code_stumbles_over_is_parked_alone(
    library: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ingest(replace(record(number), abstract="It is new.") for number in range(6))
    odd = library[4]

    def stumble(papers: list[Paper], *given: object) -> object:
        if odd.pk in {paper.pk for paper in papers}:
            raise ValueError("odd")
        return prepare(papers, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(indexing, "prepare", stumble)
        assert indexing.index_pending() == 5
        assert indexing.index_pending() == 0  # nobody takes it again so soon
    mark = IndexMark.objects.get()
    assert (mark.paper_id, mark.reason) == (odd.pk, "ValueError: odd")
    assert mark.rests_until is not None
    assert mark.rests_until > timezone.now()
    assert [record for record in caplog.records if "a paper was parked" in record.getMessage()]
    assert held(engine) == keys(library)  # with the text it had
    mark_for_index([odd.pk])
    assert indexing.index_pending() == 1
    assert not IndexMark.objects.exists()


def test_a_removed_paper_s_vector_can_stay(library: list[Paper], engine: Engine) -> None:
    remove([library[0].arxiv_id])
    indexing.index_pending()
    ingest([record(0)])
    assert PaperVector.objects.filter(paper=library[0]).count() == 1  # it need not be encoded again
    assert indexing.index_pending() == 1
    assert library[0].pk in held(engine)
