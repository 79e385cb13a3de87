"""manage.py load_papers FILE…: papers from JSON lines into the database."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from tqdm import tqdm

from papers.ingest import Counts, ingest_batches
from papers.jsonlines import Records, Rejects, rejects_path
from papers.textfiles import LineSource, open_lines


class Command(BaseCommand):
    """Load JSON lines of papers: plain, .gz, .xz, .zst, `-` for standard input.

    Each batch of 1,000 is committed by itself and a record that is there already changes nothing, so a load that was
    stopped goes on when it is started again.
    """

    help = "Load papers from JSON lines (own shape or the Kaggle arXiv snapshot; plain, .gz, .xz, .zst, - for stdin)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FILE…, --limit, --rejects."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--limit", type=int, help="Stop after this many lines over all files.")
        parser.add_argument("--rejects", type=Path, help="Where bad lines go; default: a file in DATA_DIR/rejects.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all files and print the counts."""
        if options["limit"] is not None and options["limit"] < 0:
            raise CommandError("--limit: expected a number from 0")
        counts = Counts()
        stack = ExitStack()
        rejects = Rejects(options["rejects"] or rejects_path(), stack)
        failure: Exception | None = None
        try:
            with stack:
                bar = stack.enter_context(tqdm(unit="B", unit_scale=True, disable=None))
                lines = chain.from_iterable(_lines(file, bar) for file in options["files"])
                records = Records(islice(lines, options["limit"]), rejects)
                for batch in ingest_batches(records):
                    counts += batch
                    bar.set_postfix_str(f"{counts.seen:,} papers, {counts.seen / _seconds(bar):,.0f}/s")
                failure = records.error
        except (OSError, OperationalError) as error:  # the disk is full, the database is away
            failure = error
        self._report(counts, rejects)
        if failure is not None:
            raise CommandError(" ".join(str(failure).split())) from failure

    def _report(self, counts: Counts, rejects: Rejects) -> None:
        self.stdout.write(
            f"{counts.new} new, {counts.changed} changed, {counts.unchanged} unchanged, {rejects.count} rejected"
        )
        if rejects.count:
            self.stdout.write(f"rejected lines and reasons: {rejects.path}")
        if counts.new or counts.changed:
            self.stdout.write("manage.py index makes them searchable; a running worker does it by itself.")


def _lines(file: Path, bar: tqdm) -> Iterator[tuple[LineSource, int, bytes]]:
    with open_lines(file) as source:
        bar.reset(total=source.size or None)
        bar.set_description_str(file.name)
        for number, line in enumerate(source, 1):
            yield source, number, line
            if number % 1000 == 0:
                bar.update(source.position() - bar.n)
        bar.update(source.position() - bar.n)


def _seconds(bar: tqdm) -> float:
    return float(max(bar.format_dict["elapsed"], 1e-3))
