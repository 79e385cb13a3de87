"""The places papers come from, behind one interface: a source yields pages, a page holds `PaperRecord`s."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

from papers.records import PaperRecord

Kind = Literal["new", "cross", "replace", "replace-cross"]


class SourceError(Exception):
    """A source gave no usable answer. The text is one clear line for log, row and reader."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of an announcement list: `arxiv_id` is without version, `version` None where the line names none."""

    arxiv_id: str
    version: int | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class DayList:
    """What arXiv announced in one category on one day, in arXiv's order.

    `day` is the announcement day that the list itself names (Eastern), `built` when it says it was made. `cut` is
    whether it is as long as arXiv's lists can be, so that more may have been announced.
    """

    category: str
    day: date
    built: datetime | None
    lines: tuple[Listed, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a source. It is written whole or not at all, and the run goes on at its `token` after a crash.

    `unusable` are ids that were named without a record that could be read, `skipped` entries without even an id.
    `deleted` are ids that arXiv has taken away. `changed` is OAI-PMH's datestamp by id. `moment` is the source's own
    time of the answer, `total` how many records the whole window holds where the source tells. `asked` are the ids
    that were asked for one by one: those that are neither in `records` nor `unusable` arXiv does not know. An empty
    `token` is the end.
    """

    records: tuple[PaperRecord, ...] = ()
    listed: DayList | None = None
    deleted: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    skipped: int = 0
    changed: Mapping[str, date] = field(default_factory=dict)
    moment: datetime | None = None
    total: int | None = None
    asked: tuple[str, ...] = ()
    token: str = ""


class Source(Protocol):
    """One way to bring papers, for one window of what it has."""

    @property
    def name(self) -> str:
        """`rss`, `oai`, `api` or `snapshot`."""

    def pages(self, token: str = "") -> Iterator[Page]:
        """The window page by page, from behind the page that carried `token`; raises SourceError in one line where
        there is no usable answer, and what came before stands."""
