"""RIS records of papers, which EndNote, Zotero, Mendeley and others read."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from papers.citations import Extra, abs_address, cited_doi, pdf_address
from papers.journals import read_journal
from papers.models import Paper
from papers.people import read_person
from papers.tex import collapse, to_text

CONTENT_TYPE: Final = "application/x-research-info-systems; charset=utf-8"


def ris(papers: Sequence[Paper], remarks: Iterable[str] = ()) -> str:
    """A file with one record a paper, in their order; `remarks` become notes of the first, as RIS has no comments.

    Lines end in CRLF. No value holds a line break, so that none can pass for a tag.
    """
    return "\r\n".join(record(paper, remarks=() if number else remarks) for number, paper in enumerate(papers))


def record(paper: Paper, extra: Extra | None = None, remarks: Iterable[str] = ()) -> str:
    """One paper's record with its end; a reader's own tags become keywords before the paper's, her note a note."""
    own = [*(("KW", tag) for tag in extra.tags), ("N1", extra.note)] if extra else []
    tags = [*_record(paper), *own, *(("N1", remark) for remark in remarks)]
    lines = [f"{tag}  - {text}" for tag, value in tags if (text := collapse(value))]
    return "\r\n".join([*lines, "ER  - ", ""])


def _record(paper: Paper) -> Iterator[tuple[str, str]]:
    journal = read_journal(paper.journal_ref) if paper.journal_ref else None
    yield "TY", "JOUR" if journal else "UNPB"
    yield "TI", paper.plain_title
    for name in paper.authors:
        yield "AU", read_person(name).inverted.replace("*", "")  # which parts names
    yield "PY", journal.year if journal else f"{paper.published:%Y}"
    if journal:
        first, _, last = journal.pages.partition("-")
        yield from (("JO", journal.name), ("VL", journal.volume), ("IS", journal.number), ("SP", first), ("EP", last))
    else:
        yield "DA", f"{paper.published:%Y/%m/%d}"
        yield "PB", "arXiv"
        yield "N1", to_text(paper.journal_ref)
    yield "DO", cited_doi(paper)
    yield "AN", f"arXiv:{paper.arxiv_id}"
    yield "UR", abs_address(paper)
    yield "L1", pdf_address(paper)
    for word in paper.keywords:
        yield "KW", word
    if not paper.is_summary:
        yield "AB", paper.plain_abstract
