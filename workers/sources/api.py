"""arXiv's query interface, by the `arxiv` package: the newest papers of some categories, and papers by id."""

import logging
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

import arxiv
import requests
from django.conf import settings

from papers.batches import batched
from papers.identifiers import parse_id
from papers.records import PaperRecord, RecordError, from_json
from papers.tex import collapse
from workers.sources import SourceError
from workers.sources.transport import PATIENT, Patience, TransientError, session

PAGE = 200  # entries a request; arXiv allows 2,000, but its larger pages time out and come cut short
_ATOM = "{http://www.w3.org/2005/Atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_UNREADABLE = "0001-01-01T00:00:00Z"  # in the place of an id or a date that cannot be read

logging.getLogger("arxiv").setLevel(logging.WARNING)  # it tells of each page at INFO


class ArxivApi:
    """The interface with one amount of patience. `skipped` counts the entries that made no record.

    The iterators raise SourceError, in one line, where arXiv gives no usable answer; what came before stands.
    """

    name = "api"

    def __init__(self, patience: Patience = PATIENT) -> None:
        self.patience = patience
        self.skipped = 0

    def newest(self, categories: Iterable[str], limit: int) -> Iterator[PaperRecord]:
        """The latest submitted papers of any of the categories, newest first, `limit` at most.

        arXiv has been seen to ignore the order asked for: do not rely on it without looking.
        """
        search = arxiv.Search(
            query=" OR ".join(f"cat:{category}" for category in categories),
            max_results=limit,
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Descending,
        )
        # A category without a single paper is less likely than one of arXiv's empty answers.
        return self._records(search, min(limit, PAGE), may_be_empty=False)

    def by_ids(self, ids: Iterable[str]) -> Iterator[PaperRecord]:
        """The papers with these ids, in the version named or the newest; unknown ones are left out.

        A text that is no arXiv id raises SourceError before anything is asked.
        """
        wanted = [parse_id(text) or _no_id(text) for text in ids]
        return self._pages_by_ids([str(found) for found in wanted])

    def _pages_by_ids(self, ids: list[str]) -> Iterator[PaperRecord]:
        for some in batched(ids, PAGE):
            search = arxiv.Search(id_list=list(some), max_results=len(some))
            yield from self._records(search, len(some), may_be_empty=True)

    def _records(self, search: arxiv.Search, page: int, may_be_empty: bool) -> Iterator[PaperRecord]:
        # The package's own delay and retries are off: turns and growing waits are the transport's.
        client = arxiv.Client(page_size=page, delay_seconds=0, num_retries=0)
        client.query_url_format = settings.ARXIV_API_URL + "?{}"
        client._session = session(self.patience, partial(checked_feed, may_be_empty=may_be_empty))
        try:
            for result in client.results(search):
                try:
                    yield to_record(result)
                except RecordError:
                    self.skipped += 1
        except requests.RequestException as error:  # what never got to the transport: an address that is none
            raise SourceError(f"{settings.ARXIV_API_URL} cannot be asked: {type(error).__name__}") from error
        except arxiv.ArxivError as error:
            raise SourceError(f"arXiv's list broke off: {error.message}") from error
        finally:
            client._session.close()


def _no_id(text: str) -> NoReturn:
    raise SourceError(f"not an arXiv id: {text[:60]}")


def checked_feed(body: bytes, may_be_empty: bool) -> bytes:
    """An Atom answer that the package can read to its end.

    Raises SourceError for the entry by which arXiv tells of an error (served with HTTP 400 and with 200), and
    TransientError for an answer that is cut short, no Atom feed, or empty before the end of the list. An
    entry without id or readable date, at which the package stumbles, gets one that `to_record` refuses.
    """
    try:
        feed = ET.fromstring(body)  # noqa: S314 - expat itself bounds entity expansion and loads nothing
    except ET.ParseError:
        raise TransientError("arXiv's answer was cut short or is no XML") from None
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
    return ET.tostring(feed, encoding="utf-8") if any(mended) else body


def _number(feed: ET.Element, name: str) -> int:
    text = feed.findtext(f"{_OPENSEARCH}{name}", "0").strip()
    return int(text) if text.isdecimal() else 0


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
