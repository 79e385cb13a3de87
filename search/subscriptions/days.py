"""What one announcement day holds, read once, and what subscriptions of each kind find in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import structlog

from papers.announcements import DayOfLists, Entry, WholeDay
from papers.batches import batched
from papers.categories import UnknownCategory, split_spec
from papers.models import Paper, Subscription
from search.author_names import Form, compatible, form_of, same
from search.encoder import EncoderError
from search.query import parse
from search.subscriptions import meaning
from search.subscriptions.percolating import INDEXED, Percolator
from search.vectors import Vectors

Found = tuple[int, int, int | None, float | None]
"""Paper (primary key), kind, announced version where known, cosine where it goes by meaning."""

log = structlog.get_logger(__name__)
MOST_BY_MEANING: Final = 300
"""Of a day's papers so many are kept at most that are near to a text or to stars, whatever the threshold."""

_READ_AT_ONCE: Final = 500


@dataclass(frozen=True)
class DayPapers:
    """The papers of a day's lists; of what they are made of only what is asked for is read, once."""

    day: date

    @cached_property
    def whole(self) -> WholeDay:
        """The day's lists; two database queries."""
        return WholeDay(self.day)

    @property
    def without_vector(self) -> int:
        """How many papers have no vector by the site's model yet."""
        return len(self._entries) - len(self._vectors[0])

    def found(self, asked: Sequence[Subscription]) -> dict[str, list[Found]]:
        """What each of them (of different keys) finds, by key; texts are left out where no encoder can read them."""
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
        ids = [entry.paper_id for entry in self._entries]
        percolator = Percolator.of([paper for chunk in batched(ids, _READ_AT_ONCE) for paper in _texts(chunk)])
        return {one.key: self._of(percolator.holding(parse(one.text))) for one in asked}

    def _by_author(self, asked: Iterable[Subscription]) -> dict[str, list[Found]]:
        answers: dict[str, list[Found]] = {}
        for one in asked:
            form = form_of(one.text)
            candidates = [pair for family in form.families for pair in self._families.get(family, ())]
            answers[one.key] = self._of({paper for paper, theirs in candidates if _is_hers(theirs, form)})
        return answers

    @cached_property
    def _families(self) -> dict[str, list[tuple[int, Form]]]:
        """By family name the papers with the author's whole name."""
        found: dict[str, list[tuple[int, Form]]] = {}
        ids = [entry.paper_id for entry in self._entries]
        for chunk in batched(ids, _READ_AT_ONCE):
            for pk, authors in Paper.objects.filter(pk__in=chunk).values_list("pk", "authors"):
                for form in map(form_of, authors):
                    for family in form.families:
                        found.setdefault(family, []).append((pk, form))
        return found

    def _by_text(self, asked: Iterable[Subscription]) -> dict[str, list[Found]]:
        wanted = list(asked)
        ids, theirs = self._vectors
        if not len(ids):
            return {one.key: [] for one in wanted}
        try:
            cosines = meaning.vectors_of(wanted) @ theirs.T
        except EncoderError as error:
            log.warning("subscriptions to texts wait for the encoder", reason=str(error))
            return {}
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
        return [_found(self._entries[places[paper]], round(cosine, 4)) for cosine, paper in near[:MOST_BY_MEANING]]

    def _of(self, papers: Iterable[int]) -> list[Found]:
        """Those papers in the day's order."""
        places = self._places
        return [_found(self._entries[place]) for place in sorted({places[paper] for paper in papers})]

    @cached_property
    def _entries(self) -> list[Entry]:
        return DayOfLists(None, self.day).entries  # without the papers' categories it takes half as long

    @cached_property
    def _places(self) -> dict[int, int]:
        return {entry.paper_id: place for place, entry in enumerate(self._entries)}

    @cached_property
    def _vectors(self) -> tuple[np.ndarray, Vectors]:
        return meaning.stored([entry.paper_id for entry in self._entries])


def _found(entry: Entry, score: float | None = None) -> Found:
    return entry.paper_id, int(entry.kind), entry.version, score


def _texts(ids: Iterable[int]) -> Iterable[Paper]:
    """Papers with what is indexed of them, by their primary keys in order."""
    return Paper.objects.filter(pk__in=list(ids)).only(*INDEXED).order_by("pk")


def _is_hers(theirs: Form, wanted: Form) -> bool:
    """Whether a name on a paper is the author's who was asked for: the same name in any accents, hyphens and order, or
    one that has or lacks the initial of a middle name. An initial stands for no first name (of 1,000 names on 20,000
    papers it would have brought 1,028 more papers, most of them of others)."""
    if same(theirs, wanted):
        return True
    return theirs.full and wanted.full and theirs.written == wanted.written and compatible(theirs, wanted)
