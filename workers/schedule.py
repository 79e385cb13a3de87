"""What is due, by arXiv's hours: written down as runs, each once, by whichever beat looks first.

Nothing here depends on having looked at the right minute: a site that slept through the night finds in the morning what
it has missed, and what is too late by then is left out.
"""

import hashlib
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from search.engines import get_engine
from search.engines.base import EngineError
from search.fits import newest_key
from search.models import Fit
from workers import calendar
from workers.jobs import followed, order
from workers.models import Run
from workers.sources.oai_sets import oai_sets

SPREAD = 1800  # seconds over which sites spread themselves: not all of them shall ask at midnight
FIRST_DAYS = 3  # announcement days that the first reconciling of a site covers
WINDOW_AFTER = timedelta(hours=2)  # from the feeds to the query API, which is slower
DIGEST_AFTER = timedelta(hours=7)  # from midnight Eastern: early morning there, noon in Europe
FEWEST = 5000  # papers from which on a fit of a site's own is better than the one that ships
MONTH = timedelta(days=30)
GROWN = 2.0


def plan(now: datetime | None = None) -> list[Run]:
    """Write down what is due at this moment; the runs that are due, old and new."""
    now = now or timezone.now()
    day, harvest = calendar.latest_day(now), calendar.latest_harvest(now)
    feeds = calendar.feed_from(day) + _own_delay()
    runs = []
    if feeds <= now < calendar.feed_until(day):
        runs.append(_announce(day, feeds))
    if now >= calendar.harvest_from(harvest) + _own_delay():
        runs.append(_reconcile(harvest, now))
    if now >= feeds + WINDOW_AFTER:
        runs.append(_window(day, feeds + WINDOW_AFTER))
    if settings.OPERATOR_EMAIL and now >= feeds + DIGEST_AFTER:
        runs.append(_digest(day, feeds + DIGEST_AFTER))
    runs.append(_own("sweep", f"sweep {now.date()}", "what is no longer needed", {}, now))
    if refit := _refit(now):
        runs.append(refit)
    return runs


def next_times(now: datetime | None = None) -> dict[str, datetime]:
    """When feeds, OAI-PMH and the query API are asked next, in UTC, for the status page."""
    now = now or timezone.now()
    upcoming = calendar.next_day(calendar.latest_day(now))
    harvest = calendar.next_day(calendar.latest_harvest(now))
    feeds = calendar.feed_from(upcoming) + _own_delay()
    return {
        "announce": feeds,
        "reconcile": calendar.harvest_from(harvest) + _own_delay(),
        "window": feeds + WINDOW_AFTER,
    }


def _announce(day: date, when: datetime) -> Run:
    codes = followed()
    return order(
        "announce",
        f"{day}: {', '.join(codes)}",
        key=f"announce {day}",
        arguments={"day": f"{day}", "categories": codes, "followed": codes},
        priority=2,
        not_before=when,
        expires=calendar.feed_until(day),
    )


def _reconcile(day: date, now: datetime) -> Run:
    key = f"reconcile {day}"
    if known := Run.objects.filter(key=key).first():
        return known
    codes = followed()
    since = min(_harvested_to(code) or _first_day(day) for code in codes)
    return order(
        "reconcile",
        f"what changed since {since}: {', '.join(codes)}",
        key=key,
        arguments={"sets": oai_sets(codes), "categories": codes, "since": f"{since}", "lists": True, "day": f"{day}"},
        priority=4,
        not_before=now,
        expires=calendar.harvest_from(calendar.next_day(day)),
    )


def _harvested_to(code: str) -> date | None:
    """From when on a category is to be harvested: a day before the last harvest of it, by Eastern time.

    The day is for what arXiv was late with, and for datestamps of the evening before. A harvest by hand does not
    count: it may have begun anywhere.
    """
    done = Run.objects.filter(key__startswith="reconcile ", error="", finished__isnull=False, moment__isnull=False)
    for run in done.order_by("-moment")[:30]:
        if run.moment and code in run.arguments.get("categories", []):
            return calendar.eastern(run.moment).date() - calendar.ONE
    return None


def _first_day(day: date) -> date:
    for _ in range(FIRST_DAYS):
        day = calendar.previous_day(day)
    return day


def _window(day: date, when: datetime) -> Run:
    return order(
        "window",
        f"submitted for {day}",
        key=f"window {day}",
        arguments={"day": f"{day}", "categories": followed()},
        priority=6,
        not_before=when,
        expires=calendar.feed_from(calendar.next_day(day)) + timedelta(days=1),
    )


def _digest(day: date, when: datetime) -> Run:
    run = _own("digest", f"digest {day}", f"the day of {day}", {"day": f"{day}"}, when)
    if run.expires is None:
        Run.objects.filter(pk=run.pk).update(expires=when + timedelta(days=1))  # nobody wants them all at once later
    return run


def _refit(now: datetime) -> Run | None:
    """An index by the fit that an operator accepted; a new fit when there are twice the papers of the last one, else
    once a month where papers came."""
    try:
        statistics = get_engine().statistics()
    except EngineError:
        return None
    accepted = Fit.objects.filter(accepted__isnull=False).order_by("-pk").only("model", "accepted_by").first()
    if accepted and statistics.transform != f"fit-{accepted.pk}" == newest_key(accepted.model):
        why = f"fit-{accepted.pk}, which {accepted.accepted_by} accepted"
        return _own("refit", f"refit accepted {accepted.pk}", why, {"fit": accepted.pk}, now)
    papers = statistics.papers
    last = Fit.objects.order_by("-pk").only("created", "papers").first()
    if papers < FEWEST or not (last is None or _too_old(last, papers, now)):
        return None
    why = f"{papers} papers, {last.papers if last else 'none'} in the fit before"
    return _own("refit", f"refit {last.pk if last else 0}", why, {}, now)


def _too_old(fit: Fit, papers: int, now: datetime) -> bool:
    return papers >= GROWN * fit.papers or (now - fit.created > MONTH and papers != fit.papers)


def _own(job: str, key: str, window: str, arguments: dict[str, object], when: datetime) -> Run:
    return order(job, window, key=key, arguments=arguments, priority=8, not_before=when)


def _own_delay() -> timedelta:
    """This site's place within the spread, the same each day."""
    if settings.ARXIV_URL:  # a trial: nobody else asks
        return timedelta()
    number = int.from_bytes(hashlib.sha256(settings.SECRET_KEY.encode()).digest()[:4], "big")
    return timedelta(seconds=number % SPREAD)
