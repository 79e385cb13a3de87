"""An author's papers: all spellings of a name gathered, as far as nothing speaks against it.

The engine finds candidates by the words of the name; what counts is judged here, by each paper's own list of authors
and the rule of `search.author_names`. A spelling is gathered where it is the same name, or where it is compatible and
no other name in reach fits only one of the two: `Y. Song` belongs to `Yang Song` as long as there is no `Yue Song`,
and then its papers in the same archives do. A middle name that is written out and that the other lacks speaks against
it as well. Of a spelling that something speaks against, the papers that share a co-author with those of the very name
are taken in, and the others are told of.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher, get_close_matches
from typing import Final

from django.core.cache import cache

from papers.listing import present
from papers.models import Paper
from papers.tex import fold, to_text
from search import analysis
from search.author_names import Form, as_author, compatible, form_of, same
from search.encoder import text_hash
from search.engines.base import LexicalQuery
from search.query_tree import And, Field, Node, Or, Phrase, join
from search.service import CACHED_SECONDS, Context, in_one_index

REACH: Final = 1_000
"""So many papers of one author can be paged through."""

CANDIDATES: Final = 3_000
NEIGHBOURS: Final = 300  # papers looked through for other people of the same family name and initial
MOST_CHOSEN: Final = 20
COAUTHORS: Final = 12
MORE_BY_AUTHORS: Final = 6
MORE_BY_CANDIDATES: Final = 200
NEAR: Final = 8
_TELLING: Final = 6  # letters of a co-author's name that make it evidence; initials and a short family name do not


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way that papers write a name, and how many do."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class CoAuthor:
    """Somebody who wrote papers with the author, and how many."""

    name: str
    count: int


@dataclass(frozen=True)
class AuthorPapers:
    """What is known of an author. `name`: the commonest spelling of the name asked for. `ids`: primary keys of the
    papers, newest first, REACH at most of `total`. `others`: spellings that fit and were not gathered, with the papers
    left out; `left_out`: those that the reader took away. `years`: of the first and the last paper. `cut`: there are
    more candidates than were looked at."""

    name: str
    ids: list[int]
    total: int
    spellings: list[Spelling] = field(default_factory=list)
    others: list[Spelling] = field(default_factory=list)
    left_out: list[Spelling] = field(default_factory=list)
    coauthors: list[CoAuthor] = field(default_factory=list)
    categories: list[tuple[str, int]] = field(default_factory=list)
    years: tuple[int, int] | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A paper that one of the fitting spellings stands in."""

    id: int
    published: date
    authors: list[str]
    categories: list[str]
    spelling: str


def papers_of(name: str, *, leave: Collection[str] = (), also: Collection[str] = ()) -> AuthorPapers:
    """The papers of the author of this name, in any spelling; none where nothing fits.

    leave: spellings to leave out. also: spellings to take in that are compatible and were not gathered. Raises
    EngineError.
    """
    leave, also = frozenset(sorted(leave)[:MOST_CHOSEN]), frozenset(sorted(also)[:MOST_CHOSEN])

    def ask(context: Context) -> AuthorPapers:
        key = f"author:{context.generation}:{text_hash(repr((name, sorted(leave), sorted(also))))}".replace(" ", "_")
        kept: AuthorPapers | None = cache.get(key)
        if kept is None:
            kept = _gather(context, name, leave, also)
            cache.set(key, kept, CACHED_SECONDS)
        return kept

    return in_one_index(ask) or AuthorPapers(name, [], 0)


def more_by(paper: Paper, limit: int = 3) -> list[tuple[str, int, list[Paper]]]:
    """Other papers by the first author, the last, and those after the first, MORE_BY_AUTHORS in all: the name, how many
    other papers (of the newest MORE_BY_CANDIDATES that have its words) and the newest `limit` of them.

    Only spellings with the whole first name beside the family name count; authors without other papers are left out.
    One engine call an author. Raises EngineError.
    """
    found = in_one_index(lambda context: _kept_more(context, paper, limit)) or []
    known = present({number for _, _, ids in found for number in ids})
    return [(name, count, [known[number] for number in ids if number in known]) for name, count, ids in found]


def near_names(name: str) -> list[str]:
    """Names of authors here that are written alike, the likest first, NEAR at most. Raises EngineError."""
    return in_one_index(lambda context: _near(context, name)) or []


def _gather(context: Context, name: str, leave: Collection[str], also: Collection[str]) -> AuthorPapers:
    wanted = form_of(name)
    phrases, words = _queries(name)
    hits = [context.engine.lexical(LexicalQuery(part), CANDIDATES, 0, "new") for part in (phrases, words) if part]
    numbers = {number for each in hits for number in each.ids.tolist()}
    cut = any(len(each.ids) == CANDIDATES for each in hits)
    near = _neighbours(context, name, wanted)
    candidates, spellings = _judge(numbers | set(near if not wanted.full else ()), wanted)
    rivals = spellings if not wanted.full else spellings | _judge(near, wanted)[1]
    fitting = Counter(each.spelling for each in candidates)
    richer = (
        each for each in sorted(fitting) if same(form_of(each), wanted) and form_of(each).families > wanted.families
    )
    if umlauts := next(richer, ""):  # asked for without them: they tell of one spelling more
        return _gather(context, umlauts, leave, also)
    left = {each for each in fitting if each in leave}
    sure = {each for each in fitting if _is_gathered(each, wanted, rivals)} - left
    asked = {each for each in also if each in fitting} - left
    own = {each for each in fitting if same(form_of(each), wanted)} - left
    own = own or {max(sure, key=lambda each: (fitting[each], each), default="")}
    taken = [each for each in candidates if each.spelling in own | asked]
    chosen = [each for each in candidates if each.spelling not in own | asked | left]
    taken += _of_the_same_person(taken, chosen, sure, told=wanted.full)
    taken.sort(key=lambda each: (each.published, each.id), reverse=True)
    counted = Counter(each.spelling for each in taken)
    rest = fitting - counted
    return AuthorPapers(
        name=_display(name, wanted, fitting),
        ids=[each.id for each in taken[:REACH]],
        total=len(taken),
        spellings=_commonest(counted),
        others=_commonest({each: count for each, count in rest.items() if each not in left}),
        left_out=_commonest({each: fitting[each] for each in left}),
        coauthors=_coauthors(taken),
        categories=Counter(each.categories[0] for each in taken if each.categories).most_common(6),
        years=(taken[-1].published.year, taken[0].published.year) if taken else None,
        cut=cut,
    )


def _queries(name: str) -> tuple[Node | None, Node | None]:
    """Two questions for candidates: the name's usual spellings as phrases, and its words anywhere in the list of
    authors, which finds middle names as well. The second is None for a name of one part."""
    person = as_author(name)
    families = {phrase for text in _spelt(person.last) for phrase in _written(text)}
    if not person.given:
        return _author(Phrase(family) for family in sorted(families)), None
    firsts = {phrase for text in _spelt(person.given.split()[0]) for phrase in _written(text)}
    joined = {phrase for text in _spelt(person.given) for phrase in _written(text)}
    initial = analysis.words(person.given)[0][:1] if analysis.words(person.given) else ""
    givens = sorted(filter(None, firsts | joined | {initial}))
    pairs = [(each, family) for family in sorted(families) for each in givens]
    phrases = [Phrase(" ".join(said)) for given, family in pairs for said in ((given, family), (family, given))]
    within = join(And, [_author(map(Phrase, sorted(families))), _author(map(Phrase, sorted(firsts | {initial})))])
    return _author(phrases), within


def _author(parts: Iterable[Node]) -> Node | None:
    found = join(Or, parts)
    return Field("author", found) if found else None


def _spelt(text: str) -> list[str]:
    """The text; with umlauts written out, and with what may be written-out umlauts as plain letters."""
    small = fold(text)
    plain = small.replace("ae", "a").replace("oe", "o").replace("ue", "u")
    written = text.lower().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ø"): "oe", ord("å"): "aa"})
    return list(dict.fromkeys((small, fold(written), plain)))


def _written(text: str) -> list[str]:
    """Exact terms as a phrase, and all of them as one word."""
    terms = analysis.words(text)
    return [" ".join(terms), "".join(terms)] if terms else []


def _judge(numbers: Iterable[int], wanted: Form) -> tuple[list[_Candidate], set[str]]:
    """The papers in which a compatible spelling stands, and all spellings of the same family name."""
    found, spellings = [], set()
    rows = Paper.objects.filter(pk__in=list(numbers), removed=False)
    for number, published, authors, categories in rows.values_list("pk", "published", "authors", "categories"):
        spelling = ""
        for name in _may_have(authors, wanted):
            form = form_of(name)
            if form.families & wanted.families:
                spellings.add(name)
                if not spelling and compatible(form, wanted):
                    spelling = name
        if spelling:
            found.append(_Candidate(number, published.date(), authors, categories, spelling))
    return found, spellings


def _may_have(names: Iterable[str], wanted: Form) -> Iterator[str]:
    """The names that may have the family name: most of a long list do not, and need not be taken apart."""
    ends = [family[-3:] for family in wanted.families]
    for name in names:
        small = name.lower()
        if not small.isascii() or "\\" in small or any(end in small for end in ends):
            yield name


def _neighbours(context: Context, name: str, wanted: Form) -> list[int]:
    """The newest papers that hold the family name and a name with the first initial: others of that family name, and
    who the initial of a name without more may stand for."""
    if not wanted.initial:
        return []
    terms = analysis.words(as_author(name).last)
    limit = NEIGHBOURS if wanted.full else CANDIDATES
    ids: list[int] = context.engine.starting(("author",), terms, wanted.initial, limit)["author"].tolist()
    return ids


def _is_gathered(spelling: str, wanted: Form, rivals: Collection[str]) -> bool:
    form = form_of(spelling)
    if same(form, wanted):
        return True
    if form.full and wanted.full and form.written != wanted.written:  # Wei Zhang, Wei Emma Zhang
        return False
    for rival in rivals:
        other = form_of(rival)
        if other.initial != wanted.initial:
            continue
        if (other.full or not form.full) and compatible(other, wanted) != compatible(other, form):
            return False
    return True


def _of_the_same_person(
    taken: list[_Candidate], others: list[_Candidate], sure: Collection[str], *, told: bool
) -> list[_Candidate]:
    """Those of the other papers that go with the ones taken: of a sure spelling those in the same archives or with the
    same co-authors, of any other only the latter, and only where the name asked for is `told` in full."""
    known = {key for each in taken for key in _others(each)}
    fields = {archive for each in taken for archive in _archives(each)}
    return [
        each
        for each in others
        if (each.spelling in sure and fields & _archives(each))
        or ((told or each.spelling in sure) and known & _others(each))
    ]


def _archives(candidate: _Candidate) -> set[str]:
    return {code.partition(".")[0] for code in candidate.categories}


def _others(candidate: _Candidate) -> set[str]:
    """The co-authors of one paper, by keys that are long enough to tell somebody."""
    if len(candidate.authors) > 100:  # a collaboration is no evidence
        return set()
    keys = ("".join(filter(str.isalnum, fold(name))) for name in candidate.authors if name != candidate.spelling)
    return {key for key in keys if len(key) >= _TELLING}


def _display(name: str, wanted: Form, fitting: Counter[str]) -> str:
    """The commonest spelling of the very name, in the order it is said."""
    alike = {each: count for each, count in fitting.items() if same(form_of(each), wanted)}
    best = max(alike, key=lambda each: (alike[each], not each.isascii(), each), default=name)
    person = as_author(best)
    said = person.family if person.collective else " ".join(filter(None, (person.given, person.last, person.suffix)))
    return to_text(said)


def _coauthors(taken: list[_Candidate]) -> list[CoAuthor]:
    counted = Counter(
        to_text(name) for each in taken if len(each.authors) <= 100 for name in each.authors if name != each.spelling
    )
    return [CoAuthor(*pair) for pair in counted.most_common(COAUTHORS)]


def _commonest(counted: dict[str, int]) -> list[Spelling]:
    return [Spelling(*pair) for pair in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))]


def _kept_more(context: Context, paper: Paper, limit: int) -> list[tuple[str, int, list[int]]]:
    key = f"moreby:{context.generation}:{paper.pk}:{paper.version}:{limit}"
    kept: list[tuple[str, int, list[int]]] | None = cache.get(key)
    if kept is None:
        kept = [found for name in _chosen(paper.authors) if (found := _more(context, paper.pk, name, limit))[1]]
        cache.set(key, kept, CACHED_SECONDS)
    return kept


def _chosen(authors: list[str]) -> list[str]:
    """The first author, the last, and those after the first."""
    order = dict.fromkeys([*authors[:1], *authors[-1:], *authors[1:MORE_BY_AUTHORS]])
    return list(order)[:MORE_BY_AUTHORS]


def _more(context: Context, number: int, name: str, limit: int) -> tuple[str, int, list[int]]:
    wanted = form_of(name)
    phrases, _ = _queries(name)
    if phrases is None:
        return name, 0, []
    hits = context.engine.lexical(LexicalQuery(phrases), MORE_BY_CANDIDATES, 0, "new").ids.tolist()
    found = _judge(hits, wanted)[0]
    sure = {
        each.id for each in found if form_of(each.spelling).full == wanted.full or same(form_of(each.spelling), wanted)
    }
    ids = [each for each in hits if each in sure and each != number]
    return to_text(name), len(ids), ids[:limit]


def _near(context: Context, name: str) -> list[str]:
    person = as_author(name)
    terms = analysis.words(person.last) or analysis.words(name)
    if not terms:
        return []
    asked = _key(name)
    family = Field("author", Phrase(" ".join(terms)))
    ids = context.engine.lexical(LexicalQuery(family), NEIGHBOURS, 0, "new").ids.tolist()
    for each in (terms[-1][:4], terms[-1][:3]):
        ids += context.engine.starting(("author",), (), each, NEIGHBOURS)["author"].tolist()
    names: dict[str, str] = {}
    for authors in Paper.objects.filter(pk__in=ids, removed=False).values_list("authors", flat=True):
        names |= {_key(each): to_text(each) for each in authors[:100]}
    close = get_close_matches(asked, names, n=NEAR, cutoff=0.7)
    return [names[key] for key in sorted(close, key=lambda key: -SequenceMatcher(None, asked, key).ratio())]


def _key(name: str) -> str:
    person = as_author(name)
    return fold(f"{person.last} {person.given}")
