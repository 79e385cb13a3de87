"""One arXiv record, and how it is read from JSON: plain records, the Kaggle snapshot, and summaries."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, cast

from papers.categories import clean_categories
from papers.identifiers import ArxivId, month_of, parse_id
from papers.names import join_parsed, split_authors
from papers.tex import collapse, to_text
from papers.withdrawal import is_withdrawn

__all__ = [
    "FIELD_LIMITS",
    "MAX_ABSTRACT",
    "MAX_AUTHORS",
    "MAX_NAME",
    "MAX_TITLE",
    "PaperRecord",
    "RecordError",
    "from_json",
    "is_withdrawn",
    "parse_date",
]

# Longest accepted, in characters after clean-up. Real records stay well below; the longest name seen, a
# list of authors glued together, has 512.
MAX_TITLE: Final = 2_000
MAX_ABSTRACT: Final = 20_000
MAX_NAME: Final = 1_000
MAX_AUTHORS: Final = 20_000

FIELD_LIMITS: Final = {
    "doi": 500,
    "journal_ref": 2_000,
    "comment": 5_000,
    "license": 500,
    "report_number": 1_000,
}
"""Where the lesser fields are cut, in characters: none of them is worth losing a paper for."""


class RecordError(ValueError):
    """A record that cannot be taken in. The message is the reason, in a few words."""


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """What a source says of one paper.

    `arxiv_id` is without version. `title` and `abstract` are as arXiv serves them, TeX included, on one line.
    `categories` are canonical, the primary first. Both dates are in UTC; one known only by its day is
    midnight. `published` is that of version 1, `updated` that of the last version where there are more.
    `is_summary` marks an abstract that is somebody's summary.
    """

    arxiv_id: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    published: datetime
    updated: datetime | None = None
    version: int | None = None
    doi: str = ""
    journal_ref: str = ""
    comment: str = ""
    license: str = ""
    report_number: str = ""
    withdrawn: bool = False
    is_summary: bool = False


_Json = dict[str, object]
_TIE: Final = re.compile(r"(?<!\\)~")


def from_json(obj: object) -> PaperRecord:
    """Read one decoded JSON object. Raises RecordError with the reason where it is no usable record.

    Three shapes are known, and mixtures of them: plain records (`authors` a list, `published`, `updated`),
    the Kaggle snapshot (`authors_parsed`, `categories` in one string, `versions` with dates, names with
    hyphens), and shelves with a `summary` where the abstract would be. A missing date of publication is the
    id's month.
    """
    try:
        return _read(obj)
    except RecordError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # One record that our own code stumbles over must not hold up those beside it.
        raise RecordError(f"cannot be read: {type(error).__name__}: {error}"[:200]) from error


def _read(obj: object) -> PaperRecord:
    if not isinstance(obj, dict):
        raise RecordError("not a JSON object")
    data = cast(_Json, obj)
    paper = _identifier(data)
    title = _required(data, "title", MAX_TITLE)
    abstract, is_summary = _abstract(data)
    published, updated, version = _history(data)
    comment = _optional(data, "comment", "comments")
    return PaperRecord(
        arxiv_id=paper.base,
        title=title,
        abstract=abstract,
        authors=_authors(data),
        categories=_categories(data),
        published=published or _first_of_month(paper.base),
        updated=updated,
        version=version or paper.version,
        doi=_optional(data, "doi"),
        journal_ref=_optional(data, "journal_ref", "journal-ref"),
        comment=comment,
        license=_optional(data, "license"),
        report_number=_optional(data, "report_number", "report-no"),
        withdrawn=data.get("withdrawn") is True or is_withdrawn(comment, abstract, title),
        is_summary=is_summary,
    )


def _identifier(data: _Json) -> ArxivId:
    written = _text(data, "id", "arxiv_id")
    if not written:
        raise RecordError("no id")
    paper = parse_id(written)
    if paper is None:
        raise RecordError(f"not an arXiv id: {written[:60]!r}")
    return paper


def _abstract(data: _Json) -> tuple[str, bool]:
    """The abstract or, where there is none, the summary; whether it is the latter."""
    for name in ("abstract", "summary"):
        if _text(data, name).strip():
            return _required(data, name, MAX_ABSTRACT), name == "summary"
    raise RecordError("no abstract and no summary")


def _text(data: _Json, *names: str) -> str:
    """The first of these fields that is there, as it stands; empty where none is."""
    for name in names:
        value = data.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise RecordError(f"{name} is not text")
        return value
    return ""


def _required(data: _Json, name: str, longest: int) -> str:
    text = collapse(_text(data, name))
    if not text:
        raise RecordError(f"no {name}")
    if len(text) > longest:
        raise RecordError(f"{name} longer than {longest:,} characters")
    return text


def _optional(data: _Json, name: str, other_name: str = "") -> str:
    text = _text(data, name, other_name)
    if not text:
        return ""
    text = collapse(text)
    longest = FIELD_LIMITS[name]
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _list(data: _Json, name: str) -> list[object]:
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise RecordError(f"{name} is not a list")
    return cast(list[object], value)


def _texts(values: list[object], name: str) -> list[str]:
    for value in values:
        if not isinstance(value, str):
            raise RecordError(f"{name} holds something that is not text")
    return cast(list[str], values)


def _authors(data: _Json) -> tuple[str, ...]:
    parsed = _list(data, "authors_parsed")
    written = data.get("authors")
    if parsed:
        names = [join_parsed(_texts(_as_list(entry), "authors_parsed")) for entry in parsed]
    elif isinstance(written, str):
        names = split_authors(to_text(written))
    else:
        names = _texts(_list(data, "authors"), "authors")
    if len(names) > MAX_AUTHORS:
        raise RecordError(f"more than {MAX_AUTHORS:,} authors")
    cleaned = tuple(name for name in map(_name, names) if name)
    if cleaned and max(map(len, cleaned)) > MAX_NAME:
        raise RecordError(f"an author's name longer than {MAX_NAME:,} characters")
    return cleaned


def _as_list(entry: object) -> list[object]:
    if not isinstance(entry, list):
        raise RecordError("authors_parsed holds something that is not a list")
    return cast(list[object], entry)


def _name(name: str) -> str:
    if any(mark in name for mark in ("\\", "~", "{", "--")):
        # In a name `~` is a tie, also after a space, unless it is an accent; braces only hold accents together.
        name = to_text(_TIE.sub(" ", name)).replace("{", "").replace("}", "")
    return collapse(name)


def _categories(data: _Json) -> tuple[str, ...]:
    value = data.get("categories")
    names = value.split() if isinstance(value, str) else _texts(_list(data, "categories"), "categories")
    known = clean_categories(names)
    if not known:
        raise RecordError("no known category")
    return known


def _history(data: _Json) -> tuple[datetime | None, datetime | None, int | None]:
    """Dates of the first and, where there are more, of the last version, and the number of the last."""
    versions = _list(data, "versions")
    if not versions:
        return _date(data, "published"), _date(data, "updated"), _version(data)
    if len(versions) >= 10_000:  # as in `_version`
        raise RecordError(f"{len(versions)} versions")
    first = _date(_version_entry(versions[0]), "created")
    last = _date(_version_entry(versions[-1]), "created") if len(versions) > 1 else None
    return first, last, len(versions)


def _version_entry(entry: object) -> _Json:
    if not isinstance(entry, dict):
        raise RecordError("versions holds something that is not an object")
    return cast(_Json, entry)


def _version(data: _Json) -> int | None:
    value = data.get("version")
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000):
        return value
    if isinstance(value, str) and re.fullmatch(r"v?[1-9][0-9]{0,3}", value, re.ASCII):
        return int(value.removeprefix("v"))
    raise RecordError("version is not a number from 1")


def _first_of_month(base: str) -> datetime:
    month = month_of(base)
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _date(data: _Json, name: str) -> datetime | None:
    text = _text(data, name)
    if not text:
        return None
    when = parse_date(text)
    if when is None:
        raise RecordError(f"unreadable date in {name}: {text[:40]!r}")
    return when


_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)
_YEARS: Final = range(1900, 2200)


def parse_date(text: str) -> datetime | None:
    """A moment in UTC from `2024-02-29`, `2024-02`, an ISO date with time, or the form of mails (RFC 2822).

    What names no time is midnight, what names no zone is UTC. None for all but dates from 1900 to 2199.
    """
    text = text.strip()
    if len(text) > 64:
        return None
    try:
        if text[:1].isdigit() and "-" in text[:5]:
            when = datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)
        else:
            when = parsedate_to_datetime(text)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when if when.year in _YEARS else None
