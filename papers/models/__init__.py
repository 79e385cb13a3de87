"""The database's truth about papers: what arXiv said, the categories to browse by, what waits for the index, and what
readers did with them."""

from papers.models.announced import Announcement, DayList, Kind, WantedPaper
from papers.models.library import ListEntry, Note, ReadingList, Tag, Tagged
from papers.models.paper import IndexMark, Paper, PaperCategory, PaperVersion
from papers.models.readers import Mark, Reader, SavedSearch, Tally, Visitor
from papers.models.subscriptions import DayMatches, Delivery, Digest, Subscription
from papers.models.tokens import ApiToken

__all__ = [
    "Announcement",
    "ApiToken",
    "DayList",
    "DayMatches",
    "Delivery",
    "Digest",
    "IndexMark",
    "Kind",
    "ListEntry",
    "Mark",
    "Note",
    "Paper",
    "PaperCategory",
    "PaperVersion",
    "Reader",
    "ReadingList",
    "SavedSearch",
    "Subscription",
    "Tag",
    "Tagged",
    "Tally",
    "Visitor",
    "WantedPaper",
]
