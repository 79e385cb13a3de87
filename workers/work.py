"""A run being done: what each kind of run fills in."""

from papers.ingest import Counts
from workers.models import Run
from workers.sources import Page, Source, SourceError
from workers.sources.transport import Patience


class UnfinishedError(SourceError):
    """The source answered, and not with all that was to be had: the run is to be tried again."""


class Work:
    """One run being done. All but `source` and `end` happen within the transaction that writes a page."""

    label = "api"
    queue = "network"  # which workers do it
    again = True  # whether a failure is tried again until the run expires

    def __init__(self, run: Run, patience: Patience) -> None:
        self.run = run
        self.patience = patience
        self.warning = ""

    def source(self) -> Source | None:
        """Where its pages come from; None where there is only `end` to do."""
        return None

    def before(self, page: Page) -> None:
        """Before the records of a page are written."""

    def after(self, page: Page, counts: Counts) -> bool:
        """When they are written; whether that is enough."""
        return False

    def end(self) -> None:
        """When all pages are written. Raises UnfinishedError where something is left to be tried again."""
