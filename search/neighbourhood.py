"""The neighbourhood of a paper: its relatives as a list, and laid out in the plane, so that what means alike lies
together.

Distances on the map stand for ranks of cosine distances of full vectors, fitted by weighted stress majorization
(Gansner, Koren, North: Graph Drawing by Stress Majorization, 2004) from a start by classical scaling. What was tried
beside it: docs/quality.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import structlog
from django.core.cache import cache
from numpy.typing import NDArray

from papers.models import Paper
from papers.people import read_person
from search.engines.base import EngineError
from search.map_labels import Label, place
from search.related import related
from search.service import CACHED_SECONDS, site_context

log = structlog.get_logger()

Points = NDArray[np.float64]  # (n, 2)
Distances = NDArray[np.float64]  # (n, n), symmetric, 0 on the diagonal

RELATIVES: Final = 20  # as many as the page of relatives has, so that one answer is kept for both
WITH_REASONS: Final = 6
WIDTH, HEIGHT, MARGIN = 400.0, 300.0, 20.0  # of the map, in its own units
GAP: Final = 28.0  # between the centres of two dots at least: a finger's on a phone
STEPS: Final = 60
PAPER_COUNTS: Final = 2.0  # distances from the paper itself count so much more
_NEAREST_RANK: Final = 0.1  # of the nearest two, where the farthest two have 1
_PUSHES: Final = 200
_LONGEST_NAME: Final = 18


@dataclass(frozen=True, slots=True)
class Spot:
    """A dot on the map: its number in the list (0: the paper itself), its place, its label where there was room, and
    whether it was submitted after the paper."""

    number: int
    x: float
    y: float
    later: bool
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The map. lines: x1, y1, x2, y2 between papers that are nearest to one another."""

    spots: list[Spot]
    lines: list[tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A relative under its number, from 1."""

    number: int
    paper: Paper
    reason: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Relatives, nearest first; `chart` is None where the paper has no vector or no relatives, and `away` says that the
    engine did not answer."""

    neighbours: list[Neighbour]
    chart: Chart | None = None
    away: bool = False

    @property
    def drawn(self) -> list[tuple[Neighbour, Spot]]:
        """Those on the map, each with its dot."""
        spots = {spot.number: spot for spot in self.chart.spots} if self.chart else {}
        return [(one, spots[one.number]) for one in self.neighbours if one.number in spots]

    @property
    def first(self) -> list[Neighbour]:
        """Those that are told of at length."""
        return self.neighbours[:WITH_REASONS]

    @property
    def rest(self) -> list[Neighbour]:
        """The others."""
        return self.neighbours[WITH_REASONS:]


def neighbourhood(paper: Paper) -> Neighbourhood:
    """The relatives of a paper and their map. Never raises EngineError: what cannot be had is left out."""
    try:
        found = related(paper, RELATIVES)
        known = Paper.objects.in_bulk([relative.id for relative in found])
        there = [relative for relative in found if relative.id in known]
        neighbours = [
            Neighbour(number, known[relative.id], relative.reason) for number, relative in enumerate(there, 1)
        ]
        return Neighbourhood(neighbours, _chart(paper, neighbours))
    except EngineError as error:
        log.warning("no neighbourhood", reason=str(error))
        return Neighbourhood([], away=True)


def _chart(paper: Paper, neighbours: Sequence[Neighbour]) -> Chart | None:
    """The map, kept while the index stays as it is; None without the paper's vector or without relatives."""
    context = site_context()
    if context is None or not neighbours:
        return None
    key = f"map:{context.generation}:{paper.pk}"
    kept: tuple[Chart | None] | None = cache.get(key)
    if kept is None:
        ids, vectors = context.fetch(np.array([paper.pk, *(one.paper.pk for one in neighbours)], np.int64))
        full = dict(zip(ids.tolist(), vectors, strict=True))
        drawn = [one for one in neighbours if one.paper.pk in full]
        chart = None
        if paper.pk in full and drawn:
            rows = np.stack([full[paper.pk], *(full[one.paper.pk] for one in drawn)])
            chart = _draw(paper, drawn, rows)
        kept = (chart,)
        cache.set(key, kept, CACHED_SECONDS)
    return kept[0]


def _draw(paper: Paper, drawn: Sequence[Neighbour], vectors: NDArray[np.floating]) -> Chart:
    distances = cosine_distances(vectors)
    points = lay_out(distances)
    places = [(round(x, 1), round(y, 1)) for x, y in points.tolist()]
    spots = [Spot(0, *places[0], later=False)]
    for one, at in zip(drawn, places[1:], strict=True):
        spots.append(Spot(one.number, *at, later=one.paper.published > paper.published))
    labels = place(places, ["", *(_name(one.paper) for one in drawn)], WIDTH, HEIGHT)
    lines = [(*places[one], *places[other]) for one, other in spanning_tree(distances)]
    return Chart([replace(spot, label=label) for spot, label in zip(spots, labels, strict=True)], lines)


def _name(paper: Paper) -> str:
    """The first author's family name and the year; empty where the name is too long for a label."""
    family = read_person(paper.authors[0]).last.removesuffix(" Collaboration") if paper.authors else ""
    return f"{family} {paper.published:%Y}" if 0 < len(family) <= _LONGEST_NAME else ""


def cosine_distances(vectors: NDArray[np.floating]) -> Distances:
    """1 − cosine of each two rows of `vectors` (n, d); a row of zeros is at distance 1 from all others."""
    rows = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(lengths > 0, lengths, 1)
    distances: Distances = np.clip(1 - rows @ rows.T, 0, 2)
    np.fill_diagonal(distances, 0)
    return (distances + distances.T) / 2


def lay_out(distances: Distances) -> Points:
    """Places (n, 2) for n papers, the first of which is the one that the map is about, on the map's WIDTH by HEIGHT,
    each two at least GAP apart where there is room for that. The same distances always give the same places."""
    if len(distances) < 2:
        return np.full((len(distances), 2), (WIDTH / 2, HEIGHT / 2))
    return _apart(_framed(majorize(ranks(distances))))


def ranks(distances: Distances) -> Distances:
    """Each distance by its place among all, evenly from _NEAREST_RANK to 1, equal ones in their order: of vectors of
    hundreds of dimensions nearly all distances are alike, and in the plane only their order can be kept."""
    pairs = np.triu_indices(len(distances), 1)
    placed = np.empty(len(pairs[0]))
    placed[np.argsort(distances[pairs], kind="stable")] = np.linspace(_NEAREST_RANK, 1, len(placed))
    out: Distances = np.zeros_like(distances)
    out[pairs] = placed
    return out + out.T


def majorize(wanted: Distances, *, power: float = 2, paper: float = PAPER_COUNTS) -> Points:
    """Places (n, 2), n > 1, that make Σ w·(‖xᵢ − xⱼ‖ − δ)² small, with w = δ to the −`power` (2: Kamada and Kawai's
    weights), times `paper` for pairs with the first. Each of the STEPS is Guttman's transform; δ > 0 but for i = j."""
    points = classical(wanted)
    weights = 1 / np.where(wanted > 0, wanted, 1) ** power
    weights[0] *= paper
    weights[:, 0] *= paper
    np.fill_diagonal(weights, 0)
    n = len(wanted)
    inverse = np.linalg.inv(np.diag(weights.sum(axis=1)) - weights + 1 / n) - 1 / n
    for _ in range(STEPS):
        now = np.linalg.norm(points[:, None] - points, axis=2)
        np.fill_diagonal(now, 1)
        ratios = -weights * wanted / np.maximum(now, 1e-9)
        np.fill_diagonal(ratios, -ratios.sum(axis=1))
        points = inverse @ (ratios @ points)
    return points


def classical(distances: Distances) -> Points:
    """Classical scaling to the plane (Torgerson 1952), (n, 2)."""
    n = len(distances)
    centring = np.eye(n) - 1 / n
    values, axes = np.linalg.eigh(-0.5 * centring @ distances**2 @ centring)
    points: Points = axes[:, -2:] * np.sqrt(np.maximum(values[-2:], 1e-12))
    return points


def spanning_tree(distances: Distances) -> list[tuple[int, int]]:
    """The n − 1 pairs of the shortest tree that joins all (Prim 1957): each paper with its nearest, and the groups that
    this makes with one another."""
    n = len(distances)
    nearest, parent = distances[0].copy(), np.zeros(n, np.int64)
    left = np.ones(n, bool)
    left[0] = False
    pairs = []
    for _ in range(n - 1):
        new = int(np.argmin(np.where(left, nearest, np.inf)))
        pairs.append((int(parent[new]), new))
        left[new] = False
        closer = distances[new] < nearest
        parent[closer], nearest[closer] = new, distances[new][closer]
    return pairs


def _framed(points: Points) -> Points:
    """Turned so that the longer way lies across and the first relative right and above of the paper, and scaled to the
    map within MARGIN."""
    points = points - points.mean(axis=0)
    points = points @ np.linalg.svd(points, full_matrices=False)[2].T
    points = points * np.where(points[1] - points[0] >= 0, 1, -1) * (1, -1)
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    framed: Points = (points - (low + high) / 2) * scale + (WIDTH / 2, HEIGHT / 2)
    return framed


def _apart(points: Points) -> Points:
    """Dots that would touch are pushed from one another, within the frame."""
    # Dots in one place part in directions of their own.
    turns = 2.4 * np.arange(len(points))
    points = points + 0.01 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    low, high = (MARGIN, MARGIN), (WIDTH - MARGIN, HEIGHT - MARGIN)
    for _ in range(_PUSHES):
        between = points[:, None] - points
        now = np.linalg.norm(between, axis=2)
        np.fill_diagonal(now, np.inf)
        if now.min() >= GAP:
            break
        # A little more than is missing, so that it ends.
        push = np.maximum(GAP + 0.5 - now, 0) / 2
        points = points + (between / np.maximum(now, 1e-9)[..., None] * push[..., None]).sum(axis=1)
        points = np.clip(points, low, high)
    return points
