"""Whitening: the formula, the stream, the rule, and what ships."""

from pathlib import Path

import numpy as np
import pytest

from search.whitening import Moments, Transform, fit, prior, rotation, width_for


def sample(rows: int = 4000, dimension: int = 6) -> np.ndarray:
    """Correlated vectors off the origin."""
    generator = np.random.default_rng(1)
    mixing = generator.normal(size=(dimension, dimension))
    return np.asarray(generator.normal(size=(rows, dimension)) @ mixing + np.arange(dimension))


def fitted(vectors: np.ndarray, beta: float, gamma: float) -> Transform:
    """A transform of vectors that come in three uneven batches."""
    batches = np.split(vectors, [7, 1500])
    return fit(batches, model="m", dimension=vectors.shape[1], beta=beta, gamma=gamma, fitted="2026-01-01")


def unnormalised(transform: Transform, vectors: np.ndarray) -> np.ndarray:
    """x̃ before the last step, by the formula."""
    scale = transform.spectrum ** (-transform.gamma / 2)
    return np.asarray((vectors - transform.beta * transform.mean) @ (transform.basis * scale))


def test_full_whitening_gives_unit_covariance() -> None:
    vectors = sample()
    out = unnormalised(fitted(vectors, 1, 1), vectors)
    assert out.mean(axis=0) == pytest.approx(0, abs=1e-3)
    assert np.cov(out.T, bias=True) == pytest.approx(np.eye(6), abs=1e-3)


def test_gamma_zero_is_a_rotation_that_keeps_cosines() -> None:
    vectors = sample(200)
    out = fitted(vectors, 0, 0).apply(vectors, 6)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert out @ out.T == pytest.approx(unit @ unit.T, abs=1e-3)


@pytest.mark.parametrize("gamma", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_apply_follows_the_formula(beta: float, gamma: float) -> None:
    vectors = sample(500)
    transform = fitted(vectors, beta, gamma)
    expected = unnormalised(transform, vectors)[:, :3]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert transform.apply(vectors, 3) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_streamed_moments_are_those_of_the_whole(beta: float) -> None:
    vectors = sample()
    moments = Moments.empty(6)
    for batch in np.array_split(vectors, 13):
        moments.add(batch)
    mean, covariance = moments.about(beta)
    centred = vectors - beta * vectors.mean(axis=0)
    assert mean == pytest.approx(vectors.mean(axis=0))
    assert covariance == pytest.approx(centred.T @ centred / len(vectors))


def test_the_spectrum_falls_and_the_fit_repeats() -> None:
    first, second = fitted(sample(), 0, 0.25), fitted(sample(), 0, 0.25)
    assert (np.diff(first.spectrum) <= 0).all()
    assert np.array_equal(first.basis, second.basis)


def test_a_transform_survives_its_bytes() -> None:
    vectors = sample(500)
    before = fitted(vectors, 1, 0.5)
    after = Transform.from_bytes(before.to_bytes())
    assert (after.model, after.beta, after.gamma, after.papers, after.fitted) == ("m", 1, 0.5, 500, "2026-01-01")
    assert after.apply(vectors, 4) == pytest.approx(before.apply(vectors, 4), abs=5e-3)


def test_a_constant_direction_does_not_blow_up() -> None:
    vectors = sample(100)
    vectors[:, 0] = 1
    out = fitted(vectors, 1, 1).apply(vectors, 6)
    assert np.isfinite(out).all()


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one vector"):
        fit([], model="m", dimension=3, beta=0, gamma=0, fitted="")
    with pytest.raises(ValueError, match="5 dimensions, transform of 6"):
        fitted(sample(50), 0, 0).apply(np.ones((1, 5)), 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vector_that_is_no_number_is_refused(value: float) -> None:
    vectors = sample(50)
    vectors[7, 2] = value
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="values that are no numbers"):
        fitted(vectors, 1, 1)


@pytest.mark.parametrize(
    ("papers", "width"), [(0, 64), (1, 64), (200, 64), (10_000, 77), (100_000, 96), (3_000_000, 125), (10**30, 384)]
)
def test_the_width_follows_the_rule(papers: int, width: int) -> None:
    assert width_for(papers, 384) == width


def test_the_prior_ships_and_is_orthogonal() -> None:
    transform = prior()
    assert transform.model == "all-MiniLM-L6-v2"
    assert transform.papers >= 20_000
    assert transform.basis.T @ transform.basis == pytest.approx(np.eye(384), abs=5e-3)


def test_the_prior_keeps_the_neighbours_of_real_papers(shared_data: Path) -> None:
    vectors = np.load(shared_data / "vectors-100k.f16.npy", mmap_mode="r")[:5000].astype(np.float32)
    short = prior().apply(vectors, 96)
    kept = 0
    for row in range(0, 5000, 50):
        full = set(np.argsort(-(vectors @ vectors[row]))[1:11])
        kept += len(full & set(np.argsort(-(short @ short[row]))[1:31]))
    assert kept / 1000 > 0.9  # of the 10 nearest by full vectors, among the 30 nearest by short ones


def test_a_model_without_a_fit_keeps_its_axes() -> None:
    vectors = sample(10)
    unit = vectors[:, :4] / np.linalg.norm(vectors[:, :4], axis=1, keepdims=True)
    assert rotation("m", 6).apply(vectors, 4) == pytest.approx(unit, abs=1e-5)
