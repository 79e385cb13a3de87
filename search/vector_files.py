"""Vectors on their way between machines: one .npz file with ids, hashes of the texts, and float16 rows.

The file is written and read row by row, so that millions of vectors need no memory. `numpy.load` opens it as well.
"""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
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


class VectorFileError(Exception):
    """The file cannot be taken in; the text says why."""


@dataclass
class Imported:
    """What became of the rows of a file."""

    stored: int = 0
    unknown: int = 0
    stale: int = 0


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
    """Store rows whose paper is here and whose text is still the encoded one; yields the running counts."""
    counts = Imported()
    for rows in source:
        papers = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=rows.ids)}
        ids, hashes, places = [], [], []
        for place, key in enumerate(rows.ids):
            paper = papers.get(key)
            if paper is None:
                counts.unknown += 1
                continue
            present = text_hash(paper_text(paper))
            if rows.hashes is not None and rows.hashes[place] != present:
                counts.stale += 1
                continue
            ids.append(paper.pk)
            hashes.append(present)
            places.append(place)
        store(model, ids, hashes, rows.vectors[places])
        counts.stored += len(ids)
        yield counts


def read_export(path: Path, model: str | None, dimension: int | None) -> tuple[str, int, Iterator[Rows]]:
    """Model, number and rows of a file of `export_vectors`; where `model` or `dimension` is given it must agree.

    Raises VectorFileError."""
    try:
        archive = zipfile.ZipFile(path)
        meta = json.loads(archive.read("meta.json"))
        found, width = str(meta["model"]), int(meta["dimension"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise VectorFileError(f"{path} is no file of `vectors export`: {error}") from error
    _check(found, width, model, dimension)
    count = int(meta["count"])
    return found, count, _export_rows(archive, count, width)


def read_bare(
    path: Path, ids: Path, model: str, dimension: int | None, limit: int | None = None
) -> tuple[int, Iterator[Rows]]:
    """Number and rows of a bare .npy file of shape (n, d) with a file of n ids: an id a line, or JSON lines with `id`;
    with `limit` its first lines only. Raises VectorFileError."""
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise VectorFileError(f"{path} is no .npy file: {error}") from error
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
        archive.open("ids.npy") as ids,
        archive.open("hashes.npy") as hashes,
        archive.open("vectors.npy") as vectors,
    ):
        for stream in (ids, hashes, vectors):
            _skip_header(stream)
        for start in range(0, count, CHUNK):
            size = min(CHUNK, count - start)
            names = np.frombuffer(_exactly(ids, size * ID_BYTES), f"S{ID_BYTES}")
            yield Rows(
                [name.decode() for name in names.tolist()],
                np.frombuffer(_exactly(hashes, size * 8), "<i8").tolist(),
                np.frombuffer(_exactly(vectors, size * width * 2), "<f2").reshape(size, width),
            )


def _bare_rows(names: list[str], vectors: NDArray[np.floating]) -> Iterator[Rows]:
    for start in range(0, len(names), CHUNK):
        yield Rows(names[start : start + CHUNK], None, np.asarray(vectors[start : start + CHUNK], np.float16))


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
        except (ValueError, KeyError):
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


def _skip_header(stream: IO[bytes]) -> None:
    npy.read_magic(stream)
    npy.read_array_header_1_0(stream)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise VectorFileError("the file is cut short")
    return data
