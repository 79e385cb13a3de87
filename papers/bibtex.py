"""BibTeX entries of papers, for BibTeX, biber, JabRef and Zotero alike."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from papers import latex
from papers.citations import Extra, abs_address, cited_doi, is_old_id
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
    entries = [entry(paper, key) for paper, key in zip(papers, keys(papers), strict=True)]
    return told + ("\n" if told and entries else "") + "\n".join(entries)


def keys(papers: Sequence[Paper]) -> list[str]:
    """The papers' keys, unique also where capitals are not told apart: `vaswani2017attention`.

    Where several papers of a file would have the same, each gets its arXiv id behind it, whatever their order is.
    """
    times = Counter(map(plain_key, papers))
    return [key_among(paper, times) for paper in papers]


def key_among(paper: Paper, times: Mapping[str, int]) -> str:
    """The key of one paper of a file in which plain keys occur so many times."""
    key = plain_key(paper)
    return key if times.get(key, 0) <= 1 else f"{key}-{paper.arxiv_id.replace('/', '-')}"


def plain_key(paper: Paper) -> str:
    """First author, year, first telling word of the title: `vaswani2017attention`; others may have the same."""
    family = _ascii(read_person(paper.authors[0]).family.rpartition(" ")[2]) if paper.authors else ""
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", re.sub(r"\$[^$]*\$", " ", paper.plain_title))
    word = next((plain for plain in map(_ascii, words) if len(plain) > 1 and plain not in _DULL), "")
    return f"{family or 'arxiv'}{paper.published.year}{word}"[:60]


def _ascii(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))


def entry(paper: Paper, key: str, extra: Extra | None = None) -> str:
    """One entry under `key`; a reader's own tags become `keywords`, her note `annote`."""
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
    lines = [f"@{'article' if journal else 'misc'}{{{key},", *_lines(fields)]
    if not journal:
        lines.append(f"  month = {MONTHS[paper.published.month - 1]},")
    fields = {"doi": doi, "eprint": paper.arxiv_id, "archivePrefix": "arXiv"}
    if not is_old_id(paper.arxiv_id):  # hep-th/9108020 names its archive; styles would print it twice
        fields["primaryClass"] = paper.primary_category
    fields["url"] = abs_address(paper)
    if paper.journal_ref and not journal:
        fields["note"] = latex.with_maths(to_text(paper.journal_ref))
    if extra:
        fields["keywords"] = ", ".join(latex.escape(tag.replace(",", " ")) for tag in extra.tags)
        fields["annote"] = "\n\n".join(
            latex.with_maths(collapse(part)) for part in re.split(r"\n\s*\n", extra.note.strip())
        )
    return "\n".join([*lines, *_lines(fields), "}", ""])


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
