"""Vectors on their way between machines."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from papers.models import Paper
from search.models import PaperVector

pytestmark = pytest.mark.django_db
MODEL = "all-MiniLM-L6-v2"


def run(*arguments: object) -> str:
    """The command's output."""
    out = io.StringIO()
    call_command("vectors", *map(str, arguments), stdout=out)
    return out.getvalue()


def stored() -> dict[str, bytes]:
    """The rows of the store by arXiv id."""
    rows = PaperVector.objects.values_list("paper__arxiv_id", "data")
    return {key: bytes(data) for key, data in rows}


def test_what_was_exported_comes_back(shelf_site: list[Paper], tmp_path: Path) -> None:
    before = stored()
    path = tmp_path / "vectors.npz"
    assert f"{len(before)} vectors" in run("export", path)
    with np.load(path, allow_pickle=False) as arrays:  # also a plain NumPy file
        assert arrays["vectors"].shape == (len(before), 384)
        assert arrays["vectors"].dtype == np.float16
    PaperVector.objects.all().delete()
    assert f"{len(before)} stored, 0 of papers that are not here, 0 of another text" in run("import", path)
    assert stored() == before


def test_papers_that_are_gone_or_changed_are_counted(shelf_site: list[Paper], tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    run("export", path)
    shelf_site[0].delete()
    Paper.objects.filter(pk=shelf_site[1].pk).update(title="Another text")
    PaperVector.objects.all().delete()
    assert f"{len(shelf_site) - 2} stored, 1 of papers that are not here, 1 of another text" in run("import", path)


def test_an_empty_store_exports_an_empty_file(tmp_path: Path) -> None:
    assert "0 vectors" in run("export", tmp_path / "none.npz")


def test_a_bare_file_comes_in_with_its_ids(shelf_site: list[Paper], tmp_path: Path, jsonl: Callable[..., Path]) -> None:
    PaperVector.objects.all().delete()
    rows = np.random.default_rng(1).normal(size=(3, 384)).astype(np.float16)
    np.save(tmp_path / "bare.npy", rows)
    ids = jsonl({"id": shelf_site[0].arxiv_id}, f"{shelf_site[1].arxiv_id}v2", "2401.99999")
    assert "2 stored, 1 of papers that are not here" in run(
        "import", tmp_path / "bare.npy", "--ids", ids, "--model", MODEL
    )
    assert stored()[shelf_site[1].arxiv_id] == rows[1].tobytes()


@pytest.mark.parametrize(
    ("shape", "ids", "model", "message"),
    [
        ((3, 384), ["2401.00001"], MODEL, "3 vectors in .*, 1 ids in"),
        ((1, 128), ["2401.00001"], MODEL, "128 dimensions, all-MiniLM-L6-v2 has 384"),
        ((1, 384), ["no id"], MODEL, "line 1 of the ids is no arXiv id"),
        ((1, 384), ['{"title": 1}'], MODEL, "line 1 of the ids has no id"),
        ((384,), ["2401.00001"], MODEL, "not rows of vectors"),
        ((1, 384), ["2401.00001"], None, "needs --model"),
    ],
)
def test_a_bare_file_that_does_not_fit_is_refused(
    tmp_path: Path, jsonl: Callable[..., Path], shape: tuple[int, ...], ids: list[str], model: str | None, message: str
) -> None:
    np.save(tmp_path / "bare.npy", np.zeros(shape, np.float16))
    options = ["--model", model] if model else []
    with pytest.raises(CommandError, match=message):
        run("import", tmp_path / "bare.npy", "--ids", jsonl(*ids), *options)


def test_a_file_of_another_model_or_no_file_is_refused(shelf_site: list[Paper], tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    run("export", path)
    with pytest.raises(CommandError, match="vectors of all-MiniLM-L6-v2, asked for is other"):
        run("import", path, "--model", "other")
    (tmp_path / "text.npz").write_text("no zip")
    with pytest.raises(CommandError, match="no file of `vectors export`"):
        run("import", tmp_path / "text.npz")
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(CommandError, match="no file of `vectors export`"):
        run("import", path)
