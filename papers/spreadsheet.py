"""Papers as CSV, a row a paper, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Final

from papers.citations import Extra, abs_address, journal_doi
from papers.models import Paper
from papers.tex import to_text

CONTENT_TYPE: Final = "text/csv; charset=utf-8"
COLUMNS: Final = ("id", "title", "authors", "categories", "published", "doi", "journal", "url", "keywords")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def as_csv(papers: Sequence[Paper], remarks: Iterable[str] = ()) -> str:
    """A file with a heading and one row a paper (RFC 4180, UTF-8 with the mark that Excel wants).

    A text that a spreadsheet would take for a formula begins with an apostrophe. `remarks` follow as rows that begin
    with `#`.
    """
    told = [[f"# {remark}"] for remark in remarks]
    return heading() + rows([(paper, None) for paper in papers]) + _written(told)


def heading(more: Sequence[str] = ()) -> str:
    """The first line of a file, with the mark of UTF-8; `more` are names of columns after the papers' own."""
    return "\ufeff" + _written([(*COLUMNS, *more)])


def rows(papers: Iterable[tuple[Paper, Extra | None]]) -> str:
    """One row a paper; with what its reader adds two columns more, tags and note."""
    return _written(map(_inert, [*_row(paper), *_own(extra)]) for paper, extra in papers)


def _row(paper: Paper) -> Iterator[str]:
    yield paper.arxiv_id
    yield paper.plain_title
    yield "; ".join(paper.plain_authors)
    yield " ".join(paper.categories)
    yield f"{paper.published:%Y-%m-%d}"
    yield journal_doi(paper)
    yield to_text(paper.journal_ref)
    yield abs_address(paper)
    yield "; ".join(paper.keywords)


def _own(extra: Extra | None) -> tuple[str, ...]:
    return ("; ".join(extra.tags), extra.note) if extra else ()


def _written(lines: Iterable[Iterable[str]]) -> str:
    out = StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue()


def _inert(text: str) -> str:
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
