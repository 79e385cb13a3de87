"""Runs without a source: the site's own work."""

import smtplib
from datetime import date, timedelta

from django.db.models import Q
from django.utils import timezone

from papers.models import WantedPaper
from search import drift
from search.encoder import EncoderError, get_encoder
from search.engines.base import EngineError
from search.fits import FitError
from search.locks import BusyError
from search.models import Fit
from search.rebuilding import rebuild
from workers import mails
from workers.digests import retention
from workers.models import Alarm, ParkedMessage, Run
from workers.work import UnfinishedError, Work

KEPT = timedelta(days=90)  # of what is over
KEPT_SHORT = timedelta(days=3)  # of what readers asked for


class _Own(Work):
    label = "site"
    queue = "default"


class Refit(_Own):
    """Learn whitening and document frequencies from the papers that are here now, and make an index by them, unless
    they are worse than those before. With `fit` among the arguments the index alone: an operator wants this one."""

    queue = "embedding"

    def end(self) -> None:
        try:
            if "fit" not in self.run.arguments and self._fit().is_kept_back:
                return  # an alarm says so (`workers.completeness`)
            rebuild(wait=False)
        except BusyError:
            raise UnfinishedError("another process makes a new index") from None
        except (EngineError, EncoderError, FitError) as error:
            raise UnfinishedError(str(error)) from error

    def _fit(self) -> Fit:
        fit = Fit.objects.filter(created__gte=self.run.started).order_by("pk").last()  # from a try before
        if fit is None:
            return drift.refit(get_encoder().name)
        return drift.judge(fit) if fit.kept_back == drift.UNCOMPARED else fit


class Digest(_Own):
    """Tell the operator what a day brought."""

    def end(self) -> None:
        try:
            mails.send_digest(date.fromisoformat(self.run.arguments["day"]))
        except (OSError, smtplib.SMTPException) as error:
            raise UnfinishedError(f"the mail could not be sent: {error}") from error


class Sweep(_Own):
    """Forget what is over and long ago: runs, closed alarms, requests for papers, parked messages sent again, and what
    is kept of readers for a time."""

    def end(self) -> None:
        before = timezone.now() - KEPT
        keep = Q(job="reconcile", error="")  # the next one begins where the last one ended
        Run.objects.filter(finished__lt=before).exclude(keep).delete()
        lately = timezone.now() - KEPT_SHORT
        Run.objects.filter(job="ids", finished__lt=lately).delete()
        WantedPaper.objects.filter(reason=WantedPaper.Reason.READER, closed__lt=lately).delete()
        ParkedMessage.objects.filter(parked__lt=before).delete()
        Alarm.objects.filter(closed__lt=before).delete()
        WantedPaper.objects.filter(closed__lt=before).delete()
        retention.sweep()
