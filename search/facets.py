"""Facets of a search: categories, years, keyphrases and authors of the papers that hold its words, as links.

Years are counted as if no days were asked for, so that another range can be chosen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.core.cache import cache
from django.utils.translation import gettext as _

from search import analysis
from search.chips import Search, parts_of, text_of
from search.encoder import text_hash
from search.engines.base import FACETS
from search.plan import Plan, make_plan
from search.query import MAX_QUERY_LENGTH, And, Field, Node, Phrase, Query, Range, Word, join, parse, words_of
from search.query_lexer import QUOTE
from search.reading import Reading, read
from search.service import Context, in_one_index, most_words

Counts = list[tuple[str, int]]
SHOWN, MOST = 6, 18  # of a facet: at once, and behind "more"
MOST_YEARS = 80
LEAST = 2  # papers of a keyphrase or an author: one that a single paper has chooses nothing
# Counting keyphrases and authors of more papers takes a good part of a second, and what comes out is that of arXiv.
BROAD = 50_000
CACHED_SECONDS = 600
FIRST_YEAR, LAST_YEAR = 1900, 2100
_HEIGHT = 100  # of the histogram, in its own units


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet. address: of the search with it, where it is `active`, without it."""

    text: str
    address: str
    papers: int
    active: bool = False


@dataclass(frozen=True, slots=True)
class Year:
    """One bar of the histogram: `left`, `top` and `height` in its units, a bar being 10 wide; `inside` the days that
    are asked for."""

    year: int
    papers: int
    address: str
    inside: bool
    left: int
    top: float
    height: float


@dataclass(frozen=True)
class Facets:
    """What can be chosen among. base: the query without its days, for a form that adds others. chosen: whether days are
    asked for; `every_year`: the address of the search without them. broad: too many papers to count keyphrases and
    authors."""

    categories: list[Value]
    keyphrases: list[Value]
    authors: list[Value]
    years: list[Year]
    base: str
    sort: str
    first: int | None
    last: int | None
    every_year: str
    broad: bool

    @property
    def width(self) -> int:
        """Of the histogram, in its units."""
        return 10 * len(self.years)


def facets_of(query: Query, *, verbatim: bool = False, without: Collection[str] = ()) -> Facets | None:
    """The facets of what `search.service.search` counts as its total for the same arguments; None without an index.

    Raises EngineError.
    """

    def ask(context: Context) -> tuple[Reading, dict[str, Counts], bool]:
        reading = read(context.engine, context.table, query, verbatim=verbatim, without=without)
        parts = parts_of(reading.asked.tree)
        undated = tuple(part for part in parts if not isinstance(part, Range))
        if undated == parts:
            counts, broad = _counted(context, reading.plan, FACETS)
            return reading, counts, broad
        counts, broad = _counted(context, reading.plan, ("category", "keyword", "author"))
        left_out = frozenset(analysis.stems(" ".join(reading.removed)))
        plan = make_plan(replace(reading.asked, tree=join(And, undated)), context.table, left_out)
        return reading, counts | _counted(context, plan, ("year",))[0], broad

    found = in_one_index(ask)
    if found is None:
        return None
    reading, counts, broad = found
    search = Search(reading.asked, reading.query.sort, verbatim, tuple(without))
    dates = [part for part in search.parts if isinstance(part, Range)]
    undated = [part for part in search.parts if not isinstance(part, Range)]
    start = max((part.start for part in dates if part.start), default=None)
    end = min((part.end for part in dates if part.end), default=None)
    return Facets(
        categories=_values(search, [(code, Field("cat", Word(code)), count) for code, count in counts["category"]]),
        keyphrases=_values(search, _telling(search, counts["keyword"])),
        authors=_values(search, [(name, _author(name), count) for name, count in counts["author"]]),
        years=_bars(search, undated, counts["year"], start, end),
        base=text_of(undated),
        sort=search.sort if search.sort != "relevance" else "",
        first=start.year if start else None,
        last=end.year if end else None,
        every_year=search.to(undated) if dates else "",
        broad=broad,
    )


def with_years(query: Query, first: str, last: str, notes: list[str]) -> Query | None:
    """The query with the days from one year to another in the place of those it asks for, an empty one open; None, and
    a sentence in `notes`, where they are no years. Both in the wrong order are swapped."""
    years = [text.strip() for text in (first, last)]
    if not all(not text or (text.isascii() and text.isdigit() and len(text) == 4) for text in years):
        notes.append(_("Years are written like 2019: those of the address were left out."))
        return None
    numbers = sorted(int(text) for text in years if text)
    if not all(FIRST_YEAR <= number <= LAST_YEAR for number in numbers):
        notes.append(_("Years are written like 2019: those of the address were left out."))
        return None
    start = date(numbers[0], 1, 1) if years[0] or len(numbers) == 2 else None
    end = date(numbers[-1], 12, 31) if years[1] or len(numbers) == 2 else None
    parts: list[Node] = [part for part in parts_of(query.tree) if not isinstance(part, Range)]
    if start or end:
        parts.append(Range(start, end))
    return replace(parse(text_of(parts)), sort=query.sort)


def _counted(context: Context, plan: Plan, names: Sequence[str]) -> tuple[dict[str, Counts], bool]:
    """The commonest values of facets, of all years MOST_YEARS, and whether there are too many papers for the dear ones;
    kept while the index stays as it is."""
    key = f"facets:{context.generation}:{text_hash(repr((plan, names)))}".replace(" ", "_")
    kept: tuple[dict[str, Counts], bool] | None = cache.get(key)
    if kept is not None:
        return kept
    minimum, total = most_words(context.engine, plan)
    broad = total > BROAD
    wanted = plan.lexical(minimum)
    counts: dict[str, Counts] = {name: [] for name in names}
    dear = [name for name in names if name in {"keyword", "author"} and not broad]
    if total:
        if "year" in names:
            counts |= context.engine.facets(wanted, ["year"], MOST_YEARS)
        if "category" in names:
            counts |= context.engine.facets(wanted, ["category"], MOST)
        if dear:
            found = context.engine.facets(wanted, dear, MOST)
            counts |= {name: [each for each in values if each[1] >= LEAST] for name, values in found.items()}
    cache.set(key, (counts, broad), CACHED_SECONDS)
    return counts, broad


def _values(search: Search, found: Sequence[tuple[str, Node, int]]) -> list[Value]:
    """Links that add a part, or take it away where it is there; those that would make the query too long are left
    out."""
    values: list[Value] = []
    for text, node, papers in found:
        active = node in search.parts
        parts = [part for part in search.parts if part != node] if active else [*search.parts, node]
        if len(text_of(parts)) <= MAX_QUERY_LENGTH:
            values.append(Value(text, search.to(parts), papers, active))
    return sorted(values, key=lambda value: not value.active)


def _telling(search: Search, counts: Counts) -> list[tuple[str, Node, int]]:
    """Keyphrases with the free words that find them, without those that only say the query again; as a phrase where
    their signs would be read as operators."""
    own = frozenset(analysis.stems(" ".join(words_of(search.asked.tree))))
    found: list[tuple[str, Node, int]] = []
    for phrase, count in counts:
        if own.issuperset(analysis.stems(phrase)):
            continue
        read_as = parse(phrase)
        plain = read_as.plain and read_as.tree is not None and not read_as.notes
        found.append((phrase, read_as.tree if plain and read_as.tree else _phrase(phrase), count))
    return found


def _author(name: str) -> Node:
    return Field("author", _phrase(name))


def _phrase(text: str) -> Phrase:
    return Phrase(" ".join(QUOTE.sub(" ", text).split()))


def _bars(search: Search, undated: Sequence[Node], counts: Counts, start: date | None, end: date | None) -> list[Year]:
    """A bar for each year from the first to the last that has papers, as high as its share of the year with most."""
    papers = {int(text): count for text, count in counts if text.isdigit()}
    if not papers:
        return []
    most = max(papers.values())
    dated = start is not None or end is not None
    bars: list[Year] = []
    for place, year in enumerate(range(min(papers), max(papers) + 1)):
        count = papers.get(year, 0)
        first, last = date(year, 1, 1), date(year, 12, 31)
        inside = dated and (start is None or start <= last) and (end is None or end >= first)
        height = max(_HEIGHT * count / most, 2.0) if count else 0.0
        address = search.to([*undated, Range(first, last)])
        bars.append(Year(year, count, address, inside, 10 * place, round(_HEIGHT - height, 1), round(height, 1)))
    return bars
