"""What a reader keeps of one paper, her note, tags and lists, as its page and the piece below its card show it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import Count

from papers import markdown
from papers.library import notes
from papers.library.lists import LONGEST_NAME
from papers.library.tags import LONGEST as LONGEST_TAG
from papers.models import ListEntry, Note, Paper, Tag, Visitor

MOST_SUGGESTED: Final = 200  # of her tags, those that she uses most
LEVELS: Final = range(2, 5)  # of the headings of a piece


@dataclass(slots=True)
class Draft:
    """The editor of a note: its text, and the stamp of the note that it changes. What is said beside it is `problem`;
    `shown` its preview as HTML; `other` the text that stands there meanwhile; `deleted` what was just deleted."""

    text: str
    before: str
    problem: str = ""
    shown: str = ""
    other: Note | None = None
    conflict: bool = False
    deleted: str = ""
    open: bool = False


@dataclass(slots=True)
class Box:
    """One of the reader's lists, and whether the paper is in it."""

    pk: int
    name: str
    inside: bool


@dataclass(slots=True)
class Keeping:
    """All that the pieces show; `level` is that of their headings."""

    paper: Paper
    level: int = 2
    note: Note | None = None
    draft: Draft = field(default_factory=lambda: Draft("", ""))
    tags: list[str] = field(default_factory=list)
    suggested: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)

    longest_note: int = notes.LONGEST
    longest_typed: int = LONGEST_TAG * 5
    longest_list: int = LONGEST_NAME

    @property
    def html(self) -> str:
        """The note as HTML."""
        return markdown.to_html(self.note.text, below=self.level) if self.note else ""

    @property
    def other_html(self) -> str:
        """The note that another window wrote meanwhile as HTML."""
        return markdown.to_html(self.draft.other.text, below=self.level) if self.draft.other else ""

    @property
    def written(self) -> datetime | None:
        """When the note was changed last."""
        return self.note.changed if self.note else None

    @property
    def in_lists(self) -> int:
        """How many of her lists hold the paper."""
        return sum(box.inside for box in self.boxes)

    @property
    def in_card(self) -> bool:
        """Whether the pieces stand below a card, whose marks change with them."""
        return self.level == LEVELS[-1]


def keeping(visitor: Visitor, paper: Paper, level: int = 2) -> Keeping:
    """What a reader keeps of a paper; five database queries."""
    note = notes.note_of(visitor, paper)
    used = Tag.objects.filter(visitor=visitor).annotate(count=Count("uses")).order_by("-count", "name")
    inside = set(
        ListEntry.objects.filter(reading_list__visitor=visitor, paper=paper).values_list("reading_list", flat=True)
    )
    return Keeping(
        paper,
        level if level in LEVELS else LEVELS[0],
        note,
        Draft(note.text if note else "", notes.stamp(note)),
        list(Tag.objects.filter(visitor=visitor, papers=paper).order_by("name").values_list("name", flat=True)),
        list(used.values_list("name", flat=True)[:MOST_SUGGESTED]),
        [Box(pk, name, pk in inside) for pk, name in visitor.lists.order_by("name").values_list("pk", "name")],
    )
