"""The embedded engine's fields, and how a document and a query become tantivy's."""

from collections.abc import Sequence
from datetime import date

import tantivy
from tantivy import FieldType, Occur, Query

from search import analysis
from search.engines.base import TITLE_BOOST, Document, LexicalQuery, Unit, beginnings, title_length
from search.engines.compiling import TreeCompiler

# Raise this when fields or analyzers change: an index of another number is rebuilt.
SCHEMA_VERSION = 3
# Columns that order by a number, then by id: `newest` and `oldest` (day · 2^32 + id), `shortest` (stems of the title
# · 2^32 + the id with all bits turned, so that rising values have falling ids).
ID_BITS = 32
ID_MASK = (1 << ID_BITS) - 1

EXACT, STEMS = "exact", "stems"


def build_schema() -> tantivy.Schema:
    """Stemmed fields for ranking, exact ones with positions for phrases and names, columns for order and facets."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    for name in ("newest", "oldest"):
        builder.add_integer_field(name, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    builder.add_integer_field("year", fast=True)
    builder.add_unsigned_field("shortest", fast=True)
    for name in ("all", "title", "abstract"):
        builder.add_text_field(name, tokenizer_name=STEMS, index_option="freq")
    for name in ("title_exact", "abstract_exact", "author", "comment", "journal"):
        builder.add_text_field(name, tokenizer_name=EXACT, index_option="position")
    builder.add_text_field("keyword_words", tokenizer_name=EXACT, index_option="basic")
    builder.add_text_field("beginnings", tokenizer_name="whitespace", index_option="basic")
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
    out.add_integer("newest", (day << ID_BITS) + document.id)
    out.add_integer("oldest", (-day << ID_BITS) + document.id)
    out.add_unsigned("shortest", (title_length(document) << ID_BITS) + (document.id ^ ID_MASK))
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
        out.add_text("keyword_words", keyword)
    out.add_text("beginnings", " ".join(beginnings(document)))
    out.add_text("arxiv_id", document.arxiv_id)
    out.add_text("comment", document.comment)
    out.add_text("journal", document.journal_ref)
    out.add_text("doi", document.doi.lower())
    return out


class Compiler(TreeCompiler[Query]):
    """Turns queries into tantivy's, of one schema."""

    stem_fields = {name: name for name in ("all", "title", "abstract")}
    exact_fields = {
        "title": "title_exact",
        "abstract": "abstract_exact",
        "author": "author",
        "comment": "comment",
        "journal": "journal",
        "keyword": "keyword_words",
    }
    beginnings = "beginnings"

    def __init__(self, schema: tantivy.Schema) -> None:
        self.schema = schema

    def query(self, query: LexicalQuery, *, scored: bool = True) -> Query:
        """The whole of a lexical query; unscored where only the matches are wanted."""
        parts: list[tuple[Occur, Query]] = []
        if query.binding is not None:
            parts.append((Occur.Must, Query.const_score_query(self.tree(query.binding), 0.0)))
        flat = scored and query.minimum <= 1
        units = [
            clause
            for unit in query.units
            for clause in (self._flat(unit) if flat else [self.unit(unit, scored=scored)])
        ]
        parts += [(Occur.Should, unit) for unit in units]
        if not parts:
            return Query.all_query()
        if units and query.binding is None and not query.minimum:
            return Query.boolean_query(parts, 1)
        return Query.boolean_query(parts, query.minimum if units else None)

    def _flat(self, unit: Unit) -> list[Query]:
        """The clauses of a scored unit, side by side where it is one stem: what stands in a title stands in "all", so
        that the same papers match with the same scores, and tantivy skips what cannot be among the best (block-max
        WAND), which it does for terms without a clause around them only."""
        match unit.alternatives:
            case ((stem,),):
                title = Query.boost_query(self._counted("title", stem), unit.weight * TITLE_BOOST)
                return [self.boosted(self._counted("all", stem), unit.weight), title]
            case _:
                return [self.unit(unit, scored=True)]

    def within(self, query: Query, field: str, value: str) -> Query:
        """Those papers of an unscored query that have this value in the field."""
        return Query.boolean_query([(Occur.Must, self.term(field, value)), (Occur.Must, query)])

    def nothing(self) -> Query:
        """See TreeCompiler."""
        return Query.empty_query()

    def term(self, field: str, value: str) -> Query:
        """See TreeCompiler."""
        return Query.term_query(self.schema, field, value, "basic")

    def terms(self, field: str, values: Sequence[str]) -> Query:
        """See TreeCompiler."""
        return Query.term_set_query(self.schema, field, list(values))

    def begun(self, field: str, prefix: str) -> Query:
        """See TreeCompiler."""
        # The same papers as by a regular expression, whose making alone takes longer than most of these look-ups.
        return Query.fuzzy_term_query(self.schema, field, prefix, distance=0, prefix=True)

    def phrase(self, field: str, terms: Sequence[str]) -> Query:
        """See TreeCompiler."""
        return Query.phrase_query(self.schema, field, list(terms))

    def days(self, start: date | None, end: date | None) -> Query:
        """See TreeCompiler."""
        return Query.range_query(
            self.schema,
            "day",
            FieldType.Integer,
            lower_bound=None if start is None else start.toordinal(),
            upper_bound=None if end is None else end.toordinal(),
        )

    def all_of(self, clauses: Sequence[Query], *, scored: bool) -> Query:
        """See TreeCompiler."""
        return Query.boolean_query([(Occur.Must, clause) for clause in clauses])

    def any_of(self, clauses: Sequence[Query]) -> Query:
        """See TreeCompiler."""
        return Query.boolean_query([(Occur.Should, clause) for clause in clauses])

    def none_of(self, clause: Query) -> Query:
        """See TreeCompiler."""
        return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, clause)])

    def scored_stem(self, stem: str) -> Query:
        """See TreeCompiler."""
        title = Query.boost_query(self._counted("title", stem), TITLE_BOOST)
        return Query.boolean_query([(Occur.Must, self._counted("all", stem)), (Occur.Should, title)])

    def boosted(self, clause: Query, weight: float) -> Query:
        """See TreeCompiler."""
        return Query.boost_query(clause, weight)

    def _counted(self, field: str, stem: str) -> Query:
        return Query.term_query(self.schema, field, stem, "freq")
