"""What one announcement day holds, read once, and what subscriptions of each kind find in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np

from papers.announcements import Entry, WholeDay
from papers.batches import batched
from papers.categories import UnknownCategory, split_spec
from papers.models import Kind, Paper, Subscription
from search.author_names import Form, form_of, same
from search.engines.base import Ids
from search.query import parse
from search.subscriptions import meaning
from search.subscriptions.percolating import Percolator
from search.vectors import Vectors

Found = tuple[int, int, int | None, float | None]
"""Paper (primary key), kind, announced version where known, cosine where it goes by meaning."""

_READ_AT_ONCE: Final = 500
_FIRST: Final = frozenset({Kind.NEW, Kind.CROSS})


@dataclass(frozen=True)
class DayPapers:
    """The papers of a day's lists, and of what they are made of only what is asked for."""

    whole: WholeDay

    @classmethod
    def of(cls, day: date) -> "DayPapers":
        """The day's papers."""
        return cls(WholeDay(day))

    def found(self, asked: Sequence[Subscription]) -> dict[str, list[Found]]:
        """What each of them (of different keys) finds, by key."""
        by_kind: dict[str, list[Subscription]] = {}
        for one in asked:
            by_kind.setdefault(one.kind, []).append(one)
        answers: dict[str, list[Found]] = {}
        for kind, ask in (
            (Subscription.Kind.CATEGORIES, self._in_categories),
            (Subscription.Kind.SEARCH, self._by_search),
            (Subscription.Kind.AUTHOR, self._by_author),
            (Subscription.Kind.TEXT, self._by_text),
            (Subscription.Kind.STARS, self._by_stars),
        ):
            if wanted := by_kind.get(kind):
                answers |= ask(wanted)
        return answers

    def announced_first(self) -> tuple[Ids, Vectors]:
        """The papers of the day that are no replacements and have a vector: ids (n,) and vectors (n, d)."""
        return meaning.stored([entry.paper_id for entry in self._entries if entry.kind in _FIRST])

    def _in_categories(self, asked: Iterable[Subscription]) -> dict[str, list[Found]]:
        """As `/arxiv/<spec>?date=` has them; nothing for categories that are no longer known."""
        answers: dict[str, list[Found]] = {}
        for one in asked:
            try:
                answers[one.key] = [_found(entry) for entry in self.whole.of(split_spec(one.text)).entries]
            except UnknownCategory:
                answers[one.key] = []
        return answers

    def _by_search(self, asked: Iterable[Subscription]) -> dict[str, list[Found]]:
        percolator = Percolator()
        for chunk in batched((entry.paper_id for entry in self._entries), _READ_AT_ONCE):
            percolator.add(Paper.objects.filter(pk__in=chunk))
        percolator.ready()
        return {one.key: self._of(percolator.holding(parse(one.text))) for one in asked}

    def _by_author(self, asked: Iterable[Subscription]) -> dict[str, list[Found]]:
        answers: dict[str, list[Found]] = {}
        for one in asked:
            form = form_of(one.text)
            candidates = {pair for family in form.families for pair in self._families.get(family, ())}
            answers[one.key] = self._of({paper for paper, name in candidates if same(form, form_of(name))})
        return answers

    @cached_property
    def _families(self) -> dict[str, list[tuple[int, str]]]:
        """By family name the papers with the author's whole name."""
        found: dict[str, list[tuple[int, str]]] = {}
        ids = [entry.paper_id for entry in self._entries]
        for paper in Paper.objects.filter(pk__in=ids).only("pk", "authors").iterator(chunk_size=_READ_AT_ONCE):
            for name in paper.plain_authors:
                form: Form = form_of(name)
                for family in form.families:
                    found.setdefault(family, []).append((paper.pk, name))
        return found

    def _by_text(self, asked: Iterable[Subscription]) -> dict[str, list[Found]]:
        wanted = list(asked)
        ids, theirs = self._vectors
        texts = meaning.vectors_of(wanted)
        if not len(ids) or texts is None:
            return {one.key: [] for one in wanted}
        cosines = texts @ theirs.T
        return {one.key: self._above(cosines[row], one.threshold) for row, one in enumerate(wanted)}

    def _by_stars(self, asked: Iterable[Subscription]) -> dict[str, list[Found]]:
        ids, theirs = self._vectors
        return {
            one.key: self._above(meaning.like_stars(theirs, meaning.star_vectors(one.visitor_id)), one.threshold)
            if len(ids)
            else []
            for one in asked
        }

    def _above(self, cosines: np.ndarray, threshold: float | None) -> list[Found]:
        """The papers whose cosine (n,) is not under the threshold, best first."""
        ids, _theirs = self._vectors
        places = self._places
        near = [(float(cosines[at]), int(ids[at])) for at in np.flatnonzero(cosines >= (threshold or 0.0))]
        near.sort(key=lambda pair: (-pair[0], places[pair[1]]))
        return [_found(self._entries[places[paper]], round(cosine, 4)) for cosine, paper in near]

    def _of(self, papers: Iterable[int]) -> list[Found]:
        """Those papers in the day's order."""
        places = self._places
        return [_found(self._entries[place]) for place in sorted(places[paper] for paper in papers)]

    @cached_property
    def _entries(self) -> list[Entry]:
        return self.whole.of(None).entries

    @cached_property
    def _places(self) -> dict[int, int]:
        return {entry.paper_id: place for place, entry in enumerate(self._entries)}

    @cached_property
    def _vectors(self) -> tuple[np.ndarray, Vectors]:
        return meaning.stored([entry.paper_id for entry in self._entries])


def _found(entry: Entry, score: float | None = None) -> Found:
    return entry.paper_id, int(entry.kind), entry.version, score
