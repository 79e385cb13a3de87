"""Suggestions while a query is typed, live from the index: no second store, the same on both engines.

The engine tells the newest papers that hold what was typed; the authors and keyphrases that are suggested are those of
these papers, the commonest first. See `search.suggest_text` for what is completed, `search.suggest_values` for how.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.urls import reverse
from django.utils.http import urlencode

from search.engines import get_engine
from search.engines.base import Engine, EngineError
from search.query import binding_and_free, parse
from search.query_lexer import QUOTE, clean
from search.suggest_categories import categories
from search.suggest_text import KINDS, Begun, begun
from search.suggest_values import Stored, Wanted, commonest, read, titles

log = structlog.get_logger()
Value = tuple[str, str]  # what it is known by, and its text
MOST = 10
# So many papers are looked through for a kind: with twice as many hardly more is found, in nearly twice the time.
PAPERS = {"keyword": 100, "author": 150, "title": 100}
# Of a list of ten, so many are of a kind where all kinds have enough; the others' places are shared out.
ROOM = {"category": 2, "keyword": 3, "author": 3, "title": 2}
SHARED_ROOM = {"category": 4, "keyword": 8, "author": 8, "title": 8}
LABELS = {"category": "Category", "keyword": "Keyword", "author": "Author", "title": "Paper"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """kind: of LABELS. text: what a reader reads. query: the whole query that it makes of what was typed. path: where
    it leads, a path on this site."""

    kind: str
    text: str
    query: str
    path: str


def suggest(text: str, limit: int = MOST, *, engine: Engine | None = None) -> list[Suggestion]:
    """At most `limit` suggestions for a query that is being typed; none for what is no query. `engine`: another than
    the site's. Never raises EngineError: without the index there are categories only."""
    for typed in begun(text):
        found = _found(typed, engine)
        if any(found.values()):
            return [_MAKERS[kind](typed, *each) for kind, each in _mixed(found, limit)]
    return []


def _found(typed: Begun, engine: Engine | None) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    if "category" in typed.kinds:
        found["category"] = categories(typed.part)
    wanted = Wanted.of(typed.part)
    if wanted is None:
        return found
    kinds = [kind for kind in typed.kinds if kind != "category"]
    # One letter begins too much to be looked up: the words before it are enough.
    prefix = wanted.prefix if len(wanted.prefix) > 1 else ""
    try:
        told = (engine or get_engine()).starting(kinds, sorted(set(wanted.words)), prefix, max(PAPERS.values()))
    except EngineError as error:
        log.warning("no suggestions", reason=str(error))
        return found
    ids = {kind: each[: PAPERS[kind]].tolist() for kind, each in told.items()}
    stored = read(number for each in ids.values() for number in each)
    for kind, each in ids.items():
        papers = [stored[number] for number in each if number in stored]
        found[kind] = _values(kind, papers, wanted)
    return found


def _values(kind: str, papers: list[Stored], wanted: Wanted) -> list[Value]:
    if kind == "title":
        return titles(papers, wanted)
    lists = (paper.authors if kind == "author" else paper.keywords for paper in papers)
    return [(text, text) for text in commonest(lists, wanted)]


def _mixed(found: dict[str, list[Value]], limit: int) -> list[tuple[str, Value]]:
    """In turn one of each kind while there is room; then in the order of KINDS."""
    taken = dict.fromkeys(KINDS, 0)
    for room in (ROOM, SHARED_ROOM):
        for _ in range(max(room.values())):
            for kind in KINDS:
                if taken[kind] < min(len(found.get(kind, ())), room[kind]) and sum(taken.values()) < limit:
                    taken[kind] += 1
    return [(kind, each) for kind in KINDS for each in found.get(kind, [])[: taken[kind]]]


def _category(typed: Begun, code: str, name: str) -> Suggestion:
    bare = code.removesuffix(".*")
    text, query = f"{name} ({bare})", f"cat:{code}"
    if typed.kept:
        return _search(typed, "category", text, query)
    return Suggestion("category", text, query, reverse("listing", args=[bare]))


def _title(typed: Begun, arxiv_id: str, title: str) -> Suggestion:
    return Suggestion("title", title, typed.completed(f"title:{_quoted(title)}"), reverse("paper", args=[arxiv_id]))


def _author(typed: Begun, name: str, _: str) -> Suggestion:
    return _search(typed, "author", name, f"author:{_quoted(name)}")


def _keyword(typed: Begun, phrase: str, _: str) -> Suggestion:
    return _search(typed, "keyword", phrase, _words(typed, phrase))


def _search(typed: Begun, kind: str, text: str, query: str) -> Suggestion:
    whole = typed.completed(query)
    return Suggestion(kind, text, whole, f"{reverse('search')}?{urlencode({'q': whole})}")


def _words(typed: Begun, phrase: str) -> str:
    """A keyphrase as free words: a third of all is written otherwise in its own paper, in the plural or with a word
    between, so that an exact phrase would not find it."""
    read = parse(phrase)
    plain = not typed.whole and not read.notes and read.tree is not None and binding_and_free(read.tree)[0] is None
    return phrase if plain else _quoted(phrase)


def _quoted(text: str) -> str:
    """The phrase that finds a name or a title, whatever signs are in it."""
    return '"{}"'.format(" ".join(QUOTE.sub(" ", clean(text)).split()))


_MAKERS: dict[str, Callable[[Begun, str, str], Suggestion]] = {
    "category": _category,
    "keyword": _keyword,
    "author": _author,
    "title": _title,
}
