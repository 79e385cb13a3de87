"""Papers to take along: BibTeX, RIS and CSV of one paper, of several, and of every list."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from papers import bibtex as bibtex_file
from papers import ris, spreadsheet
from papers.announcements import DaysOfLists, list_days, newest_day, read_without
from papers.categories import CategorySpec, UnknownCategory, split_spec
from papers.identifiers import ArxivId
from papers.listing import Listing, in_order
from papers.models import Paper
from papers.selection import by_time, from_entries, read_order
from papers.tex import fold
from papers.views.lists import LONGEST_SPAN
from papers.views.sifting import read_days

MOST: Final = 2_000
"""Papers of a list in one file."""

MOST_NAMED: Final = 100
"""Papers of an address that names each."""


@dataclass(frozen=True, slots=True)
class Format:
    """How papers are written into a file: `write` takes them and remarks, and gives its text."""

    extension: str
    content_type: str
    write: Callable[[Sequence[Paper], Iterable[str]], str]


FORMATS: Final = {
    "bibtex": Format("bib", bibtex_file.CONTENT_TYPE, bibtex_file.bibtex),
    "ris": Format("ris", ris.CONTENT_TYPE, ris.ris),
    "csv": Format("csv", spreadsheet.CONTENT_TYPE, spreadsheet.as_csv),
}


def as_file(kind: str, name: str, papers: Sequence[Paper], remarks: Iterable[str] = ()) -> HttpResponse:
    """The papers as a file to be kept, in a format of FORMATS; `name` becomes the file's, in plain letters.

    The text says nothing of the moment, so that the site's ETag stays as long as the papers do.
    """
    form = FORMATS[kind]
    plain = re.sub(r"[^a-z0-9.+]+", "-", fold(name)).strip("-.")[:80] or "papers"
    response = HttpResponse(form.write(papers, remarks), content_type=form.content_type)
    response["Content-Disposition"] = f'attachment; filename="{plain}.{form.extension}"'
    response["X-Robots-Tag"] = "noindex"
    return response


def refused(message: str, status: int) -> HttpResponse:
    """A line of text in the place of a file."""
    return HttpResponse(f"{message}\n", status=status, content_type="text/plain; charset=utf-8")


def cut_short(shown: int, total: int | None = None) -> list[str]:
    """The remark of a file that does not hold all papers."""
    if total is None:
        return [f"These are the first {shown} papers; there are more."]
    return [f"These are the first {shown} of {total} papers."] if total > shown else []


@require_safe
def of_paper(request: HttpRequest, kind: str, arxiv_id: ArxivId) -> HttpResponseBase:
    """One paper: 404 where it is not here, 410 where arXiv has removed it."""
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first()
    if paper is None:
        return refused(_("There is no paper %(id)s here.") % {"id": arxiv_id}, 404)
    if paper.removed:
        return refused(_("arXiv has removed %(id)s.") % {"id": arxiv_id}, 410)
    return as_file(kind, f"arxiv-{paper.arxiv_id}", [paper])


@require_safe
def of_papers(request: HttpRequest, kind: str, ids: tuple[ArxivId, ...]) -> HttpResponseBase:
    """The papers that an address names, MOST_NAMED at most; those that are not here are told in a remark."""
    bases = list(dict.fromkeys(found.base for found in ids))
    known = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=bases[:MOST_NAMED], removed=False)}
    if not known:
        return refused(_("None of these papers is here."), 404)
    missing = [base for base in bases[:MOST_NAMED] if base not in known]
    remarks = [f"Not here: {', '.join(missing)}."] if missing else []
    remarks += cut_short(MOST_NAMED, len(bases))
    return as_file(kind, "arxiv-papers", [known[base] for base in bases if base in known], remarks)


@require_safe
def of_list(request: HttpRequest, kind: str, spec: str = "") -> HttpResponseBase:
    """What the list of `spec` shows with the same `?date=`, `?from=`, `?to=`, `?without=` and `?sort=time`, MOST papers
    at most; without a spec the front page's. A visitor's own orders and marks make no file."""
    try:
        read = split_spec(spec) if spec else None
    except UnknownCategory as error:
        return refused(str(error), 404)
    notes: list[str] = []
    _day, start, end = read_days(request, notes)
    order = read_order(request.GET.get("sort"), notes)
    if notes:
        return refused(notes[0], 400)
    if read is None and start is None and end is None:
        start = end = newest_day(None, list_days(None))
    without = read_without(request.GET.get("without", ""))[0]
    papers, remarks = _listed(read, (start, end), without, in_time=order.name == "time")
    days = "-to-".join(dict.fromkeys(f"{each}" for each in (start, end) if each))
    return as_file(kind, f"arxiv-{read or 'all'}{f'-{days}' if days else ''}", papers, remarks)


def _listed(
    spec: CategorySpec | None, days: tuple[date | None, date | None], without: tuple[str, ...], *, in_time: bool
) -> tuple[list[Paper], list[str]]:
    """The papers of a list in its order, and what is to be said of them."""
    start, end = days
    if start and end and end - start <= LONGEST_SPAN and (announced := DaysOfLists(spec, start, end)).lists:
        items = from_entries(announced.entries_without(without))
        shown = (by_time(items) if in_time else items)[:MOST]
        return in_order(item.paper_id for item in shown), cut_short(MOST, len(items))
    papers = Listing(spec, start, end).papers(MOST + 1)
    return papers[:MOST], cut_short(MOST) if len(papers) > MOST else []


ADDRESSES: Final = (
    ("papers:ids", of_papers, "papers"),
    ("paper:arxiv_id", of_paper, "paper"),
    ("str:spec", of_list, "listing"),
)
"""What stands before `/bibtex` and so on in an address, whose view it is, and the beginning of its name."""
