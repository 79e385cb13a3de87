"""What the pages say about arrival."""

from django.utils.formats import date_format
from django.utils.translation import gettext

from papers.models import Paper
from workers.models import Run


def notice() -> str:
    """One line for a site that shows only the sample shelf since its last pull failed, else nothing."""
    run = Run.objects.filter(finished__isnull=False).first()
    if run is None or run.finished is None or not run.error:
        return ""
    if Paper.objects.filter(is_summary=False).exists():
        return ""
    return gettext(
        "arXiv could not be reached (%(time)s UTC); this is the sample shelf of %(count)d papers. "
        "The next try is within the hour."
    ) % {"time": date_format(run.finished, "j M, H:i"), "count": Paper.objects.count()}
