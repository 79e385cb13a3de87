"""Text files line by line, plain or compressed, with the place in the file for a progress bar."""

import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import zstandard

STDIN = Path("-")
# A line longer than this is cut there: no record is, and a file without line ends must not fill the memory.
LONGEST_LINE = 64 * 1024 * 1024


class TextFileError(Exception):
    """The file cannot be read; the text says why."""


@dataclass
class LineSource:
    """An open file: `size` is its size on disk in bytes (0 where unknown), `position()` how much of that is read."""

    raw: IO[bytes]
    stream: IO[bytes]
    size: int
    name: str

    def position(self) -> int:
        """Bytes of the file on disk that are read."""
        return self.raw.tell() if self.size else 0

    def __iter__(self) -> Iterator[bytes]:
        """The lines with their ends. Raises TextFileError where the file is cut short or damaged."""
        try:
            while line := self.stream.readline(LONGEST_LINE):
                yield line
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
            raise TextFileError(f"{self.name} is damaged or cut short: {error}") from error


@contextmanager
def open_lines(path: Path) -> Iterator[LineSource]:
    """Open a plain, .gz, .xz or .zst file, or stdin for `-`. Raises TextFileError."""
    with ExitStack() as stack:
        if path == STDIN:
            raw: IO[bytes] = sys.stdin.buffer
            yield LineSource(raw, raw, 0, "standard input")
            return
        try:
            raw = stack.enter_context(path.open("rb"))
            size = path.stat().st_size if path.is_file() else 0
        except OSError as error:
            raise TextFileError(f"{path} cannot be opened: {error.strerror}") from error
        yield LineSource(raw, stack.enter_context(_decompressed(raw, path)), size, str(path))


def _decompressed(raw: IO[bytes], path: Path) -> IO[bytes]:
    match path.suffix:
        case ".gz":
            return io.BufferedReader(gzip.GzipFile(fileobj=raw))
        case ".xz":
            return io.BufferedReader(lzma.LZMAFile(raw))
        case ".zst":
            reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
            return io.BufferedReader(reader)
    return raw
