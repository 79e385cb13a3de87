"""A file of arXiv's records, one JSON object a line: the public snapshot, or this project's own form."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final

from papers.jsonlines import Records, Rejects, rejects_path
from papers.textfiles import LineSource, TextFileError, open_lines
from workers.sources import Page, SourceError

PAGE: Final = 1000  # records


class Snapshot:
    """The records of a file (plain, .gz, .xz, .zst), of the first `limit` lines where that is given.

    Bad lines are counted in a page's `skipped` and written, with the reason, to a file in DATA_DIR/rejects. A page's
    token is the number of the last line that it used.
    """

    name = "snapshot"

    def __init__(self, path: Path, limit: int | None = None) -> None:
        self.path = path
        self.limit = limit

    def pages(self, token: str = "") -> Iterator[Page]:
        """1,000 records a page. Raises SourceError for a file that cannot be read, or not to its end, and for a
        rejects file that cannot be written."""
        if token and not (token.isascii() and token.isdecimal() and len(token) < 15):
            raise SourceError(f"not a place in a file: {token[:100]}")
        with ExitStack() as stack:
            try:
                source = stack.enter_context(open_lines(self.path))
            except TextFileError as error:
                raise SourceError(str(error)) from error
            yield from self._pages(source, int(token or 0), Rejects(rejects_path(), stack))

    def _pages(self, source: LineSource, start: int, rejects: Rejects) -> Iterator[Page]:
        numbered = ((source, number, line) for number, line in enumerate(source, 1))
        records = Records(islice(numbered, start, None if self.limit is None else max(start, self.limit)), rejects)
        stream = iter(records)
        ended = False
        while not ended:
            rejected = rejects.count
            some = tuple(islice(stream, PAGE))
            ended = len(some) < PAGE
            token = "" if ended and not records.error else str(records.line)
            yield Page(records=some, skipped=rejects.count - rejected, token=token)
        if records.error:
            raise SourceError(" ".join(str(records.error).split())) from records.error
