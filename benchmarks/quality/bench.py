"""What the sections of docs/quality.md measure on: the judged sets and 100,000 real papers, each encoded once."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from benchmarks import SHARED

if TYPE_CHECKING:
    from benchmarks.library import Library
    from search.encoder import Encoder
    from search.evaluation import Corpus, Encode, JudgedSet, Value
    from search.vectors import Vectors

JUDGED = {"scifact": "SciFact", "cranfield": "Cranfield", "cisi": "CISI", "csfcube-dev": "CSFCube (dev)"}
PAPERS = 100_000


def watch(items: "Sequence[Value]", what: str) -> "Iterator[Value]":
    """A progress bar around what takes long."""
    yield from tqdm(items, desc=what, leave=False, disable=None)


@dataclass
class Bench:
    """Vectors are kept in the folder `kept` from run to run, by model and text. trained: the folder of a model that
    `manage.py train_encoder` has made, where one is to be measured."""

    kept: Path
    trained: Path | None = None

    @cached_property
    def encoder(self) -> "Encoder":
        """The site's."""
        from search.encoder import get_encoder

        return get_encoder()

    @cached_property
    def sets(self) -> "dict[str, tuple[JudgedSet, Corpus]]":
        """The judged sets by folder, with what was learned from each."""
        from search.evaluation import Corpus, read_judged_set

        found = {}
        for name in JUDGED:
            judged = read_judged_set(SHARED / "ir" / name)
            found[name] = (judged, Corpus.of(judged, self.encode, self.encoder.name, watch))
        return found

    @cached_property
    def library(self) -> "Library":
        """PAPERS real papers with their real vectors."""
        from benchmarks.library import read_library

        return read_library(PAPERS)

    @cached_property
    def encode(self) -> "Encode":
        """Texts to full vectors, (n, d) float32, as the encoder gives them."""
        return self.encode_by(self.encoder)

    def encode_by(self, encoder: "Encoder") -> "Encode":
        """The same by another encoder."""
        folder = self.kept
        folder.mkdir(parents=True, exist_ok=True)

        @cache
        def encoded(texts: tuple[str, ...]) -> "Vectors":
            name = hashlib.sha256("\0".join([encoder.name, *texts]).encode()).hexdigest()[:32]
            path = folder / f"{name}.npy"
            if not path.exists():
                vectors = encoder.encode(list(texts))
                with path.with_suffix(".new").open("wb") as file:
                    np.save(file, vectors)
                path.with_suffix(".new").rename(path)
            found: Vectors = np.load(path)
            return found

        return lambda texts: encoded(tuple(texts))
