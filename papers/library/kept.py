"""What a reader has in her library beside stars, read: her tags, lists and notes, and which of them a page's papers
have."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from papers.models import Note, ReadingList, Tag, Tagged, Visitor


@dataclass(frozen=True, slots=True)
class Kept:
    """What a reader keeps of one paper, for its card: whether a note, and her tags."""

    note: bool
    tags: tuple[str, ...]


def tags_of(visitor: Visitor | None) -> QuerySet[Tag]:
    """A reader's tags by name, each with `count`, how many papers have it; none for nobody."""
    there = Count("uses", filter=Q(uses__paper__removed=False))
    return Tag.objects.filter(visitor=visitor, visitor__isnull=False).annotate(count=there).order_by("name", "pk")


def lists_of(visitor: Visitor | None) -> QuerySet[ReadingList]:
    """A reader's lists by name, each with `count`, how many papers are in it; none for nobody."""
    there = Count("entries", filter=Q(entries__paper__removed=False))
    found = ReadingList.objects.filter(visitor=visitor, visitor__isnull=False)
    return found.annotate(count=there).order_by("name", "pk")


def notes_of(visitor: Visitor | None) -> QuerySet[Note]:
    """A reader's notes, the last changed first; none for nobody."""
    return Note.objects.filter(visitor=visitor, visitor__isnull=False)


def kept_of(visitor: Visitor | None, ids: Sequence[int] | Iterable[int]) -> dict[int, Kept]:
    """What a reader with an account keeps of papers, by primary key, those without anything left out.

    Two database queries; none for who has no account, and so nothing of the kind.
    """
    wanted = list(ids)
    if visitor is None or visitor.reader_id is None or not wanted:
        return {}
    noted = set(Note.objects.filter(visitor=visitor, paper__in=wanted).values_list("paper_id", flat=True))
    tags: dict[int, list[str]] = defaultdict(list)
    uses = Tagged.objects.filter(tag__visitor=visitor, paper__in=wanted).order_by("tag__name", "pk")
    for paper, name in uses.values_list("paper_id", "tag__name"):
        tags[paper].append(name)
    return {paper: Kept(paper in noted, tuple(tags[paper])) for paper in noted | tags.keys()}
