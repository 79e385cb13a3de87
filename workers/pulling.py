"""One pull: records from a source into the database, with a row that says what came of it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from papers.batches import batched
from papers.ingest import Counts, ingest
from papers.records import PaperRecord
from workers.models import SourceRun
from workers.sources import SourceError
from workers.sources.api import PAGE, ArxivApi

LIMIT = 2000  # papers a pull; two to three days of the default categories
_DISORDER = timedelta(days=1)  # how far a list may step forward in time and still count as newest first

log = structlog.get_logger(__name__)


def pull_newest(
    api: ArxivApi,
    categories: Iterable[str] = (),
    limit: int = LIMIT,
    on_batch: Callable[[Counts], None] | None = None,
) -> SourceRun:
    """Bring in the newest papers of the categories until a page holds nothing new.

    PULL_CATEGORIES where none are given; `on_batch` is called with the counts of each page that was written.
    Never raises for a source that fails: the row returned says so in `error`.
    """
    names = tuple(categories) or settings.PULL_CATEGORIES
    return _run(api, ",".join(names), api.newest(names, limit), until_known=True, on_batch=on_batch)


def pull_ids(api: ArxivApi, ids: Iterable[str], on_batch: Callable[[Counts], None] | None = None) -> SourceRun:
    """Bring in these papers. Raises SourceError for a text that is no arXiv id, and for nothing else."""
    names = list(ids)
    return _run(api, ",".join(names), api.by_ids(names), until_known=False, on_batch=on_batch)


class _Stream:
    """Records up to the source's first failure, which ends them as if they were all; what came is kept."""

    def __init__(self, records: Iterator[PaperRecord]) -> None:
        self.records = records
        self.error = ""
        self.in_order = True

    def __iter__(self) -> Iterator[PaperRecord]:
        earliest: datetime | None = None
        try:
            for record in self.records:
                if earliest is not None and record.published > earliest + _DISORDER:
                    self.in_order = False
                earliest = min(earliest or record.published, record.published)
                yield record
        except SourceError as error:
            self.error = str(error)


def _run(
    api: ArxivApi,
    window: str,
    records: Iterator[PaperRecord],
    until_known: bool,
    on_batch: Callable[[Counts], None] | None,
) -> SourceRun:
    run = SourceRun.objects.create(source=api.name, window=window)
    stream = _Stream(records)
    try:
        for batch in batched(stream, PAGE):
            counts = ingest(batch)
            run.seen += counts.seen
            run.new += counts.new
            run.changed += counts.changed
            run.save(update_fields=["seen", "new", "changed"])
            if on_batch:
                on_batch(counts)
            # Out of order, a page of known papers says nothing about the pages after it.
            if until_known and stream.in_order and not (counts.new or counts.changed):
                break
        run.error = stream.error
        if until_known and not stream.in_order and not run.error:
            run.error = "arXiv did not keep the order asked for: the newest papers may be missing"
    except Exception as error:
        run.error = f"{type(error).__name__}: {error}"
        raise
    finally:
        run.finished = timezone.now()
        run.save(update_fields=["finished", "error"])
    _report(run, api.skipped)
    return run


def _report(run: SourceRun, skipped: int) -> None:
    counted = {"seen": run.seen, "new": run.new, "changed": run.changed, "skipped": skipped}
    if run.error:
        log.warning(run.error, **{name: number for name, number in counted.items() if number})
    else:
        log.info("pulled from arXiv", **counted)
