"""All that the site keeps of one reader, for her to take along: as JSON, and her papers as BibTeX.

Secrets of addresses are left out: whoever gets hold of the file must not reach her feeds and shared lists by it.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, Final

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db.models import Q, QuerySet

from papers.batches import batched
from papers.library.exporting import own, written
from papers.models import (
    ApiToken,
    Delivery,
    Digest,
    ListEntry,
    Mark,
    Note,
    Paper,
    ReadingList,
    SavedSearch,
    Subscription,
    Tag,
    Visitor,
)

FORMAT: Final = "papertide-reader-1"
CHUNK: Final = 1_000  # rows that are held at a time
MAILED: Final = 10_000  # papers of mails whose ids are asked for at once

_Row = dict[str, Any]
_VISITOR: Final = ("words", "began", "active", "keeps_history", "my_order", "visited", "visited_before")
_SUBSCRIPTION: Final = (
    "kind", "text", "name", "threshold", "crosses", "replacements", "rhythm", "paused", "since", "made"
)  # fmt: skip
_DELIVERY: Final = ("zone", "hour", "weekday", "language", "paused", "next_daily", "next_weekly", "stopped", "reason")
_INSTITUTE: Final = ("provider", "uid", "date_joined", "last_login", "extra_data")
_TOKEN: Final = ("name", "prefix", "scopes", "created", "expires", "last_used", "revoked")
_DEVICE: Final = ("user_agent", "ip", "created_at", "last_seen_at")


def everything_json(visitor: Visitor) -> Iterator[str]:
    """One JSON object, in pieces; times are ISO 8601 in UTC, papers are named by their arXiv ids.

    Keys: format, account, reader, papers (what was done with each, and when; `viewed` is the reading history), notes,
    lists, tags, saved_searches, subscriptions, delivery, mails (each with the papers that it told; `version` of a
    replacement). The number of database queries does not depend on how much there is, but for one more for each
    MAILED papers that mails told.
    """
    yield f'{{\n"format": {_text(FORMAT)},\n"account": {_text(_account(visitor))},\n'
    yield f'"reader": {_text({name: getattr(visitor, name) for name in _VISITOR})}'
    delivery = Delivery.objects.filter(visitor=visitor).values(*_DELIVERY).first()
    yield f',\n"delivery": {_text(delivery)}'
    for name, rows in _parts(visitor):
        yield f',\n"{name}": ['
        for number, row in enumerate(rows):
            yield f"{',' if number else ''}\n{_text(row)}"
        yield "\n]"
    yield "\n}\n"


def everything_bibtex(visitor: Visitor) -> Iterator[str]:
    """The papers that she starred or put into lists, newest star first, with her tags and notes; in pieces."""
    kept = Q(pk__in=ListEntry.objects.filter(reading_list__visitor=visitor).values("paper"))
    starred = Mark.objects.filter(visitor=visitor, starred__isnull=False).order_by("-starred", "-pk")
    ids = dict.fromkeys(starred.values_list("paper_id", flat=True))
    ids |= dict.fromkeys(Paper.objects.filter(kept).order_by("-published", "-pk").values_list("pk", flat=True))
    yield from written("bibtex", list(ids), own(visitor, notes=True))


def _parts(visitor: Visitor) -> Iterator[tuple[str, Iterable[_Row]]]:
    marks = Mark.objects.filter(visitor=visitor).order_by("pk")
    yield "papers", _rows(marks, id="paper__arxiv_id", starred="starred", seen="seen", opened="opened", viewed="viewed")
    notes = Note.objects.filter(visitor=visitor).order_by("pk")
    yield "notes", _rows(notes, id="paper__arxiv_id", text="text", written="written", changed="changed")
    lists = ReadingList.objects.filter(visitor=visitor).order_by("name", "pk", "entries__added", "entries__pk")
    yield "lists", _lists(lists)
    tags = Tag.objects.filter(visitor=visitor).order_by("name", "pk", "uses__added", "uses__pk")
    yield "tags", _tags(tags)
    searches = SavedSearch.objects.filter(visitor=visitor).order_by("pk")
    yield "saved_searches", _rows(searches, text="text", sort="sort", made="made")
    subscriptions = Subscription.objects.filter(visitor=visitor).order_by("pk")
    yield "subscriptions", _rows(subscriptions, **{name: name for name in _SUBSCRIPTION})
    digests = Digest.objects.filter(visitor=visitor).order_by("pk")
    yield "mails", _mails(digests)


def _account(visitor: Visitor) -> _Row | None:
    reader = visitor.reader
    if reader is None:
        return None
    addresses = EmailAddress.objects.filter(user=reader).order_by("pk").values("email", "verified", "primary")
    return {
        "name": reader.get_username(),
        "addresses": list(addresses),
        "joined": reader.date_joined,
        "last_login": reader.last_login,
        "institutes": list(SocialAccount.objects.filter(user=reader).order_by("pk").values(*_INSTITUTE)),
        "tokens": list(ApiToken.objects.filter(reader=reader).order_by("pk").values(*_TOKEN)),
        "devices": list(UserSession.objects.filter(user=reader).order_by("pk").values(*_DEVICE)),
    }


def _rows(rows: QuerySet[Any], **fields: str) -> Iterator[_Row]:
    for values in rows.values_list(*fields.values()).iterator(chunk_size=CHUNK):
        yield dict(zip(fields, values, strict=True))


def _mails(digests: QuerySet[Digest]) -> Iterator[_Row]:
    told = {pk for papers in digests.values_list("papers", flat=True).iterator(CHUNK) for pk, _version in papers}
    ids: dict[int, str] = {}
    for part in batched(sorted(told), MAILED):
        ids |= dict(Paper.objects.filter(pk__in=part).values_list("pk", "arxiv_id"))
    fields = ("rhythm", "period", "due", "state", "sent", "error", "papers")
    for row in _rows(digests, **{name: name for name in fields}):
        papers = [{"id": ids[pk], "version": version or None} for pk, version in row["papers"] if pk in ids]
        yield row | {"papers": papers}


def _lists(lists: QuerySet[ReadingList]) -> Iterator[_Row]:
    fields = ("pk", "name", "about", "secret", "made", "changed", "entries__paper__arxiv_id", "entries__added")
    lines = lists.values_list(*fields).iterator(chunk_size=CHUNK)
    for (_pk, name, about, secret, made, changed), entries in groupby(lines, key=lambda line: line[:6]):
        said = {"name": name, "about": about, "shared": secret is not None, "made": made, "changed": changed}
        yield said | {"papers": [{"id": line[6], "added": line[7]} for line in entries if line[6]]}


def _tags(tags: QuerySet[Tag]) -> Iterator[_Row]:
    lines = tags.values_list("pk", "name", "uses__paper__arxiv_id", "uses__added").iterator(chunk_size=CHUNK)
    for (_pk, name), uses in groupby(lines, key=lambda line: line[:2]):
        yield {"name": name, "papers": [{"id": line[2], "added": line[3]} for line in uses if line[2]]}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
