"""What a query asks of an index, told once for every engine; each says in its own language how.

The fields are named by their contents: an engine maps them to its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Generic, TypeVar

from search import analysis
from search.engines.base import BEGINNING, Unit, beginning, categories_of
from search.query import And, Field, Node, Not, Or, Phrase, Range, Word

Clause = TypeVar("Clause")
TEXTS = ("title", "abstract")


class TreeCompiler(ABC, Generic[Clause]):
    """Turns query trees and units into an engine's clauses.

    stem_fields: of "title", "abstract" and both of them, "all". exact_fields: unstemmed, with positions; of keyphrases
    without. beginnings: see `base.beginnings`. Codes (category, arxiv_id, doi) are fields of their own names.
    """

    stem_fields: Mapping[str, str]
    exact_fields: Mapping[str, str]
    beginnings: str

    def tree(self, node: Node) -> Clause:
        """A binding part."""
        match node:
            case Word(text):
                return self._word("all", text)
            case Phrase(text):
                return self._written(TEXTS, text)
            case Range(start, end):
                return self.days(start, end)
            case Field(name, child):
                return self._field(name, child)
            case And(children):
                return self.every([self.tree(child) for child in children])
            case Or(children):
                return self.either([self.tree(child) for child in children])
            case Not(child):
                return self.none_of(self.tree(child))

    def titled(self, stems: Iterable[str], within: Node | None) -> Clause:
        """Papers whose title holds all stems."""
        parts = [self.term(self.stem_fields["title"], stem) for stem in stems]
        return self.every(parts if within is None else [*parts, self.tree(within)])

    def starting(self, kind: str, words: Iterable[str], prefix: str) -> Clause:
        """See Engine.starting."""
        field = self.exact_fields[kind]
        parts = [self.term(field, word) for word in words]
        if len(prefix) > BEGINNING:
            parts.append(self.begun(field, prefix))
        elif len(prefix) == BEGINNING:
            parts.append(self.term(self.beginnings, beginning(kind, prefix)))
        elif prefix:
            parts.append(self.begun(self.beginnings, beginning(kind, prefix)))
        return self.every(parts)

    def unit(self, unit: Unit, *, scored: bool) -> Clause:
        """A free word; unscored where only the matches are wanted."""
        stem = self.scored_stem if scored else self._stem
        clause = self.either([self.every([stem(each) for each in stems], scored=scored) for stems in unit.alternatives])
        return self.boosted(clause, unit.weight) if scored and unit.weight != 1 else clause

    def every(self, clauses: Sequence[Clause], *, scored: bool = False) -> Clause:
        """All of them; no paper where there are none."""
        if not clauses:
            return self.nothing()
        return clauses[0] if len(clauses) == 1 else self.all_of(clauses, scored=scored)

    def either(self, clauses: Sequence[Clause]) -> Clause:
        """At least one of them; no paper where there are none."""
        if not clauses:
            return self.nothing()
        return clauses[0] if len(clauses) == 1 else self.any_of(clauses)

    @abstractmethod
    def nothing(self) -> Clause:
        """No paper."""

    @abstractmethod
    def term(self, field: str, value: str) -> Clause:
        """Papers with this term in the field."""

    @abstractmethod
    def terms(self, field: str, values: Sequence[str]) -> Clause:
        """Papers with any of these codes in the field."""

    @abstractmethod
    def begun(self, field: str, prefix: str) -> Clause:
        """Papers with a term in the field that begins with `prefix`, which is letters and digits."""

    @abstractmethod
    def phrase(self, field: str, terms: Sequence[str]) -> Clause:
        """Papers with these terms in this order in an exact field; two at least."""

    @abstractmethod
    def days(self, start: date | None, end: date | None) -> Clause:
        """Papers published from `start` to `end`, both inclusive, None open."""

    @abstractmethod
    def all_of(self, clauses: Sequence[Clause], *, scored: bool) -> Clause:
        """All of two or more."""

    @abstractmethod
    def any_of(self, clauses: Sequence[Clause]) -> Clause:
        """At least one of two or more."""

    @abstractmethod
    def none_of(self, clause: Clause) -> Clause:
        """All papers but these."""

    @abstractmethod
    def scored_stem(self, stem: str) -> Clause:
        """A stem in title or abstract by BM25, and again in the title by TITLE_BOOST."""

    @abstractmethod
    def boosted(self, clause: Clause, weight: float) -> Clause:
        """The same papers with `weight` times the score."""

    def _stem(self, stem: str) -> Clause:
        return self.term(self.stem_fields["all"], stem)

    def _field(self, name: str, node: Node) -> Clause:
        match node:
            case And(children):
                return self.every([self._field(name, child) for child in children])
            case Or(children):
                ids = [child.text for child in children if name == "id" and isinstance(child, Word)]
                if len(ids) == len(children):  # thousands at once, where a reader's papers are asked for
                    return self.terms("arxiv_id", ids)
                return self.either([self._field(name, child) for child in children])
            case Not(child):
                return self.none_of(self._field(name, child))
            case Word(text) | Phrase(text):
                if name == "cat":
                    return self.terms("category", sorted(categories_of(text)))
                if name == "id":
                    return self.term("arxiv_id", text)
                if name == "doi":
                    return self.term("doi", text.lower())
                if isinstance(node, Phrase):
                    return self._written((name,), text)
                if name in self.stem_fields:
                    return self._word(name, text)
                return self.every([self.term(self.exact_fields[name], term) for term in analysis.words(text)])
            case _:
                return self.tree(node)

    def _word(self, name: str, text: str) -> Clause:
        """All stems of a word; a stop word is looked up as it is written."""
        stems = analysis.stems(text)
        if stems:
            return self.every([self.term(self.stem_fields[name], stem) for stem in stems])
        return self._written(TEXTS if name == "all" else (name,), text)

    def _written(self, names: Iterable[str], text: str) -> Clause:
        """The words as they are, next to each other, in any of the exact fields."""
        terms = analysis.words(text)
        if not terms:
            return self.nothing()
        fields = [self.exact_fields[name] for name in names]
        return self.either(
            [self.phrase(field, terms) if len(terms) > 1 else self.term(field, terms[0]) for field in fields]
        )
