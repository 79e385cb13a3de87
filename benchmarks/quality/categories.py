"""Primary categories of held-out real papers by what the papers around them are filed under: each part alone, the
site's way, a classifier, and alternating normalisation (CAN) on the unsure ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.library import Library, fill
from benchmarks.quality.bench import Bench, watch
from benchmarks.quality.markdown import head, row
from benchmarks.quality.normalisation import REFERENCE, alternately_normalised
from papers.tex import to_text
from search import frequencies, whitening
from search.classifying import votes
from search.classifying.head import Head, train
from search.classifying.suggesting import Neighbours, neighbours, open_ones
from search.classifying.votes import Shares, Voter
from search.encoder import DEFAULT_MODEL
from search.engines import engine_aside
from search.engines.base import Hits

HELD_OUT, SEED = 10_000, 1
RECENT = 2025
FEW, SMALL_SITES = 2_000, (1_000, 10_000)
BINS = 10
CAN_THRESHOLDS, CAN_POWERS, CAN_STEPS = (0.8, 0.9, 0.95), (1.0, 2.0), (1, 2)


@dataclass(frozen=True)
class Held:
    """A held-out paper: what it is really filed under first, its day, the papers around it, and what a classifier that
    was trained on others says."""

    truth: str
    voter: Voter
    around: Neighbours
    learned: Shares


@dataclass(frozen=True)
class Measured:
    """Shares for each of the held-out papers, in their order."""

    truths: Sequence[str]
    shares: Sequence[Shares]

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """At which place, from 0, the truth stands; large where it does not."""
        orders = [[category for category, _ in votes.best_first(one)] for one in self.shares]
        return np.array([o.index(t) if t in o else 999 for o, t in zip(orders, self.truths, strict=True)])

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """Of the first guess."""
        return np.array([max(one.values(), default=0.0) for one in self.shares])

    @cached_property
    def entropy(self) -> NDArray[np.float64]:
        """Normalised, of the best three."""
        return np.array([votes.entropy([share for _, share in votes.best_first(one)]) for one in self.shares])

    def right(self, first: int, which: NDArray[np.bool_] | None = None) -> float:
        """The share of papers whose truth is among the `first` guesses."""
        return float((self.ranks if which is None else self.ranks[which]).__lt__(first).mean())

    def calibration_error(self) -> float:
        """Expected calibration error: |confidence − accuracy| of BINS equal steps of confidence, by their papers."""
        step = np.minimum((self.confidence * BINS).astype(int), BINS - 1)
        right = self.ranks == 0
        return float(
            sum(abs(self.confidence[step == b].sum() - right[step == b].sum()) for b in range(BINS)) / len(right)
        )


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    library = bench.library
    order = np.random.default_rng(SEED).permutation(len(library.records))
    places, known = order[:HELD_OUT], order[HELD_OUT:]
    days = [library.records[n].published.date() for n in known]
    trained = train(DEFAULT_MODEL, library.full[known], [library.records[n].categories for n in known], days)
    told = held_out(library, places, known, trained)
    voters = voters_of(library)
    measured = {name: way(told, voters, len(known)) for name, way in WAYS.items()}
    site = measured[SITE]
    yield f"{HELD_OUT:,} papers of {len(order):,}, drawn by chance and held out; the other {len(known):,} are known."
    yield from head("primary category by", ["top 1", "top 3"])
    for name, figures in measured.items():
        yield row(name, [f"{figures.right(first):.3f}" for first in (1, 3)])
    recent = np.array([held.voter.published.year >= RECENT for held in told])
    yield ""
    yield (
        f"Of the {recent.sum():,} papers since {RECENT} alone the site's names {site.right(1, recent):.3f} first and "
        f"{site.right(3, recent):.3f} among three."
    )
    yield from _small_sites(library, order, trained)
    yield from _reliability(site)
    yield from _normalised(site, [library.records[n].categories[0] for n in known])


def _small_sites(library: Library, order: NDArray[np.int64], trained: Head) -> Iterator[str]:
    names = ("both, nearer in time", "the classifier alone", SITE)
    columns = [f"{name.strip('*')}: top 1 / top 3" for name in names]
    yield from head(f"sites of fewer papers, {FEW:,} held out", [*columns, "calibration error"])
    for papers in SMALL_SITES:
        told = held_out(library, order[:FEW], order[HELD_OUT : HELD_OUT + papers], trained)
        found = [WAYS[name](told, voters_of(library), papers) for name in names]
        cells = [f"{one.right(1):.3f} / {one.right(3):.3f}" for one in found]
        yield row(f"{papers:,}", [*cells, f"{found[-1].calibration_error():.3f}"])


def held_out(library: Library, places: NDArray[np.int64], known: NDArray[np.int64], trained: Head) -> list[Held]:
    """The papers of some places with what is around them in an index that holds the known ones alone."""
    part, voters, told = only(library, np.sort(known)), voters_of(library), []
    with engine_aside("embedded") as engine:
        fill(engine, part)
        context = part.context(engine)
        for place in watch(places.tolist(), "held-out papers"):
            record, vector = library.records[place], library.full[place].astype(np.float32)
            around = neighbours(context, to_text(record.title), to_text(record.abstract), vector)
            learned = trained.shares(vector, record.published.date())
            told.append(Held(record.categories[0], voters[place + 1], around, learned))
    return told


def only(library: Library, kept: NDArray[np.int64]) -> Library:
    """The library as if no other paper had ever come: fits and index know nothing of them."""
    transform = whitening.fit(
        [library.full[kept]], model=DEFAULT_MODEL, dimension=library.full.shape[1], beta=0, gamma=0.25, fitted=""
    )
    table = frequencies.count((library.documents[n].title, library.documents[n].abstract) for n in kept)
    width = whitening.width_for(len(kept), library.full.shape[1])
    short = transform.apply(library.full[kept].astype(np.float32), width)
    documents = [replace(library.documents[n], vector=vector) for n, vector in zip(kept, short, strict=True)]
    return replace(library, transform=transform, table=frequencies.smoothed(table), width=width, documents=documents)


def voters_of(library: Library) -> dict[int, Voter]:
    """All papers by id as voters."""
    return {n: Voter(record.categories, record.published.date()) for n, record in enumerate(library.records, 1)}


@dataclass(frozen=True)
class Way:
    """What counts: votes by meaning, by words, with the times of papers or without, the classifier."""

    meaning: bool = True
    words: bool = True
    dated: bool = True
    cross: bool = True
    learned: bool = False

    def __call__(self, told: Sequence[Held], voters: Mapping[int, Voter], papers: int) -> Measured:
        """The shares of each, as of a site of so many papers."""
        return Measured([held.truth for held in told], [self._shares(held, voters, papers) for held in told])

    def _shares(self, held: Held, voters: Mapping[int, Voter], papers: int) -> Shares:
        when = held.voter.published
        near = held.around.meaning if self.meaning else Hits()
        words = held.around.words if self.words else Hits()
        theirs = {n: voters[n] for n in {*near.ids.tolist(), *words.ids.tolist()}}
        theirs = {n: Voter(open_ones(one.categories, when), one.published) for n, one in theirs.items()}
        if not self.dated:
            theirs = {n: replace(one, published=when) for n, one in theirs.items()}
        if not self.cross:
            theirs = {n: replace(one, categories=one.categories[:1]) for n, one in theirs.items()}
        learned = {code: held.learned[code] for code in open_ones(list(held.learned), when)} if self.learned else {}
        return votes.blended(votes.by_both(near, words, theirs, when), learned, papers)


SITE = "**all: the site's**"
WAYS = {
    "votes of the nearest by meaning": Way(words=False, dated=False),
    "votes of the nearest by words": Way(meaning=False, dated=False),
    "both": Way(dated=False),
    "both, nearer in time": Way(),
    "the same without cross-lists": Way(cross=False),
    "the classifier alone": Way(meaning=False, words=False, learned=True),
    "the classifier and votes by meaning": Way(words=False, learned=True),
    SITE: Way(learned=True),
}


def _reliability(site: Measured) -> Iterator[str]:
    yield from head("confidence of the first guess", ["papers", "mean confidence", "right"])
    for low in np.arange(0, 1, 0.2):
        which = (site.confidence >= low) & (site.confidence < low + 0.2 + (low > 0.7))
        if which.any():
            cells = [f"{which.sum():,}", f"{site.confidence[which].mean():.3f}", f"{site.right(1, which):.3f}"]
            yield row(f"{low:.0%} to {low + 0.2:.0%}", cells)
    yield ""
    yield f"Expected calibration error, ten steps of confidence: {site.calibration_error():.3f}."


def _normalised(site: Measured, known: Sequence[str]) -> Iterator[str]:
    """CAN for each unsure paper among REFERENCE sure ones. known: primary categories, for the prior."""
    yield from head(
        "CAN: unsure from entropy · α · steps", ["papers", "top 1 before", "after", "top 3 before", "after"]
    )
    for threshold in CAN_THRESHOLDS:
        unsure = site.entropy > threshold
        for power in CAN_POWERS:
            for steps in CAN_STEPS:
                shares = alternately_normalised(
                    [one for one, doubt in zip(site.shares, unsure, strict=True) if doubt],
                    [one for one, doubt in zip(site.shares, unsure, strict=True) if not doubt][:REFERENCE],
                    known,
                    power=power,
                    steps=steps,
                )
                truths = [truth for truth, doubt in zip(site.truths, unsure, strict=True) if doubt]
                after = Measured(truths, shares)
                before = [site.right(first, unsure) for first in (1, 3)]
                cells = [before[0], after.right(1), before[1], after.right(3)]
                yield row(
                    f"{threshold:g} · {power:g} · {steps}", [f"{unsure.sum():,}", *(f"{cell:.3f}" for cell in cells)]
                )
