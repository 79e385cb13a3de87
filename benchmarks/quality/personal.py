"""The order by a reader's taste: simulated readers on real papers, how well a day's list is ordered from a few stars.

A reader's papers are known by category or author, and no way here is told either: categories and names are no features.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.library import Library
from benchmarks.quality.bench import Bench, watch
from benchmarks.quality.markdown import fat, head, mean, row
from benchmarks.quality.readers import HERS, MOST_STARS, OTHERS, PASSED, Reader, kinds
from search import taste
from search.personal import both
from search.preference import words_held
from search.ranking import MEANING_SHARE, WORDS_SHARE
from search.reading_words import words_of_reading
from search.taste_model import Features, TasteModel, fit, space_of, terms_of
from search.whitening import Transform

STARS = (3, 10, 30)
FIRST = 20
SEEDS, READERS = (1, 2), 60  # of each seed
OFFERED_WORDS = 12  # as the page of a reader's words offers them
WEIGHTS = (0.01, 0.1)  # C of the SVM: arxiv-sanity-lite's for its pages and for its mails
FEW = 5  # papers of hers on a day that has hardly any

Scores = NDArray[np.floating]
Way = Callable[[Sequence[int], Sequence[int], Sequence[int]], Scores]


@dataclass
class Papers:
    """What the ways know of the library's papers, by row, each made once."""

    library: Library
    bench: Bench
    terms: dict[int, dict[str, float]] = field(default_factory=dict)
    phrases: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @cached_property
    def tfidf(self) -> Any:
        """Words and pairs of words of title and abstract, (n, 60000)."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        made = TfidfVectorizer(
            sublinear_tf=True, stop_words="english", ngram_range=(1, 2), min_df=3, max_features=60_000, dtype=np.float32
        )
        return made.fit_transform(f"{each.title}. {each.abstract}" for each in self.library.documents).tocsr()

    @cached_property
    def space(self) -> Transform:
        """Of Papertide's model."""
        return space_of(self.library.transform)

    def vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Full vectors, (n, d)."""
        return self.library.full[list(rows)].astype(np.float32)

    def features(self, rows: Sequence[int]) -> Features:
        """What Papertide's model learns from."""
        for number in rows:
            if number not in self.terms:
                document = self.library.documents[number]
                self.terms[number] = terms_of(document.title, document.keywords, self.library.table)
        short = self.space.apply(self.vectors(rows), self.space.dimension)
        return Features(short, [self.terms[number] for number in rows])

    def meant(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of phrases, (n, d)."""
        if missing := [phrase for phrase in phrases if phrase not in self.phrases]:
            self.phrases.update(zip(missing, self.bench.encoder.encode(missing), strict=True))
        return np.stack([self.phrases[phrase] for phrase in phrases])

    # The ways: stars, the day's papers and what was passed over to scores of the day's papers

    def svm(self, features: Callable[[Sequence[int]], Any], weight: float) -> Way:
        """arxiv-sanity's way over features."""
        from scipy.sparse import issparse, vstack
        from sklearn.svm import LinearSVC

        def way(stars: Sequence[int], day: Sequence[int], passed: Sequence[int]) -> Scores:
            parts = [features(stars), features(passed)]
            rows = vstack(parts) if issparse(parts[0]) else np.vstack(parts)
            machine = LinearSVC(C=weight, class_weight="balanced", max_iter=10_000)
            machine.fit(rows, [1] * len(stars) + [0] * len(passed))
            found: Scores = machine.decision_function(features(day))
            return found

        return way

    def centroid(self, stars: Sequence[int], day: Sequence[int], passed: Sequence[int]) -> Scores:
        """Nearest to the mean of the stars' vectors."""
        found: Scores = self.vectors(day) @ self.vectors(stars).mean(axis=0)
        return found

    def model(self, stars: Sequence[int], day: Sequence[int], passed: Sequence[int]) -> tuple[TasteModel, Features]:
        """Papertide's, with what it knows of the day."""
        return fit(self.features(stars), self.features(passed[: taste.OTHERS])), self.features(day)

    def linear(self, stars: Sequence[int], day: Sequence[int], passed: Sequence[int]) -> Scores:
        """The linear part alone."""
        model, features = self.model(stars, day, passed)
        return model.linear(features)

    def unsmoothed(self, stars: Sequence[int], day: Sequence[int], passed: Sequence[int]) -> Scores:
        """Both parts without the smoothing over the day's papers."""
        model, features = self.model(stars, day, passed)
        return model.mixed(features)

    def ours(self, stars: Sequence[int], day: Sequence[int], passed: Sequence[int]) -> Scores:
        """What the site does."""
        model, features = self.model(stars, day, passed)
        return model.scores(features)

    def words(self, stars: Sequence[int], day: Sequence[int], passed: Sequence[int]) -> Scores:
        """The order by words, by those that the site offers for the stars."""
        documents = self.library.documents
        read = words_of_reading([(documents[number].keywords, 1.0) for number in stars], OFFERED_WORDS)
        phrases = [word.text for word in read]
        held = words_held([(number, documents[number].title, documents[number].keywords) for number in day], phrases)
        meaning = np.maximum(self.vectors(day) @ self.meant(phrases).T, 0.0)
        lexical = np.stack([held[number] for number in day])
        found: Scores = (WORDS_SHARE * lexical + MEANING_SHARE * meaning).max(axis=1)
        return found

    def mixed(self, stars: Sequence[int], day: Sequence[int], passed: Sequence[int]) -> Scores:
        """What the site does where a reader gave words as well."""
        words, ours = (way(stars, day, passed) for way in (self.words, self.ours))
        joined = both(day, dict(zip(day, words, strict=True)), dict(zip(day, ours, strict=True)))
        return np.array([joined[number] for number in day])


BASELINE, OURS = "SVM over TF-IDF (arxiv-sanity)", "**Papertide**"


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    papers = Papers(bench.library, bench)
    ways: dict[str, Way] = {
        BASELINE: papers.svm(lambda rows: papers.tfidf[list(rows)], WEIGHTS[0]),
        f"the same, C = {WEIGHTS[1]}": papers.svm(lambda rows: papers.tfidf[list(rows)], WEIGHTS[1]),
        "SVM over the vectors": papers.svm(papers.vectors, WEIGHTS[1]),
        "nearest to the stars’ centroid": papers.centroid,
        f"the order by words, by {OFFERED_WORDS} keyphrases of the stars": papers.words,
        "the linear model alone": papers.linear,
        "with nearness to the nearest stars": papers.unsmoothed,
        OURS: papers.ours,
        "Papertide and the words, mixed": papers.mixed,
    }
    yield (
        f"{len(SEEDS) * READERS} readers of each kind in {len(SEEDS)} draws; a day is {HERS} papers of hers and "
        f"{OTHERS} others, {PASSED} others were passed over, of which Papertide looks at {taste.OTHERS}. "
        f"nDCG@{FIRST} from " + ", ".join(f"{count}" for count in STARS) + " stars."
    )
    for kind, draw in kinds(bench.library.records).items():
        readers = [reader for seed in SEEDS for reader in draw(seed, READERS)]
        found = {name: _measured(way, readers, f"{kind}: {name}") for name, way in ways.items()}
        yield from _table(f"a reader of {kind}", found)
        if kind == "one sub-field":
            few = [replace(reader, day=reader.day[:FEW] + reader.day[HERS:]) for reader in readers]
            rare = {name: _measured(ways[name], few, "few", FEW) for name in (BASELINE, OURS)}
            yield from _gains(f"On days with {FEW} of hers", rare)


def _measured(way: Way, readers: Sequence[Reader], what: str, hers: int = HERS) -> NDArray[np.floating]:
    """nDCG@FIRST of each reader by number of stars, (readers, len(STARS))."""
    discounts = 1 / np.log2(np.arange(2, FIRST + 2))
    found = []
    for reader in watch(readers, what):
        figures = []
        for count in STARS:
            order = np.argsort(-np.asarray(way(reader.stars[:count], reader.day, reader.passed)), kind="stable")[:FIRST]
            figures.append(float(((order < hers) * discounts).sum() / discounts[:hers].sum()))
        found.append(figures)
    return np.array(found)


def _table(first: str, found: dict[str, NDArray[np.floating]]) -> Iterator[str]:
    assert max(STARS) == MOST_STARS
    yield from head(first, [f"{count} stars" for count in STARS])
    best = np.max([figures.mean(axis=0) for figures in found.values()], axis=0)
    for name, figures in found.items():
        yield row(name, [fat(mean(figures[:, place]), best[place]) for place in range(len(STARS))])
    yield from _gains("", found)


def _gains(when: str, found: dict[str, NDArray[np.floating]]) -> Iterator[str]:
    """Papertide against the baseline, with the standard error of the difference over readers."""
    gain = found[OURS] - found[BASELINE]
    told = [f"{each.mean():+.3f} ± {each.std(ddof=1) / np.sqrt(len(each)):.3f}" for each in gain.T]
    draws = np.array_split(found[BASELINE], len(SEEDS))
    each = "; ".join(" / ".join(f"{figure:.3f}" for figure in draw.mean(axis=0)) for draw in draws)
    yield ""
    yield (
        f"{when + ': ' if when else ''}Papertide against the SVM over TF-IDF {' / '.join(told)}. The SVM’s figures in "
        f"the {len(SEEDS)} draws: {each}."
    )
