"""When each reader's mails are due: at her own hour, by her own clock, once a day or a week however long a site slept.

Nothing here depends on having looked at the right minute. What is due is written down as a `Digest` in the transaction
that moves the reader's next time on, so that each period has one, whoever looks and however often.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from papers.accounts.addresses import mails_offered
from papers.batches import batched
from papers.models import Announcement, Delivery, Digest, IndexMark, Subscription
from workers import calendar
from workers.models import Run

ROWS: Final = 500  # deliveries of one transaction
LISTS_WAIT: Final = timedelta(hours=1)  # that a mail waits at most for lists which are being read at its hour
_DAY: Final = timedelta(days=1)
_FIELDS: Final[dict[Subscription.Rhythm, str]] = {
    Subscription.Rhythm.DAILY: "next_daily",
    Subscription.Rhythm.WEEKLY: "next_weekly",
}


def set_times(delivery: Delivery, now: datetime | None = None) -> None:
    """Set and save the next times of a delivery by its hour, weekday and zone; None for a rhythm that no subscription
    has. The row's other fields are left to whoever changed them."""
    now = now or timezone.now()
    hers = Subscription.objects.filter(visitor=delivery.visitor_id, paused=False)
    rhythms = set(hers.order_by().values_list("rhythm", flat=True))
    for rhythm, field in _FIELDS.items():
        setattr(delivery, field, _next(delivery, rhythm, now) if rhythm in rhythms else None)
    # Not `save`: of an account that is deleted meanwhile there is no row any more.
    times = {field: getattr(delivery, field) for field in _FIELDS.values()}
    Delivery.objects.filter(pk=delivery.pk).update(**times)


def next_time(zone: str, hour: int, weekday: int | None, after: datetime) -> datetime:
    """The first moment after `after`, in UTC, at which clocks in an IANA zone show `hour`:00, on `weekday` (0 is
    Monday) where given.

    An hour that a day lacks is the moment at which it would have been, one that a day has twice is its first. A zone
    that is not known is taken for UTC.
    """
    where = _zone(zone)
    day = after.astimezone(where).date() - _DAY
    while True:
        if weekday is None or day.weekday() == weekday:
            moment = datetime.combine(day, time(hour), where).astimezone(UTC)
            if moment > after:
                return moment
        day += _DAY


def period_of(zone: str, rhythm: str, due: datetime) -> str:
    """The day or the ISO week of a due time by the clocks of its zone: 2026-11-24, 2026-W48."""
    day = due.astimezone(_zone(zone)).date()
    if rhythm == Subscription.Rhythm.DAILY:
        return f"{day}"
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def plan_digests(now: datetime | None = None) -> int:
    """Write down the mails whose time has come, and set times where there are none yet; how many were written down.

    Where the site sends readers no mails nothing is planned and no time moves.
    """
    if not mails_offered():
        return 0
    now = now or timezone.now()
    _make_deliveries()
    _set_missing_times(now)
    latest = now - LISTS_WAIT if _lists_are_being_read(now) else now
    return sum(_plan(rhythm, latest, now) for rhythm in _FIELDS)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # of a database of zones that is older than the name
        return ZoneInfo("UTC")


def _next(delivery: Delivery, rhythm: str, after: datetime) -> datetime:
    weekday = delivery.weekday if rhythm == Subscription.Rhythm.WEEKLY else None
    return next_time(delivery.zone, delivery.hour, weekday, after)


def _wanted(rhythm: str) -> Exists:
    """Whether a delivery's reader has a subscription of a rhythm that is not paused."""
    return Exists(Subscription.objects.filter(visitor=OuterRef("pk"), rhythm=rhythm, paused=False))


def _make_deliveries() -> None:
    """A row for each reader who asked for mails and has none: at seven o'clock UTC, until she says otherwise."""
    asked = Subscription.objects.exclude(rhythm="").filter(visitor__reader__isnull=False, visitor__delivery=None)
    missing = asked.order_by().values_list("visitor", flat=True).distinct()
    for part in batched(list(missing), ROWS):
        rows = [Delivery(visitor_id=visitor, language=settings.LANGUAGE_CODE) for visitor in part]
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _set_missing_times(now: datetime) -> None:
    for rhythm, field in _FIELDS.items():
        missing = Delivery.objects.filter(_wanted(rhythm), **{field: None}).values_list("pk", flat=True)
        for part in batched(list(missing), ROWS):
            with transaction.atomic():
                rows = list(Delivery.objects.select_for_update().filter(pk__in=part, **{field: None}).order_by("pk"))
                for row in rows:
                    setattr(row, field, _next(row, rhythm, now))
                Delivery.objects.bulk_update(rows, [field])


def _lists_are_being_read(now: datetime) -> bool:
    """Whether the newest announcement day is on its way: its feeds, or its papers into the index."""
    day = calendar.latest_day(now)
    reading = Run.objects.filter(key=f"announce {day}", finished=None, parked=False, not_before__lte=now + LISTS_WAIT)
    announced = Announcement.objects.filter(day=day).values("paper")
    waiting = IndexMark.objects.filter(kept=False, rests_until=None, paper__in=announced)
    return reading.exists() or waiting.exists()


def _plan(rhythm: Subscription.Rhythm, latest: datetime, now: datetime) -> int:
    field, made = _FIELDS[rhythm], 0
    while True:
        with transaction.atomic():
            due = Delivery.objects.select_for_update(skip_locked=True, of=("self",)).filter(**{f"{field}__lte": latest})
            rows = list(due.annotate(wanted=_wanted(rhythm), reached=_reached()).order_by(field)[:ROWS])
            digests = [_digest(row, rhythm, now) for row in rows if _goes_out(row)]
            for row in rows:
                setattr(row, field, _next(row, rhythm, now) if row.wanted else None)
            Digest.objects.bulk_create(digests, ignore_conflicts=True)
            Delivery.objects.bulk_update(rows, [field])
        made += len(digests)
        if len(rows) < ROWS:
            return made


def _reached() -> Exists:
    """Whether a delivery's reader has shown that her address is hers."""
    of_hers = EmailAddress.objects.filter(user__visitor=OuterRef("pk"), user__is_active=True)
    return Exists(of_hers.filter(primary=True, verified=True))


def _goes_out(row: Delivery) -> bool:
    given = vars(row)
    return bool(given["wanted"] and given["reached"] and not row.paused and row.stopped is None)


def _digest(row: Delivery, rhythm: Subscription.Rhythm, now: datetime) -> Digest:
    """The mail of the last due time up to now: those before it, which nobody was there to send, are in it."""
    span = timedelta(days=2 if rhythm == Subscription.Rhythm.DAILY else 8)
    due: datetime = getattr(row, _FIELDS[rhythm])
    following = _next(row, rhythm, max(due, now - span))
    while following <= now:
        due, following = following, _next(row, rhythm, following)
    period = period_of(row.zone, rhythm, due)
    return Digest(visitor_id=row.pk, rhythm=rhythm, period=period, due=due, not_before=now)
