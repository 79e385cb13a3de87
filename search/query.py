"""The query language of the one search box: text to a small tree, and back.

Parts side by side are all wanted; `AND` between them changes nothing. `OR` (or `|`) binds tighter than that,
as in web search: `a OR b c` is `(a OR b) c`. `-` and `NOT` bind tightest. Parentheses group. `"…"` is an
exact phrase. `title:` `abstract:` `author:` `cat:` `id:` `comment:` `journal:` `doi:` (in short `ti:` `abs:`
`au:` `co:` `jr:`) take a word, a phrase or a group; commas between values of `cat:` or `id:` mean any of
them. `date:` takes days or a range of days, `sort:` an order. A malformed query is read leniently.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from re import split

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from papers.categories import ARCHIVES, canonical, subcategories
from papers.identifiers import parse_id
from search import query_lexer as lexer
from search.query_dates import read_days
from search.query_lexer import quoted
from search.query_tree import (
    And,
    Field,
    Node,
    Not,
    Or,
    Phrase,
    Range,
    Word,
    binding_and_free,
    join,
    map_written,
    negate,
    to_text,
    words_of,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_QUERY_LENGTH",
    "MAX_TERMS",
    "And",
    "Field",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "Query",
    "Range",
    "Word",
    "binding_and_free",
    "join",
    "map_written",
    "parse",
    "to_text",
    "words_of",
]

MAX_QUERY_LENGTH = 2_000
MAX_DEPTH = 20  # parentheses within each other; a tree is at most 2 · (MAX_DEPTH + 1) groups deep
MAX_TERMS = 256


@dataclass(frozen=True, slots=True)
class Query:
    """A query as read.

    `sort` is relevance, new, old or stars. `notes` are sentences, in the language of the moment, on how a malformed
    query was read. `arxiv_ids` (without versions) is filled only if the query names papers by id or address and
    nothing else. `plain`: it is nothing but free words, without a field, a phrase or a group.
    """

    text: str
    tree: Node | None
    sort: str
    notes: tuple[str, ...]
    arxiv_ids: tuple[str, ...]
    plain: bool = False

    def with_tree(self, tree: Node) -> "Query":
        """The query with another tree, and the text that says it."""
        return replace(self, tree=tree, text=to_text(tree))


def parse(text: str) -> Query:
    """Read what someone typed. Never raises: what makes no sense is read leniently, with a note."""
    typed = text.strip()
    cleaned = lexer.clean(typed[:MAX_QUERY_LENGTH])
    prose = lexer.as_prose(cleaned)
    parser = _Parser(prose or cleaned)
    if prose:
        parser.note(str(_PROSE))
    if len(typed) > MAX_QUERY_LENGTH:
        parser.note(_("Only the first %(count)s characters were read.") % {"count": f"{MAX_QUERY_LENGTH:,}"})
    if whole := parse_id(cleaned):
        return Query(cleaned, Field("id", Word(whole.base)), "relevance", tuple(parser.notes), (whole.base,))
    tree = parser.conjunction()
    arxiv_ids = _ids_alone(tree)
    if arxiv_ids and (named := join(Or, map(Word, arxiv_ids))):
        tree = Field("id", named)
    if tree is None and cleaned and not parser.notes and not parser.sort:
        parser.note(_("The query has no word to search for."))
    parts = tree.children if isinstance(tree, And) else (tree,)
    plain = parser.plain and all(isinstance(part, Word) for part in parts)
    return Query(cleaned, tree, parser.sort or "relevance", tuple(parser.notes), arxiv_ids, plain)


def _ids_alone(tree: Node | None) -> tuple[str, ...]:
    """The arXiv ids a tree consists of; empty if there is anything else in it."""
    parts = tree.children if isinstance(tree, And | Or) else (tree,)
    words = [part.text if isinstance(part, Word) else "" for part in parts]
    ids = [parse_id(word) if word else None for word in words if word.lower() != "arxiv"]
    bases = dict.fromkeys(found.base for found in ids if found)
    return () if None in ids else tuple(bases)


def _ids_in(text: str) -> list[str]:
    """The ids that `text`, an id, an address or a list of them with commas, consists of; empty otherwise."""
    if whole := parse_id(text):
        return [whole.base]
    found = [parse_id(part.strip("<>[]{}.")) for part in split(r"[\s,;]+", text) if part]
    return [] if None in found else [each.base for each in found if each]


def _ids_or(parting: Callable[[str], list[str]], text: str) -> list[str]:
    """The ids `text` consists of; otherwise its words, those that are ids in their one written form."""
    return _ids_in(text) or [each for word in parting(text) for each in _ids_in(word) or [word]]


def _within(name: str, node: Node) -> Node:
    """`node` as the value of a field. An exclusion stands outside; arXiv's own DOI of a paper is its id."""
    if isinstance(node, Not):
        return Not(_within(name, node.child))
    if name == "doi" and isinstance(node, Word) and (named := parse_id(node.text)):
        return Field("id", Word(named.base))
    return Field(name, node)


_LONG = ("title", "abstract", "author", "cat", "id", "comment", "journal", "doi", "date", "sort")
FIELDS = dict(zip(_LONG, _LONG, strict=True)) | {
    "ti": "title", "abs": "abstract", "au": "author", "co": "comment", "jr": "journal",
}  # fmt: skip
RESEMBLED = [*(name for name in _LONG if len(name) > 3), "category", "categories"]
_NAMING = {"cat", "id", "doi", "date", "sort"}  # their values are names, never phrases
_ARCHIVES = {code.lower(): code for code in ARCHIVES}
_SORTS = {"relevance": "relevance", "new": "new", "date": "new", "old": "old", "stars": "stars"}
_TOO_DEEP = gettext_lazy("Parentheses inside more than %(count)s others were passed over.")
_PROSE = gettext_lazy(
    "A long text was read as plain words: quotation marks, parentheses and dashes in it ask for nothing."
)
_LONE_OR = gettext_lazy("An “OR” without something on both sides was passed over.")
_LONE_MINUS = gettext_lazy("A “-” with nothing right behind it was passed over.")
_LONE_NOT = gettext_lazy("A “NOT” with nothing behind it was passed over.")
_NO_VALUE = gettext_lazy("“%(field)s:” without a value was left out.")


class _Parser:
    """Recursive descent over the text; `field` is the field whose value is being read, "" outside."""

    def __init__(self, text: str) -> None:
        self.scan = lexer.Scanner(text)
        self.notes: dict[str, None] = {}
        self.sort = ""
        self.field = ""
        self.plain = True  # no field was named so far
        self.depth = 0
        self.passed_over = 0  # opened parentheses beyond the greatest depth, not yet closed
        self.terms = 0

    def note(self, sentence: str) -> None:
        self.notes[sentence] = None

    def conjunction(self) -> Node | None:
        """Parts side by side, up to the end or to the parenthesis that closes this group."""
        parts: list[Node | None] = []
        self.filler()
        while not self.scan.at_end() and not (self.depth and self.scan.at(lexer.CLOSE)):
            if self.scan.take(lexer.CLOSE):
                self.note(_("A closing parenthesis without an opening one was passed over."))
            elif self.scan.take(lexer.OR):
                self.note(str(_LONE_OR))
            else:
                parts.append(self.disjunction())
            self.filler()
        return join(And, parts)

    def disjunction(self) -> Node | None:
        parts = [self.unary()]
        self.filler()
        while self.scan.take(lexer.OR):
            self.filler()
            if self.at_stop():
                self.note(str(_LONE_OR))
            else:
                parts.append(self.unary())
                self.filler()
        return join(Or, parts)

    def unary(self) -> Node | None:
        negated = self.prefixes()
        node = self.primary()
        return negate(node) if negated and node else node

    def prefixes(self) -> bool:
        """Pass what may stand before a part; return whether it is excluded (twice is not)."""
        negated = False
        while True:
            if self.scan.take(lexer.NOT):
                negated = not negated
                self.filler()
                if self.at_stop():
                    self.note(str(_LONE_NOT))
            elif self.scan.at(lexer.HYPHENS):
                joined = self.scan.before() in ')"“”„'  # as in “self-play”-based: no exclusion
                hyphens = self.scan.take(lexer.HYPHENS)
                if self.scan.at(lexer.NOTHING_BEHIND):
                    self.note(str(_LONE_MINUS))
                    self.filler()
                elif hyphens and not joined:
                    negated ^= len(hyphens[0]) % 2 == 1
            elif self.depth == MAX_DEPTH and self.scan.take(lexer.OPEN):
                self.note(str(_TOO_DEEP) % {"count": MAX_DEPTH})
                self.passed_over += 1
                self.filler()
            elif self.field and (name := self.take_field()):
                if name != self.field:
                    inside = {"inner": name, "outer": self.field}
                    self.note(_("“%(inner)s:” inside “%(outer)s:” was passed over.") % inside)
                self.filler()
            else:
                return negated

    def primary(self) -> Node | None:
        if self.at_stop():
            return None
        if phrase := self.scan.take(lexer.PHRASE):
            if not phrase[2]:
                self.note(_("A quotation mark was never closed: the phrase was read to the end."))
            return self.phrase(" ".join(phrase[1].split()))
        if self.scan.take(lexer.OPEN):
            return self.group()
        if not self.field:
            if title_like := self.scan.at(lexer.TITLE_LIKE):
                self.note_title_like(title_like[0].strip())
            elif name := self.take_field():
                return self.fielded(name)
            self.note_misspelt_field()
        if self.field == "doi":
            self.scan.take(lexer.DOI_PREFIX)
            if doi := self.scan.take(lexer.DOI):
                return self.value(doi[0])
        chunk = self.scan.take(lexer.CHUNK)
        return self.value(chunk[0]) if chunk else None

    def group(self) -> Node | None:
        self.depth += 1
        node = self.conjunction()
        if not self.scan.take(lexer.CLOSE):
            self.note(_("A parenthesis was never closed: the group was read to the end."))
        self.depth -= 1
        return node

    def fielded(self, name: str) -> Node | None:
        """What follows a field's name and colon."""
        spaced = self.scan.take(lexer.SPACE)
        ahead = (lexer.FIELD, lexer.HYPHENS, lexer.NOT, lexer.AND)
        if self.at_stop() or (spaced and any(map(self.scan.at, ahead))):
            self.note(str(_NO_VALUE) % {"field": name})
            return None
        if spaced:
            self.note(_("The blank after “%(field)s:” was passed over.") % {"field": name})
        self.field = name
        negated = self.prefixes()
        node = self.primary()
        self.field = ""
        if negated:
            self.note(_("An exclusion right behind “%(field)s:” was read as if it stood before it.") % {"field": name})
        if node is None:
            if name not in {"date", "sort"} and self.terms < MAX_TERMS:
                self.note(str(_NO_VALUE) % {"field": name})
            return None
        if name not in {"date", "sort"}:
            node = _within(name, node)
        return negate(node) if negated else node

    def take_field(self) -> str:
        """The full name of the field that is named here, its colon taken too; empty if there is none."""
        match = self.scan.at(lexer.FIELD)
        name = FIELDS.get(match[1].lower(), "") if match else ""
        if name:
            self.scan.take(lexer.FIELD)
            self.plain = False
        return name

    def note_title_like(self, typed: str) -> None:
        if typed[:-1].lower() in FIELDS:
            named = {"typed": typed, "field": typed.lower()}
            self.note(_("“%(typed)s” before a blank was read as a word of a title; “%(field)s” names a field.") % named)

    def note_misspelt_field(self) -> None:
        match = self.scan.at(lexer.FIELD_WITH_VALUE)
        if match and get_close_matches(match[1].lower(), RESEMBLED, n=1, cutoff=0.8):
            self.note(_("Unknown field %(name)s: read as words.") % {"name": quoted(match[1])})

    def phrase(self, text: str) -> Node | None:
        if not lexer.holds_word(text):
            self.note(_("An empty phrase was left out."))
            return None
        return self.value(text) if self.field in _NAMING else self.all_in(And, [Phrase(text)])

    def value(self, text: str) -> Node | None:
        """A stretch without blanks, or the names in a phrase, as the present field reads it."""
        match self.field:
            case "date":
                (start, end), notes = read_days(text)
                self.notes |= dict.fromkeys(notes)
                return self.all_in(And, [Range(start, end)] if start or end else [])
            case "sort":
                self.read_sort(text)
                return None
            case "cat":
                return self.all_in(Or, (Word(self.category(name)) for name in lexer.keys(text)))
            case "id":
                return self.all_in(Or, map(Word, self.id_values(text)))
            case "doi":
                return self.all_in(Or, map(Word, lexer.doi_names(text)))
            case "":
                return self.all_in(And, map(Word, _ids_or(lexer.pieces, text)))
        return self.all_in(And, map(Word, lexer.pieces(text)))

    def read_sort(self, text: str) -> None:
        sort = _SORTS.get(text.lower().strip(",;."), "")
        if not sort:
            self.note(_("Unknown order %(name)s: there are relevance, new, old and stars.") % {"name": quoted(text)})
        elif self.sort not in {"", sort}:
            self.note(_("Of several orders the last one was taken."))
        self.sort = sort or self.sort

    def category(self, name: str) -> str:
        """The stored name of a category or archive (`cs.*`); `name` itself with a note if it is unknown."""
        base = name.lower().removesuffix(".*")
        archive = _ARCHIVES.get(base, "")
        if any(code != archive for code in subcategories(archive)):
            return f"{archive}.*"
        known = canonical(base)
        if known is None:
            self.note(_("Unknown category %(name)s.") % {"name": quoted(name)})
        return known or name

    def id_values(self, text: str) -> list[str]:
        found = _ids_or(lexer.keys, text)
        for word in found:
            if not parse_id(word):
                self.note(_("%(text)s is not an arXiv id.") % {"text": quoted(word)})
        return found

    def all_in(self, kind: type[And] | type[Or], values: Iterable[Node]) -> Node | None:
        """Values joined, within the limits: more than one are a group that nobody put into parentheses."""
        leaves = list(values)
        if self.depth == MAX_DEPTH and len(leaves) > 1:
            self.note(str(_TOO_DEEP) % {"count": MAX_DEPTH})
            leaves = leaves[:1]
        room = MAX_TERMS - self.terms
        if len(leaves) > room:
            self.note(_("Only the first %(count)s words and values were read.") % {"count": MAX_TERMS})
        self.terms += len(leaves[:room])
        return join(kind, leaves[:room])

    def filler(self) -> None:
        """Pass blanks, `AND`, and the closing half of parentheses that were passed over."""
        while self.scan.take(lexer.SPACE) or self.scan.take(lexer.AND) or self.closes_passed_over():
            pass

    def closes_passed_over(self) -> bool:
        closes = self.passed_over > 0 and self.scan.take(lexer.CLOSE) is not None
        self.passed_over -= closes
        return closes

    def at_stop(self) -> bool:
        """Whether no part can begin here: at the end, a closing parenthesis or an `OR`."""
        return self.scan.at_end() or bool(self.scan.at(lexer.CLOSE) or self.scan.at(lexer.OR))
