"""Papers as CSV, a row a paper, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

from papers.citations import abs_address, journal_doi
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
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for paper in papers:
        row = (
            paper.arxiv_id,
            paper.plain_title,
            "; ".join(paper.plain_authors),
            " ".join(paper.categories),
            f"{paper.published:%Y-%m-%d}",
            journal_doi(paper),
            to_text(paper.journal_ref),
            abs_address(paper),
            "; ".join(paper.keywords),
        )
        writer.writerow(map(_inert, row))
    writer.writerows([f"# {remark}"] for remark in remarks)
    return "\ufeff" + out.getvalue()


def _inert(text: str) -> str:
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
