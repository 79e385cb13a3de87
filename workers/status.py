"""What the pages say about arrival."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from papers.models import Paper
from workers.models import Run

ARXIVS = ("api", "oai", "rss")  # the sources that ask arXiv
LOOKED_AT = 20  # runs


def notice() -> str:
    """A sentence or two for a site that shows only the sample shelf since arXiv could not be reached, else nothing."""
    rows = Run.objects.filter(source__in=ARXIVS).values_list("finished", "error", "tries", "parked", "not_before")
    runs = list(rows[:LOOKED_AT])
    tried = ((finished, error) for finished, error, tries, _parked, _due in runs if finished or tries)
    finished, error = next(tried, (None, ""))
    if not error or Paper.objects.filter(is_summary=False).exists():
        return ""
    waiting = [not_before for finished, _error, _tries, parked, not_before in runs if not (finished or parked)]
    count = Paper.objects.count()
    if finished:
        told = _("arXiv could not be reached (%(when)s UTC); this is the sample shelf of %(count)d papers.") % {
            "when": date_format(finished, _("j M, H:i")),
            "count": count,
        }
    else:
        told = _("arXiv could not be reached; this is the sample shelf of %(count)d papers.") % {"count": count}
    return f"{told} {_next_try(waiting)}"


def _next_try(waiting: list[datetime]) -> str:
    from workers import circuit, schedule  # here, since they bring every source with them: pages seldom ask

    now = timezone.now()
    due = min(waiting or schedule.next_times(now).values())
    state = circuit.state()
    if state.is_open:
        due = max(due, state.until_moment)
    if due <= now:
        return _("The next try is due now.")
    return _("The next try is due on %(when)s UTC.") % {"when": date_format(due, _("j M, H:i"))}
