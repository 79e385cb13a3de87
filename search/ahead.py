"""The encoder works ahead: while papers are given their keyphrases and written, it encodes the next ones.

ONNX Runtime and PyTorch compute without Python's lock, so the encoder, which takes nearly all the time of indexing,
hardly waits for what else is to be done.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import numpy as np
from numpy.typing import NDArray

from search.encoder import Encoder

# Texts encoded between two looks whether anybody still wants them: about a second's.
SLICE = 64
# Seconds after which a thread that computes in Python makes room for another; Python's own 5 ms, several times a text,
# would have the encoder's threads wait half the time.
_SWITCH = 0.0002


class Ahead:
    """An encoder that is told what it will be asked next. Texts that it was not told are encoded when they are asked
    for, so that nothing depends on what it was told."""

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._begun: list[tuple[list[str], Future[NDArray[np.float32]]]] = []
        self._ended = Event()

    def begin(self, texts: list[str]) -> None:
        """Encode these as soon as those begun before are done."""
        if texts:
            self._begun.append((texts, self._thread.submit(self._slices, texts)))

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """See Encoder. What was begun before these texts is forgotten."""
        for place, (begun, vectors) in enumerate(self._begun):
            if begun == texts:
                del self._begun[: place + 1]
                return vectors.result()
        return self._encoder.encode(texts)

    def end(self) -> None:
        """Stop within a slice."""
        self._ended.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _slices(self, texts: list[str]) -> NDArray[np.float32]:
        rows = []
        for begin in range(0, len(texts), SLICE):
            if self._ended.is_set():
                raise EndedError
            rows.append(self._encoder.encode(texts[begin : begin + SLICE]))
        return np.concatenate(rows)


class EndedError(Exception):
    """Nobody wants these vectors any more."""


@contextmanager
def ahead(encoder: Encoder) -> Iterator[Ahead]:
    """An encoder that works ahead until the block ends."""
    found, interval = Ahead(encoder), sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield found
    finally:
        sys.setswitchinterval(interval)
        found.end()
