"""A world: announcement days with all that arXiv says on them, a clock, and the truth for tests to ask."""

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Literal

from papers.categories import canonical, subcategories
from papers.records import PaperRecord
from tests.arxiv.making import Making
from tests.arxiv.texts import any_records
from tests.arxiv.truth import Happening, Paper, State
from workers import calendar
from workers.sources import Kind

Interface = Literal["rss", "oai", "api"]
INTERFACES: tuple[Interface, ...] = ("rss", "oai", "api")
_ORDER: dict[Kind, int] = {"new": 0, "cross": 1, "replace": 2, "replace-cross": 3}
_DAYS_KEPT = 4


class World:
    """Papers, announcement days and a clock, independent of HTTP.

    `days` are the announcement days in order, `papers` all papers by id with all their versions, those of the time
    before among them. `now` is what the clock shows; None sets it to the real time. A world that is made starts at
    the end: when the feeds carry its last day.
    """

    def __init__(
        self, days: list[date], papers: Mapping[str, Paper], happenings: Mapping[date, list[Happening]]
    ) -> None:
        self.days = days
        self.papers = dict(papers)
        self._happenings = happenings
        self.edition = 0  # counts what `delete` changed
        self._now: datetime | None = calendar.feed_from(days[-1])
        self._states: dict[date, dict[str, State]] = {}
        self._lock = threading.Lock()

    @classmethod
    def make(
        cls, first_day: date, days: int, per_day: int, seed: int = 0, records: Iterable[PaperRecord] | None = None
    ) -> "World":
        """`days` announcement days from `first_day` on (or the next that is one), each with `per_day` new papers.

        The papers are made of `records` in their order, from the first again when they are used up; real ones where
        they lie beside the checkout, else the sample shelf. Raises ValueError where a month would need too many ids.
        """
        if days < 1 or per_day < 1:
            raise ValueError("a world has at least one day and one paper a day")
        return cls._made(first_day, days, per_day, seed, records, changes=True)

    @classmethod
    def bulk(
        cls, n: int, day: date = date(2026, 9, 24), seed: int = 0, records: Iterable[PaperRecord] | None = None
    ) -> "World":
        """`n` papers that all are new on one day: one window of OAI-PMH, for measuring speed."""
        return cls._made(day, 1, n, seed, records, changes=False)

    @classmethod
    def _made(
        cls, day: date, days: int, per_day: int, seed: int, records: Iterable[PaperRecord] | None, changes: bool
    ) -> "World":
        dates = [calendar.next_day(day - calendar.ONE)]
        while len(dates) < days:
            dates.append(calendar.next_day(dates[-1]))
        making = Making(dates, per_day, seed, any_records() if records is None else records, changes)
        making.run()
        return cls(dates, making.papers, making.happenings)

    @property
    def now(self) -> datetime:
        """The time in this world, in UTC."""
        return datetime.now(UTC) if self._now is None else self._now

    @now.setter
    def now(self, moment: datetime | None) -> None:
        if moment is not None and moment.tzinfo is None:
            raise ValueError("a time without a zone")
        self._now = None if moment is None else moment.astimezone(UTC)

    def public_day(self, interface: Interface) -> date | None:
        """The last announcement day that an interface shows now; for feeds the one they show, None on other days."""
        today = calendar.eastern(self.now).date()
        if interface == "rss":
            return today if calendar.is_announcement_day(today) else None
        if interface == "oai":
            return calendar.latest_harvest(self.now)
        tomorrow = today + calendar.ONE
        if calendar.is_announcement_day(tomorrow) and self.now >= calendar.announced_at(tomorrow):
            return tomorrow
        return calendar.latest_day(self.now)

    def listing(self, day: date, category: str) -> list[tuple[str, int, Kind]]:
        """What arXiv lists on that day in a category or archive: id, version, kind; new ones first, by id."""
        return self.lines(day, members(category))

    def lines(self, day: date, wanted: frozenset[str]) -> list[tuple[str, int, Kind]]:
        """The list of several categories in one: a paper is new where its first category is any of them."""
        found: list[tuple[str, int, Kind]] = []
        for happening in self._happenings.get(day, ()):
            if wanted.isdisjoint(happening.categories):
                continue
            first = happening.categories[0] in wanted
            kind: Kind = "cross"
            if happening.event == "new" and first:
                kind = "new"
            elif happening.event == "replace":
                kind = "replace" if first else "replace-cross"
            found.append((happening.arxiv_id, happening.version, kind))
        return sorted(found, key=lambda line: (_ORDER[line[2]], line[0]))

    def new_ids(self, day: date) -> list[str]:
        """The ids of a day's new papers in all categories: an unbroken run."""
        return [happening.arxiv_id for happening in self._happenings.get(day, ()) if happening.event == "new"]

    def categories(self, day: date) -> list[str]:
        """The categories in which a day lists anything."""
        return sorted({name for happening in self._happenings.get(day, ()) for name in happening.categories})

    def states(self, day: date) -> Mapping[str, State]:
        """Every paper that is public on that announcement day as it then stood, deleted ones too."""
        with self._lock:
            if day not in self._states:
                while len(self._states) >= _DAYS_KEPT:
                    self._states.pop(next(iter(self._states)))
                found = ((arxiv_id, paper.at(day)) for arxiv_id, paper in self.papers.items())
                self._states[day] = {arxiv_id: state for arxiv_id, state in found if state is not None}
            return self._states[day]

    def records(self, day: date | None = None) -> dict[str, PaperRecord]:
        """What a database should hold when that day (the last where not given) has been pulled, by id."""
        states = self.states(self.days[-1] if day is None else day)
        return {arxiv_id: state.record() for arxiv_id, state in states.items() if not state.deleted}

    def delete(self, arxiv_id: str, day: date) -> None:
        """arXiv takes a paper away: OAI-PMH calls it deleted from that announcement day on, the others know it not."""
        with self._lock:
            self.papers[arxiv_id].deleted = day
            self._states.clear()
            self.edition += 1


def members(name: str) -> frozenset[str]:
    """The categories behind a category's or archive's name; empty where there is no such thing."""
    code = canonical(name)
    return frozenset(subcategories(name.lower())) or frozenset([code] if code else [])
