"""Records from lines of JSON, the bad ones set aside in a file of their own."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils import timezone

from papers.records import PaperRecord, RecordError, from_json
from papers.textfiles import LineSource, TextFileError

# A line longer than this is rejected unread: no arXiv record comes near.
LONGEST_RECORD = 2_000_000
SHOWN = 200  # characters of a bad line that the rejects file keeps


def rejects_path() -> Path:
    """Where the bad lines of one reading go: a file in DATA_DIR/rejects, of its own for each moment and process."""
    name = f"{timezone.now():%Y%m%dT%H%M%S.%f}-{os.getpid()}.jsonl"
    return settings.DATA_DIR / "rejects" / name


@dataclass
class Rejects:
    """Bad lines, counted and written to a file that is made at the first one and closed by `stack`."""

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
    """The records of lines with their numbers, bad ones set aside. `line` is the number of the last line read.

    What stops the reading ends the iteration and is kept in `error`: were it raised, a batch that is being collected
    would be lost with it.
    """

    lines: Iterator[tuple[LineSource, int, bytes]]
    rejects: Rejects
    line: int = 0
    error: TextFileError | OSError | None = None

    def __iter__(self) -> Iterator[PaperRecord]:
        try:
            for source, number, text in self.lines:
                self.line = number
                if not text.strip():
                    continue
                try:
                    record = read_record(text)
                except RecordError as error:
                    self.rejects.add(source.name, number, str(error), text)
                else:
                    yield record
        except (TextFileError, OSError) as error:
            self.error = error


def read_record(line: bytes) -> PaperRecord:
    """The record in one line of JSON. Raises RecordError."""
    if len(line) > LONGEST_RECORD:
        raise RecordError(f"a line of {len(line):,} bytes")
    try:
        decoded = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"broken JSON: {error}") from None
    return from_json(decoded)
