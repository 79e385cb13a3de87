"""What a paper is cited by: meta tags for Zotero and Google Scholar, JSON-LD, one line of text."""

import re
from dataclasses import dataclass
from typing import Any, Final

from papers.journals import read_journal
from papers.models import Paper
from papers.people import Person, read_person
from papers.tex import collapse, to_text

MOST_AUTHORS: Final = 300
"""So many are named in a page's head: a collaboration of thousands would be most of the page."""

NAMED_IN_LINE: Final = 10
ARXIV_DOI: Final = "10.48550/arXiv."
_DOI: Final = re.compile(r"10\.[0-9]{4,9}/[^\s{}\\\"]+")
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extra:
    """What a reader adds of her own to a paper that she takes along: her tags, her note (Markdown)."""

    tags: tuple[str, ...] = ()
    note: str = ""


def is_old_id(arxiv_id: str) -> bool:
    """Whether an id is of the scheme before April 2007, with the archive in it: `hep-th/9108020`."""
    return "/" in arxiv_id


def abs_address(paper: Paper) -> str:
    """The paper's address at arXiv."""
    return f"https://arxiv.org/abs/{paper.arxiv_id}"


def pdf_address(paper: Paper) -> str:
    """The address of its PDF at arXiv."""
    return f"https://arxiv.org/pdf/{paper.arxiv_id}"


def journal_doi(paper: Paper) -> str:
    """The first DOI in what the authors gave, empty where there is none; arXiv's own is not counted."""
    found = _DOI.search(paper.doi)
    doi = found[0].rstrip(".,;") if found else ""
    return "" if doi.lower().startswith(ARXIV_DOI.lower()) else doi


def cited_doi(paper: Paper) -> str:
    """The journal's DOI, or else the one that arXiv registers for each paper."""
    return journal_doi(paper) or f"{ARXIV_DOI}{paper.arxiv_id}"


def metatags(paper: Paper) -> list[tuple[str, str]]:
    """Names and contents of the `<meta>` tags that Google Scholar and Zotero read, in their order."""
    journal = read_journal(paper.journal_ref) if paper.journal_ref else None
    day = f"{paper.published:%Y/%m/%d}"
    tags = [("citation_title", paper.plain_title)]
    tags += [("citation_author", read_person(name).inverted) for name in paper.authors[:MOST_AUTHORS]]
    tags += [("citation_date", day), ("citation_online_date", f"{paper.updated or paper.published:%Y/%m/%d}")]
    tags.append(("citation_publication_date", journal.year if journal else day))
    if journal:
        first, _, last = journal.pages.partition("-")
        tags += [
            ("citation_journal_title", journal.name),
            ("citation_volume", journal.volume),
            ("citation_issue", journal.number),
            ("citation_firstpage", first),
            ("citation_lastpage", last),
        ]
    elif paper.journal_ref:
        tags.append(("citation_journal_title", to_text(paper.journal_ref)))
    tags += [
        ("citation_doi", journal_doi(paper)),
        ("citation_arxiv_id", paper.arxiv_id),
        ("citation_technical_report_number", paper.report_number),
        ("citation_abstract_html_url", abs_address(paper)),
        ("citation_pdf_url", pdf_address(paper)),
    ]
    tags += [("citation_keywords", word) for word in paper.keywords]
    if not paper.is_summary:
        tags.append(("citation_abstract", paper.plain_abstract))
    return [(name, content) for name, content in tags if content]


def json_ld(paper: Paper, url: str) -> _Json:
    """The paper as schema.org's ScholarlyArticle; `url` is its page here, absolute.

    It says that arXiv holds the text, and names a journal only where the authors did; our own summary is no abstract.
    """
    doi, journal = journal_doi(paper), read_journal(paper.journal_ref) if paper.journal_ref else None
    identifiers = [("arXiv", paper.arxiv_id), ("DOI", cited_doi(paper)), ("report number", paper.report_number)]
    data: _Json = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "url": url,
        "headline": paper.plain_title,
        "author": [_party(read_person(name)) for name in paper.authors[:MOST_AUTHORS]],
        "datePublished": f"{paper.published:%Y-%m-%d}",
        "dateModified": f"{paper.updated or paper.published:%Y-%m-%d}",
        "version": paper.version,
        "identifier": [
            {"@type": "PropertyValue", "propertyID": kind, "value": value} for kind, value in identifiers if value
        ],
        "sameAs": [abs_address(paper), f"https://doi.org/{doi}" if doi else ""],
        "keywords": paper.keywords,
        "isAccessibleForFree": True,
        "encoding": {"@type": "MediaObject", "encodingFormat": "application/pdf", "contentUrl": pdf_address(paper)},
        "license": paper.license if re.match(r"https?://", paper.license) else "",
        "abstract": "" if paper.is_summary else paper.plain_abstract,
    }
    if journal:
        data["isPartOf"] = {"@type": "Periodical", "name": journal.name}
    elif not paper.journal_ref:
        data["publisher"] = {"@type": "Organization", "name": "arXiv", "url": "https://arxiv.org/"}
    data["sameAs"] = list(filter(None, data["sameAs"]))
    return {name: value for name, value in data.items() if value not in ("", [], None)}


def _party(person: Person) -> _Json:
    if person.collective:
        return {"@type": "Organization", "name": person.family}
    said = " ".join(filter(None, (person.given, person.last, person.suffix)))
    parts = {"givenName": person.given, "familyName": person.last}
    return {"@type": "Person", "name": said, **{name: value for name, value in parts.items() if value}}


def plain(paper: Paper) -> str:
    """The paper in one line of text, as one cites it in a mail: authors, year, title, where."""
    names = paper.plain_authors
    if len(names) > NAMED_IN_LINE:
        who = f"{names[0]} et al."
    else:
        who = " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))
    where = f"arXiv:{paper.arxiv_id}"
    if not is_old_id(paper.arxiv_id) and paper.primary_category:
        where += f" [{paper.primary_category}]"
    title = paper.plain_title if paper.plain_title[-1:] in "?!." else f"{paper.plain_title}."
    year = f"({paper.published.year})." if who else f"{paper.published.year}."
    doi = journal_doi(paper)
    published = [to_text(paper.journal_ref).rstrip(".") + "."] if paper.journal_ref else []
    return collapse(" ".join([who, year, title, *published, f"{where}.", *([f"https://doi.org/{doi}"] if doi else [])]))
