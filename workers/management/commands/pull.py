"""`manage.py pull`: papers from arXiv, now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from papers.categories import canonical
from papers.ingest import Counts
from workers.models import SourceRun
from workers.pulling import LIMIT, pull_ids, pull_newest
from workers.sources import SourceError
from workers.sources.api import ArxivApi


class Command(BaseCommand):
    """Pull papers into the database; the worker indexes them within a minute."""

    help = "Bring in the newest papers of some categories, or papers by their arXiv ids."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Categories and limit, or ids."""
        parser.add_argument("--categories", nargs="+", default=[], metavar="CATEGORY", help="cs.CL stat.ML …")
        parser.add_argument("--limit", type=_positive, default=LIMIT, metavar="N", help="papers at most")
        parser.add_argument("--ids", nargs="+", default=[], metavar="ID", help="2401.00001 hep-th/9108020v2 …")

    def handle(self, *args: Any, **options: Any) -> None:
        """Pull, showing how far it is; ends with code 1 and one line where arXiv gives no answer."""
        ids = [name for text in options["ids"] for name in text.split(",") if name]
        categories = [_category(name) for text in options["categories"] for name in text.split(",") if name]
        with tqdm(total=len(ids) or options["limit"], unit="paper", disable=options["verbosity"] == 0) as bar:

            def advance(counts: Counts) -> None:
                bar.update(counts.seen)

            api = ArxivApi()
            try:
                newest = (api, categories, options["limit"], advance)
                run = pull_ids(api, ids, advance) if ids else pull_newest(*newest)
            except SourceError as error:
                raise CommandError(str(error)) from None
        if run.error:
            raise CommandError(run.error)
        self.stdout.write(_summary(run))


def _summary(run: SourceRun) -> str:
    return f"{run.seen} papers seen: {run.new} new, {run.changed} changed."


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _category(name: str) -> str:
    found = canonical(name)
    if found is None:
        raise CommandError(f"no such category: {name}")
    return found
