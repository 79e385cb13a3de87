"""A sentence encoder by ONNX Runtime: the same vectors as sentence-transformers, without PyTorch in memory.

It is written down at the first start (`search.onnx_export`), in ONNX_DIR, under a name that changes with the model.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import structlog
from filelock import FileLock
from numpy.typing import NDArray

log = structlog.get_logger()
LONGEST = 900  # seconds that writing a model down may take; a large one is loaded from a disk, or from a hub
FORMAT = "2"  # of what `search.onnx_export` writes: another one is written down anew
UNREADABLE = 2  # what `search.onnx_export` ends with where the model cannot be loaded


class RefusedError(Exception):
    """The model cannot be used by ONNX Runtime; the text says why."""


class UnloadableError(Exception):
    """There is no such model; the text says why."""


class OnnxModel:
    """The model in `folder`, as `search.onnx_export` has written it. May be used from any thread.

    Raises RefusedError where it was found to be of no use.
    """

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        if "refused" in about:
            raise RefusedError(about["refused"])
        import onnxruntime
        from tokenizers import Tokenizer

        self.dimension = int(about["dimension"])
        self._inputs: list[str] = about["inputs"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(int(about["length"]))
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)  # as PyTorch; 0: one a core
        # Its threads would else turn in circles for a while after each text, on the cores that make the pages.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, d), L2-normalised; a text is cut at the model's own length.

        Each text alone: on a CPU that is as fast as several at once, which have to be filled up to the longest.
        """
        rows = [self._vector(text) for text in texts]
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), np.float32)

    def _vector(self, text: str) -> NDArray[np.float32]:
        tokens = self._tokenizer.encode(text)
        known = {"input_ids": tokens.ids, "attention_mask": tokens.attention_mask, "token_type_ids": tokens.type_ids}
        feed = {name: np.array([known[name]], np.int64) for name in self._inputs}
        vector: NDArray[np.float32] = self._session.run(None, feed)[0]
        return vector


def onnx_model(source: str, name: str, root: Path) -> OnnxModel:
    """The model at `source` (a folder or a name), written down below `root` where it is not yet.

    Raises RefusedError where ONNX Runtime cannot do it, UnloadableError where there is no such model.
    """
    folder = root / f"{name}-{_state(source)}"
    if not folder.is_dir():
        try:
            _write_down(source, folder)
        except OSError as error:  # a full disk, a folder that must not be written
            raise RefusedError(str(error)) from error
    return OnnxModel(folder)


def _state(source: str) -> str:
    """Twelve hexadecimal digits that change when the files of a model do, or what has written it down."""
    import onnxruntime

    said = [source, onnxruntime.__version__, FORMAT]
    for file in sorted(Path(source).rglob("*")) if Path(source).is_dir() else ():
        if file.is_file():
            facts = file.stat()
            said.append(f"{file.relative_to(source)} {facts.st_size} {facts.st_mtime_ns}")
    return hashlib.blake2b("\n".join(said).encode(), digest_size=6).hexdigest()


def _write_down(source: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f"{folder.name}.lock"):  # the processes of a site start together
        if folder.is_dir():
            return
        log.info("the encoder is written down for ONNX Runtime, once", source=source)
        command = [sys.executable, "-m", "search.onnx_export", source, str(folder)]
        try:
            done = subprocess.run(  # noqa: S603 -- our own module
                command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=LONGEST, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise RefusedError(f"writing it down took more than {LONGEST} s") from error
        last = (done.stderr.strip().splitlines() or ["no reason was told"])[-1]
        if done.returncode == UNREADABLE:
            raise UnloadableError(last)
        if not folder.is_dir():
            raise RefusedError(f"writing it down failed: {last}")
