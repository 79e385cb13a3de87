"""The words of what a reader starred and opened, as a cloud."""

from typing import Final

from django.core.cache import cache
from django.db.models import Count, F, Max, Q
from django.db.models.functions import Coalesce, Greatest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from papers.accounts.who import account_needed
from papers.models import Mark, Visitor
from papers.visitors import LONGEST_WORDS, visitor_of
from search.reading_words import ReadWord, words_of_reading

LAST: Final = 2_000  # papers, the last kept or opened
MOST: Final = 80  # words in the cloud
PREFERRED: Final = 12  # words that are offered as preference
STAR_COUNTS: Final = 3.0  # a paper that was only looked at counts 1
KEPT_SECONDS: Final = 3600


@account_needed
@require_safe
@never_cache
def reading_words(request: HttpRequest) -> HttpResponse:
    """The cloud; each word leads to the papers of the library that hold it."""
    visitor = visitor_of(request)
    words, papers = cloud(visitor) if visitor else ([], 0)
    context = {
        "account": True,
        "visitor": visitor,
        "papers": papers,
        "words": sorted(
            ((word, reverse("library", query={"q": f'"{word.text}"'})) for word in words),
            key=lambda each: each[0].text.casefold(),
        ),
        "preferred": preferred(words),
    }
    return render(request, "papers/library/words.html", context)


def cloud(visitor: Visitor) -> tuple[list[ReadWord], int]:
    """The telling words, heaviest first, and of how many papers; kept until she stars or opens another paper."""
    read = Mark.objects.filter(
        Q(starred__isnull=False) | Q(opened__isnull=False) | Q(viewed__isnull=False),
        visitor=visitor,
        paper__removed=False,
    )
    state = read.aggregate(papers=Count("pk"), stars=Count("starred"), last=Max("starred"), seen=Max("viewed"))
    key = f"reading-words:{visitor.pk}:{state['papers']}:{state['stars']}:{state['last']}:{state['seen']}"
    key = key.replace(" ", "T")
    found: tuple[list[ReadWord], int] | None = cache.get(key)
    if found is None:
        when = Greatest(Coalesce("starred", "viewed", "opened"), Coalesce("viewed", "opened", "starred"))
        rows = read.annotate(at=when).order_by(F("at").desc(), "-pk").values_list("paper__keywords", "starred")[:LAST]
        papers = [(words, STAR_COUNTS if starred else 1.0) for words, starred in rows]
        found = words_of_reading(papers, MOST), len(papers)
        cache.set(key, found, KEPT_SECONDS)
    return found


def preferred(words: list[ReadWord]) -> str:
    """The heaviest words as preference words, as many as fit."""
    text = ""
    for word in words[:PREFERRED]:
        longer = f"{text}, {word.text}" if text else word.text
        if len(longer) > LONGEST_WORDS:
            break
        text = longer
    return text
