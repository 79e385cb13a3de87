"""Vectors on their way between machines: one .npz file with ids, hashes of the texts, and float16 rows.

The file is written and read row by row, so that millions of vectors need no memory. `numpy.load` opens it as well.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from papers.batches import batched
from papers.identifiers import parse_id
from papers.models import Paper
from papers.textfiles import TextFileError, open_lines
from search.documents import paper_text
from search.encoder import text_hash
from search.models import PaperVector
from search.vectors import store

CHUNK = 2000
ID_BYTES = 32
# A vector of length 1 is a little off after float16; what is further off is no sentence vector.
LENGTHS = (0.9, 1.1)
# All that zipfile and NumPy raise on damaged files.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    SyntaxError,
    RuntimeError,
    TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


class VectorFileError(Exception):
    """The file cannot be taken in; the text says why."""


@dataclass
class Imported:
    """What became of the `read` rows of a file; one whose id stands again further on counts there only."""

    read: int = 0
    stored: int = 0
    unknown: int = 0
    stale: int = 0
    unusable: int = 0


@dataclass(frozen=True)
class Rows:
    """One stretch of a file: arXiv ids, hashes of the encoded texts (None in a bare file), vectors (n, d) float16."""

    ids: list[str]
    hashes: list[int] | None
    vectors: NDArray[np.float16]


def export_vectors(path: Path, model: str) -> int:
    """Write all vectors of a model; returns how many. The file is put in place when it is whole."""
    rows = PaperVector.objects.filter(model=model).order_by("paper_id")
    count = rows.count()
    first = rows.values_list("data", flat=True).first()
    dimension = len(bytes(first)) // 2 if first else 0
    scratch = path.with_name(path.name + ".part")
    columns = {
        "ids": (f"S{ID_BYTES}", (count,), "paper__arxiv_id"),
        "hashes": ("<i8", (count,), "text_hash"),
        "vectors": ("<f2", (count, dimension), "data"),
    }
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        meta = {"model": model, "dimension": dimension, "count": count}
        archive.writestr("meta.json", json.dumps(meta))
        for name, (dtype, shape, column) in columns.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as out:
                _write_header(out, np.dtype(dtype), shape)
                values = rows.values_list(column, flat=True).iterator(chunk_size=CHUNK)
                for batch in batched(values, CHUNK):
                    if name == "vectors":
                        out.write(b"".join(bytes(value) for value in batch))
                    else:
                        out.write(np.array([_plain(value) for value in batch], dtype).tobytes())
    scratch.replace(path)
    return count


def import_vectors(source: Iterator[Rows], model: str) -> Iterator[Imported]:
    """Store rows of length 1 whose paper is here and whose text is still the encoded one; of rows of one paper the
    last stays. Yields the running counts."""
    counts = Imported()
    for rows in source:
        papers = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=rows.ids)}
        usable = _usable(rows.vectors)
        taken: dict[int, tuple[int, int]] = {}
        for place, key in enumerate(rows.ids):
            paper = papers.get(key)
            if paper is None:
                counts.unknown += 1
                continue
            present = text_hash(paper_text(paper))
            if rows.hashes is not None and rows.hashes[place] != present:
                counts.stale += 1
                continue
            if not usable[place]:
                counts.unusable += 1
                continue
            taken[paper.pk] = (present, place)
        hashes = [present for present, _ in taken.values()]
        store(model, list(taken), hashes, rows.vectors[[place for _, place in taken.values()]])
        counts.stored += len(taken)
        counts.read += len(rows.ids)
        yield counts


def read_export(path: Path, model: str | None, dimension: int | None) -> tuple[str, int, Iterator[Rows]]:
    """Model, number and rows of a file of `export_vectors`; where `model` or `dimension` is given it must agree.

    Raises VectorFileError."""
    try:
        archive = zipfile.ZipFile(path)
        meta = json.loads(archive.read("meta.json"))
        found, width, count = meta["model"], meta["dimension"], meta["count"]
    except DAMAGE as error:
        raise VectorFileError(f"{path} is no file of `vectors export`: {error}") from error
    if not (isinstance(found, str) and _is_size(width) and _is_size(count)):
        raise VectorFileError(f"{path} is no file of `vectors export`: meta.json is not as expected")
    _check(found, width, model, dimension)
    return found, count, _export_rows(archive, count, width)


def read_bare(
    path: Path, ids: Path, model: str, dimension: int | None, limit: int | None = None
) -> tuple[int, Iterator[Rows]]:
    """Number and rows of a bare .npy file of shape (n, d) with a file of n ids: an id a line, or JSON lines with `id`;
    with `limit` its first lines only. Raises VectorFileError."""
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        raise VectorFileError(f"{path} is no .npy file: {error}") from error
    if not isinstance(vectors, np.ndarray):
        vectors.close()
        raise VectorFileError(f"{path} is an .npz file, not an .npy file of rows")
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise VectorFileError(f"{path} holds {vectors.dtype} of shape {vectors.shape}, not rows of vectors")
    _check(model, vectors.shape[1], model, dimension)
    names = list(_ids(ids, limit))
    if len(names) != len(vectors):
        raise VectorFileError(f"{len(vectors)} vectors in {path}, {len(names)} ids in {ids}")
    return len(names), _bare_rows(names, vectors)


def _check(found: str, width: int, model: str | None, dimension: int | None) -> None:
    if model is not None and found != model:
        raise VectorFileError(f"the file holds vectors of {found}, asked for is {model}")
    if dimension is not None and width != dimension:
        raise VectorFileError(f"the file holds vectors of {width} dimensions, {found} has {dimension}")


def _export_rows(archive: zipfile.ZipFile, count: int, width: int) -> Iterator[Rows]:
    with (
        archive,
        _member(archive, "ids", f"S{ID_BYTES}", (count,)) as ids,
        _member(archive, "hashes", "<i8", (count,)) as hashes,
        _member(archive, "vectors", "<f2", (count, width)) as vectors,
    ):
        for start in range(0, count, CHUNK):
            size = min(CHUNK, count - start)
            names = np.frombuffer(_exactly(ids, size * ID_BYTES), f"S{ID_BYTES}")
            yield Rows(
                [_plain_id(name) for name in names.tolist()],
                np.frombuffer(_exactly(hashes, size * 8), "<i8").tolist(),
                np.frombuffer(_exactly(vectors, size * width * 2), "<f2").reshape(size, width),
            )


def _bare_rows(names: list[str], vectors: NDArray[np.floating]) -> Iterator[Rows]:
    for start in range(0, len(names), CHUNK):
        with np.errstate(over="ignore"):  # what is too large for float16 is no vector of length 1 and not stored
            rows = np.asarray(vectors[start : start + CHUNK], np.float16)
        yield Rows(names[start : start + CHUNK], None, rows)


def _usable(vectors: NDArray[np.float16]) -> NDArray[np.bool_]:
    """Which rows are numbers throughout and of length 1 or near it."""
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)  # inf or NaN where a value is
    return np.asarray((lengths >= LENGTHS[0]) & (lengths <= LENGTHS[1]), np.bool_)


def _ids(path: Path, limit: int | None) -> Iterator[str]:
    try:
        with open_lines(path) as lines:
            for number, line in enumerate(islice(lines, limit), 1):
                yield _id_of(line.decode("utf-8", "replace").strip(), number)
    except TextFileError as error:
        raise VectorFileError(str(error)) from error


def _id_of(line: str, number: int) -> str:
    text = line
    if line.startswith("{"):
        try:
            text = str(json.loads(line)["id"])
        except (ValueError, KeyError, RecursionError):
            raise VectorFileError(f"line {number} of the ids has no id") from None
    found = parse_id(text)
    if found is None:
        raise VectorFileError(f"line {number} of the ids is no arXiv id: {text[:60]!r}")
    return found.base


def _plain(value: object) -> object:
    return value.encode() if isinstance(value, str) else value


def _write_header(out: IO[bytes], dtype: np.dtype, shape: tuple[int, ...]) -> None:
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(out, header)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _plain_id(name: bytes) -> str:
    text = name.decode("ascii", "replace")
    if not text.isprintable() or "\ufffd" in text:
        raise VectorFileError(f"an id of the file is no arXiv id: {name!r}")
    return text


def _member(archive: zipfile.ZipFile, name: str, dtype: str, shape: tuple[int, ...]) -> IO[bytes]:
    """An array of the file, open at its first row, once its header is found to be the expected one."""
    try:
        stream = archive.open(f"{name}.npy")
        version = npy.read_magic(stream)
        header = npy.read_array_header_1_0(stream) if version == (1, 0) else None
    except DAMAGE as error:
        raise VectorFileError(f"{name}.npy cannot be read: {error}") from error
    if header != (shape, False, np.dtype(dtype)):
        raise VectorFileError(f"{name}.npy does not hold {dtype} of shape {shape}")
    return stream


def _exactly(stream: IO[bytes], size: int) -> bytes:
    try:
        data = stream.read(size)
    except DAMAGE as error:
        raise VectorFileError(f"the file is damaged: {error}") from error
    if len(data) != size:
        raise VectorFileError("the file is cut short")
    return data
