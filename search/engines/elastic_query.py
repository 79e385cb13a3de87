"""How a query tree becomes Elasticsearch's query language."""

from typing import Any

from search import analysis
from search.engines.base import TITLE_BOOST, LexicalQuery, Unit, categories_of
from search.engines.elastic_mapping import ABSTRACT_STEMS, ALL_STEMS, TITLE_STEMS, iso
from search.query import And, Field, Node, Not, Or, Phrase, Range, Word

Clause = dict[str, Any]
NOTHING: Clause = {"match_none": {}}
_STEM_FIELDS = {"title": TITLE_STEMS, "abstract": ABSTRACT_STEMS}


def lexical(query: LexicalQuery, *, scored: bool = True) -> Clause:
    """The whole of a lexical query; unscored where only the matches are wanted."""
    bound = [] if query.binding is None else [tree(query.binding)]
    units = [_unit(unit, scored) for unit in query.units]
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


def titled(stems: list[str], within: Node | None) -> Clause:
    """Papers whose title holds all stems."""
    parts = [_term(TITLE_STEMS, stem) for stem in stems]
    return {"bool": {"filter": parts if within is None else [*parts, tree(within)]}}


def tree(node: Node) -> Clause:
    """A binding part."""
    match node:
        case Word(text):
            return _words(ALL_STEMS, ("title", "abstract"), text)
        case Phrase(text):
            return _any([_phrase(name, text) for name in ("title", "abstract")])
        case Range(start, end):
            bounds = {"gte": start, "lte": end}
            return {"range": {"published": {name: iso(day) for name, day in bounds.items() if day is not None}}}
        case Field(name, child):
            return _field(name, child)
        case And(children):
            return _all([tree(child) for child in children])
        case Or(children):
            return _any([tree(child) for child in children])
        case Not(child):
            return _none(tree(child))


def _field(name: str, node: Node) -> Clause:
    match node:
        case And(children):
            return _all([_field(name, child) for child in children])
        case Or(children):
            return _any([_field(name, child) for child in children])
        case Not(child):
            return _none(_field(name, child))
        case Word(text) | Phrase(text):
            if name == "cat":
                return {"terms": {"category": sorted(categories_of(text))}}
            if name == "id":
                return _term("arxiv_id", text)
            if name == "doi":
                return _term("doi", text.lower())
            if isinstance(node, Word) and name in _STEM_FIELDS:
                return _words(_STEM_FIELDS[name], (name,), text)
            if isinstance(node, Word):
                return _all([_term(name, term) for term in analysis.words(text)])
            return _phrase(name, text)
        case _:
            return tree(node)


def _words(stem_field: str, exact_fields: tuple[str, ...], text: str) -> Clause:
    """All stems of a word; a stop word is looked up as it is written."""
    stems = analysis.stems(text)
    if stems:
        return _all([_term(stem_field, stem) for stem in stems])
    return _any([_phrase(field, text) for field in exact_fields])


def _phrase(name: str, text: str) -> Clause:
    terms = analysis.words(text)
    if len(terms) > 1:
        # These are terms already: only the spaces between them are to be read.
        return {"match_phrase": {name: {"query": " ".join(terms), "analyzer": "whitespace"}}}
    return _term(name, terms[0]) if terms else NOTHING


def _unit(unit: Unit, scored: bool) -> Clause:
    alternatives = [_all([_scored(stem, scored) for stem in stems], scored=scored) for stems in unit.alternatives]
    clause = _any(alternatives)
    if not scored or unit.weight == 1:
        return clause
    return {"bool": {"must": [clause], "boost": unit.weight}}


def _scored(stem: str, scored: bool) -> Clause:
    if not scored:
        return _term(ALL_STEMS, stem)
    title = {"term": {TITLE_STEMS: {"value": stem, "boost": TITLE_BOOST}}}
    return {"bool": {"must": [_term(ALL_STEMS, stem)], "should": [title]}}


def _term(name: str, value: str) -> Clause:
    return {"term": {name: value}}


def _all(clauses: list[Clause], *, scored: bool = False) -> Clause:
    if not clauses:
        return NOTHING
    return clauses[0] if len(clauses) == 1 else {"bool": {"must" if scored else "filter": clauses}}


def _any(clauses: list[Clause]) -> Clause:
    if not clauses:
        return NOTHING
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}


def _none(clause: Clause) -> Clause:
    return {"bool": {"must_not": [clause]}}
