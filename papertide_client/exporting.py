"""Papers into a file: BibTeX, RIS and CSV as the site writes them, a hundred at a time, or the API's JSON by lines."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from papertide_client.errors import ClientError
from papertide_client.site import Json, Site

FORMATS: Final = ("bibtex", "ris", "csv", "ndjson")
_BETWEEN: Final = {"bibtex": "\n", "ris": "\r\n"}
_ENTRY: Final = re.compile(r"^(@\w+\{)([^,\s]+),", re.MULTILINE)
_EPRINT: Final = re.compile(r"^\s*eprint\s*=\s*\{([^}]*)\}", re.MULTILINE)

_LINE_BEGINS, _LINE_ENDS = "\r", "\x1b[K"


def parts(site: Site, kind: str, papers: Iterable[Sequence[Json]]) -> Iterator[tuple[str, int]]:
    """The file's text piece by piece, each with how many papers it holds; a paper that comes again is left out."""
    seen: set[str] = set()
    keys: set[str] = set()
    first = True
    for batch in papers:
        new = [paper for paper in batch if paper["id"] not in seen]
        seen.update(paper["id"] for paper in new)
        if not new:
            continue
        if kind == "ndjson":
            yield "".join(f"{json.dumps(paper, ensure_ascii=False)}\n" for paper in new), len(new)
            continue
        text = site.text(f"arxiv/{','.join(paper['id'] for paper in new)}/{kind}")
        if kind == "bibtex":
            text = _own_keys(text, keys)
        if not first:
            # Only one heading; a line between the last entry and the next.
            text = text.partition("\n")[2] if kind == "csv" else _BETWEEN[kind] + text
        yield text, len(new)
        first = False


def _own_keys(text: str, taken: set[str]) -> str:
    """BibTeX whose keys differ from those of the pieces before: where one comes again, the paper's id joins it, as the
    site does within a piece. `taken` takes them, without their capitals."""
    starts = [match.start() for match in _ENTRY.finditer(text)]
    pieces = [text[: starts[0]]] if starts else [text]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        entry = text[start:end]
        match = _ENTRY.match(entry)
        assert match is not None
        key, eprint = match[2], _EPRINT.search(entry)
        if key.lower() in taken and eprint:
            key = f"{key}-{eprint[1].replace('/', '-')}"
        taken.add(key.lower())
        pieces.append(f"{match[1]}{key}{entry[match.end() - 1 :]}")
    return "".join(pieces)


@contextmanager
def target(path: str) -> Iterator[Callable[[str], object]]:
    """What writes text into a file that is there once all is in it, or to the standard output (`-`).

    Raises ClientError where it cannot be written.
    """
    if path == "-":
        yield _writer(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    part = Path(f"{path}.part")
    try:
        with part.open("wb") as file:
            yield _writer(file)
        os.replace(part, path)
    except OSError as error:
        raise ClientError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        part.unlink(missing_ok=True)


def _writer(file: BinaryIO) -> Callable[[str], object]:
    return lambda text: file.write(text.encode("utf-8", "replace"))


class Progress:
    """How far an export is, on the standard error: one line that changes on a terminal, else a line now and then."""

    EVERY = 1_000

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._live = quiet, sys.stderr.isatty()
        self._done, self._told = 0, 0

    def add(self, papers: int, total: int | None) -> None:
        """So many more are written."""
        self._done += papers
        if self._quiet or not (self._live or self._done - self._told >= self.EVERY):
            return
        self._told = self._done
        text = f"{self._done:,} of {total:,} papers" if total else f"{self._done:,} papers"
        self._print(text, "")

    def end(self, path: str) -> int:
        """The last line; how many papers were written."""
        if not self._quiet:
            papers = "1 paper" if self._done == 1 else f"{self._done:,} papers"
            self._print(f"{papers} written{'' if path == '-' else f' to {path}'}.", "\n")
        return self._done

    def _print(self, text: str, end: str) -> None:
        before, behind = (_LINE_BEGINS, _LINE_ENDS + end) if self._live else ("", "\n")
        print(f"{before}{text}", end=behind, file=sys.stderr, flush=True)
