"""What a browser kept goes to the account of who signs up or in, or to the one reader of a site."""

from collections.abc import Iterable
from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest

from papers import visitors
from papers.batches import batched
from papers.models import Mark, Reader, SavedSearch, Visitor
from papers.visitors import MOST_SEARCHES

CHUNK: Final = 1_000
_EARLIEST: Final = ("starred", "seen", "opened")


def take_along(browser: Visitor, account: Visitor) -> None:
    """Move all that a visitor without account keeps to an account's, and delete that visitor.

    Of a paper that both marked, the earlier time of each mark stays (the later one of a view); a star or an opening
    of both counts once from then on. What an account has no room for is forgotten. Nothing happens where the browser's
    visitor is gone or has an account.
    """
    with transaction.atomic():
        rows = {
            row.pk: row
            for row in Visitor.objects.select_for_update().order_by("pk").filter(pk__in=[browser.pk, account.pk])
        }
        if len(rows) < 2 or rows[browser.pk].reader_id is not None:
            return
        browser, account = rows[browser.pk], rows[account.pk]
        _join_marks(browser, account)
        _join_searches(browser, account)
        account.words = account.words or browser.words
        account.began, account.active = min(account.began, browser.began), max(account.active, browser.active)
        account.save(update_fields=["words", "began", "active"])
        visitors.forget(browser)


def _join_marks(browser: Visitor, account: Visitor) -> None:
    both = list(Mark.objects.filter(visitor=browser, paper__in=Mark.objects.filter(visitor=account).values("paper")))
    for chunk in batched(both, CHUNK):
        hers = {
            row.paper_id: row for row in Mark.objects.filter(visitor=account, paper__in=[m.paper_id for m in chunk])
        }
        twice: dict[str, list[int]] = {field: [] for field in visitors.TALLIED}
        for other in chunk:
            mine = hers[other.paper_id]
            for field in twice:
                if getattr(mine, field) and getattr(other, field):
                    twice[field].append(other.paper_id)
            for field in _EARLIEST:
                setattr(mine, field, min(_given(getattr(row, field) for row in (mine, other)), default=None))
            mine.viewed = max(_given((mine.viewed, other.viewed)), default=None)
        Mark.objects.bulk_update(hers.values(), [*_EARLIEST, "viewed"])
        for field, column in visitors.TALLIED.items():
            visitors.tally(twice[field], column, -1)
        Mark.objects.filter(pk__in=[row.pk for row in chunk]).delete()
    _move(browser, account)


def _move(browser: Visitor, account: Visitor) -> None:
    """Marks on papers that the account has none on, as far as there is room: stars first, then the newest."""
    hers = Mark.objects.filter(visitor=browser)
    room = max(visitors.MOST_MARKS - Mark.objects.filter(visitor=account).count(), 0)
    if hers.count() > room:
        wanted = list(hers.order_by(F("starred").desc(nulls_last=True), "-pk").values_list("pk", flat=True)[:room])
        for chunk in batched(wanted, CHUNK):
            Mark.objects.filter(pk__in=chunk).update(visitor=account)
    else:
        hers.update(visitor=account)


def _join_searches(browser: Visitor, account: Visitor) -> None:
    kept = set(SavedSearch.objects.filter(visitor=account).values_list("digest", flat=True))
    new = [row.pk for row in SavedSearch.objects.filter(visitor=browser) if row.digest not in kept]
    room = max(MOST_SEARCHES - len(kept), 0)
    SavedSearch.objects.filter(pk__in=new[:room]).update(visitor=account)


def _given(times: Iterable[Any]) -> list[Any]:
    return [time for time in times if time is not None]


@receiver(user_logged_in)
def _bring(request: HttpRequest | None, user: Reader, **_: Any) -> None:
    """Who signs in brings what her browser kept, and is among her account's devices, by whichever door she came; a
    sign-in without a request brings nothing."""
    account, _made = Visitor.objects.get_or_create(reader=user)
    if request is None:
        return
    UserSession.objects.create_from_request(request, user=user)
    if (browser := visitors.visitor_of_cookie(request)) is not None:
        take_along(browser, account)
    visitors.known_as(request, account)
