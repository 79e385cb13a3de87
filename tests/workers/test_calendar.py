"""arXiv's hours by the clock of the US East: days, windows, daylight saving, weekends and holidays."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from workers import calendar

ONE = timedelta(days=1)
YEARS = (date(2024, 1, 1), date(2028, 12, 31))  # in which no deadline is too far from its day to be looked for
days = st.dates(*YEARS)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_ordinary_week_has_lists_from_monday_to_friday() -> None:
    week = [date(2026, 10, 5) + ONE * number for number in range(7)]
    assert [calendar.is_announcement_day(day) for day in week] == [True] * 5 + [False] * 2
    assert calendar.announcement_days(week[0], week[-1]) == week[:5]
    assert calendar.next_day(week[4]) == calendar.next_day(week[6]) == date(2026, 10, 12)
    assert calendar.previous_day(week[0]) == date(2026, 10, 2)


@pytest.mark.parametrize(
    ("holiday", "without_list", "next_list"),
    [
        ("2026-01-01", "2026-01-02", "2026-01-05"),
        ("2026-01-19", "2026-01-20", "2026-01-21"),
        ("2026-06-19", "2026-06-20", "2026-06-22"),  # a Friday, whose evening brings nothing anyway
        ("2026-07-03", "2026-07-04", "2026-07-06"),
        ("2026-09-07", "2026-09-08", "2026-09-09"),
        ("2026-11-26", "2026-11-27", "2026-11-30"),
        ("2026-12-25", "2026-12-26", "2026-12-28"),
        ("2026-12-29", "2026-12-30", "2026-12-31"),
        ("2026-12-31", "2027-01-01", "2027-01-04"),
    ],
)
def test_the_evening_of_a_holiday_brings_no_list(holiday: str, without_list: str, next_list: str) -> None:
    rest, without, after = map(date.fromisoformat, (holiday, without_list, next_list))
    assert calendar.is_holiday(rest)
    assert not calendar.is_announcement_day(without)
    assert calendar.next_day(rest) == after
    assert calendar.may_be_empty(rest)  # of the list that carries the holiday's own date nobody knows
    assert calendar.may_be_empty(without)
    assert not calendar.may_be_empty(after) or calendar.is_holiday(after)
    # What was submitted meanwhile is in the window of the next list: none of it is lost.
    assert calendar.window(after)[0] == calendar.window(calendar.previous_day(after))[1]


def test_an_operator_may_name_holidays_of_other_years(settings: Settings) -> None:
    settings.ARXIV_HOLIDAYS = frozenset({date(2027, 7, 5)})
    assert calendar.is_holiday(date(2027, 7, 5))
    assert not calendar.is_announcement_day(date(2027, 7, 6))
    settings.ARXIV_HOLIDAYS = frozenset()
    assert calendar.is_announcement_day(date(2027, 7, 6))


@pytest.mark.parametrize(
    ("day", "announced", "feed", "harvest", "start", "end"),
    [
        # The clocks go forward on Sunday, 8 March: Monday's list is announced an hour earlier by UTC.
        ("2026-03-06", "03-06 01:00", "03-06 05:00", "03-06 03:30", "03-04 19:00", "03-05 19:00"),
        ("2026-03-09", "03-09 00:00", "03-09 04:00", "03-09 02:30", "03-05 19:00", "03-06 19:00"),
        ("2026-03-10", "03-10 00:00", "03-10 04:00", "03-10 02:30", "03-06 19:00", "03-09 18:00"),
        # And back on Sunday, 1 November.
        ("2026-10-30", "10-30 00:00", "10-30 04:00", "10-30 02:30", "10-28 18:00", "10-29 18:00"),
        ("2026-11-02", "11-02 01:00", "11-02 05:00", "11-02 03:30", "10-29 18:00", "10-30 18:00"),
        ("2026-11-03", "11-03 01:00", "11-03 05:00", "11-03 03:30", "10-30 18:00", "11-02 19:00"),
    ],
)
def test_hours_over_the_change_of_clocks(
    day: str, announced: str, feed: str, harvest: str, start: str, end: str
) -> None:
    when = date.fromisoformat(day)
    assert calendar.announced_at(when) == utc(f"2026-{announced}")
    assert calendar.feed_from(when) == utc(f"2026-{feed}")
    assert calendar.harvest_from(when) == utc(f"2026-{harvest}")
    assert calendar.window(when) == (utc(f"2026-{start}"), utc(f"2026-{end}"))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-10-05", 24)])
def test_a_feed_stands_for_one_day_of_the_us_east(day: str, hours: int) -> None:
    when = date.fromisoformat(day)
    assert calendar.feed_until(when) - calendar.feed_from(when) == timedelta(hours=hours)
    assert calendar.feed_until(when) == calendar.feed_from(when + ONE)


@pytest.mark.parametrize(
    ("moment", "feeds", "harvest"),
    [
        ("2026-10-05 03:59", "2026-10-02", "2026-10-05"),  # Sunday night: OAI-PMH has Monday's before the feeds
        ("2026-10-05 02:29", "2026-10-02", "2026-10-02"),
        ("2026-10-05 02:30", "2026-10-02", "2026-10-05"),
        ("2026-10-05 04:00", "2026-10-05", "2026-10-05"),
        ("2026-10-10 12:00", "2026-10-09", "2026-10-09"),  # Saturday
        ("2026-11-27 12:00", "2026-11-26", "2026-11-26"),  # the Friday behind a holiday
        ("2026-11-27 04:00", "2026-11-26", "2026-11-26"),
    ],
)
def test_the_newest_day_that_should_be_there(moment: str, feeds: str, harvest: str) -> None:
    assert str(calendar.latest_day(utc(moment))) == feeds
    assert str(calendar.latest_harvest(utc(moment))) == harvest


def test_a_deadline_divides_two_days() -> None:
    deadline = utc("2026-10-05 18:00")  # 14:00 Eastern of a Monday
    assert calendar.day_of(deadline - timedelta(microseconds=1)) == date(2026, 10, 6)
    assert calendar.day_of(deadline) == date(2026, 10, 7)
    assert calendar.day_of(utc("2026-10-02 18:00")) == date(2026, 10, 6)  # Friday afternoon: not Monday's list
    assert calendar.day_of(utc("2026-11-25 20:00")) == date(2026, 11, 30)  # before a holiday and a weekend


@given(days)
def test_windows_tile_time(day: date) -> None:
    day = calendar.next_day(day)
    start, end = calendar.window(day)
    assert start < end
    assert calendar.window(calendar.next_day(day))[0] == end
    assert end < calendar.announced_at(day)
    assert calendar.announced_at(day) < calendar.harvest_from(day) < calendar.feed_from(day) < calendar.feed_until(day)


@given(moments)
def test_every_moment_is_in_the_window_of_its_day_alone(moment: datetime) -> None:
    day = calendar.day_of(moment)
    start, end = calendar.window(day)
    assert start <= moment < end
    assert calendar.is_announcement_day(day)
    assert not calendar.window(calendar.next_day(day))[0] <= moment
    assert not moment < calendar.window(calendar.previous_day(day))[1]


@given(moments)
def test_what_should_be_there_never_lies_ahead(moment: datetime) -> None:
    feeds, harvest = calendar.latest_day(moment), calendar.latest_harvest(moment)
    assert calendar.feed_from(feeds) <= moment < calendar.feed_from(calendar.next_day(feeds))
    assert calendar.harvest_from(harvest) <= moment < calendar.harvest_from(calendar.next_day(harvest))
    assert feeds <= harvest


@given(days, st.integers(0, 40))
def test_days_between_two_dates_are_each_other_s_neighbours(start: date, length: int) -> None:
    found = calendar.announcement_days(start, start + ONE * length)
    assert all(calendar.next_day(day) == after for day, after in pairwise(found))
    assert not found or found[0] == calendar.next_day(start - ONE)
    assert calendar.announcement_days(start, start - ONE) == []
