"""BibTeX entries of papers, for BibTeX, biber, JabRef and Zotero alike."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from papers import latex
from papers.citations import abs_address, cited_doi, is_old_id
from papers.journals import read_journal
from papers.models import Paper
from papers.people import read_person
from papers.tex import collapse, fold, to_text

CONTENT_TYPE: Final = "application/x-bibtex; charset=utf-8"
MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_AND: Final = re.compile(r"(?<!\S)and(?!\S)", re.IGNORECASE)
_DULL: Final = frozenset(
    "a an and are as at by can do does for from how in into is it its not of on or our the to towards via we what "
    "when why with without".split()
)


def bibtex(papers: Sequence[Paper], remarks: Iterable[str] = ()) -> str:
    """A file with one entry a paper, in their order; `remarks` stand before them, each on a line of its own."""
    told = "".join(f"% {collapse(remark).replace('@', '(at)')}\n" for remark in remarks)
    entries = [_entry(paper, key) for paper, key in zip(papers, keys(papers), strict=True)]
    return told + ("\n" if told and entries else "") + "\n".join(entries)


def keys(papers: Sequence[Paper]) -> list[str]:
    """The papers' keys, unique also where capitals are not told apart: `vaswani2017attention`.

    Where several papers of a file would have the same, each gets its arXiv id behind it, whatever their order is.
    """
    plain = [_key(paper) for paper in papers]
    times = Counter(plain)
    return [
        key if times[key] == 1 else f"{key}-{paper.arxiv_id.replace('/', '-')}"
        for key, paper in zip(plain, papers, strict=True)
    ]


def _key(paper: Paper) -> str:
    family = _ascii(read_person(paper.authors[0]).family.rpartition(" ")[2]) if paper.authors else ""
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", re.sub(r"\$[^$]*\$", " ", paper.plain_title))
    word = next((plain for plain in map(_ascii, words) if len(plain) > 1 and plain not in _DULL), "")
    return f"{family or 'arxiv'}{paper.published.year}{word}"[:60]


def _ascii(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))


def _entry(paper: Paper, key: str) -> str:
    journal = read_journal(paper.journal_ref) if paper.journal_ref else None
    doi = cited_doi(paper)
    fields: dict[str, str] = {"title": latex.title(collapse(paper.plain_title))}
    if paper.authors:
        fields["author"] = " and ".join(filter(None, map(_author, paper.authors)))
    if journal:
        fields |= {
            "journal": latex.escape(journal.name),
            "volume": journal.volume,
            "number": journal.number.replace("-", "--"),
            "pages": journal.pages.replace("-", "--"),
        }
    fields["year"] = journal.year if journal else str(paper.published.year)
    entry = [f"@{'article' if journal else 'misc'}{{{key},", *_lines(fields)]
    if not journal:
        entry.append(f"  month = {MONTHS[paper.published.month - 1]},")
    fields = {"doi": doi, "eprint": paper.arxiv_id, "archivePrefix": "arXiv"}
    if not is_old_id(paper.arxiv_id):  # hep-th/9108020 names its archive; styles would print it twice
        fields["primaryClass"] = paper.primary_category
    fields["url"] = abs_address(paper)
    if paper.journal_ref and not journal:
        fields["note"] = latex.with_maths(to_text(paper.journal_ref))
    return "\n".join([*entry, *_lines(fields), "}", ""])


def _lines(fields: dict[str, str]) -> list[str]:
    return [f"  {name} = {{{value}}}," for name, value in fields.items() if value]


def _author(name: str) -> str:
    """A name as BibTeX takes it apart again: `{ATLAS Collaboration}`, `van der Berg, Jr., Jan`."""
    person = read_person(name)
    if not person.family:
        return ""
    if person.collective or not person.given:
        return "{" + latex.escape(person.last) + "}" if " " in person.last or person.collective else _part(person.last)
    parts = [person.last, person.suffix, person.given] if person.suffix else [person.last, person.given]
    return ", ".join(map(_part, parts))


def _part(text: str) -> str:
    """One part of a name; in braces where BibTeX would read its words as something else."""
    escaped = latex.escape(text)
    return "{" + escaped + "}" if "," in text or _AND.search(text) else escaped
