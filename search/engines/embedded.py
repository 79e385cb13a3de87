"""The engine without a server: tantivy for words, one mapped matrix of bytes for vectors, in a folder.

    <root>/current              names the serving version
    <root>/<version>/state.json how much of the version is valid: rows, categories, number of writes
    <root>/<version>/tantivy/   the words
    <root>/<version>/vectors.i8, rows.bin

Writers of all processes take one file lock. A write counts when state.json has been replaced; readers look at that
file before each question and open what is new.
"""

import json
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import tantivy
from filelock import FileLock
from numpy.typing import NDArray

from search.engines import tantivy_answers, tantivy_facets, tantivy_writing
from search.engines.base import (
    SHORTEST_SPELT,
    SPELLINGS,
    Counted,
    Document,
    Engine,
    EngineError,
    Hits,
    Ids,
    LexicalQuery,
    Order,
    StaleIndexError,
    Statistics,
    commonest,
)
from search.engines.compiling import TEXTS
from search.engines.edits import one_edit
from search.engines.tantivy_schema import SCHEMA_VERSION, Compiler, build_schema
from search.engines.tantivy_writing import Filling
from search.engines.vector_table import Mask, VectorTable
from search.query import And, Node, Not

KEPT_MASKS = 32


@dataclass(frozen=True)
class State:
    """What state.json says."""

    transform: str
    width: int
    schema: int = SCHEMA_VERSION
    rows: int = 0
    writes: int = 0
    categories: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> "State":
        """Raises OSError where there is none."""
        stored = json.loads((folder / "state.json").read_text())
        return cls(**{**stored, "categories": tuple(stored["categories"])})

    def write(self, folder: Path) -> None:
        """Put the file in place at once."""
        _replace(folder / "state.json", json.dumps(asdict(self)))


@dataclass
class View:
    """One state of one version, opened for reading."""

    folder: Path
    stamp: tuple[int, int]
    state: State
    table: VectorTable
    index: tantivy.Index
    searcher: tantivy.Searcher
    compiler: Compiler
    masks: OrderedDict[Node, Mask] = field(default_factory=OrderedDict)


class EmbeddedEngine(Engine):
    """A search engine in the folder `root`. With `version` it is bound to that version, serving or not."""

    def __init__(self, root: Path, version: str | None = None) -> None:
        self.root, self.version = root, version
        self._view: View | None = None
        self._current = str(root / "current")
        self._told: tuple[tuple[int, int], str] = (0, 0), ""  # which file said what, looked at by each question
        self._place = "", root  # a version and its folder
        self._opening = threading.Lock()
        self._filling: Filling | None = None  # while this one writes a new index
        root.mkdir(parents=True, exist_ok=True)
        self._write_lock = FileLock(root / "write.lock")

    # Reading

    def lexical(self, query: LexicalQuery, limit: int, offset: int = 0, order: Order = "score") -> Hits:
        """See Engine."""
        view = self._open()
        if view is None or limit < 1:
            return Hits()
        if order != "score":
            column = "newest" if order == "new" else "oldest"
            ids = tantivy_answers.by_day(view.searcher, view.compiler.query(query, scored=False), column, limit, offset)
            return Hits(ids, np.zeros(len(ids), np.float32))
        found = view.searcher.search(view.compiler.query(query), limit, False, offset=offset).hits
        return tantivy_answers.best(view.searcher, found)

    def count(self, query: LexicalQuery) -> int:
        """See Engine."""
        view = self._open()
        return 0 if view is None else tantivy_facets.count(view.searcher, view.compiler.query(query, scored=False))

    def nearest(self, vector: NDArray[np.float32], limit: int, within: Node | None = None) -> Hits:
        """See Engine."""
        view = self._open()
        if view is None:
            return Hits()
        if vector.shape != (view.state.width,):
            raise StaleIndexError(f"a vector of {vector.size} dimensions for an index of {view.state.width}")
        return view.table.nearest(vector, limit, None if within is None else self._mask(view, within))

    def titled(self, stems: Sequence[str], limit: int, within: Node | None = None) -> Hits:
        """See Engine."""
        view = self._open()
        distinct = sorted(set(stems))
        if view is None or not distinct or limit < 1:
            return Hits()
        found = view.searcher.search(
            view.compiler.titled(distinct, within),
            limit,
            False,
            order_by_field="shortest",
            order=tantivy.Order.Asc,
        ).hits
        return tantivy_answers.titled(found, len(distinct))

    def facets(self, query: LexicalQuery, names: Sequence[str], size: int) -> dict[str, list[tuple[str, int]]]:
        """See Engine."""
        view = self._open()
        if view is None:
            return {name: [] for name in names}
        return tantivy_facets.facets(view.searcher, view.compiler, query, names, size)

    def frequencies(self, terms: Sequence[str], kind: Counted = "stem") -> tuple[int, NDArray[np.int64]]:
        """See Engine."""
        view = self._open()
        if view is None:
            return 0, np.zeros(len(terms), np.int64)
        counts = [view.searcher.doc_freq("all" if kind == "stem" else "keyword", term) for term in terms]
        return view.searcher.num_docs, np.array(counts, np.int64)

    def spellings(self, word: str) -> list[tuple[str, int]]:
        """See Engine."""
        view = self._open()
        if view is None or len(word) < SHORTEST_SPELT:
            return []
        fields = [view.compiler.exact_fields[name] for name in TEXTS]
        counts = ((other, sum(view.searcher.doc_freq(field, other) for field in fields)) for other in one_edit(word))
        return sorted((each for each in counts if each[1]), key=commonest)[:SPELLINGS]

    def starting(self, kinds: Sequence[str], words: Sequence[str], prefix: str, limit: int) -> dict[str, Ids]:
        """See Engine."""
        view = self._open()
        if view is None or limit < 1:
            return {kind: np.empty(0, np.int64) for kind in kinds}
        return {
            kind: tantivy_answers.by_day(view.searcher, view.compiler.starting(kind, words, prefix), "newest", limit)
            for kind in kinds
        }

    def statistics(self, *, fresh: bool = False) -> Statistics:
        """See Engine. Always fresh."""
        view = self._open()
        if view is None:
            return Statistics(0, "", 0, "")
        generation = f"{view.folder.name}:{view.state.writes}"
        return Statistics(view.searcher.num_docs, view.state.transform, view.state.width, generation)

    def check(self) -> None:
        """See Engine."""
        if not os.access(self.root, os.W_OK):
            raise EngineError(f"nothing can be written in {self.root}")

    # Writing

    def index(self, documents: Sequence[Document]) -> None:
        """See Engine."""
        newest = {document.id: document for document in documents}
        if newest:
            self._write(list(newest.values()), [])

    def delete(self, ids: Iterable[int]) -> None:
        """See Engine."""
        numbers = sorted(set(ids))
        if numbers:
            self._write([], numbers)

    @contextmanager
    def rebuild(self, transform: str, width: int, papers: int = 0) -> Iterator["EmbeddedEngine"]:
        """See Engine. What a killed rebuild left is swept away by the next one."""
        name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        with FileLock(self.root / "rebuild.lock"):
            self._sweep(keep={self._serving()})
            folder = self.root / name
            fresh = EmbeddedEngine(self.root, name)
            try:
                with _as_engine_errors("the index cannot be written"):
                    (folder / "tantivy").mkdir(parents=True)
                    tantivy.Index(build_schema(), path=str(folder / "tantivy"))
                    State(transform, width).write(folder)
                    fresh._filling = Filling(folder / "tantivy", papers)
                yield fresh
                with _as_engine_errors("the index cannot be written"):
                    fresh._filling.end()
                with self._write_lock, _as_engine_errors("the index cannot be switched"):
                    _replace(self.root / "current", name)
            except BaseException:
                fresh._filling = None  # its writer ends before its folder goes
                shutil.rmtree(folder, ignore_errors=True)
                raise
            fresh._filling = None
            self._sweep(keep={name})

    def _write(self, documents: list[Document], deleted: list[int]) -> None:
        """Vectors first, words second, the state last: killed between any two, the write did not happen for the
        vectors, and the words are written again with it."""
        with self._write_lock:
            folder = self._folder()
            if folder is None:
                raise EngineError("there is no index yet: run manage.py index --rebuild")
            with _as_engine_errors("the index cannot be written", OSError):
                state, table = _read_table(folder)
                rows = table.append(documents) if documents else table.bury(deleted)
                with _as_engine_errors("the index cannot be written"):
                    self._write_words(folder, table, documents, deleted)
                replace(state, rows=rows, writes=state.writes + 1, categories=tuple(table.categories)).write(folder)

    def _write_words(self, folder: Path, before: VectorTable, documents: list[Document], deleted: list[int]) -> None:
        changed = [document.id for document in documents] + deleted
        if self._filling is None:
            # All of them: a killed write may have left words of papers that have no vectors.
            tantivy_writing.add(tantivy_writing.open_index(folder / "tantivy"), documents, changed)
        else:
            known = before.ids[before.holding(np.array(changed, np.int64))]
            self._filling.write(documents, known.tolist())

    # Opening

    def _serving(self) -> str:
        try:
            found = os.stat(self._current)
            stamp = (found.st_ino, found.st_mtime_ns)
            if self._told[0] != stamp:  # read twice, not once too few, where it is switched meanwhile
                self._told = stamp, Path(self._current).read_text(errors="replace")
            return self._told[1]
        except FileNotFoundError:
            return ""

    def _folder(self) -> Path | None:
        name = self.version or self._serving()
        place = self._place  # kept, since each question asks, and joining paths takes time
        if place[0] != name:
            self._place = place = name, self.root / name
        return place[1] if name else None

    def _open(self) -> View | None:
        """The newest state, opened; None where there is no index. Raises EngineError where it cannot be read."""
        if self._filling is not None:
            with _as_engine_errors("the index cannot be written"):
                self._filling.commit()
        for _ in range(3):  # a switch may take the folder away between two steps
            folder = self._folder()
            if folder is None:
                return None
            try:
                with _as_engine_errors("the index cannot be read", ValueError, PermissionError, NotADirectoryError):
                    found = os.stat(f"{folder}/state.json")
                stamp = (found.st_ino, found.st_mtime_ns)
                view = self._view
                if view is not None and view.folder == folder and view.stamp == stamp:
                    return view
                with self._opening:
                    view = self._view
                    if view is None or view.folder != folder or view.stamp != stamp:
                        self._view = view = _open_view(folder, stamp)
                    return view
            except FileNotFoundError:
                continue
            except EngineError:
                if self._folder() == folder:
                    raise
        raise EngineError("the index is missing: run manage.py index --rebuild")

    def _sweep(self, keep: set[str]) -> None:
        for path in self.root.iterdir():
            if path.is_dir() and path.name not in keep:
                shutil.rmtree(path, ignore_errors=True)

    def _mask(self, view: View, within: Node) -> Mask:
        """The papers that hold a tree: by the table's columns where they suffice, else by the words' index."""
        kept = view.masks.get(within)
        if kept is not None:
            return kept
        mask = view.table.mask(within)
        if mask is None:
            mask = self._mask_by_words(view, within)
        view.masks[within] = mask
        while len(view.masks) > KEPT_MASKS:
            with suppress(KeyError):
                view.masks.popitem(last=False)
        return mask

    def _mask_by_words(self, view: View, within: Node) -> Mask:
        match within:
            # What is left out is few, what remains may be nearly all: each paper found costs a microsecond or two.
            case Not(child):
                return ~self._mask(view, child)
            case And(children) if all(
                isinstance(child, Not) or view.table.mask(child) is not None for child in children
            ):
                return np.asarray(np.logical_and.reduce([self._mask(view, child) for child in children]), bool)
        found = view.searcher.search(
            view.compiler.tree(within), view.searcher.num_docs or 1, False, order_by_field="id"
        )
        return view.table.holding(np.array([number for number, _ in found.hits], np.int64))


def _open_view(folder: Path, stamp: tuple[int, int]) -> View:
    state, table = _read_table(folder)
    with _as_engine_errors("the index cannot be read"):
        index = tantivy_writing.open_index(folder / "tantivy")
        index.config_reader("manual")
        index.reload()
        return View(folder, stamp, state, table, index, index.searcher(), Compiler(index.schema))


def _read_table(folder: Path) -> tuple[State, VectorTable]:
    """Raises EngineError where the state or the vectors are damaged or of another version, FileNotFoundError where
    they are gone."""
    try:
        with _as_engine_errors("the index is damaged", ValueError, TypeError, KeyError, OverflowError, AttributeError):
            state = State.read(folder)
            if state.schema != SCHEMA_VERSION:
                raise EngineError("the index was made by another version of Papertide: run manage.py index --rebuild")
            return state, VectorTable(folder, state.width, state.rows, list(state.categories))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise EngineError(f"the index cannot be read: {error}") from error


@contextmanager
def _as_engine_errors(what: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turns errors of these kinds (by default those of files, and ValueError, which tantivy's own errors become) into
    EngineError."""
    caught = kinds or (OSError, ValueError)
    try:
        yield
    except caught as error:
        raise EngineError(f"{what}: {error}") from error


def _replace(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all, also after a power cut."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.new")
    with scratch.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)
