"""Whitening: from sentence vectors to the short vectors of the index.

    x̃ = (x − β·μ) · U · diag(λ)^(−γ/2), first k columns, then L2-normalised;   Σ = E[(x−βμ)ᵀ(x−βμ)] = U diag(λ) Uᵀ

Su, Cao, Liu, Ou: Whitening Sentence Representations for Better Semantics and Faster Retrieval (arXiv:2103.15316), with
the β and γ its first author added later. β = γ = 1 is the paper's; γ = 0 is a pure rotation (PCA).
"""

import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

FLOOR = 64  # the rule gives fewer dimensions to a small corpus, which cost quality for nothing
# An eigenvalue this small against the largest is rounding; whitening would blow its noise up.
SMALLEST = 1e-6


def width_for(papers: int, dimension: int) -> int:
    """k = ⌈8.33·ln N⌉, at least 64, at most the model's own width."""
    wanted = math.ceil(8.33 * math.log(papers)) if papers > 1 else 0
    return min(max(wanted, FLOOR), dimension)


@dataclass
class Moments:
    """Streaming sums of first and second order in float64: memory does not grow with the number of vectors."""

    count: int
    total: NDArray[np.float64]
    products: NDArray[np.float64]

    @classmethod
    def empty(cls, dimension: int) -> "Moments":
        """No vectors yet."""
        return cls(0, np.zeros(dimension), np.zeros((dimension, dimension)))

    def add(self, vectors: NDArray[np.floating]) -> None:
        """Take in vectors of shape (n, d)."""
        rows = np.asarray(vectors, dtype=np.float64)
        self.count += len(rows)
        self.total += rows.sum(axis=0)
        self.products += rows.T @ rows

    def about(self, beta: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """μ of shape (d,) and Σ = E[(x−βμ)ᵀ(x−βμ)] of shape (d, d). Raises ValueError without vectors."""
        if not self.count:
            raise ValueError("whitening needs at least one vector")
        mean = self.total / self.count
        # E[xᵀx] − 2βμᵀμ + β²μᵀμ
        covariance = self.products / self.count - beta * (2 - beta) * np.outer(mean, mean)
        return mean, covariance


@dataclass(frozen=True)
class Transform:
    """A fitted whitening of one model, in full width: `apply` cuts to the k that is asked for.

    mean: (d,) float32. basis: U, (d, d) float32, columns by falling eigenvalue. spectrum: λ, (d,) float32.
    """

    model: str
    beta: float
    gamma: float
    papers: int
    fitted: str
    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    spectrum: NDArray[np.float32]

    @property
    def dimension(self) -> int:
        """d, the model's own width."""
        return len(self.mean)

    def apply(self, vectors: NDArray[np.floating], width: int) -> NDArray[np.float32]:
        """Whitened vectors, (n, d) → (n, width) float32, L2-normalised; a zero vector stays zero.

        Raises ValueError where the vectors have another dimension than the transform.
        """
        if vectors.shape[-1] != self.dimension:
            raise ValueError(f"vectors of {vectors.shape[-1]} dimensions, transform of {self.dimension}")
        floor = self.spectrum[0] * SMALLEST
        scale = np.maximum(self.spectrum[:width], floor) ** (-self.gamma / 2)
        matrix = (self.basis[:, :width] * scale).astype(np.float32)
        out = (vectors.astype(np.float32) - np.float32(self.beta) * self.mean) @ matrix
        norms = np.linalg.norm(out, axis=-1, keepdims=True)
        return np.asarray(out / np.maximum(norms, 1e-12), dtype=np.float32)

    def to_bytes(self) -> bytes:
        """As an .npz file without pickles."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            model=np.array(self.model),
            beta=np.array(self.beta),
            gamma=np.array(self.gamma),
            papers=np.array(self.papers),
            fitted=np.array(self.fitted),
            mean=self.mean,
            basis=self.basis.astype(np.float16),
            spectrum=self.spectrum,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Transform":
        """The transform of `to_bytes`."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return cls(
                model=str(stored["model"]),
                beta=float(stored["beta"]),
                gamma=float(stored["gamma"]),
                papers=int(stored["papers"]),
                fitted=str(stored["fitted"]),
                mean=stored["mean"].astype(np.float32),
                basis=stored["basis"].astype(np.float32),
                spectrum=stored["spectrum"].astype(np.float32),
            )


def fit(
    batches: Iterable[NDArray[np.floating]],
    *,
    model: str,
    dimension: int,
    beta: float,
    gamma: float,
    fitted: str,
) -> Transform:
    """Fit a transform in one pass over batches of shape (n, d). `fitted` is the date to note, as text.

    Raises ValueError without any vector and where values are infinite or not a number.
    """
    moments = Moments.empty(dimension)
    for batch in batches:
        moments.add(batch)
    mean, covariance = moments.about(beta)
    if not np.isfinite(covariance).all():
        raise ValueError("the vectors hold values that are no numbers")
    spectrum, basis = np.linalg.eigh(covariance)
    order = np.argsort(spectrum)[::-1]
    basis = basis[:, order]
    # An eigenvector's sign is arbitrary: fix it, so that the same vectors give the same transform everywhere.
    basis = basis * np.where(basis[np.abs(basis).argmax(axis=0), range(dimension)] < 0, -1.0, 1.0)
    return Transform(
        model=model,
        beta=beta,
        gamma=gamma,
        papers=moments.count,
        fitted=fitted,
        mean=mean.astype(np.float32),
        basis=basis.astype(np.float32),
        spectrum=np.maximum(spectrum[order], 0).astype(np.float32),
    )


@lru_cache(maxsize=1)
def prior() -> Transform:
    """The transform that ships with Papertide, fitted on 100,000 arXiv papers (`manage.py make_priors`)."""
    return Transform.from_bytes((files("search") / "data" / "whitening-prior.npz").read_bytes())


def rotation(model: str, dimension: int) -> Transform:
    """Where a model has neither a fit nor a prior: its own axes, so that a first paper is searchable."""
    identity = np.eye(dimension, dtype=np.float32)
    return Transform(model, 0.0, 0.0, 0, "", identity[0] * 0, identity, np.ones(dimension, np.float32))
