"""Lines in random order, in memory that does not grow with them.

Two passes. The first gives each line a bucket drawn at random and independently of every other line, and appends it to
that bucket's file; the second brings one bucket after the other into memory, permutes its lines and writes them. Every
order of the lines is equally likely: a line's bucket and its rank within the bucket are the first and the later digits
of one uniform number drawn for it alone, and sorting by independent uniform numbers is a uniform permutation. This is
why the buckets' sizes are left to chance. With sizes fixed beforehand, as where a file is cut into m pieces of n lines
and one line of each piece is taken in turn (the two passes that Su Jianlin describes for corpora larger than memory),
any m lines that follow each other would come from m different pieces, and those of a shuffle would not.

A bucket that is still too large for memory goes through the same two passes again, with the same argument.

Within memory, lines are the rows of a sparse matrix whose values are their bytes: scipy permutes rows of unequal length
at the speed of copying and without the interpreter's lock, so that two threads do it beside each other.
"""

import fcntl
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np
from numpy.random import Generator, SeedSequence
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MEMORY = 96 << 20  # bytes, above what Python and its libraries take themselves
BLOCK = 1 << 20  # bytes read at a time: a processor's cache holds them
BUCKET = 2 << 20  # bytes that a bucket should hold, for the same reason
MOST_BUCKETS = 256  # open files; a process may often have 1024
MOST_AGAIN = 64  # of a bucket that is split again, while its siblings are open
THREADS = 2
PER_BYTE, PER_LINE = 7, 48  # bytes of memory that permuting takes
NEWLINE = ord("\n")
T = TypeVar("T")


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
    return _shuffle(_joined(lines), MOST_BUCKETS * BUCKET, target, seed, memory, scratch)


@dataclass
class _Bucket:
    """Lines, in memory until there is need of a file. lines, size: how many, and their bytes; parts: what is not in the
    file yet."""

    file: IO[bytes] | None = None
    lines: int = 0
    size: int = 0
    parts: list[memoryview] = field(default_factory=list)

    def read(self) -> bytes:
        """All of it; the file is closed."""
        if self.file is None:
            return b"".join(self.parts)
        with self.file as file:
            file.seek(0)
            return b"".join((file.read(), *self.parts))


@dataclass(frozen=True)
class _Shuffle:
    """One run. out: where its lines go; chance: gives every block and every bucket a stream of its own, so that threads
    change nothing; memory: bytes; folder: for the buckets; column: a zero for each byte of the most that is permuted at
    once."""

    out: BinaryIO
    chance: SeedSequence
    memory: int
    folder: Path
    pool: ThreadPoolExecutor
    column: NDArray[np.int32]

    def run(self, blocks: Iterable[bytes], size: int, most: int) -> int:
        """Both passes over lines of about `size` bytes; returns how many lines."""
        count = min(max(2, -(-size // BUCKET)), most)
        buckets = [_Bucket() for _ in range(count)]
        with ExitStack() as stack:
            self._deal(blocks, buckets, stack)
            small = [bucket for bucket in buckets if bucket.lines and self._fits(bucket)]
            for data in self._ahead(partial(_permuted, bucket, self._stream(), self.column) for bucket in small):
                _write(self.out, data)
            for bucket in buckets:
                if not self._fits(bucket):
                    with self._flushed(bucket, stack) as file:
                        file.seek(0)
                        self.run(_blocks(file), bucket.size, MOST_AGAIN)
            return sum(bucket.lines for bucket in buckets)

    def _deal(self, blocks: Iterable[bytes], buckets: list[_Bucket], stack: ExitStack) -> None:
        held = 0
        lines = sizes = np.zeros(len(buckets), dtype=np.int64)
        appends = [bucket.parts.append for bucket in buckets]
        jobs = (partial(_dealt, block, len(buckets), self._stream(), self.column) for block in blocks)
        for data, numbers, ends in self._ahead(jobs):
            lines, sizes = lines + numbers, sizes + np.diff(ends, prepend=0)
            start = 0
            for append, end in zip(appends, ends.tolist(), strict=True):
                if end > start:
                    append(data[start:end])
                    start = end
            held += start
            if held >= self.memory // 8:
                for bucket in buckets:
                    self._flushed(bucket, stack)
                held = 0
        for bucket, number, size in zip(buckets, lines.tolist(), sizes.tolist(), strict=True):
            bucket.lines, bucket.size = number, size

    def _flushed(self, bucket: _Bucket, stack: ExitStack) -> IO[bytes]:
        """The bucket's file, with what memory held of it; it is closed with the stack at the latest."""
        if bucket.file is None:
            bucket.file = stack.enter_context(tempfile.TemporaryFile(dir=self.folder, buffering=0))  # noqa: SIM115
        _write(bucket.file, b"".join(bucket.parts))
        bucket.parts.clear()
        return bucket.file

    def _fits(self, bucket: _Bucket) -> bool:
        return bucket.lines <= 1 or PER_BYTE * bucket.size + PER_LINE * bucket.lines <= _share(self.memory)

    def _stream(self) -> Generator:
        return np.random.default_rng(self.chance.spawn(1)[0])

    def _ahead(self, jobs: Iterable[Callable[[], T]]) -> Iterator[T]:
        """What the jobs return, in their order; as many as there are threads are done beforehand."""
        waiting: deque[Future[T]] = deque()
        for job in jobs:
            waiting.append(self.pool.submit(job))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _shuffle(
    blocks: Iterable[bytes], size: int, target: Path, seed: int | None, memory: int, scratch: Path | None
) -> int:
    target = target.resolve()  # a link goes on leading where it led
    # The system brings in no memory for zeros that are only read.
    column = np.zeros(max(2 * BLOCK, _share(memory) // PER_BYTE), dtype=np.int32)
    with _aside(target) as out, ThreadPoolExecutor(THREADS) as pool:
        run = _Shuffle(out, SeedSequence(seed), memory, scratch or target.parent, pool, column)
        return run.run(blocks, size, MOST_BUCKETS)


def _share(memory: int) -> int:
    """Bytes that one of the jobs may take, of which one more is waiting than there are threads."""
    return memory // (THREADS + 1)


def _dealt(
    block: bytes, count: int, chance: Generator, column: NDArray[np.int32]
) -> tuple[memoryview, NDArray[np.intp], NDArray[np.integer]]:
    """The lines of a block ordered by the buckets they fell into; how many fell into each, and where they end."""
    rows = _rows(block, column)
    drawn = chance.integers(0, count, rows.shape[0], dtype=np.uint16)
    lines = np.bincount(drawn, minlength=count)
    if len(drawn) == 1:
        return memoryview(block), lines, np.cumsum(lines) * len(block)
    # A stable sort of 16 bits is a radix sort, linear in the lines.
    ordered = rows[np.argsort(drawn, kind="stable")]
    return memoryview(ordered.data), lines, ordered.indptr[np.cumsum(lines)]


def _permuted(bucket: _Bucket, chance: Generator, column: NDArray[np.int32]) -> memoryview:
    """The lines of a bucket, each order as likely as any other."""
    data = bucket.read()
    if bucket.lines <= 1:
        return memoryview(data)
    return memoryview(_rows(data, column)[chance.permutation(bucket.lines)].data)


def _rows(data: bytes, column: NDArray[np.int32]) -> "csr_array":
    """Lines as the rows of a matrix, (lines, 1)."""
    from scipy.sparse import csr_array  # 14 MB, which the processes of the site that never shuffle need not hold

    values = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(values == NEWLINE)
    rows = csr_array((len(ends), 1), dtype=np.uint8)
    # Set one by one: a constructor that is given them looks through all of them.
    rows.data = values
    rows.indices = column[: len(values)]
    rows.indptr = np.concatenate(([0], ends + 1), dtype=np.int32)
    return rows


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Whole lines of a file, about BLOCK bytes at a time; a line longer than that comes alone."""
    begun: list[bytes] = []  # the pieces of a line whose newline has not come yet
    while block := file.read(BLOCK):
        start = 0
        if len(begun) > 1 and b"\n" in block:
            start = block.index(b"\n") + 1
            yield b"".join((*begun, block[:start]))
            begun = []
        end = block.rfind(b"\n") + 1
        if end > start:
            yield b"".join((*begun, block[start:end]))
            begun = []
        begun.append(block[max(start, end) :])
    if rest := b"".join(begun):
        yield rest + b"\n"


def _joined(lines: Iterable[str | bytes]) -> Iterator[bytes]:
    """Lines in such blocks."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        data = line.encode() if isinstance(line, str) else line
        if b"\n" in data:
            raise ShuffleError("a line holds a newline")
        if size + len(data) > BLOCK and batch:
            yield b"\n".join((*batch, b""))
            batch, size = [], 0
        batch.append(data)
        size += len(data) + 1
    if batch:
        yield b"\n".join((*batch, b""))


def _write(file: IO[bytes], data: bytes | memoryview) -> None:
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
