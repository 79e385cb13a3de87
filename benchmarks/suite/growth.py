"""How a cost grows with the number of papers, and what that says of more papers than were measured.

Two forms are tried: a power law a·nᵇ, by least squares on logarithms, and a fixed part with one that grows, a + b·n
with a, b ≥ 0, by non-negative least squares of relative errors (Lawson and Hanson, *Solving Least Squares Problems*,
1974). Costs that are flat below some size are no power law; those that grow with n·ln n are no line. The form that
misses less where each size in turn is left out and foretold from the others is used.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Form = Literal["power", "line"]
FORMS: tuple[Form, ...] = ("power", "line")
LEAST_SIZES = 3  # two points lie on either form, so that nothing can be told of how well it fits
NEAR = 2.0  # a form that misses up to so many times as much as the better one still counts as a doubt

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """cost(n) = a·nᵇ (power) or a + b·n (line)."""

    form: Form
    a: float
    b: float

    def at(self, papers: float) -> float:
        """The cost at so many papers, in the unit of the costs it was fitted to."""
        return self.a * papers**self.b if self.form == "power" else self.a + self.b * papers


@dataclass(frozen=True)
class Growth:
    """The better curve. off: root of the mean square of ln(seen / fitted). missed: the same where each size was
    foretold from the others. largest: the largest measured size. doubts: every curve that counts as one: the better
    one, its like without each size, and the other form where that misses nearly as little."""

    curve: Curve
    off: float
    missed: float
    largest: int
    doubts: tuple[Curve, ...]

    def between(self, papers: float) -> tuple[float, float]:
        """The least and the most that the doubts say of so many papers."""
        said = [curve.at(papers) for curve in self.doubts]
        return min(said), max(said)


def grow(sizes: Sequence[int], costs: Sequence[float]) -> Growth | None:
    """The growth of positive costs over as many different sizes; None where there are fewer than three."""
    n, y = np.asarray(sizes, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    if len(n) < LEAST_SIZES or len(set(sizes)) < len(sizes) or not (y > 0).all():
        return None
    without = {form: [_fit(form, np.delete(n, out), np.delete(y, out)) for out in range(len(n))] for form in FORMS}
    missed = {
        form: _off([curve.at(size) for curve, size in zip(curves, n, strict=True)], y)
        for form, curves in without.items()
    }
    form = min(FORMS, key=lambda each: missed[each])
    curve = _fit(form, n, y)
    doubts = [curve, *without[form]]
    for other in FORMS:
        if other != form and missed[other] <= NEAR * missed[form]:
            doubts.append(_fit(other, n, y))
    return Growth(curve, _off([curve.at(size) for size in n], y), missed[form], int(n.max()), tuple(doubts))


def _fit(form: Form, n: Numbers, y: Numbers) -> Curve:
    if form == "power":
        b, log_a = np.polyfit(np.log(n), np.log(y), 1)
        return Curve(form, math.exp(log_a), float(b))
    # Papers are counted in the largest size, so that both columns are of one magnitude.
    scale = float(n.max())
    (a, b), _ = nnls(np.stack([1 / y, n / scale / y], axis=1), np.ones(len(y)))
    return Curve(form, float(a), float(b) / scale)


def _off(fitted: Sequence[float], seen: Numbers) -> float:
    """Root of the mean square of ln(seen / fitted); infinite where a fit says nought."""
    said = np.asarray(fitted)
    return float(np.sqrt(np.mean(np.log(seen / said) ** 2))) if (said > 0).all() else math.inf
