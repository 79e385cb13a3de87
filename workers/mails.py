"""Mail to whoever runs the site: alarms as they are raised, and what each announcement day brought."""

from datetime import date

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from papers.models import DayList
from search.indexing import pending_count
from workers import alarms, completeness
from workers.models import Run


def wanted() -> bool:
    """Whether there is somebody to write to and a server that carries it."""
    return bool(settings.OPERATOR_EMAIL and settings.EMAIL_HOST)


def send_alarms() -> int:
    """Mail the open alarms that were not mailed yet, all in one; how many. Raises OSError or SMTPException."""
    if not wanted():
        return 0
    rows = list(alarms.standing().filter(mailed=None))
    if rows:
        _send(_subject(f"{len(rows)} alarm{'s' * (len(rows) > 1)}"), [row.text for row in rows])
        alarms.standing().filter(pk__in=[row.pk for row in rows]).update(mailed=timezone.now())
    return len(rows)


def send_digest(day: date) -> None:
    """Mail what an announcement day brought. Raises OSError or SMTPException."""
    if not wanted():
        return
    counted = completeness.counts(day)
    feeds = dict(DayList.objects.filter(day=day).values_list("category", "lines"))
    lines = [f"{'category':<20}{'new':>6}{'feed':>6}{'OAI':>6}{'API':>6}   (feed's list with replacements)"]
    for code in sorted(feeds.keys() | counted.keys()):
        row = counted.get(code, {})
        numbers = "".join(f"{row.get(name, 0):>6}" for name in ("all", "by_rss", "by_oai", "by_api"))
        lines.append(f"{code:<20}{numbers}   ({feeds.get(code, 0)})")
    runs = Run.objects.filter(key__endswith=f"{day}")
    lines += ["", *(f"{run.job}: {run.state}, {run.seen} seen, {run.new} new. {run.error}" for run in runs)]
    lines += ["", f"{pending_count()} papers wait for the index."]
    lines += [row.text for row in alarms.standing()]
    _send(_subject(f"{day}"), lines)


def _subject(text: str) -> str:
    return f"Papertide: {text}"


def _send(subject: str, lines: list[str]) -> None:
    send_mail(subject, "\n".join(lines) + "\n", settings.DEFAULT_FROM_EMAIL, list(settings.OPERATOR_EMAIL))
