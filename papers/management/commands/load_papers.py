"""manage.py load_papers FILE…: papers from JSON lines into the database."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone
from tqdm import tqdm

from papers.ingest import Counts, ingest_batches
from papers.records import PaperRecord, RecordError, from_json
from papers.textfiles import LineSource, TextFileError, open_lines

# A line longer than this is rejected unread: no arXiv record comes near.
LONGEST_RECORD = 2_000_000
SHOWN = 200  # characters of a bad line that the rejects file keeps


@dataclass
class Rejects:
    """Bad lines, counted and written to a file that is made at the first one."""

    path: Path
    stack: ExitStack
    count: int = 0
    _file: IO[str] | None = field(default=None, repr=False)

    def add(self, source: str, line: int, reason: str, text: bytes) -> None:
        """Write one bad line with its place and the reason. Raises OSError where the file cannot be written."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.stack.enter_context(self.path.open("w", encoding="utf-8"))
        shown = text[:SHOWN].decode("utf-8", "replace").rstrip("\n")
        row = {"file": source, "line": line, "reason": reason, "text": shown}
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.count += 1


@dataclass
class Records:
    """The records of lines, bad ones set aside.

    What stops the reading ends the iteration and is kept in `error`: were it raised, a batch that is being collected
    would be lost with it.
    """

    lines: Iterator[tuple[LineSource, int, bytes]]
    rejects: Rejects
    error: TextFileError | OSError | None = None

    def __iter__(self) -> Iterator[PaperRecord]:
        try:
            yield from _records(self.lines, self.rejects)
        except (TextFileError, OSError) as error:
            self.error = error


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
        # With the process, so that two loads of one moment do not share a file.
        name = f"{timezone.now():%Y%m%dT%H%M%S.%f}-{os.getpid()}.jsonl"
        path = options["rejects"] or settings.DATA_DIR / "rejects" / name
        counts = Counts()
        stack = ExitStack()
        rejects = Rejects(path, stack)
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


def _records(lines: Iterator[tuple[LineSource, int, bytes]], rejects: Rejects) -> Iterator[PaperRecord]:
    for source, number, line in lines:
        if not line.strip():
            continue
        try:
            if len(line) > LONGEST_RECORD:
                raise RecordError(f"a line of {len(line):,} bytes")
            yield from_json(json.loads(line))
        except RecordError as error:
            rejects.add(source.name, number, str(error), line)
        except (ValueError, RecursionError) as error:
            rejects.add(source.name, number, f"broken JSON: {error}", line)


def _seconds(bar: tqdm) -> float:
    return float(max(bar.format_dict["elapsed"], 1e-3))
