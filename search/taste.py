"""What a visitor likes, learned from the papers that she starred.

Against them stand papers that she saw and passed over, the last ones, and some that arrived about when the starred ones
did, so that what all papers of her lists share counts for nothing. All of it comes from the database: no text is
encoded and no index asked, so that the order is there while the encoder loads or the engine is away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from django.core.cache import cache
from django.db.models import Count, Max

from papers.models import Mark, Paper, Visitor
from papers.tex import to_text
from search import vectors, whitening
from search.encoder import text_hash
from search.encoders import serving_model
from search.fits import load, newest_key
from search.frequencies import FrequencyTable, smoothed
from search.models import PaperVector
from search.service import CACHED_SECONDS
from search.taste_model import Features, TasteModel, fit, space_of, strongest, telling_phrases, terms_of
from search.whitening import Transform

MOST_STARS: Final = 200  # the last ones
OTHERS: Final = 200  # papers that were not starred
STEP: Final = 101  # papers between two of those that arrived with a star: most of a star's own list stay out of it
MOST_REASONS: Final = 3  # phrases that a card tells
TELLING: Final = 0.3  # a card tells phrases of this share of the strongest one's strength, or more


@dataclass(frozen=True)
class Space:
    """How papers are told to the model: their vectors by one encoder, whitened, and the frequencies of words.

    key: of the fit that both are from."""

    key: str
    model: str
    transform: Transform
    table: FrequencyTable

    @classmethod
    def of_site(cls) -> "Space":
        """That of the newest fit of the model that serves."""
        model = serving_model()
        key, prior = newest_key(model), whitening.prior()
        if not key.startswith("prior:"):
            learned = load(key)
            transform, table = learned.transform, learned.table
        else:  # not by `load`, which would wait for an encoder to tell its width
            transform, table = prior if prior.model == model else _rotation(model), smoothed(None)
        return cls(key, model, space_of(transform), table)

    def features(self, ids: Sequence[int]) -> Features:
        """What the model knows of papers (primary keys), in their order; two database queries."""
        rows = Paper.objects.filter(pk__in=list(ids)).values_list("pk", "title", "keywords")
        terms = {pk: terms_of(to_text(title), keywords, self.table) for pk, title, keywords in rows}
        whitened = np.zeros((len(ids), self.transform.dimension), np.float32)
        known, full = vectors.fetch(self.model, np.array(ids, np.int64))
        if len(known):
            places = {pk: place for place, pk in enumerate(ids)}
            short = self.transform.apply(full, self.transform.dimension)
            whitened[[places[pk] for pk in known.tolist()]] = short
        return Features(whitened, [terms.get(pk, {}) for pk in ids])


def _rotation(model: str) -> Transform:
    """For a model of which nothing was fitted: its own axes."""
    data = PaperVector.objects.filter(model=model).values_list("data", flat=True).first()
    return whitening.rotation(model, len(data) // 2 if data else whitening.prior().dimension)


@dataclass(frozen=True)
class Taste:
    """What was learned of a visitor. stars: from how many papers. phrases: of theirs, those that count most. stamp:
    names it in the cache."""

    learned: TasteModel
    space: Space
    stars: int
    phrases: tuple[str, ...]
    stamp: str

    def order(self, ids: Sequence[int]) -> dict[int, float]:
        """How much she would like each of the papers of one list (primary keys), from 0 up; kept for CACHED_SECONDS,
        since a page that goes on asks for the same."""
        key = f"taste-order:{self.stamp}:{text_hash(repr(list(ids)))}"
        kept: dict[int, float] | None = cache.get(key)
        if kept is None:
            scores = self.learned.scores(self.space.features(ids))
            kept = dict(zip(ids, (scores - scores.min(initial=0.0)).tolist(), strict=True))
            cache.set(key, kept, CACHED_SECONDS)
        return kept

    def because(self, keywords: Sequence[str]) -> tuple[str, ...]:
        """Those of a paper's keyphrases that speak for it, strongest first."""
        least = TELLING * max(map(self.learned.strength, self.phrases), default=0.0)
        return tuple(strongest(self.learned, keywords, MOST_REASONS, least))


def learned(visitor: Visitor) -> Taste | None:
    """What the visitor's stars tell, kept for CACHED_SECONDS or until she stars another paper; None without a star."""
    starred = Mark.objects.filter(visitor=visitor, starred__isnull=False, paper__removed=False)
    state = starred.aggregate(stars=Count("pk"), last=Max("starred"))
    if not state["stars"]:
        return None
    space = Space.of_site()
    stamp = f"{visitor.pk}:{state['stars']}:{state['last'].timestamp()}:{space.key}"
    stamp = stamp.replace(" ", "_")
    kept: tuple[TasteModel, int, tuple[str, ...]] | None = cache.get(f"taste:{stamp}")
    if kept is None:
        stars = list(starred.order_by("-starred", "-pk").values_list("paper_id", flat=True)[:MOST_STARS])
        others = passed_over(visitor)
        others += arrived_with(stars, set(others), OTHERS - len(others))
        model = fit(space.features(stars), space.features(others))
        keywords = Paper.objects.filter(pk__in=stars).values_list("keywords", flat=True)
        kept = model, len(stars), tuple(telling_phrases(model, keywords))
        cache.set(f"taste:{stamp}", kept, CACHED_SECONDS)
    return Taste(kept[0], space, kept[1], kept[2], stamp)


def passed_over(visitor: Visitor) -> list[int]:
    """The last OTHERS papers (primary keys) that the visitor saw, and neither starred nor opened."""
    marks = Mark.objects.filter(visitor=visitor, seen__isnull=False, starred=None, opened=None, viewed=None)
    return list(marks.order_by("-seen", "-pk").values_list("paper_id", flat=True)[:OTHERS])


def arrived_with(stars: Sequence[int], without: set[int], most: int) -> list[int]:
    """Papers (primary keys) that arrived about when the starred ones did, as many for each, `most` together.

    Not the next ones: those are on the list that she is about to sift, and what is there must not count against itself
    (with all of a day's papers as negatives, 3 stars order it by .03 nDCG worse).
    """
    if most <= 0:
        return []
    reach = most // len(stars) + 2
    kept_out = without | set(stars)
    places = (star + sign * step * STEP for step in range(1, reach + 1) for star in stars for sign in (1, -1))
    wanted = [place for place in dict.fromkeys(places) if place not in kept_out][: 2 * most]
    there = set(Paper.objects.filter(pk__in=wanted, removed=False).values_list("pk", flat=True))
    return [place for place in wanted if place in there][:most]
