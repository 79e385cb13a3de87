"""arXiv's daily feeds: what is announced today in each category, with its marks and in arXiv's order."""

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, Final, get_args

import feedparser
from django.conf import settings

from papers.categories import CATEGORIES, clean_categories
from papers.identifiers import ArxivId, parse_id
from papers.records import PaperRecord, RecordError, from_json, parse_date
from papers.tex import collapse
from workers import calendar
from workers.sources import DayList, Kind, Listed, Page, SourceError
from workers.sources.asking import ask, parse_xml
from workers.sources.transport import PATIENT, Patience, TransientError

LONGEST: Final = 2000  # items a feed; arXiv leaves out the rest and does not say so
_ITEMS: Final = {"rss": "channel/item", "{http://www.w3.org/2005/Atom}feed": "{http://www.w3.org/2005/Atom}entry"}
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_ABSTRACT_ONLY: Final = "absonly"  # the abstract page was touched up: no announcement
_HEAD: Final = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*(?P<kind>[\w-]+)\s*(?:Abstract:\s*)?", re.IGNORECASE)


class Rss:
    """Today's lists of some categories (stored codes): one feed, one request and one page each.

    A page's token names the categories that are done, so a run that was stopped goes on with the others. A category
    whose feed cannot be had does not keep back those after it; the run ends with SourceError for it. Closed
    categories, in which nothing is announced any more, are left out.
    """

    name = "rss"

    def __init__(self, categories: Sequence[str], patience: Patience = PATIENT) -> None:
        self.categories = tuple(code for code in dict.fromkeys(categories) if not CATEGORIES[code].historic)
        self.patience = patience

    def pages(self, token: str = "") -> Iterator[Page]:
        """The lists in the order of the categories; raises SourceError."""
        done = token.split("+") if token else []
        failures: list[str] = []
        failing = 0
        left = [category for category in self.categories if category not in done]
        for category in left:
            try:
                feed = ask(f"{settings.ARXIV_RSS_URL}/{category}", {}, self.patience, read_feed)
            except SourceError as error:
                failures.append(f"{category}: {error}")
                failing += 1
                if failing == 2:  # in a row: it is not the one feed
                    break
                continue
            failing = 0
            done.append(category)
            ended = category == left[-1] and not failures
            yield replace(read_page(feed, category), token="" if ended else "+".join(done))
        if failures:
            raise SourceError("; ".join(failures))


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as feedparser gives it, the day that it names, and when it says it was made."""

    entries: list[Any]
    day: date
    built: datetime | None


def read_feed(body: bytes) -> Feed:
    """A whole feed in RSS 2.0 or Atom. Raises TransientError for a body that is cut short, no feed, or without any
    date, and SourceError, with arXiv's words, for its feed that tells of an error."""
    root = parse_xml(body)  # feedparser reads half a document as happily as a whole one
    path = _ITEMS.get(root.tag)
    if path is None or (root.tag == "rss" and root.find("channel") is None):
        raise TransientError("arXiv's answer is no feed")
    try:
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except (ValueError, LookupError, TypeError, AttributeError):  # over names that XML allows and it does not expect
        raise TransientError("arXiv's feed is not well formed") from None
    if len(parsed.entries) != len(root.findall(path)):
        raise TransientError("arXiv's feed is not well formed")
    _refuse_error(parsed)
    built = parse_date(_text(parsed.feed, "updated"))
    days = Counter(filter(None, (_day(_text(entry, "published")) for entry in parsed.entries)))
    # Each item carries its day. An empty feed has only its own, which Atom gives as the moment it was made.
    day = max(days, key=lambda one: (days[one], one)) if days else _day(_text(parsed.feed, "published"))
    day = day or (calendar.eastern(built).date() if built else None)
    if day is None:
        raise TransientError("arXiv's feed names no day")
    return Feed(parsed.entries, day, built)


def _refuse_error(parsed: Any) -> None:
    title = _text(parsed.feed, "title")
    if title.startswith("Feed error"):
        raise SourceError(f"arXiv refused the query: {collapse(_text(parsed.feed, 'subtitle') or title)[:300]}")
    for entry in parsed.entries:
        if "/api/errors" in _text(entry, "id"):
            raise SourceError(f"arXiv refused the query: {collapse(_text(entry, 'summary'))[:300]}")


def _text(part: Any, name: str) -> str:
    if name not in part:  # asked for `updated`, feedparser would give `published` in its place
        return ""
    value = part[name]
    return value if isinstance(value, str) else ""


def _day(text: str) -> date | None:
    moment = parse_date(text)
    return calendar.eastern(moment).date() if moment else None


def read_page(feed: Feed, category: str) -> Page:
    """The list of a category's feed and the records in it."""
    lines: dict[str, Listed] = {}
    records: dict[str, PaperRecord] = {}
    unusable: dict[str, None] = {}
    skipped = 0
    for entry in feed.entries:
        paper = parse_id(_text(entry, "id")) or parse_id(_text(entry, "link"))
        if paper is None:
            skipped += 1
            continue
        item = _item(entry, paper, category)
        day = _day(_text(entry, "published"))
        if item.kind is not None and day in (feed.day, None):
            lines.setdefault(paper.base, Listed(paper.base, paper.version, item.kind))
        try:
            records.setdefault(paper.base, item.record(feed.day))
        except RecordError:
            unusable[paper.base] = None
    return Page(
        records=tuple(records.values()),
        listed=DayList(category, feed.day, feed.built, tuple(lines.values()), cut=len(feed.entries) >= LONGEST),
        unusable=tuple(name for name in unusable if name not in records),
        skipped=skipped,
        moment=feed.built,
    )


@dataclass(frozen=True, slots=True)
class _Item:
    entry: Any
    paper: ArxivId
    kind: Kind | None
    abstract: str
    categories: tuple[str, ...]

    def record(self, day: date) -> PaperRecord:
        """The record. Raises RecordError.

        A feed tells no moment of submission. What is new was submitted by the deadline of its day, and so was the
        version by which a paper is replaced; of a cross-list, either may be long ago.
        """
        submitted = datetime.combine(calendar.window(day)[1].date(), time.min, UTC).isoformat()
        later = (self.paper.version or 1) > 1 and self.kind in ("new", "replace", "replace-cross")
        return from_json(
            {
                "id": str(self.paper),
                "title": _text(self.entry, "title"),
                "abstract": self.abstract,
                "authors": _authors(self.entry),
                "categories": list(self.categories),
                "published": submitted if self.kind == "new" else None,
                "updated": submitted if later else None,
                "doi": _text(self.entry, "arxiv_doi"),
                "journal_ref": _text(self.entry, "arxiv_journal_reference"),
                "license": _text(self.entry, "rights"),
            }
        )


def _item(entry: Any, paper: ArxivId, category: str) -> _Item:
    summary = _text(entry, "summary")
    head = _HEAD.match(summary)
    said = (_text(entry, "arxiv_announce_type") or (head["kind"] if head else "")).strip().lower()
    categories = clean_categories(tag["term"] for tag in entry.get("tags", []) if tag["term"])
    kind = None if said == _ABSTRACT_ONLY else _kind(said, paper, categories, category)
    if kind in ("new", "replace") and category in categories:
        # arXiv says so only of papers whose primary this is; its feeds name the primary first, but do not promise it.
        categories = tuple(dict.fromkeys((category, *categories)))
    return _Item(entry, paper, kind, summary[head.end() :] if head else summary, categories)


def _kind(said: str, paper: ArxivId, categories: tuple[str, ...], category: str) -> Kind:
    """The mark as it is said or, where that is none we know, as version and primary suggest: a line is never lost."""
    for kind in _KINDS:
        if said == kind:
            return kind
    own = categories[:1] == (category,)
    if (paper.version or 1) > 1:
        return "replace" if own else "replace-cross"
    return "new" if own else "cross"


def _authors(entry: Any) -> str:
    return ", ".join(person["name"] for person in entry.get("authors", []) if "name" in person)
