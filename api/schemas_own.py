"""What a reader's own things look like to a program that holds a token of hers: library and subscriptions."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Next, Paper
from papers.library import lists, notes, tags
from search.subscriptions import keeping

MOST_IDS = 1_000
Id = Annotated[str, Field(max_length=100, description="An arXiv id, with or without a version.")]
Ids = Annotated[list[Id], Field(max_length=MOST_IDS)]
TagName = Annotated[str, Field(max_length=tags.LONGEST * 2)]


class Sent(BaseModel):
    """A body; what it may not hold is told, since it may be a slip of the pen."""

    model_config = ConfigDict(extra="forbid")


class Token(BaseModel):
    """A token for the API, without its text, which nobody keeps."""

    name: str
    prefix: str = Field(description="Its first letters.")
    scopes: list[str]
    created: datetime
    expires: datetime


class LibraryPaper(Paper):
    """A paper of the library, and what is kept of it."""

    starred: bool
    note: bool = Field(description="Whether there is a note.")
    tags: list[str]
    lists: list[int]
    kept: datetime = Field(description="When it was last starred, tagged or listed, or its note changed.")


class LibraryList(BaseModel):
    """Part of the library."""

    items: list[LibraryPaper]
    total: int
    next: Next = None
    notes: list[str] = Field(description="How `q` was read, where that is not plain.")


class Note(BaseModel):
    """A note on a paper, in Markdown."""

    text: str
    written: datetime
    changed: datetime


class Named(BaseModel):
    """A list, by its number and name."""

    id: int
    name: str


class Kept(BaseModel):
    """What the library holds of one paper."""

    id: str
    starred: bool
    note: Note | None
    tags: list[str]
    lists: list[Named]


class Stars(Sent):
    """Papers to star and to take the star from."""

    add: Ids = []
    remove: Ids = []


class Changed(BaseModel):
    """What a change of several papers did."""

    added: int = Field(description="Papers that were not there before.")
    removed: int = Field(description="Papers that were there before.")
    unknown: list[str] = Field(description="What of the ids names no paper of this site.")


class NewNote(Sent):
    """A note's text."""

    text: str = Field(min_length=1, max_length=notes.LONGEST)


class TagChange(Sent):
    """Tags to put on a paper and to take off it."""

    add: list[TagName] = Field([], max_length=tags.MOST_A_PAPER)
    remove: list[TagName] = Field([], max_length=tags.MOST_A_PAPER)


class Tag(BaseModel):
    """A tag and how many papers have it."""

    name: str
    papers: int


class TagList(BaseModel):
    """All tags by name."""

    items: list[Tag]
    total: int
    next: Next = None


class NewTagName(Sent):
    """A tag's other name."""

    name: TagName
    merge: bool = Field(False, description="Where another tag has that name, the two become one.")


class ReadingList(BaseModel):
    """A list of papers."""

    id: int
    name: str
    about: str = Field(description="In Markdown.")
    papers: int
    shared: bool = Field(description="Whether others may read it who know its address; the list's page has that.")
    made: datetime
    changed: datetime


class ReadingLists(BaseModel):
    """All lists by name."""

    items: list[ReadingList]
    total: int
    next: Next = None


class NewList(Sent):
    """A list to be made."""

    name: str = Field(min_length=1, max_length=lists.LONGEST_NAME)
    about: str = Field("", max_length=lists.LONGEST_ABOUT)


class ListChange(Sent):
    """What of a list is to be another."""

    name: str | None = Field(None, min_length=1, max_length=lists.LONGEST_NAME)
    about: str | None = Field(None, max_length=lists.LONGEST_ABOUT)


Kind = Literal["categories", "search", "text", "stars", "author"]
Rhythm = Literal["", "daily", "weekly"]
Threshold = Annotated[float | None, Field(ge=0, le=1, description="The least cosine to a text or to the stars.")]


class Subscription(BaseModel):
    """What is followed."""

    id: int
    kind: Kind
    text: str
    name: str
    label: str = Field(description="What the pages call it.")
    threshold: float | None
    crosses: bool = Field(description="Whether cross-lists count.")
    replacements: bool = Field(description="Whether replacements count.")
    rhythm: Rhythm = Field(description="How often it is mailed; empty: never.")
    paused: bool
    since: date = Field(description="Mails tell of what was announced after this day.")
    made: datetime


class SubscriptionList(BaseModel):
    """All subscriptions, the oldest first."""

    items: list[Subscription]
    total: int
    next: Next = None


class NewSubscription(Sent):
    """A subscription to be made."""

    kind: Kind
    text: str = Field("", max_length=max(keeping.LONGEST.values()))
    threshold: Threshold = None
    name: str = Field("", max_length=keeping.LONGEST_NAME)
    rhythm: Rhythm = ""
    crosses: bool = True
    replacements: bool = False


class SubscriptionChange(Sent):
    """What of a subscription is to be another; its kind stays."""

    text: str | None = Field(None, max_length=max(keeping.LONGEST.values()))
    threshold: Threshold = None
    name: str | None = Field(None, max_length=keeping.LONGEST_NAME)
    rhythm: Rhythm | None = None
    crosses: bool | None = None
    replacements: bool | None = None
    paused: bool | None = None


class Match(Paper):
    """An announced paper that a subscription is about."""

    day: date
    announced_as: str = Field(description="new, cross, replace or replace-cross.")
    cosine: float | None = Field(description="To the text or the stars; null where it goes by neither.")


class MatchList(BaseModel):
    """What a subscription brought."""

    items: list[Match]
    total: int
    next: Next = None
    days: list[date] = Field(description="The announcement days that were looked at, the newest first.")
