"""arXiv's query interface, by the `arxiv` package: the newest papers of some categories, a window of them, and papers
by id."""

import logging
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NoReturn

import arxiv
import requests
from django.conf import settings

from papers.batches import batched
from papers.identifiers import parse_id
from papers.records import PaperRecord, RecordError, from_json
from papers.tex import collapse
from workers.sources import Page, SourceError
from workers.sources.asking import parse_xml
from workers.sources.transport import PATIENT, Patience, TransientError, session

PAGE = 200  # entries a request; arXiv allows 2,000, but its larger pages time out and come cut short
LONGEST_LIST: Final = 30_000  # arXiv lists no more of one query
_ATOM = "{http://www.w3.org/2005/Atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_UNREADABLE = "0001-01-01T00:00:00Z"  # in the place of an id or a date that cannot be read

logging.getLogger("arxiv").setLevel(logging.WARNING)  # it tells of each page at INFO


class _Listing:
    """A query's papers in one order, `limit` at most. A page's token is the number of entries up to its end."""

    name = "api"

    def __init__(self, search: arxiv.Search, limit: int, patience: Patience, may_be_empty: bool) -> None:
        self.search = search
        self.limit = limit
        self.patience = patience
        self.may_be_empty = may_be_empty

    def pages(self, token: str = "") -> Iterator[Page]:
        """Pages of 200; raises SourceError."""
        start = _offset(token)
        while start < self.limit:
            self.search.max_results = min(start + PAGE, self.limit)
            drawn = _draw(self.search, start, min(PAGE, self.limit), self.patience, self.may_be_empty)
            start += drawn.entries
            total = min(drawn.total, self.limit)
            ended = not drawn.error and start >= total
            if drawn.entries or ended:
                yield drawn.page(total=total, token="" if ended else str(start))
            if drawn.error:
                raise drawn.error
            if ended:
                return
            if not drawn.entries:
                raise SourceError("arXiv's list broke off: a page without an entry that can be read")


class ApiNewest(_Listing):
    """The latest submitted papers of any of the categories, newest first, `limit` at most.

    arXiv has been seen to ignore the order asked for: do not rely on it without looking.
    """

    def __init__(self, categories: Iterable[str], limit: int, patience: Patience = PATIENT) -> None:
        search = arxiv.Search(
            query=_any_of(categories),
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Descending,
        )
        # A category without a single paper is less likely than one of arXiv's empty answers.
        super().__init__(search, limit, patience, may_be_empty=False)


class ApiWindow(_Listing):
    """The papers of any of the categories submitted from `since` to `until`, both inclusive to the minute, in order.

    A window of more papers than arXiv lists (30,000) ends with SourceError after its first page.
    """

    def __init__(
        self, categories: Iterable[str], since: datetime, until: datetime, patience: Patience = PATIENT
    ) -> None:
        first, last = (f"{moment.astimezone(UTC):%Y%m%d%H%M}" for moment in (since, until))
        search = arxiv.Search(
            query=f"({_any_of(categories)}) AND submittedDate:[{first} TO {last}]",
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Ascending,
        )
        super().__init__(search, LONGEST_LIST, patience, may_be_empty=True)

    def pages(self, token: str = "") -> Iterator[Page]:
        """Pages of 200; raises SourceError."""
        for page in super().pages(token):
            yield page
            if page.total == LONGEST_LIST:
                raise SourceError(f"arXiv lists no more than {LONGEST_LIST:,} papers of a window: take a shorter one")


class ApiIds:
    """The papers with these ids, in the version named or the newest.

    Pages of 200 ids, which a page's `asked` names without version: those without record arXiv does not know. A token
    is how many ids are done. A text that is no arXiv id raises SourceError before anything is asked.
    """

    name = "api"

    def __init__(self, ids: Iterable[str], patience: Patience = PATIENT) -> None:
        self.ids = [parse_id(text) or _no_id(text) for text in ids]
        self.patience = patience

    def pages(self, token: str = "") -> Iterator[Page]:
        """In the order of the ids, as far as arXiv keeps it; raises SourceError."""
        done = _offset(token)
        for some in batched(self.ids[done:], PAGE):
            search = arxiv.Search(id_list=[str(paper) for paper in some], max_results=len(some))
            drawn = _draw(search, 0, len(some), self.patience, may_be_empty=True)
            if drawn.error:
                if drawn.entries:
                    yield drawn.page(total=len(self.ids), token=str(done))
                raise drawn.error
            done += len(some)
            yield drawn.page(
                total=len(self.ids),
                asked=tuple(dict.fromkeys(paper.base for paper in some)),
                token=str(done) if done < len(self.ids) else "",
            )


def _any_of(categories: Iterable[str]) -> str:
    return " OR ".join(f"cat:{category}" for category in categories)


def _no_id(text: str) -> NoReturn:
    raise SourceError(f"not an arXiv id: {text[:60]}")


def _offset(token: str) -> int:
    if token and not (token.isascii() and token.isdecimal() and len(token) < 10):
        raise SourceError(f"not a place in a list: {token[:100]}")
    return int(token or 0)


@dataclass
class _Drawn:
    """What came of a request or, where arXiv's pages are shorter than asked for, of several."""

    records: list[PaperRecord] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    skipped: int = 0
    entries: int = 0
    total: int = 0
    error: SourceError | None = None

    def add(self, result: arxiv.Result) -> None:
        """Count an entry and keep its record or, where that cannot be read, its id."""
        self.entries += 1
        try:
            self.records.append(to_record(result))
        except RecordError:
            paper = parse_id(result.get_short_id())
            if paper:
                self.unusable.append(paper.base)
            else:
                self.skipped += 1

    def page(self, total: int, token: str, asked: tuple[str, ...] = ()) -> Page:
        """All of it as a page."""
        return Page(
            records=tuple(self.records),
            unusable=tuple(self.unusable),
            skipped=self.skipped,
            total=total,
            asked=asked,
            token=token,
        )


def _draw(search: arxiv.Search, start: int, page: int, patience: Patience, may_be_empty: bool) -> _Drawn:
    """The entries from `start` up to the search's `max_results`, as far as they come; what stopped them is `error`."""
    drawn = _Drawn()

    def check(body: bytes) -> bytes:
        body, drawn.total = checked_feed(body, may_be_empty)
        return body

    # The package's own delay and retries are off: turns and growing waits are the transport's.
    client = arxiv.Client(page_size=page, delay_seconds=0, num_retries=0)
    client.query_url_format = settings.ARXIV_API_URL + "?{}"
    client._session = session(patience, check)
    try:
        for result in client.results(search, start):
            drawn.add(result)
    except SourceError as error:
        drawn.error = error
    except requests.RequestException as error:  # what never got to the transport: an address that is none
        drawn.error = SourceError(f"{settings.ARXIV_API_URL} cannot be asked: {type(error).__name__}")
    except arxiv.ArxivError as error:
        drawn.error = SourceError(f"arXiv's list broke off: {error.message}")
    finally:
        client._session.close()
    return drawn


def checked_feed(body: bytes, may_be_empty: bool) -> tuple[bytes, int]:
    """An Atom answer that the package can read to its end, and how long the whole list is.

    Raises SourceError for the entry by which arXiv tells of an error (served with HTTP 400 and with 200), and
    TransientError for an answer that is cut short, no Atom feed, or empty before the end of the list. An
    entry without id or readable date, at which the package stumbles, gets one that `to_record` refuses.
    """
    feed = parse_xml(body)
    if feed.tag != f"{_ATOM}feed":
        raise TransientError("arXiv's answer is no Atom feed")
    entries = feed.findall(f"{_ATOM}entry")
    for entry in entries:
        if "/api/errors" in entry.findtext(f"{_ATOM}id", ""):
            raise SourceError(f"arXiv refused the query: {collapse(entry.findtext(f'{_ATOM}summary', ''))}")
    total, start = (_number(feed, name) for name in ("totalResults", "startIndex"))
    if not entries and (start < total or not may_be_empty):
        raise TransientError("arXiv answered with an empty page")
    mended = [_mend(entry, name, good) for entry in entries for name, good in _NEEDED.items()]
    return ET.tostring(feed, encoding="utf-8") if any(mended) else body, total


def _number(feed: ET.Element, name: str) -> int:
    text = feed.findtext(f"{_OPENSEARCH}{name}", "0").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


_NEEDED: dict[str, Callable[[str], bool]] = {"id": bool, "published": _is_date, "updated": _is_date}


def _mend(entry: ET.Element, name: str, good: Callable[[str], bool]) -> bool:
    """Put _UNREADABLE in the place of a part the package cannot do without; whether that was needed."""
    if good(entry.findtext(f"{_ATOM}{name}", "").strip()):
        return False
    for element in entry.findall(f"{_ATOM}{name}"):
        entry.remove(element)
    ET.SubElement(entry, f"{_ATOM}{name}").text = _UNREADABLE
    return True


def to_record(result: arxiv.Result) -> PaperRecord:
    """One entry as our record. Raises RecordError where it is no paper we can keep."""
    return from_json(
        {
            "id": result.get_short_id(),
            "title": result.title,
            "abstract": result.summary,
            "authors": [author.name for author in result.authors],
            "categories": [result.primary_category, *result.categories],
            "published": result.published.isoformat(),
            "updated": result.updated.isoformat() if result.updated != result.published else None,
            "doi": result.doi,
            "journal_ref": result.journal_ref,
            "comment": result.comment,
        }
    )
