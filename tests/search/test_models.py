"""A change of the encoder: the new model's index is made beside the serving one, readers notice nothing, and back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from papers.ingest import ingest
from papers.models import Paper
from search import encoders, fits, indexing, rebuilding, service
from search.encoder import Encoder, get_encoder
from search.engines import get_engine
from search.engines.base import Engine, EngineError
from search.models import Fit, PaperVector
from search.training import adopting
from tests.search.elastics import record
from tests.search.site_process import draw_vectors
from tests.search.sites import real_site

BASE = "all-MiniLM-L6-v2"
OTHER = f"{BASE}-cosent-20260101-000000"
PAPERS = 40


@pytest.fixture
def library(
    db: None, engine: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Papers in database and index by EMBEDDING_MODEL, and the folder of another model."""
    settings.DATA_DIR = tmp_path
    (tmp_path / "models" / OTHER).mkdir(parents=True)
    (tmp_path / "models" / f"{OTHER}.json").write_text("{}")
    monkeypatch.setattr(Encoder, "encode", draw_vectors)
    monkeypatch.setattr(Encoder, "dimension", 384)
    encoders.forget()
    fits.load.cache_clear()  # other tests had other fits of the same numbers
    ingest(record(number) for number in range(PAPERS))
    assert indexing.index_pending() == PAPERS
    yield
    encoders.forget()


def served_by() -> str:
    """The model of the serving index."""
    context = service.site_context()
    assert context is not None
    return context.transform.model


def change(model: str) -> int:
    """Let a model serve."""
    return adopting.adopt(model, lambda _: None, lambda _: None)


def test_a_model_takes_over_and_gives_back(library: None) -> None:
    assert (served_by(), get_encoder().name) == (BASE, BASE)
    assert change(OTHER) == PAPERS
    assert (served_by(), get_encoder().name) == (OTHER, OTHER)
    ingest([record(99, "Mosquitoes at last")])
    assert indexing.index_pending() == 1
    late = Paper.objects.get(arxiv_id="2401.00099").pk
    assert list(PaperVector.objects.filter(paper=late).values_list("model", flat=True)) == [OTHER]
    assert change(BASE) == PAPERS + 1
    assert (served_by(), get_encoder().name) == (BASE, BASE)
    assert PaperVector.objects.filter(paper=late).count() == 2


def test_until_the_switch_everything_is_encoded_by_the_serving_model(
    library: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = rebuilding._Run.fill

    def meanwhile(run: rebuilding._Run, engine: Engine) -> None:
        fill(run, engine)
        assert (served_by(), get_encoder().name) == (BASE, BASE)
        ingest([record(99, "Mosquitoes at last")])
        assert indexing.index_pending() == 1
        assert PaperVector.objects.filter(model=BASE).count() == PAPERS + 1
        assert PaperVector.objects.filter(model=OTHER).count() == PAPERS

    monkeypatch.setattr(rebuilding._Run, "fill", meanwhile)
    assert change(OTHER) == PAPERS + 1
    assert PaperVector.objects.filter(model=OTHER).count() == PAPERS + 1
    assert served_by() == OTHER


def test_a_change_that_fails_leaves_the_old_model_and_can_be_repeated(
    library: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "_check", lambda *_: (_ for _ in ()).throw(EngineError("the new index is odd")))
        with pytest.raises(EngineError, match="odd"):
            change(OTHER)
    assert (served_by(), get_encoder().name) == (BASE, BASE)
    assert rebuilding.usable(get_engine())
    assert not (encoders.models_folder() / "next").exists()
    assert change(OTHER) == PAPERS


def test_a_lost_index_is_made_by_the_model_that_served(library: None, engine: Engine) -> None:
    change(OTHER)
    Fit.objects.filter(model=BASE).delete()
    (engine.root / "current").unlink()  # type: ignore[attr-defined]
    get_engine.cache_clear()
    encoders.forget()
    assert not rebuilding.usable(get_engine())
    assert indexing.index_pending() == PAPERS
    assert served_by() == OTHER


def test_the_operators_other_model_is_taken_at_the_next_run(library: None, settings: Settings) -> None:
    change(OTHER)
    settings.EMBEDDING_MODEL = "owner/another-model"
    assert not rebuilding.usable(get_engine())
    assert indexing.index_pending() == PAPERS
    assert (served_by(), get_encoder().name) == ("another-model", "another-model")


def test_readers_notice_nothing_of_a_change_of_the_model(tmp_path: Path) -> None:
    with real_site(tmp_path / "data") as site:
        site.run("fill", "0", "150")
        site.run("index")
        reader = site.start("find_own")
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for model in (OTHER, BASE):
            site.run("adopt", model)
        found = json.loads(reader.communicate("", timeout=60)[0])
    assert found["wrong"] == []
    assert found["models"] == [BASE, OTHER]
    assert found["lookups"] > 50
