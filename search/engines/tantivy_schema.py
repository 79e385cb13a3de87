"""The embedded engine's fields, and how a document and a query tree become tantivy's."""

import tantivy
from tantivy import FieldType, Occur, Query

from search import analysis
from search.engines.base import TITLE_BOOST, Document, LexicalQuery, Unit, categories_of, title_length
from search.query import And, Field, Node, Not, Or, Phrase, Range, Word

# Raise this when fields or analyzers change: an index of another number is rebuilt.
SCHEMA_VERSION = 1
# `newest` and `oldest` order by day, then by id: day · 2^32 + id.
DAY_SHIFT = 32
ID_MASK = (1 << DAY_SHIFT) - 1

EXACT, STEMS = "exact", "stems"
_PHRASE_FIELDS = {
    "title": "title_exact",
    "abstract": "abstract_exact",
    "author": "author",
    "comment": "comment",
    "journal": "journal",
}
_STEM_FIELDS = {"title": "title", "abstract": "abstract"}


def build_schema() -> tantivy.Schema:
    """Stemmed fields for ranking, exact ones with positions for phrases and names, columns for order and facets."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    for name in ("newest", "oldest"):
        builder.add_integer_field(name, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    builder.add_integer_field("year", fast=True)
    builder.add_unsigned_field("title_length", fast=True)
    for name in ("all", "title", "abstract"):
        builder.add_text_field(name, tokenizer_name=STEMS, index_option="freq")
    for name in ("title_exact", "abstract_exact", "author", "comment", "journal"):
        builder.add_text_field(name, tokenizer_name=EXACT, index_option="position")
    for name in ("arxiv_id", "doi"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("category", "keyword", "author_name"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    return builder.build()


def register_analyzers(index: tantivy.Index) -> None:
    """tantivy forgets custom analyzers when an index is closed: call this after every open."""
    index.register_tokenizer(EXACT, analysis.exact_analyzer())
    index.register_tokenizer(STEMS, analysis.stem_analyzer())


def to_tantivy(document: Document) -> tantivy.Document:
    """A document with every field of the schema."""
    out = tantivy.Document()
    day = document.published.toordinal()
    out.add_unsigned("id", document.id)
    out.add_integer("day", day)
    out.add_integer("year", document.published.year)
    out.add_integer("newest", (day << DAY_SHIFT) + document.id)
    out.add_integer("oldest", (-day << DAY_SHIFT) + document.id)
    out.add_unsigned("title_length", title_length(document))
    for name in ("title", "title_exact"):
        out.add_text(name, document.title)
    for name in ("abstract", "abstract_exact"):
        out.add_text(name, document.abstract)
    out.add_text("all", f"{document.title}\n{document.abstract}")
    for author in document.authors:
        out.add_text("author", author)
        out.add_text("author_name", author)
    for category in document.categories:
        out.add_text("category", category)
    for keyword in document.keywords:
        out.add_text("keyword", keyword)
    out.add_text("arxiv_id", document.arxiv_id)
    out.add_text("comment", document.comment)
    out.add_text("journal", document.journal_ref)
    out.add_text("doi", document.doi.lower())
    return out


class Compiler:
    """Turns query trees into tantivy queries of one schema."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self.schema = schema

    def query(self, query: LexicalQuery, *, scored: bool = True) -> Query:
        """The whole of a lexical query; unscored where only the matches are wanted."""
        parts: list[tuple[Occur, Query]] = []
        if query.binding is not None:
            parts.append((Occur.Must, Query.const_score_query(self.tree(query.binding), 0.0)))
        units = [self._unit(unit, scored) for unit in query.units]
        parts += [(Occur.Should, unit) for unit in units]
        if not parts:
            return Query.all_query()
        if units and query.binding is None and not query.minimum:
            return Query.boolean_query(parts, 1)
        return Query.boolean_query(parts, query.minimum if units else None)

    def titled(self, stems: list[str], within: Node | None) -> Query:
        """Papers whose title holds all stems."""
        parts = [(Occur.Must, self._term("title", stem)) for stem in stems]
        if within is not None:
            parts.append((Occur.Must, self.tree(within)))
        return Query.boolean_query(parts)

    def tree(self, node: Node) -> Query:
        """A binding part."""
        match node:
            case Word(text):
                return self._words("all", text)
            case Phrase(text):
                return _any([self._phrase(name, text) for name in ("title_exact", "abstract_exact")])
            case Range(start, end):
                return Query.range_query(
                    self.schema,
                    "day",
                    FieldType.Integer,
                    lower_bound=None if start is None else start.toordinal(),
                    upper_bound=None if end is None else end.toordinal(),
                )
            case Field(name, child):
                return self._field(name, child)
            case And(children):
                return _all([self.tree(child) for child in children])
            case Or(children):
                return _any([self.tree(child) for child in children])
            case Not(child):
                return _none(self.tree(child))

    def _field(self, name: str, node: Node) -> Query:
        match node:
            case And(children):
                return _all([self._field(name, child) for child in children])
            case Or(children):
                return _any([self._field(name, child) for child in children])
            case Not(child):
                return _none(self._field(name, child))
            case Word(text) | Phrase(text):
                if name == "cat":
                    return Query.term_set_query(self.schema, "category", sorted(categories_of(text)))
                if name == "id":
                    return self._term("arxiv_id", text)
                if name == "doi":
                    return self._term("doi", text.lower())
                if isinstance(node, Word) and name in _STEM_FIELDS:
                    return self._words(_STEM_FIELDS[name], text)
                if isinstance(node, Word):
                    return _all([self._term(name, term) for term in analysis.words(text)])
                return self._phrase(_PHRASE_FIELDS[name], text)
            case _:
                return self.tree(node)

    def _words(self, name: str, text: str) -> Query:
        """All stems of a word in a stemmed field; a stop word is looked up as it is written."""
        stems = analysis.stems(text)
        if stems:
            return _all([self._term(name, stem) for stem in stems])
        fields = ("title_exact", "abstract_exact") if name == "all" else (_PHRASE_FIELDS[name],)
        return _any([self._phrase(field, text) for field in fields])

    def _phrase(self, name: str, text: str) -> Query:
        terms = analysis.words(text)
        if len(terms) > 1:
            return Query.phrase_query(self.schema, name, list(terms))
        return self._term(name, terms[0]) if terms else Query.empty_query()

    def _unit(self, unit: Unit, scored: bool) -> Query:
        alternatives = [_all([self._scored(stem, scored) for stem in stems]) for stems in unit.alternatives]
        query = _any(alternatives)
        return Query.boost_query(query, unit.weight) if scored and unit.weight != 1 else query

    def _scored(self, stem: str, scored: bool) -> Query:
        if not scored:
            return self._term("all", stem)
        title = Query.boost_query(self._term("title", stem, "freq"), TITLE_BOOST)
        return Query.boolean_query([(Occur.Must, self._term("all", stem, "freq")), (Occur.Should, title)])

    def _term(self, name: str, value: str, option: str = "basic") -> Query:
        return Query.term_query(self.schema, name, value, option)


def _all(queries: list[Query]) -> Query:
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Must, query) for query in queries]) if queries else Query.empty_query()


def _any(queries: list[Query]) -> Query:
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries]) if queries else Query.empty_query()


def _none(query: Query) -> Query:
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])
