"""What is true in a world: papers with their versions, and how a paper stood on a day."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from papers.records import PaperRecord
from papers.withdrawal import is_withdrawn

Event = Literal["new", "cross", "replace"]
ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Version:
    """One version: `submitted` in UTC, `announced` the announcement day from which on it is public."""

    number: int
    submitted: datetime
    announced: date
    title: str
    abstract: str
    authors: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A paper as it stood on an announcement day. `changed` is the announcement day of its last change."""

    arxiv_id: str
    versions: tuple[Version, ...]
    categories: tuple[str, ...]
    changed: date
    deleted: bool
    doi: str
    journal_ref: str
    license: str
    report_number: str

    @property
    def latest(self) -> Version:
        """The newest version of that day."""
        return self.versions[-1]

    @property
    def datestamp(self) -> date:
        """OAI-PMH's date of the last change: that of the evening on which it was announced, Eastern."""
        return self.changed - ONE

    def record(self) -> PaperRecord:
        """What a source should make of this paper on that day."""
        last = self.latest
        return PaperRecord(
            arxiv_id=self.arxiv_id,
            title=last.title,
            abstract=last.abstract,
            authors=last.authors,
            categories=self.categories,
            published=self.versions[0].submitted,
            updated=last.submitted if last.number > 1 else None,
            version=last.number,
            doi=self.doi,
            journal_ref=self.journal_ref,
            comment=last.comment,
            license=self.license,
            report_number=self.report_number,
            withdrawn=is_withdrawn(last.comment, last.abstract, last.title),
        )


@dataclass(slots=True)
class Paper:
    """A paper's whole story. `categories` are those of its first day, `crosses` what was added later and when."""

    arxiv_id: str
    versions: list[Version]
    categories: tuple[str, ...]
    crosses: list[tuple[date, str]] = field(default_factory=list)
    doi: str = ""
    journal_ref: str = ""
    license: str = ""
    report_number: str = ""
    deleted: date | None = None

    @property
    def announced(self) -> date:
        """The announcement day of version 1."""
        return self.versions[0].announced

    def at(self, day: date) -> State | None:
        """How it stood when that announcement day's list was out; None before its own."""
        versions = tuple(version for version in self.versions if version.announced <= day)
        if not versions:
            return None
        crosses = [(when, category) for when, category in self.crosses if when <= day]
        deleted = self.deleted is not None and self.deleted <= day
        changes = [versions[-1].announced, *(when for when, _ in crosses)]
        if self.deleted is not None and deleted:
            changes.append(self.deleted)
        return State(
            arxiv_id=self.arxiv_id,
            versions=versions,
            categories=(*self.categories, *(category for _, category in crosses)),
            changed=max(changes),
            deleted=deleted,
            doi=self.doi,
            journal_ref=self.journal_ref,
            license=self.license,
            report_number=self.report_number,
        )


@dataclass(frozen=True, slots=True)
class Happening:
    """What an announcement day tells of a paper: in all of its categories or, as a cross-list, in those added."""

    arxiv_id: str
    version: int
    event: Event
    categories: tuple[str, ...]
