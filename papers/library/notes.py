"""Notes: one of a reader on a paper, written, changed and deleted; two windows never overwrite each other."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils import timezone

from papers import markdown
from papers.models import Note, Paper, Visitor
from papers.visitors import TooManyError, locked

LONGEST: Final = markdown.LONGEST
MOST: Final = 20_000  # notes of one reader
MOST_LETTERS: Final = 10_000_000  # of all notes of one reader: each search in her library reads them
_TICK: Final = timedelta(microseconds=1)


class TooLongError(Exception):
    """A note of more than LONGEST characters."""


class ConflictError(Exception):
    """The note is no longer the one that was changed: `note` is what there is now, None where it was deleted."""

    def __init__(self, note: Note | None) -> None:
        super().__init__("changed meanwhile")
        self.note = note


def note_of(visitor: Visitor, paper: Paper) -> Note | None:
    """The reader's note on a paper."""
    return Note.objects.filter(visitor=visitor, paper=paper).first()


def stamp(note: Note | None) -> str:
    """What tells one state of a note from any other; empty where there is none."""
    return note.changed.isoformat() if note is not None else ""


def read_text(text: str) -> str:
    """A note as it came from a form: lines end alike, nothing stands around it. Raises TooLongError."""
    read = text.replace("\r\n", "\n").replace("\x00", "").rstrip().lstrip("\n")
    if len(read) > LONGEST:
        raise TooLongError
    return read


def save(visitor: Visitor, paper: Paper, text: str, before: str) -> Note | None:
    """Keep `text` (as `read_text` gives it) as the note on a paper, in place of the state stamped `before`; without
    text the note is deleted.

    Raises ConflictError where another text stands there meanwhile, and TooManyError beyond MOST notes or MOST_LETTERS.
    """
    with transaction.atomic():
        if not locked(visitor):
            return None
        note = note_of(visitor, paper)
        if (note.text if note else "") == text:
            return note
        if stamp(note) != before:
            raise ConflictError(note)
        if len(text) > (len(note.text) if note else 0) and not _has_room(visitor, paper, text):
            raise TooManyError(None)
        if note is None:
            return Note.objects.create(visitor=visitor, paper=paper, text=text)
        if not text:
            note.delete()
            return None
        note.text, note.changed = text, max(timezone.now(), note.changed + _TICK)
        note.save(update_fields=["text", "changed"])
        return note


def _has_room(visitor: Visitor, paper: Paper, text: str) -> bool:
    """Whether the reader may keep this text beside her notes on other papers."""
    others = Note.objects.filter(visitor=visitor).exclude(paper=paper)
    count = others.count()
    if count >= MOST:
        return False
    if (count + 1) * LONGEST <= MOST_LETTERS:  # there is room however long they are
        return True
    letters = others.aggregate(letters=Sum(Length("text")))["letters"] or 0
    return bool(letters + len(text) <= MOST_LETTERS)
