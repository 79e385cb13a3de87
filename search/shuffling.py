"""Lines in random order, in memory that does not grow with them.

Two passes. The first gives each line a bucket drawn at random and independently of every other line, and appends it to
that bucket's file; the second brings one bucket after the other into memory, permutes its lines and writes them. Every
order of the lines is equally likely: a line's bucket and its rank within the bucket are the first and the later digits
of one uniform number drawn for it alone, and sorting by independent uniform numbers is a uniform permutation. This is
why the buckets' sizes are left to chance. With sizes fixed beforehand, as where a file is cut into m pieces of n lines
and one line of each piece is taken in turn (the two passes that Su Jianlin describes for corpora larger than memory),
any m lines that follow each other would come from m different pieces, and those of a shuffle would not.

A bucket that is still too large for memory goes through the same two passes again, with the same argument.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from numpy.typing import NDArray

MEMORY = 64 << 20  # bytes, above what Python and numpy take themselves
BLOCK = 1 << 20  # bytes read at a time: their lines stay in the processor's cache
BUCKET = 1 << 20  # bytes that a bucket should hold, for the same reason
MOST_BUCKETS = 400  # open files; a process may often have 1024
MOST_AGAIN = 64  # of a bucket that is split again, while its siblings are open
PER_LINE = 72  # bytes: an object's head and its places in lists and arrays


class ShuffleError(Exception):
    """The lines cannot be shuffled; the text says why."""


def shuffle(
    source: Path, target: Path, *, seed: int | None = None, memory: int = MEMORY, scratch: Path | None = None
) -> int:
    """Write the lines of `source` into `target` in random order; returns how many they are.

    A line ends with a newline, as for `shuf`; a last line without one is given it, and a carriage return before it
    belongs to the line. `target` may be `source`; it is written aside and renamed, so that it is there whole or as it
    was. seed: the same over the same file with the same `memory` gives the same order. memory: bytes that lines may
    take, the longest line apart, which has to fit. scratch: the folder of the buckets' files, as large together as
    `source`; that of `target` unless given. They have no names, so that a killed process leaves none.

    Raises OSError where a file cannot be read or written, ShuffleError where another process shuffles into `target`.
    """
    with source.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        return _shuffle(_blocks(file), size, target, seed, memory, scratch)


def shuffled(
    lines: Iterable[str | bytes],
    target: Path,
    *,
    seed: int | None = None,
    memory: int = MEMORY,
    scratch: Path | None = None,
) -> int:
    """The same for lines that are made one after the other, given without their newlines; text is written as UTF-8.

    Raises also ShuffleError where a line holds a newline, and what the iterable raises; then `target` stays as it was.
    """
    return _shuffle(_batches(lines), MOST_BUCKETS * BUCKET, target, seed, memory, scratch)


class _Buckets:
    """Files of lines, one for each bucket. counts: lines in each; sizes: bytes, without their newlines' last."""

    def __init__(self, count: int, chance: np.random.Generator, folder: Path, pending: int) -> None:
        self.counts: NDArray[np.int64] = np.zeros(count, dtype=np.int64)
        self._chance = chance
        self._limit = pending
        self._held = 0
        self._parts: list[list[bytes]] = [[] for _ in range(count)]
        with ExitStack() as stack:
            self._files = [stack.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0)) for _ in range(count)]
            self._stack = stack.pop_all()

    def __enter__(self) -> "_Buckets":
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def add(self, lines: list[bytes]) -> None:
        """Give each line a bucket."""
        count = len(self._files)
        drawn = self._chance.integers(0, count, len(lines), dtype=np.uint16)
        sizes = np.bincount(drawn, minlength=count)
        self.counts += sizes
        # A stable sort of 16 bits is a radix sort, linear in the lines.
        ordered = _taken(lines, np.argsort(drawn, kind="stable"))
        start = 0
        for parts, size in zip(self._parts, sizes.tolist(), strict=True):
            if size:
                parts.append(b"\n".join(ordered[start : start + size]))
                start += size
        self._held += sum(map(len, lines)) + len(lines)
        if self._held >= self._limit:
            self.flush()

    def flush(self) -> None:
        """Append to the files what is held in memory."""
        for parts, file in zip(self._parts, self._files, strict=True):
            if parts:
                parts.append(b"")
                _write(file, b"\n".join(parts))
                parts.clear()
        self._held = 0

    def each(self) -> Iterator[tuple[IO[bytes], int, int]]:
        """Each bucket's file from its beginning, its bytes and its lines; the file is closed afterwards."""
        self.flush()
        for file, count in zip(self._files, self.counts.tolist(), strict=True):
            size = file.tell()
            file.seek(0)
            yield file, size, count
            file.close()


def _shuffle(
    batches: Iterable[list[bytes]], size: int, target: Path, seed: int | None, memory: int, scratch: Path | None
) -> int:
    target = target.resolve()  # a link goes on leading where it led
    chance = np.random.default_rng(seed)
    with _aside(target) as out:
        return _pass(batches, size, MOST_BUCKETS, out, chance, memory, scratch or target.parent)


def _pass(
    batches: Iterable[list[bytes]],
    size: int,
    most: int,
    out: BinaryIO,
    chance: np.random.Generator,
    memory: int,
    folder: Path,
) -> int:
    """Both passes over lines of about `size` bytes; returns how many lines."""
    count = min(max(2, -(-size // BUCKET)), most)
    with _Buckets(count, chance, folder, memory // 4) as buckets:
        for lines in batches:
            buckets.add(lines)
        for file, held, number in buckets.each():
            if number > 1 and 3 * held + PER_LINE * number > memory:
                _pass(_blocks(file), held, MOST_AGAIN, out, chance, memory, folder)
            elif number:
                lines = file.read().split(b"\n")
                lines.pop()  # after the last newline
                ordered = _taken(lines, chance.permutation(number))
                ordered.append(b"")
                _write(out, b"\n".join(ordered))
        return int(buckets.counts.sum())


def _taken(lines: list[bytes], order: NDArray[np.integer]) -> list[bytes]:
    # numpy moves references faster than a loop does.
    objects = np.empty(len(lines), dtype=object)
    objects[:] = lines
    taken: list[bytes] = objects[order].tolist()
    return taken


def _blocks(file: IO[bytes]) -> Iterator[list[bytes]]:
    """The lines of a file without their newlines, about BLOCK bytes at a time."""
    begun: list[bytes] = []  # the pieces of a line whose newline has not come yet
    while block := file.read(BLOCK):
        lines = block.split(b"\n")
        if len(lines) > 1:
            begun.append(lines[0])
            lines[0] = b"".join(begun)
            begun = [lines.pop()]
            yield lines
        else:
            begun.append(block)
    if rest := b"".join(begun):
        yield [rest]


def _batches(lines: Iterable[str | bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        data = line.encode() if isinstance(line, str) else line
        if b"\n" in data:
            raise ShuffleError("a line holds a newline")
        batch.append(data)
        size += len(data) + PER_LINE
        if size >= BLOCK:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write(file: IO[bytes], data: bytes) -> None:
    """All of it: a raw file may take a part, on a disk that becomes full."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def _aside(target: Path) -> Iterator[BinaryIO]:
    """A file beside `target` that takes its place at the end; what a killed process left of it is written over."""
    part = target.with_name(f".{target.name}.part")
    with _alone(part) as file:
        try:
            file.truncate()
            yield file
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextmanager
def _alone(part: Path) -> Iterator[BinaryIO]:
    """The file, held by one process. Raises ShuffleError where another holds it."""
    while True:
        with open(os.open(part, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ShuffleError(f"another process is writing {part}") from None
            # The one that held it before may have renamed it since it was opened here.
            try:
                same = os.path.samestat(os.fstat(file.fileno()), part.stat())
            except FileNotFoundError:
                same = False
            if same:
                yield file
                return
