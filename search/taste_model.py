"""A reader's taste as a small model: learned from papers that she starred, against some that she did not.

Papers are told by whitened vectors and by the stems of title and keyphrases. A ridge regression over both gives each
dimension and each stem a weight; beside it counts how near a paper is to the nearest of the stars, since who reads in
two fields has no one direction. What follows is chosen on simulated readers (`make quality`, section `personal`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from search import analysis
from search.frequencies import FrequencyTable
from search.ranking import smoothed, standardised
from search.vectors import Vectors
from search.whitening import Transform

BETA: Final = 1.0
GAMMA: Final = 0.25  # of the whitening that the model sees papers by: centred, and soft
RIDGE: Final = 0.01
WORDS: Final = 1.4  # length of what words say of a paper, beside its vector of length 1
SHARPNESS: Final = 8.0  # of nearness: 0 would be the cosine with the stars' mean, infinity that with the nearest star
NEARNESS: Final = 0.5  # its share of the score
NEIGHBOURS_SHARE: Final = 1.3  # by √stars, at most MOST_SHARE: of the nearest papers' scores in each paper's own
MOST_SHARE: Final = 0.5
SMOOTHED: Final = 1_000  # papers of a list, the best
PHRASES: Final = 5  # that explain a taste

Terms = Mapping[str, float]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """What the model knows of papers. vectors: (n, d) float32, whitened and L2-normalised, zeros where a paper has
    none. terms: a paper's stems with their weights, as `terms_of` gives them."""

    vectors: Vectors
    terms: Sequence[Terms]


def space_of(fitted: Transform) -> Transform:
    """The whitening that the model sees papers by, from one that was fitted."""
    return replace(fitted, beta=BETA, gamma=GAMMA)


def terms_of(title: str, keywords: Iterable[str], table: FrequencyTable) -> dict[str, float]:
    """The stems of a paper's title and keyphrases, each weighing √times · idf, together of length WORDS."""
    times = Counter(analysis.stems("\n".join([title, *keywords])))
    weights = {stem: sqrt(count) * table.idf(stem) for stem, count in times.items()}
    norm = sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {stem: WORDS * weight / norm for stem, weight in weights.items()}


@dataclass(frozen=True)
class TasteModel:
    """direction: (d,) float32. weights: of the stars' stems. held: how many stars hold each of these. stars: their
    vectors (m, d), those without left out."""

    direction: Vectors
    weights: Mapping[str, float]
    held: Mapping[str, int]
    stars: Vectors

    def scores(self, papers: Features) -> Scores:
        """How much the reader would like each paper of one list, (n,); figures of two lists do not compare.

        Papers of one subject lie together, and what a few stars did not say of one they said of the next: so the
        scores are smoothed over neighbours, the less the more stars there are.
        """
        if not papers.terms:
            return np.zeros(0)
        mixed = self.mixed(papers)
        best = np.argsort(-mixed, kind="stable")[:SMOOTHED]
        share = min(NEIGHBOURS_SHARE / sqrt(len(self.stars) or 1), MOST_SHARE)
        mixed[best] = smoothed(mixed[best], papers.vectors[best], share)
        return mixed

    def mixed(self, papers: Features) -> Scores:
        """Both parts of the score, (n,)."""
        return (1 - NEARNESS) * standardised(self.linear(papers)) + NEARNESS * standardised(self.nearness(papers))

    def linear(self, papers: Features) -> Scores:
        """The linear model's part, (n,)."""
        words = [sum(self.weights.get(stem, 0.0) * share for stem, share in terms.items()) for terms in papers.terms]
        return np.asarray(papers.vectors @ self.direction + np.array(words), np.float64)

    def nearness(self, papers: Features) -> Scores:
        """A soft maximum of the cosines with the stars, ln(mean e^(βc))/β, (n,)."""
        if not len(self.stars):
            return np.zeros(len(papers.terms))
        grown = np.exp(SHARPNESS * (papers.vectors @ self.stars.T))
        return np.asarray(np.log(grown.mean(axis=1)) / SHARPNESS, np.float64)

    def strength(self, phrase: str) -> float:
        """How much a phrase speaks for a paper: Σ weight · √(stars that hold it) over its stems, by √stems. By the
        weights alone a rare word of one star would be the reason for everything."""
        stems = analysis.stems(phrase)
        told = sum(self.weights[stem] * sqrt(self.held[stem]) for stem in stems if stem in self.held)
        return told / sqrt(len(stems) or 1)


def fit(stars: Features, others: Features) -> TasteModel:
    """Learn from what was starred (m papers, one at least) and what was not (perhaps none).

    Ridge regression of ±1 in which either side weighs a half, solved in the dual: (m + others)² numbers, not features'.
    Without others the space's own centre stands for them.
    """
    columns = {stem: place for place, stem in enumerate(dict.fromkeys(stem for one in stars.terms for stem in one))}
    liked, rest = _matrix(stars, columns), _matrix(others, columns)
    if not len(rest):
        rest = np.zeros((1, liked.shape[1]), np.float32)
    rows = np.vstack([liked, rest])
    shares = np.repeat([0.5 / len(liked), 0.5 / len(rest)], [len(liked), len(rest)]).astype(np.float32)
    wanted = np.repeat(np.array([1, -1], np.float32), [len(liked), len(rest)])
    roots = np.sqrt(shares)
    centred = (rows - shares @ rows) * roots[:, None]
    kernel = centred @ centred.T
    kernel[np.diag_indices(len(kernel))] += RIDGE
    weights = centred.T @ np.linalg.solve(kernel, roots * wanted)
    width = stars.vectors.shape[1]
    known = np.any(stars.vectors, axis=1)
    words = dict(zip(columns, weights[width:].tolist(), strict=True))
    held = Counter(stem for one in stars.terms for stem in one)
    return TasteModel(np.asarray(weights[:width], np.float32), words, held, stars.vectors[known])


def _matrix(papers: Features, columns: Mapping[str, int]) -> Vectors:
    """Vectors and stems side by side, (n, d + columns); stems that no star holds are left out."""
    words = np.zeros((len(papers.terms), len(columns)), np.float32)
    for row, terms in zip(words, papers.terms, strict=True):
        for stem, weight in terms.items():
            place = columns.get(stem)
            if place is not None:
                row[place] = weight
    return np.hstack([papers.vectors, words])


def telling_phrases(model: TasteModel, keywords: Iterable[Sequence[str]]) -> list[str]:
    """The PHRASES keyphrases of the starred papers that add most, as most papers write them."""
    forms: dict[tuple[str, ...], Counter[str]] = {}
    for phrases in keywords:
        for phrase in phrases:
            forms.setdefault(tuple(analysis.stems(phrase)), Counter())[phrase] += 1
    written = [max(counts, key=lambda form: (counts[form], form)) for stems, counts in forms.items() if stems]
    return strongest(model, written, PHRASES)


def strongest(model: TasteModel, phrases: Iterable[str], most: int, least: float = 0.0) -> list[str]:
    """The `most` phrases of a strength above `least`, strongest first; one of which stronger ones told more than half
    is left out."""
    weighed = [(model.strength(phrase), phrase) for phrase in phrases]
    told: set[str] = set()
    found: list[str] = []
    for strength, phrase in sorted(weighed, key=lambda each: (-each[0], each[1])):
        stems = set(analysis.stems(phrase))
        if len(found) == most or strength <= least:
            break
        if 2 * len(stems & told) <= len(stems):
            found.append(phrase)
            told |= stems
    return found
