"""Lists of papers that a reader makes, names and describes, and the secret address by which others may read one."""

import secrets
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from papers.models import ListEntry, ReadingList, Visitor
from papers.tex import collapse
from papers.visitors import TooManyError, locked

MOST: Final = 200  # lists of one reader
MOST_PAPERS: Final = 5_000  # of one list
LONGEST_NAME: Final = 120
LONGEST_ABOUT: Final = 2_000
SECRET_BYTES: Final = 32


class ListError(ValueError):
    """A name or description that no list can have; the text says why."""


def read_name(text: str) -> str:
    """A list's name: one line in NFC. Raises ListError for what is none."""
    name = collapse(text)
    if not name:
        raise ListError(_("A list needs a name."))
    if len(name) > LONGEST_NAME:
        raise ListError(_("A list’s name has %(most)s characters at most.") % {"most": LONGEST_NAME})
    return name


def read_about(text: str) -> str:
    """A list's description, in Markdown. Raises ListError where it is too long."""
    about = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(about) > LONGEST_ABOUT:
        raise ListError(_("A description has %(most)s characters at most.") % {"most": LONGEST_ABOUT})
    return about


def make(visitor: Visitor, name: str) -> ReadingList:
    """The reader's list of this name, new where she has none. Raises TooManyError beyond MOST lists, Http404 for a
    reader who was deleted meanwhile."""
    with transaction.atomic():
        if not locked(visitor):
            raise Http404
        found = ReadingList.objects.filter(visitor=visitor, name=name).first()
        if found is not None:
            return found
        if ReadingList.objects.filter(visitor=visitor).count() >= MOST:
            raise TooManyError(None)
        return ReadingList.objects.create(visitor=visitor, name=name)


def describe(reading_list: ReadingList, name: str, about: str) -> None:
    """Give a list another name and description. Raises ListError where another list of the reader has the name,
    Http404 where the list was deleted meanwhile."""
    with transaction.atomic():
        _hold(reading_list)
        others = ReadingList.objects.filter(visitor=reading_list.visitor_id, name=name).exclude(pk=reading_list.pk)
        if others.exists():
            raise ListError(_("You have a list “%(name)s” already.") % {"name": name})
        reading_list.name, reading_list.about, reading_list.changed = name, about, timezone.now()
        reading_list.save(update_fields=["name", "about", "changed"])


def add(reading_list: ReadingList, ids: Iterable[int]) -> int:
    """Put papers (primary keys) in a list, the last of them on top; how many are new in it.

    Raises TooManyError beyond MOST_PAPERS, Http404 where the list was deleted meanwhile.
    """
    with transaction.atomic():
        _hold(reading_list)
        within = ListEntry.objects.filter(reading_list=reading_list)
        there = set(within.values_list("paper_id", flat=True))
        fresh = [pk for pk in dict.fromkeys(ids) if pk not in there]
        if len(there) + len(fresh) > MOST_PAPERS:
            raise TooManyError(None)
        now = timezone.now()
        entries = [ListEntry(reading_list=reading_list, paper_id=pk, added=now) for pk in fresh]
        ListEntry.objects.bulk_create(entries)
        _changed(reading_list)
    return len(fresh)


def remove(reading_list: ReadingList, ids: Iterable[int]) -> int:
    """Take papers (primary keys) out of a list; how many were in it."""
    count, _per_model = ListEntry.objects.filter(reading_list=reading_list, paper__in=list(ids)).delete()
    _changed(reading_list)
    return count


def share(reading_list: ReadingList) -> None:
    """Give a list an address for others, a new one where it has one: the old one leads nowhere from then on."""
    _set_secret(reading_list, secrets.token_urlsafe(SECRET_BYTES))


def revoke(reading_list: ReadingList) -> None:
    """Take the address for others away from a list."""
    _set_secret(reading_list, None)


def papers_in(reading_list: ReadingList) -> QuerySet[ListEntry]:
    """The entries of a list, newest first, without those whose papers arXiv has removed."""
    return reading_list.entries.filter(paper__removed=False).order_by("-added", "-pk")


def _hold(reading_list: ReadingList) -> None:
    """Keep a list as it is until the transaction ends. Raises Http404 where it was deleted."""
    if not locked(reading_list.visitor) or not ReadingList.objects.filter(pk=reading_list.pk).exists():
        raise Http404


def _set_secret(reading_list: ReadingList, secret: str | None) -> None:
    reading_list.secret = secret
    ReadingList.objects.filter(pk=reading_list.pk).update(secret=secret)  # one that was deleted gets none


def _changed(reading_list: ReadingList) -> None:
    reading_list.changed = timezone.now()
    ReadingList.objects.filter(pk=reading_list.pk).update(changed=reading_list.changed)
