"""Which papers are in a list: some categories less others, within some days, newest first, each paper once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from hashlib import blake2b

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Q

from papers.categories import CategorySpec
from papers.models import Paper, PaperCategory

PAGE_SIZE = 25
REACH = 10_000
"""So many papers of one list can be paged through and are counted; further back a reader goes by days."""
BEYOND_SECONDS = 60

_LINKS = PaperCategory._meta.db_table
_PAPERS = Paper._meta.db_table
_Value = str | int | datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `number` counts from 1; `total` is exact up to REACH and REACH + 1 beyond."""

    papers: list[Paper]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages can be opened, at least one."""
        return max(1, -(-min(self.total, REACH) // self.size))

    @property
    def more_than_counted(self) -> bool:
        """Whether there are more papers than `total` tells."""
        return self.total > REACH

    @property
    def reachable(self) -> int:
        """How many papers can be paged through."""
        return min(self.total, REACH)

    @property
    def first(self) -> int:
        """The number of the page's first paper within the list, from 1."""
        return (self.number - 1) * self.size + 1


@dataclass(frozen=True)
class Listing:
    """Papers of `spec` (None: all) first published from `start` to `end`, days in UTC, both inclusive, None open.

    With several categories a plain `IN … ORDER BY` would sort every paper they ever had. So each category walks its
    own stretch of the index, the walks are merged as they go, and all of them end at the depth that is asked for.
    """

    spec: CategorySpec | None = None
    start: date | None = None
    end: date | None = None
    after: tuple[datetime, int] | None = None
    """First submission and primary key: `papers` gives those behind it alone, as one counts from the oldest."""

    @cached_property
    def codes(self) -> tuple[list[str], list[str]]:
        """Stored codes of the categories wanted and of those unwanted."""
        include, exclude = self.spec.expand() if self.spec else (frozenset[str](), frozenset[str]())
        return sorted(include - exclude), sorted(exclude)

    def papers(self, limit: int, offset: int = 0, *, oldest_first: bool = False) -> list[Paper]:
        """`limit` papers after the first `offset`; one database query."""
        if self.spec is not None and not self.codes[0]:
            return []
        direction = "ASC" if oldest_first else "DESC"
        walk, parameters = self._walk(limit, offset, direction)
        return list(
            Paper.objects.raw(
                f"SELECT paper.* FROM ({walk}) AS chosen JOIN {_PAPERS} AS paper ON paper.id = chosen.paper_id "  # noqa: S608 (own names)
                f"ORDER BY chosen.published {direction}, chosen.paper_id {direction}",
                parameters,
            )
        )

    def keys(self, limit: int) -> list[tuple[int, datetime]]:
        """Primary key and first submission of the `limit` newest papers; one database query."""
        if self.spec is not None and not self.codes[0]:
            return []
        if self.spec is None:
            newest = Paper.objects.filter(self.within(), removed=False).order_by("-published", "-id")
            return list(newest.values_list("pk", "published")[:limit])
        walk, parameters = self._walk(limit, 0, "DESC")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT chosen.paper_id, chosen.published FROM ({walk}) AS chosen", parameters)  # noqa: S608
            return [(pk, _moment(published)) for pk, published in cursor.fetchall()]

    def total(self) -> int:
        """How many papers there are, counted up to REACH + 1; one database query.

        That a list of several categories has more is known for a minute: so far up, counting takes longer than all the
        rest of a page, and no list loses papers but to arXiv's removals. Others are always counted.
        """
        include, exclude = self.codes
        if self.spec is None or len(include) + len(exclude) == 1:
            return self._count()
        asked = (REACH, include, exclude, self.start, self.end)
        key = f"beyond-reach:{blake2b(repr(asked).encode(), digest_size=16).hexdigest()}"
        if cache.get(key):
            return REACH + 1
        count = self._count()
        if count > REACH:
            cache.set(key, True, BEYOND_SECONDS)
        return count

    def _count(self) -> int:
        if self.spec is None:
            # In order, so that PostgreSQL walks the index as far as it counts.
            papers = Paper.objects.filter(self.within(), removed=False).order_by("-published", "-id")
            return papers[: REACH + 1].count()
        include, exclude = self.codes
        if not exclude:
            links = PaperCategory.objects.filter(self.within(), category__in=include)
            return links.values("paper_id").distinct()[: REACH + 1].count()
        if not include:
            return 0
        # Left to itself a database would compare all papers of the categories first.
        walk, parameters = self._walk(REACH + 1, 0, "DESC")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({walk}) AS chosen", parameters)  # noqa: S608
            count: int = cursor.fetchone()[0]
        return count

    def page(self, number: int, size: int = PAGE_SIZE) -> Page:
        """One page, counted from 1; at most two database queries. Beyond REACH a page is empty."""
        offset = (number - 1) * size
        papers = self.papers(min(size, REACH - offset), offset) if offset < REACH else []
        counted = offset + len(papers)
        is_last = counted < REACH and 0 < len(papers) < size
        return Page(papers, number, size, counted if is_last else self.total())

    def category_counts(self) -> dict[str, int]:
        """How many papers within the list's days each category has, whatever `spec` is; meant for few days."""
        links = PaperCategory.objects.filter(self.within("paper__published"))
        return dict(links.values_list("category").annotate(Count("id")))

    def newest_day(self) -> date | None:
        """The day of the newest paper, None where there is none."""
        return _day(self.papers(1))

    def day_before(self, day: date) -> date | None:
        """The last day before `day` that has papers of the categories, whatever the list's own days are."""
        return _day(Listing(self.spec, end=day - timedelta(days=1)).papers(1)) if day > date.min else None

    def day_after(self, day: date) -> date | None:
        """The first day after `day` that has papers of the categories, whatever the list's own days are."""
        if day == date.max:
            return None
        return _day(Listing(self.spec, start=day + timedelta(days=1)).papers(1, oldest_first=True))

    def _walk(self, limit: int, offset: int, direction: str) -> tuple[str, list[_Value]]:
        """SQL and parameters of (published, paper_id) of the papers chosen; a `spec` must have a category."""
        include, exclude = self.codes
        bounds = (("published >= %s", self._from()), ("published < %s", self._until()))
        conditions = [condition for condition, moment in bounds if moment]
        # As the database keeps times: SQLite's own text of one with a zone is another one.
        adapted = connection.ops.adapt_unknown_value
        moments: list[_Value] = [adapted(moment) for _, moment in bounds if moment]
        if self.after:
            conditions.append(f"(published, {'id' if self.spec is None else 'paper_id'}) > (%s, %s)")
            moments += [adapted(self.after[0]), self.after[1]]
        order = f"ORDER BY published {direction}, paper_id {direction}"
        if self.spec is None:
            where = " AND ".join(["NOT removed", *conditions])  # whose links are gone, so that others need not ask
            walk = f"SELECT published, id AS paper_id FROM {_PAPERS} WHERE {where}"  # noqa: S608
            return f"{walk} {order} LIMIT %s OFFSET %s", [*moments, limit, offset]
        conditions = ["category = %s", *conditions, *([unwanted(exclude, "link")] if exclude else [])]
        branch = f"SELECT published, paper_id FROM {_LINKS} AS link WHERE {' AND '.join(conditions)}"  # noqa: S608
        tail: list[_Value] = [*moments, *exclude]
        if len(include) > 1 and connection.vendor != "sqlite":
            # PostgreSQL keeps the order of a branch if it is told there, and walks it if it is to stop soon.
            branch = f"({branch} {order} LIMIT %s)"
            tail.append(limit + offset)
        parameters: list[_Value] = [value for code in include for value in (code, *tail)]
        return f"{_union(branch, len(include))} {order} LIMIT %s OFFSET %s", [*parameters, limit, offset]

    def _from(self) -> datetime | None:
        return datetime.combine(self.start, time.min, UTC) if self.start else None

    def _until(self) -> datetime | None:
        if self.end is None or self.end == date.max:
            return None
        return datetime.combine(self.end + timedelta(days=1), time.min, UTC)

    def within(self, field: str = "published") -> Q:
        since, until = self._from(), self._until()
        return (Q((f"{field}__gte", since)) if since else Q()) & (Q((f"{field}__lt", until)) if until else Q())


def _union(branch: str, count: int) -> str:
    """Each row of `count` branches once, so written that the database merges them without sorting any to its end."""
    if count == 1:
        return branch
    if connection.vendor == "sqlite":
        return " UNION ".join([branch] * count)
    # DISTINCT ON is never done by hashing all rows.
    branches = " UNION ALL ".join([branch] * count)
    return f"SELECT DISTINCT ON (published, paper_id) published, paper_id FROM ({branches}) AS merged"  # noqa: S608


def unwanted(codes: Sequence[str], table: str) -> str:
    """The condition, as SQL with a parameter a code, that a row's paper has none of `codes`, asked of one paper after
    the other; `table` has a `paper_id`.

    OFFSET keeps PostgreSQL from joining with all papers of the codes, and the empty text both databases from looking
    into the index for each code apart: a paper has few.
    """
    wanted = ", ".join(["%s"] * len(codes))
    return (
        f"NOT EXISTS (SELECT 1 FROM {_LINKS} AS other WHERE other.paper_id = {table}.paper_id "  # noqa: S608
        f"AND other.category || '' IN ({wanted}) LIMIT 1 OFFSET 0)"
    )


def _moment(value: datetime | str) -> datetime:
    """A time as the database's own driver gives it: SQLite's text has no zone and is UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(papers: Iterable[Paper]) -> date | None:
    return next((paper.published.date() for paper in papers), None)


def present(ids: Iterable[int]) -> dict[int, Paper]:
    """The papers of these primary keys by key; those that are gone or removed are left out, as an index may still name
    them."""
    return Paper.objects.filter(removed=False).in_bulk(list(ids))


def in_order(ids: Iterable[int]) -> list[Paper]:
    """Papers in the order of their primary keys as given; those that are gone or removed are left out."""
    wanted = list(ids)
    known = present(wanted)
    return [known[number] for number in wanted if number in known]
