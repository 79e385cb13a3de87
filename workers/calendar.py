"""When arXiv announces: days, submission windows and hours, by the clock of the US East with its daylight saving.

arXiv announces at 20:00 Eastern from Sunday to Thursday what was submitted up to 14:00 of the last business day; the
feeds carry it from midnight on under the date that begins then. That date is the *announcement day* here: Monday to
Friday. On the evenings of holidays nothing is announced, and what was submitted waits for the next day.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

EASTERN = ZoneInfo("America/New_York")
DEADLINE, ANNOUNCED, HARVESTED = time(14), time(20), time(22, 30)  # Eastern; the last one is OAI-PMH's
ONE = timedelta(days=1)
_FRIDAY, _SATURDAY = 4, 5
# arXiv names its holidays a year ahead; ARXIV_HOLIDAYS adds those of other years.
_HOLIDAYS = frozenset(
    date(2026, month, day)
    for month, day in ((1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31))
)


def eastern(moment: datetime) -> datetime:
    """The moment by the clock of the US East."""
    return moment.astimezone(EASTERN)


def is_holiday(day: date) -> bool:
    """Whether arXiv rests on this day."""
    return day in _HOLIDAYS or day in settings.ARXIV_HOLIDAYS


def is_announcement_day(day: date) -> bool:
    """Whether a list appears under this date: the evening before is one of Sunday to Thursday and no holiday."""
    evening = day - ONE
    return evening.weekday() not in (_FRIDAY, _SATURDAY) and not is_holiday(evening)


def may_be_empty(day: date) -> bool:
    """Whether an empty list of this date means nothing: no announcement day, or a holiday itself.

    arXiv's page names days, and does not say whether the list that carries a holiday's date appears.
    """
    return is_holiday(day) or not is_announcement_day(day)


def previous_day(day: date) -> date:
    """The last announcement day before this date."""
    return _seek(day, -ONE)


def next_day(day: date) -> date:
    """The first announcement day after this date."""
    return _seek(day, ONE)


def _seek(day: date, step: timedelta) -> date:
    day += step
    while not is_announcement_day(day):
        day += step
    return day


def announcement_days(start: date, end: date) -> list[date]:
    """The announcement days from `start` to `end`, both inclusive, in order."""
    days = (start + ONE * number for number in range((end - start).days + 1))
    return [day for day in days if is_announcement_day(day)]


def announced_at(day: date) -> datetime:
    """When the list of an announcement day becomes public, in UTC: 20:00 Eastern of the evening before."""
    return _utc(day - ONE, ANNOUNCED)


def feed_from(day: date) -> datetime:
    """From when on the feeds carry an announcement day's list, in UTC: its first moment by Eastern time."""
    return _utc(day, time.min)


def feed_until(day: date) -> datetime:
    """Until when the feeds carry an announcement day's list, in UTC; on the day after they hold another, or nothing."""
    return _utc(day + ONE, time.min)


def harvest_from(day: date) -> datetime:
    """From when on OAI-PMH holds what an announcement day announces, in UTC: 22:30 Eastern of the evening before."""
    return _utc(day - ONE, HARVESTED)


def latest_day(now: datetime) -> date:
    """The newest announcement day whose list the feeds should carry at this moment."""
    today = eastern(now).date()
    return today if is_announcement_day(today) else previous_day(today)


def latest_harvest(now: datetime) -> date:
    """The newest announcement day that OAI-PMH should hold at this moment."""
    tomorrow = eastern(now).date() + ONE
    ready = is_announcement_day(tomorrow) and now >= harvest_from(tomorrow)
    return tomorrow if ready else latest_day(now)


def window(day: date) -> tuple[datetime, datetime]:
    """The submissions that an announcement day announces: from (inclusive) and until (exclusive), in UTC.

    What moderators held back is announced later than its window says.
    """
    return _deadline(previous_day(day)), _deadline(day)


def _deadline(day: date) -> datetime:
    """The last moment to submit for this announcement day: 14:00 of the day before, on Mondays of the Friday before."""
    evening = day - ONE
    while evening.weekday() > _FRIDAY:
        evening -= ONE
    return _utc(evening, DEADLINE)


def day_of(submitted: datetime) -> date:
    """The announcement day in whose window this moment lies."""
    day = next_day(eastern(submitted).date() - ONE)
    while submitted >= window(day)[1]:
        day = next_day(day)
    return day


def _utc(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, EASTERN).astimezone(UTC)
