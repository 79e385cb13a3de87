"""A query in Elasticsearch's query language."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from search.engines.base import TITLE_BOOST, LexicalQuery
from search.engines.compiling import TreeCompiler
from search.engines.elastic_mapping import ABSTRACT_STEMS, ALL_STEMS, BEGINNINGS, KEYWORD_WORDS, TITLE_STEMS

Clause = dict[str, Any]


class Compiler(TreeCompiler[Clause]):
    """Turns queries into JSON."""

    stem_fields = {"all": ALL_STEMS, "title": TITLE_STEMS, "abstract": ABSTRACT_STEMS}
    exact_fields = {name: name for name in ("title", "abstract", "author", "comment", "journal")}
    exact_fields["keyword"] = KEYWORD_WORDS
    beginnings = BEGINNINGS

    def query(self, query: LexicalQuery, *, scored: bool = True) -> Clause:
        """The whole of a lexical query; unscored where only the matches are wanted."""
        bound = [] if query.binding is None else [self.tree(query.binding)]
        units = [self.unit(unit, scored=scored) for unit in query.units]
        if not bound and not units:
            return {"match_all": {}}
        least = query.minimum or (0 if bound else 1)
        if not units:
            least = 0
        parts: Clause = {"filter": bound}
        if scored:
            parts |= {"should": units, "minimum_should_match": least}
        elif least:
            parts["filter"] = [*bound, {"bool": {"should": units, "minimum_should_match": least}}]
        return {"bool": parts}

    def nothing(self) -> Clause:
        """See TreeCompiler."""
        return {"match_none": {}}

    def term(self, field: str, value: str) -> Clause:
        """See TreeCompiler."""
        return {"term": {field: value}}

    def terms(self, field: str, values: Sequence[str]) -> Clause:
        """See TreeCompiler."""
        return {"terms": {field: list(values)}}

    def begun(self, field: str, prefix: str) -> Clause:
        """See TreeCompiler."""
        return {"prefix": {field: prefix}}

    def phrase(self, field: str, terms: Sequence[str]) -> Clause:
        """See TreeCompiler. These are terms already: only the spaces between them are to be read."""
        return {"match_phrase": {field: {"query": " ".join(terms), "analyzer": "whitespace"}}}

    def days(self, start: date | None, end: date | None) -> Clause:
        """See TreeCompiler."""
        bounds = {"gte": start, "lte": end}
        return {"range": {"published": {name: day.isoformat() for name, day in bounds.items() if day is not None}}}

    def all_of(self, clauses: Sequence[Clause], *, scored: bool) -> Clause:
        """See TreeCompiler."""
        return {"bool": {"must" if scored else "filter": list(clauses)}}

    def any_of(self, clauses: Sequence[Clause]) -> Clause:
        """See TreeCompiler."""
        return {"bool": {"should": list(clauses), "minimum_should_match": 1}}

    def none_of(self, clause: Clause) -> Clause:
        """See TreeCompiler."""
        return {"bool": {"must_not": [clause]}}

    def scored_stem(self, stem: str) -> Clause:
        """See TreeCompiler."""
        title = {"term": {TITLE_STEMS: {"value": stem, "boost": TITLE_BOOST}}}
        return {"bool": {"must": [self.term(ALL_STEMS, stem)], "should": [title]}}

    def boosted(self, clause: Clause, weight: float) -> Clause:
        """See TreeCompiler."""
        return {"bool": {"must": [clause], "boost": weight}}
