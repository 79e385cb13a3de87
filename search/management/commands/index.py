"""manage.py index: what is marked comes into the index."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from papers.models import Paper
from search.encoder import EncoderError
from search.engines.base import EngineError
from search.fits import FitError
from search.indexing import index_pending, pending_count
from search.rebuilding import rebuild
from search.writing import BATCH


class Command(BaseCommand):
    """Encode, whiten, give keyphrases to and index the papers that are marked."""

    help = "Index the papers that are marked. Can be stopped and started again at any moment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--rebuild, --batch."""
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="Make a new index of all papers beside the serving one, then switch at once.",
        )

        parser.add_argument("--batch", type=int, default=BATCH, help="Papers written at once, at most.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Index with a progress bar."""
        whole = options["rebuild"]
        total = Paper.objects.count() if whole else pending_count()
        with tqdm(total=total, unit=" papers", disable=None) as bar:
            try:
                count = self._run(bar, options)
            except (EngineError, EncoderError, FitError) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{count} papers indexed.")

    def _run(self, bar: tqdm, options: dict[str, Any]) -> int:
        batch = max(1, options["batch"])
        if options["rebuild"]:
            return rebuild(bar.update, batch)
        return index_pending(bar.update, wait=True, batch=batch)
