"""Announcement days made of records: new papers, cross-lists and replacements, the same for the same seed."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from papers.records import PaperRecord
from tests.arxiv.texts import endless
from tests.arxiv.truth import Happening, Paper, Version
from workers import calendar

LICENSES = (
    "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "http://creativecommons.org/licenses/by/4.0/",
    "http://creativecommons.org/licenses/by-nc-sa/4.0/",
    "http://creativecommons.org/publicdomain/zero/1.0/",
)
_MOST_IDS = 99_999  # a month
_OLD = (
    ("hep-th", "hep-th", date(1991, 8, 20)),
    ("math", "math.GT", date(2003, 9, 17)),
    ("astro-ph", "astro-ph", date(1995, 12, 11)),
    ("cond-mat", "cond-mat.str-el", date(2007, 3, 8)),
)


@dataclass
class Making:
    """A world in the making. What is public on a day depends on the seed and the records alone."""

    days: list[date]
    per_day: int
    seed: int
    records: Iterable[PaperRecord]
    changes: bool = True
    papers: dict[str, Paper] = field(default_factory=dict)
    happenings: dict[date, list[Happening]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._source: Iterator[PaperRecord] = endless(self.records)

    def run(self) -> None:
        """Fill `papers` and `happenings`: `per_day` new papers a day, a tenth of that crossed, a quarter replaced.

        Without `changes` there are new papers and nothing else, and their ids begin at 1.
        """
        if self.changes:
            self._before()
        for day in self.days:
            known = list(self.papers)
            self.happenings[day] = []
            self._new(day)
            if not self.changes:
                continue
            crossed, replaced = max(1, self.per_day // 10), max(2, self.per_day // 4)
            chosen = self._random.sample(known, min(crossed + replaced, len(known)))
            for arxiv_id in chosen[:crossed]:
                self._cross(self.papers[arxiv_id], day)
            for arxiv_id in chosen[crossed:]:
                self._replace(self.papers[arxiv_id], day)

    def _before(self) -> None:
        """Papers of earlier months, some of them under ids of the old scheme, some in their second version."""
        for number in range(max(12, self.per_day // 2)):
            record = next(self._source)
            if number < len(_OLD):
                arxiv_id, record, day = self._old_style(number, record)
            else:
                day = calendar.previous_day(self.days[0] - timedelta(days=30 * (1 + number % 20)))
                arxiv_id = f"{day:%y%m}.{50_000 + number:05}"
            paper = self._add(arxiv_id, record, day, self._moment(day))
            later = calendar.previous_day(self.days[0] - timedelta(days=10 + number))
            if number % 3 == 0 and later > day:
                self._replace(paper, later)

    def _old_style(self, number: int, record: PaperRecord) -> tuple[str, PaperRecord, date]:
        archive, category, day = _OLD[number]
        others = tuple(name for name in record.categories if name != category)
        record = replace(record, categories=(category, *others))
        return f"{archive}/{day:%y%m}{901 + number}", record, calendar.next_day(day)

    def _new(self, day: date) -> None:
        month = day.replace(day=1)
        earlier = calendar.announcement_days(month, day - calendar.ONE)
        first = 1 + self.per_day * (len(earlier) if self.changes else 0)
        if first + self.per_day - 1 > _MOST_IDS:
            raise ValueError(f"more than {_MOST_IDS:,} ids in {day:%Y-%m}")
        moments = sorted(self._moment(day) for _ in range(self.per_day))
        for held in self._random.sample(range(self.per_day), self.per_day // 25):
            moments[held] -= timedelta(days=self._random.randint(5, 12))
        for number, moment in enumerate(moments, first):
            paper = self._add(f"{day:%y%m}.{number:05}", next(self._source), day, moment)
            self.happenings[day].append(Happening(paper.arxiv_id, 1, "new", paper.categories))

    def _moment(self, day: date) -> datetime:
        start, end = calendar.window(day)
        return start + timedelta(seconds=self._random.randrange(int((end - start).total_seconds())))

    def _add(self, arxiv_id: str, record: PaperRecord, day: date, moment: datetime) -> Paper:
        version = Version(1, moment, day, record.title, record.abstract, record.authors, record.comment)
        paper = Paper(
            arxiv_id,
            [version],
            record.categories,
            doi=record.doi,
            journal_ref=record.journal_ref,
            license=record.license or self._random.choice(LICENSES),
            report_number=record.report_number,
        )
        self.papers[arxiv_id] = paper
        return paper

    def _cross(self, paper: Paper, day: date) -> None:
        now = (*paper.categories, *(category for _, category in paper.crosses))
        others = sorted({other.categories[0] for other in self.papers.values()} - set(now))
        if not others:
            return
        added = self._random.choice(others)
        paper.crosses.append((day, added))
        self.happenings[day].append(Happening(paper.arxiv_id, paper.versions[-1].number, "cross", (added,)))

    def _replace(self, paper: Paper, day: date) -> None:
        last = paper.versions[-1]
        paper.versions.append(_revised(last, day, self._moment(day)))
        if day in self.happenings:
            now = (*paper.categories, *(category for _, category in paper.crosses))
            self.happenings[day].append(Happening(paper.arxiv_id, last.number + 1, "replace", now))


def _revised(last: Version, day: date, moment: datetime) -> Version:
    """The next version, with another title, abstract or list of authors, by turns."""
    number = last.number + 1
    title, abstract, authors = last.title, last.abstract, last.authors
    turn = (sum(map(ord, last.title)) + number) % 3
    if turn == 0:
        title = f"{title}: Version {number}, Revisited"
    elif turn == 1:
        abstract = f"{abstract} Version {number} adds a second experiment, which agrees with the first."
    elif number % 2 == 0 or len(authors) < 2:
        authors = (*authors, f"Nora Newcomer {'I' * number}")
    else:
        authors = authors[:-1]
    comment = f"Version {number}: corrected and enlarged"
    return Version(number, moment, day, title, abstract, authors, comment)
