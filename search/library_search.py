"""Search inside one reader's library: her papers by what the index holds of them, her notes and tags by their text.

The query is the site's own (`search.query`). A part of it is put to the engine as a whole, bound to the library's ids;
where a word stands in a note or a tag as well, what it combines is worked out here from sets of papers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from papers.batches import batched
from search import analysis
from search.engines.base import Engine, LexicalQuery
from search.query import And, Field, Node, Not, Or, Phrase, Query, Word, join
from search.service import Context, in_one_index

IDS_AT_ONCE: Final = 10_000  # of one question to the engine
MOST_QUESTIONS: Final = 12
"""So many parts of a query are put to the engine one by one; a query of more has the rest left out."""
MOST_LOOKS: Final = 30
"""For so many words and phrases of a query notes and tags are read through; the others are the engine's alone."""

_BOUND: Final = "(?<![a-z0-9])%s(?![a-z0-9])"
_IRREGULAR: Final = frozenset({"die", "lie", "tie", "sky"})  # dying, lying, tying, skies


@dataclass(slots=True)
class Found:
    """The library's papers that satisfy a query. complete: false where the query had too many parts."""

    ids: set[int]
    complete: bool = True


@dataclass
class _Search:
    engine: Engine
    papers: Mapping[int, str]
    own: Mapping[int, Iterable[str]]
    questions: int = 0
    kept: dict[Node, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plain = {pk: [_plain(text) for text in texts] for pk, texts in self.own.items()}

    @property
    def complete(self) -> bool:
        """Whether all parts of the query were looked for wherever they may stand."""
        return self.questions <= MOST_QUESTIONS and len(self.kept) <= MOST_LOOKS

    def find(self, node: Node) -> set[int]:
        """The papers that satisfy a part."""
        if not self._is_own(node):
            return self._ask(_with_authors(node))
        match node:
            case And(children):
                return set.intersection(*map(self.find, children))
            case Or(children):
                return set.union(*map(self.find, children))
            case Not(child):
                return set(self.papers) - self.find(child)
        return self._ask(_with_authors(node)) | self._own(node)

    def _is_own(self, node: Node) -> bool:
        """Whether a note or a tag holds a word or phrase of the part."""
        match node:
            case And(children) | Or(children):
                return any(map(self._is_own, children))
            case Not(child):
                return self._is_own(child)
            case Word() | Phrase():
                return bool(self._own(node))
        return False

    def _own(self, node: Node) -> set[int]:
        if node not in self.kept:
            holds = _holds(node) if len(self.kept) < MOST_LOOKS else lambda plain: False
            self.kept[node] = {pk for pk, texts in self.plain.items() if any(map(holds, texts))}
        return self.kept[node]

    def _ask(self, node: Node) -> set[int]:
        self.questions += 1
        if self.questions > MOST_QUESTIONS:
            return set(self.papers)
        found: set[int] = set()
        for part in batched(self.papers.values(), IDS_AT_ONCE):
            named = join(Or, map(Word, part))
            if named is not None:
                asked = LexicalQuery(join(And, [Field("id", named), node]))
                found |= set(self.engine.lexical(asked, len(part), 0, "new").ids.tolist())
        return found


def find(query: Query, papers: Mapping[int, str], own: Mapping[int, Iterable[str]]) -> Found:
    """Those of `papers` (arXiv ids by primary key) that satisfy a query: every word in title, abstract, authors, or in
    one of a paper's `own` texts (notes, tags), quoted and fielded parts as on the search page. All of them where the
    query asks nothing. Raises EngineError.
    """
    if query.arxiv_ids:
        return Found({pk for pk, arxiv_id in papers.items() if arxiv_id in query.arxiv_ids})
    tree = query.tree
    if tree is None or not papers:
        return Found(set(papers))

    def ask(context: Context) -> Found:
        search = _Search(context.engine, papers, own)
        ids = search.find(tree) & papers.keys()
        return Found(ids, search.complete)

    return in_one_index(ask) or Found(set())


def _with_authors(node: Node) -> Node:
    """The part with its free words and phrases looked for among authors, too."""
    match node:
        case Word() | Phrase():
            return Or((node, Field("author", node)))
        case And(children) | Or(children):
            return join(type(node), map(_with_authors, children)) or node
        case Not(child):
            return Not(_with_authors(child))
    return node


def _holds(node: Node) -> Callable[[str], bool]:
    """Whether a text, as `_plain` gives it, holds a word, or a phrase as it is written: what the analyzers say, with
    most texts decided by looking at their letters, which takes a hundredth of the time."""
    if not isinstance(node, Word | Phrase):
        return lambda plain: False
    wanted, stems = analysis.words(node.text), analysis.stems(node.text)
    if not wanted:
        return lambda plain: False
    if isinstance(node, Phrase) or not stems:
        there = re.compile(_BOUND % "[^a-z0-9]+".join(wanted))
        return lambda plain: all(word in plain for word in wanted) and there.search(plain) is not None
    words = [re.compile(_BOUND % word) for word in wanted]
    # Every form of a word begins as its stem does, but for the stem's last letter.
    begins = [stem[:-1] for stem in stems if stem not in _IRREGULAR and len(stem) > 2]

    def holds(plain: str) -> bool:
        if all(word in plain for word in wanted) and all(word.search(plain) for word in words):
            return True
        return all(begin in plain for begin in begins) and set(stems) <= set(analysis.stems(plain))

    return holds


def _plain(text: str) -> str:
    """A text as the analyzers fold it: small ASCII letters, its words one space apart where it has others."""
    return text.lower() if text.isascii() else " ".join(analysis.words(text))
