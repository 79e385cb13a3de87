"""Vectors on their way between machines."""

import io
import json
import zipfile
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


def unit(count: int) -> np.ndarray:
    """Rows of length 1."""
    rows = np.random.default_rng(1).normal(size=(count, 384))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float16)


def export(path: Path, meta: object = None, **members: object) -> Path:
    """A file like one of `vectors export` with one row, some of its parts in another way or (None) not at all."""
    arrays: dict[str, object] = {
        "ids": np.array([b"2401.00001"], "S32"),
        "hashes": np.zeros(1, "<i8"),
        "vectors": unit(1),
    } | members
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "meta.json", json.dumps({"model": MODEL, "dimension": 384, "count": 1} if meta is None else meta)
        )
        for name, value in arrays.items():
            if isinstance(value, bytes):
                archive.writestr(f"{name}.npy", value)
            elif value is not None:
                buffer = io.BytesIO()
                np.save(buffer, np.asarray(value))
                archive.writestr(f"{name}.npy", buffer.getvalue())
    return path


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
    rows = unit(3)
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


@pytest.mark.parametrize(
    ("meta", "members", "message"),
    [
        ([], {}, "no file of `vectors export`"),
        ({"model": MODEL, "dimension": 384}, {}, "no file of `vectors export`"),
        ({"model": MODEL, "dimension": 384, "count": -1}, {}, "meta.json is not as expected"),
        ({"model": MODEL, "dimension": 384, "count": "1"}, {}, "meta.json is not as expected"),
        (None, {"ids": None}, "ids.npy cannot be read"),
        (None, {"hashes": b"no header"}, "hashes.npy cannot be read"),
        (None, {"hashes": np.zeros(1, "<i4")}, "hashes.npy does not hold <i8"),
        (None, {"vectors": unit(2)}, "vectors.npy does not hold <f2 of shape"),
        (None, {"vectors": np.asfortranarray(unit(1).T)}, "vectors.npy does not hold"),
        (None, {"ids": np.array([b"\xff\xfe"], "S32")}, "is no arXiv id"),
    ],
)
def test_a_damaged_export_is_refused(tmp_path: Path, meta: object, members: dict[str, object], message: str) -> None:
    assert "0 stored, 1 of papers that are not here" in run("import", export(tmp_path / "whole.npz"))
    with pytest.raises(CommandError, match=message):
        run("import", export(tmp_path / "vectors.npz", meta, **members))


def test_an_empty_file_and_an_npz_are_no_bare_file(tmp_path: Path, jsonl: Callable[..., Path]) -> None:
    ids = jsonl("2401.00001")
    (tmp_path / "empty.npy").touch()
    with pytest.raises(CommandError, match=r"is no \.npy file"):
        run("import", tmp_path / "empty.npy", "--ids", ids, "--model", MODEL)
    with pytest.raises(CommandError, match=r"is an \.npz file"):
        run("import", export(tmp_path / "vectors.npz"), "--ids", ids, "--model", MODEL)
    with pytest.raises(CommandError, match="--limit: expected a number from 0"):
        run("import", tmp_path / "empty.npy", "--ids", ids, "--model", MODEL, "--limit", "-1")


def test_rows_that_are_no_unit_vectors_are_counted(
    shelf_site: list[Paper], tmp_path: Path, jsonl: Callable[..., Path]
) -> None:
    PaperVector.objects.all().delete()
    rows = unit(5).astype(np.float32)
    rows[1] *= 2
    rows[2] = 0
    rows[3, 0] = np.nan
    rows[4, 0] = 1e6  # infinite in float16
    np.save(tmp_path / "bare.npy", rows)
    ids = jsonl(*(paper.arxiv_id for paper in shelf_site[:5]))
    printed = run("import", tmp_path / "bare.npy", "--ids", ids, "--model", f"sentence-transformers/{MODEL}")
    assert "1 stored, 0 of papers that are not here, 0 of another text, 4 unusable" in printed
    assert "This site encodes with" not in printed
    assert stored() == {shelf_site[0].arxiv_id: rows[0].astype(np.float16).tobytes()}
    assert PaperVector.objects.get().model == MODEL


def test_of_two_rows_of_one_paper_the_last_stays(
    shelf_site: list[Paper], tmp_path: Path, jsonl: Callable[..., Path]
) -> None:
    PaperVector.objects.all().delete()
    rows = unit(2)
    np.save(tmp_path / "bare.npy", rows)
    ids = jsonl(shelf_site[0].arxiv_id, shelf_site[0].arxiv_id)
    assert "1 stored, 0 of papers" in run("import", tmp_path / "bare.npy", "--ids", ids, "--model", MODEL)
    assert stored() == {shelf_site[0].arxiv_id: rows[1].tobytes()}


def test_another_model_is_taken_in_with_a_warning_and_keeps_its_width(
    shelf_site: list[Paper], tmp_path: Path, jsonl: Callable[..., Path]
) -> None:
    ids = jsonl(shelf_site[0].arxiv_id)
    np.save(tmp_path / "bare.npy", np.eye(1, 8, dtype=np.float16))
    printed = run("import", tmp_path / "bare.npy", "--ids", ids, "--model", "owner/other")
    assert f"This site encodes with {MODEL}" in printed
    assert "1 stored" in printed
    np.save(tmp_path / "wider.npy", np.eye(1, 9, dtype=np.float16))
    with pytest.raises(CommandError, match="9 dimensions, other has 8"):
        run("import", tmp_path / "wider.npy", "--ids", ids, "--model", "other")
