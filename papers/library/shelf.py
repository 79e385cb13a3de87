"""What a reader keeps, a row a paper, and which of it she wants to see: filters, order, what there is to choose."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from papers.batches import batched
from papers.models import ListEntry, Mark, Note, Paper, Tagged, Visitor
from papers.tex import fold, to_text

MOST: Final = 20_000
"""So many papers that she starred last are on the page; no list, tag or note falls under it."""

CHUNK: Final = 5_000  # papers of one query
LONGEST_QUERY: Final = 500  # characters
SORTS: Final[dict[str, str | Promise]] = {
    "kept": gettext_lazy("Last kept"),
    "new": gettext_lazy("Newest paper"),
    "title": gettext_lazy("Title"),
    "preference": gettext_lazy("Preference ❤"),
}
HAS: Final[dict[str, str | Promise]] = {"star": gettext_lazy("starred"), "note": gettext_lazy("with a note")}
_PAPER: Final = ("paper__arxiv_id", "paper__title", "paper__categories", "paper__published")
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Holding:
    """One paper that a reader keeps: what of it is shown and filtered by. kept: when she last starred it, put it on a
    list or under a tag, or changed its note."""

    arxiv_id: str
    title: str
    categories: list[str]
    published: datetime
    kept: datetime
    starred: bool = False
    note: bool = False
    tags: set[str] = field(default_factory=set)
    lists: set[int] = field(default_factory=set)


def holdings(visitor: Visitor) -> dict[int, Holding]:
    """All that a visitor starred, noted, tagged or put on lists, by primary key, without what arXiv removed; four
    database queries, one more for each CHUNK papers without a star."""
    stars = Mark.objects.filter(visitor=visitor, starred__isnull=False, paper__removed=False)
    found = {
        pk: Holding(arxiv_id, title, categories, published, when, starred=True)
        for pk, when, arxiv_id, title, categories, published in stars.order_by("-starred", "-pk").values_list(
            "paper_id", "starred", *_PAPER
        )[:MOST]
    }
    if visitor.reader_id is None:  # the rest needs an account
        return found
    notes = list(Note.objects.filter(visitor=visitor).order_by().values_list("paper_id", "changed"))
    tagged = Tagged.objects.filter(tag__visitor=visitor).order_by()
    uses = list(tagged.values_list("paper_id", "added", "tag__name"))
    listed = ListEntry.objects.filter(reading_list__visitor=visitor).order_by()
    entries = list(listed.values_list("paper_id", "added", "reading_list_id"))
    others = {row[0] for row in notes} | {row[0] for row in uses} | {row[0] for row in entries}
    for part in batched(sorted(others - found.keys()), CHUNK):
        there = Paper.objects.filter(pk__in=part, removed=False).order_by()
        rows = there.values_list("pk", "arxiv_id", "title", "categories", "published")
        found |= {pk: Holding(name, title, codes, published, _NEVER) for pk, name, title, codes, published in rows}
    for pk, when in notes:
        if holding := _kept(found, pk, when):
            holding.note = True
    for pk, when, name in uses:
        if holding := _kept(found, pk, when):
            holding.tags.add(name)
    for pk, when, number in entries:
        if holding := _kept(found, pk, when):
            holding.lists.add(number)
    return found


def _kept(found: Mapping[int, Holding], pk: int, when: datetime) -> Holding | None:
    if (holding := found.get(pk)) is not None:
        holding.kept = max(holding.kept, when)
    return holding


def texts_of(visitor: Visitor, kept: Mapping[int, Holding]) -> dict[int, list[str]]:
    """Her own words on each paper: its note, its tags; one database query."""
    texts = {pk: list(holding.tags) for pk, holding in kept.items() if holding.tags}
    for pk, text in Note.objects.filter(visitor=visitor).order_by().values_list("paper_id", "text"):
        if pk in kept:
            texts.setdefault(pk, []).append(text)
    return texts


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks of the library; empty fields ask nothing."""

    query: str = ""
    has: str = ""
    tag: str = ""
    list: int = 0
    category: str = ""
    year: int = 0
    sort: str = "kept"

    @property
    def parameters(self) -> dict[str, str]:
        """The fields as an address names them, without those that ask nothing."""
        named = {"q": self.query, "has": self.has, "tag": self.tag, "list": self.list, "cat": self.category}
        named |= {"year": self.year, "sort": "" if self.sort == "kept" else self.sort}
        return {name: str(value) for name, value in named.items() if value}

    @property
    def filters(self) -> bool:
        """Whether it leaves papers out."""
        return bool(self.parameters.keys() - {"sort"})

    def address(self, view: str = "library", **changes: Any) -> str:
        """The address of the library with some fields changed."""
        return reverse(view, query=replace(self, **changes).parameters)


def read_wanted(parameters: QueryDict, notes: list[str]) -> Wanted:
    """What the parameters of an address ask; what makes no sense is left out, with a sentence added to `notes`."""

    def number(name: str, most: int) -> int:
        text = parameters.get(name, "").strip()
        if not text:
            return 0
        if text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most:
            return int(text)
        notes.append(_("“%(text)s” is no %(name)s and was left out.") % {"text": text[:20], "name": name})
        return 0

    def one_of(name: str, names: Iterable[str]) -> str:
        text = parameters.get(name, "").strip()
        if text and text not in names:
            notes.append(
                _("“%(text)s” was left out: %(name)s= takes %(names)s.")
                % {"text": text[:20], "name": name, "names": ", ".join(names)}
            )
            return ""
        return text

    return Wanted(
        query=parameters.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY],
        has=one_of("has", HAS),
        tag=parameters.get("tag", "").replace("\0", "").strip()[:60],
        list=number("list", 999_999_999),
        category=parameters.get("cat", "").replace("\0", "").strip()[:32],
        year=number("year", 9999),
        sort=one_of("sort", SORTS) or "kept",
    )


def chosen(kept: Mapping[int, Holding], wanted: Wanted) -> dict[int, Holding]:
    """The papers that satisfy all filters but the query."""

    def satisfies(one: Holding) -> bool:
        return (
            (not wanted.has or (one.starred if wanted.has == "star" else one.note))
            and (not wanted.tag or wanted.tag in one.tags)
            and (not wanted.list or wanted.list in one.lists)
            and (not wanted.category or wanted.category in one.categories)
            and (not wanted.year or wanted.year == one.published.year)
        )

    return {pk: one for pk, one in kept.items() if satisfies(one)}


def in_order(kept: Mapping[int, Holding], sort: str, weight: Mapping[int, float] | None = None) -> list[int]:
    """Primary keys in an order of SORTS; `weight` by preference. Equal ones: the last kept first."""
    ids = sorted(kept, key=lambda pk: (kept[pk].kept, pk), reverse=True)
    if sort == "new":
        ids.sort(key=lambda pk: kept[pk].published, reverse=True)
    elif sort == "title":
        ids.sort(key=lambda pk: fold(to_text(kept[pk].title)).casefold())
    elif sort == "preference":
        ids.sort(key=lambda pk: -(weight or {}).get(pk, 0.0))
    return ids


@dataclass(frozen=True, slots=True)
class Value:
    """One thing to filter by: what it is called, how many of the shown papers have it, where choosing it (where it is
    chosen, taking it away) leads."""

    text: str
    papers: int
    address: str
    active: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """What can be chosen of one kind; named: category codes that have names."""

    title: str
    values: list[Value]
    named: bool = False


def facets(shown: Mapping[int, Holding], wanted: Wanted, lists: Mapping[int, str]) -> list[Facet]:
    """What the shown papers can be narrowed by, commonest first (years: newest first); `lists` are hers by key."""
    holdings = shown.values()
    has = Counter({"star": sum(one.starred for one in holdings), "note": sum(one.note for one in holdings)})
    kinds: list[tuple[str, str, Counter[Any], bool]] = [
        (_("Kept as"), "has", has, False),
        (_("List"), "list", Counter(pk for one in holdings for pk in one.lists if pk in lists), False),
        (_("Tag"), "tag", Counter(name for one in holdings for name in one.tags), False),
        (_("Category"), "category", Counter(code for one in holdings for code in one.categories), True),
        (_("Year"), "year", Counter(one.published.year for one in holdings), False),
    ]
    found = []
    for title, name, counts, named in kinds:
        now = getattr(wanted, name)
        if now and now not in counts:
            counts[now] = 0
        telling = [(value, count) for value, count in counts.items() if count or value == now]
        if name == "has" and not (now or has["note"]):
            continue  # nothing but stars
        telling.sort(key=lambda each: (-each[0],) if name == "year" else (-each[1], _said(name, each[0], lists)))
        values = [
            Value(
                _said(name, value, lists),
                count,
                wanted.address(**{name: type(value)() if value == now else value}),
                value == now,
            )
            for value, count in telling
        ]
        if values:
            found.append(Facet(title, values, named))
    return found


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is in force, in the form of a search's chips; `address` is the library without it."""

    name: str
    text: str
    address: str
    excluded: bool = False
    corrected: bool = False


def chips(wanted: Wanted, lists: Mapping[int, str]) -> list[Chip]:
    """The filters in force."""
    named = {"query": _("words"), "has": "", "list": _("list"), "tag": _("tag"), "category": "", "year": ""}
    return [
        Chip(title, _said(name, value, lists), wanted.address(**{name: type(value)()}))
        for name, title in named.items()
        if (value := getattr(wanted, name))
    ]


def _said(name: str, value: Any, lists: Mapping[int, str]) -> str:
    if name == "has":
        return str(HAS[value])
    return lists.get(value, "") if name == "list" else str(value)
