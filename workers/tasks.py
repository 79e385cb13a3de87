"""What the workers do when a message wakes them: pull, fill an empty site, index."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from celery.signals import worker_ready
from django.utils import timezone
from kombu.exceptions import OperationalError

from papers.ingest import Counts
from papers.models import Paper
from papers.shelf import load_shelf
from search.engines.base import EngineAwayError, EngineError
from search.indexing import index_pending as index_marked
from workers.app import HOUR, MINUTE, app
from workers.models import SourceRun
from workers.pulling import pull_newest
from workers.sources.api import ArxivApi
from workers.sources.transport import QUICK

log = structlog.get_logger(__name__)


@app.task(soft_time_limit=HOUR)
def pull() -> None:
    """Bring in the newest papers of PULL_CATEGORIES, patiently; the outcome stands in the run's row."""
    pull_newest(ArxivApi(), on_batch=_wake_indexing)


@app.task(soft_time_limit=HOUR)
def fill() -> None:
    """See to it, when a worker starts, that there are papers, and fresh ones.

    A site without real papers is given arXiv's newest, or the sample shelf where arXiv cannot be reached at once.
    Another one pulls if nobody did within the hour: beat may have slept or lost its memory.
    """
    if Paper.objects.filter(is_summary=False).exists():
        recent = timezone.now() - timedelta(seconds=HOUR)
        if not SourceRun.objects.filter(error="", finished__gte=recent).exists():
            pull()
        return
    run = pull_newest(ArxivApi(QUICK), on_batch=_wake_indexing)
    if run.error and not Paper.objects.exists():
        counts = load_shelf()
        log.info("the sample shelf is in its place", papers=counts.new)
        _wake_indexing(counts)


@app.task
def index_pending() -> int:
    """Index what is marked; returns how many papers. Does nothing where another process is at it, or while the search
    engine is away or refuses: the marks stay, and beat looks again each minute."""
    try:
        return index_marked()
    except EngineAwayError as error:
        log.warning("nothing is indexed now", reason=str(error))
    except EngineError as error:  # a full disk, a wrong key: for an operator to mend
        log.error("nothing can be indexed", reason=str(error))
    return 0


def _wake_indexing(counts: Counts) -> None:
    if counts.new or counts.changed:
        with suppress(OperationalError):  # a wake-up lost with its broker: beat looks again
            index_pending.apply_async(expires=MINUTE)


@worker_ready.connect
def _fill_at_start(**_: Any) -> None:
    log.info("the worker is ready")
    fill.apply_async(expires=HOUR)
