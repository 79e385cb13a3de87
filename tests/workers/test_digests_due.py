"""When readers' mails are due: by their own clocks, once a period, whatever the site slept through."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.utils import timezone

from papers.models import Announcement, Delivery, Digest, IndexMark, Kind, Subscription, Visitor
from tests.papers.factories import PaperFactory
from tests.papers.readers import make_reader
from workers import calendar
from workers.digests import due
from workers.jobs import order

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def visitor(db: None, settings: LazySettings) -> Visitor:
    settings.EMAIL_HOST = "127.0.0.1"
    settings.SITE_URL = "https://papers.example.org"
    return make_reader().visitor


def subscribe(visitor: Visitor, rhythm: str = "daily", text: str = "cs.LG", paused: bool = False) -> Subscription:
    return Subscription.objects.create(
        visitor=visitor, kind="categories", text=text, rhythm=rhythm, paused=paused,
        since=NOON.date(), key=f"{rhythm} {text}", secret=f"{visitor.pk} {rhythm} {text}",
    )  # fmt: skip


def deliver(visitor: Visitor, **values: object) -> Delivery:
    return Delivery.objects.create(visitor=visitor, **values)


@pytest.mark.parametrize(
    ("zone", "hour", "after", "expected"),
    [
        ("UTC", 7, "2026-11-24T06:59", "2026-11-24T07:00"),
        ("UTC", 7, "2026-11-24T07:00", "2026-11-25T07:00"),
        ("Asia/Shanghai", 7, "2026-11-24T00:00", "2026-11-24T23:00"),
        ("America/New_York", 7, "2026-03-07T13:00", "2026-03-08T11:00"),  # an hour earlier from here on
        ("America/New_York", 7, "2026-10-31T12:00", "2026-11-01T12:00"),
        ("America/New_York", 2, "2026-03-07T12:00", "2026-03-08T07:00"),  # clocks go from 1:59 to 3:00
        ("America/New_York", 2, "2026-03-08T07:00", "2026-03-09T06:00"),
        ("America/New_York", 1, "2026-10-31T12:00", "2026-11-01T05:00"),  # the first of two
        ("America/New_York", 1, "2026-11-01T05:00", "2026-11-02T06:00"),
        ("Europe/Berlin", 2, "2026-03-28T12:00", "2026-03-29T01:00"),
        ("Europe/Berlin", 2, "2026-10-24T12:00", "2026-10-25T00:00"),
        ("Europe/Berlin", 2, "2026-10-25T00:00", "2026-10-26T01:00"),
        ("Pacific/Apia", 7, "2011-12-29T16:00", "2011-12-29T17:00"),
        ("Pacific/Apia", 7, "2011-12-29T17:00", "2011-12-30T17:00"),  # there was no 30 December there
        ("Pacific/Apia", 7, "2011-12-30T17:00", "2011-12-31T17:00"),
        ("Nowhere/Land", 7, "2026-11-24T06:59", "2026-11-24T07:00"),
    ],
)
def test_the_next_time_is_by_the_readers_own_clock(zone: str, hour: int, after: str, expected: str) -> None:
    assert due.next_time(zone, hour, None, utc(after)) == utc(expected)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin", "Asia/Shanghai", "Pacific/Apia"])
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 23])
def test_in_a_year_each_day_has_one_mail_and_each_week_one(zone: str, hour: int) -> None:
    first = utc("2026-01-01T12:00")
    for rhythm, weekday, step in (("daily", None, DAY), ("weekly", 6, 7 * DAY)):
        moment, periods = first, []
        while moment < first + 365 * DAY:
            following = due.next_time(zone, hour, weekday, moment)
            assert moment == first or abs(following - moment - step) <= HOUR
            moment = following
            periods.append(due.period_of(zone, rhythm, moment))
        assert len(set(periods)) == len(periods) >= (365 if rhythm == "daily" else 52)


def test_a_weekly_mail_comes_on_its_weekday() -> None:
    assert due.next_time("Asia/Shanghai", 7, 0, NOON) == utc("2026-11-29T23:00")  # Monday there
    assert due.period_of("Asia/Shanghai", "weekly", utc("2026-11-29T23:00")) == "2026-W49"
    assert due.period_of("UTC", "weekly", utc("2026-11-29T23:00")) == "2026-W48"


def test_a_reader_who_asks_for_mails_gets_a_delivery_and_her_first_time(visitor: Visitor) -> None:
    subscribe(visitor)
    subscribe(make_reader("eve@example.org").visitor, rhythm="")
    assert due.plan_digests(NOON) == 0
    [row] = Delivery.objects.all()
    assert (row.visitor, row.next_daily, row.next_weekly) == (visitor, utc("2026-11-25T07:00"), None)


def test_setting_times_follows_what_is_subscribed(visitor: Visitor) -> None:
    row = deliver(visitor, zone="Europe/Berlin", hour=8, weekday=4, next_daily=NOON)
    subscribe(visitor, "weekly")
    subscribe(visitor, "daily", paused=True)
    due.set_times(row, NOON)
    row.refresh_from_db()
    assert (row.next_daily, row.next_weekly) == (None, utc("2026-11-27T07:00"))


def test_what_is_due_is_written_down_once(visitor: Visitor) -> None:
    subscribe(visitor)
    deliver(visitor, next_daily=NOON)
    assert due.plan_digests(NOON - HOUR) == 0
    assert [due.plan_digests(NOON) for _ in range(3)] == [1, 0, 0]
    Delivery.objects.update(next_daily=NOON)  # by whatever mistake
    due.plan_digests(NOON)
    [row] = Digest.objects.all()
    assert (row.visitor, row.rhythm, row.period, row.due, row.state) == (visitor, "daily", "2026-11-24", NOON, "due")
    assert Delivery.objects.get().next_daily == utc("2026-11-25T07:00")


def test_a_site_that_slept_sends_one_mail(visitor: Visitor) -> None:
    subscribe(visitor)
    subscribe(visitor, "weekly")
    deliver(visitor, next_daily=NOON - 30 * DAY, next_weekly=NOON - 30 * DAY)
    assert due.plan_digests(NOON) == 2
    assert dict(Digest.objects.values_list("rhythm", "period")) == {"daily": "2026-11-24", "weekly": "2026-W48"}
    row = Delivery.objects.get()
    assert (row.next_daily, row.next_weekly) == (utc("2026-11-25T07:00"), utc("2026-11-30T07:00"))


@pytest.mark.parametrize("why", ["paused", "stopped", "subscription paused", "none", "unverified", "inactive"])
def test_who_wants_or_may_have_no_mail_gets_none(visitor: Visitor, why: str) -> None:
    subscription = subscribe(visitor)
    row = deliver(visitor, next_daily=NOON, paused=why == "paused", stopped=NOON if why == "stopped" else None)
    if why == "subscription paused":
        Subscription.objects.update(paused=True)
    elif why == "none":
        subscription.delete()
    elif why == "unverified":
        EmailAddress.objects.update(verified=False)
    elif why == "inactive":
        assert visitor.reader
        visitor.reader.is_active = False
        visitor.reader.save()
    assert due.plan_digests(NOON) == 0
    assert not Digest.objects.exists()
    row.refresh_from_db()
    there_is_one = why not in {"subscription paused", "none"}
    assert row.next_daily == (utc("2026-11-25T07:00") if there_is_one else None)


def test_without_a_mail_server_nothing_is_planned(visitor: Visitor, settings: LazySettings) -> None:
    settings.EMAIL_HOST = ""
    subscribe(visitor)
    deliver(visitor, next_daily=NOON)
    assert due.plan_digests(NOON) == 0
    assert Delivery.objects.get().next_daily == NOON


@pytest.mark.parametrize("why", ["feeds", "index"])
def test_a_mail_waits_an_hour_at_most_for_lists_that_are_being_read(visitor: Visitor, why: str) -> None:
    subscribe(visitor)
    deliver(visitor, next_daily=NOON)
    day = calendar.latest_day(NOON)
    run = order("announce", "x", key=f"announce {day}", arguments={}, not_before=NOON)
    if why == "index":
        run.finished = NOON
        run.save()
        paper = PaperFactory.create()
        Announcement.objects.create(paper=paper, day=day, category="cs.LG", kind=Kind.NEW)
        IndexMark.objects.get_or_create(paper=paper, defaults={"stamp": 1})
    assert due.plan_digests(NOON + timedelta(minutes=59)) == 0
    assert due.plan_digests(NOON + HOUR) == 1
    assert Digest.objects.get().period == "2026-11-24"


def test_a_mail_does_not_wait_for_lists_that_were_read(visitor: Visitor) -> None:
    subscribe(visitor)
    deliver(visitor, next_daily=NOON)
    order("announce", "x", key=f"announce {calendar.latest_day(NOON)}", arguments={}, finished=timezone.now())
    assert due.plan_digests(NOON) == 1


def test_many_readers_are_planned_in_parts(db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    settings.SITE_URL = "https://papers.example.org"
    monkeypatch.setattr(due, "ROWS", 2)
    for number in range(5):
        subscribe(make_reader(f"ada{number}@example.org").visitor)
    assert due.plan_digests(NOON) == 0
    assert Delivery.objects.filter(next_daily=utc("2026-11-25T07:00")).count() == 5
    assert due.plan_digests(NOON + DAY) == 5
    assert Digest.objects.count() == 5
