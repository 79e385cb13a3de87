"""A reader's papers as one file, BibTeX, RIS or CSV, written piece by piece: a library may hold many thousands."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from django.http import StreamingHttpResponse

from papers import bibtex, ris, spreadsheet
from papers.batches import batched
from papers.citations import Extra
from papers.models import Note, Paper, Tagged, Visitor
from papers.views.exports import FORMATS

CHUNK: Final = 500  # papers that are held at a time
OWN_COLUMNS: Final = ("tags", "note")

Extras = Callable[[Sequence[int]], dict[int, Extra]]


def as_stream(kind: str, name: str, ids: Sequence[int], extras: Extras) -> StreamingHttpResponse:
    """The papers (primary keys) in their order as a file to be kept, in a format of `papers.views.exports.FORMATS`."""
    form = FORMATS[kind]
    response = StreamingHttpResponse(written(kind, ids, extras), content_type=form.content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form.extension}"'
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "private, no-store"
    return response


def written(kind: str, ids: Sequence[int], extras: Extras) -> Iterator[str]:
    """The text of such a file; those that arXiv removed are left out."""
    if kind == "bibtex":
        return _bibtex(ids, extras)
    return _ris(ids, extras) if kind == "ris" else _csv(ids, extras)


def own(visitor: Visitor, *, notes: bool) -> Extras:
    """What a visitor adds to papers: her tags, and her notes where she wants them; one query each for CHUNK papers."""

    def extras(ids: Sequence[int]) -> dict[int, Extra]:
        tags = defaultdict(list)
        named = Tagged.objects.filter(tag__visitor=visitor, paper__in=ids).order_by("tag__name")
        for paper, name in named.values_list("paper_id", "tag__name"):
            tags[paper].append(name)
        texts: dict[int, str] = {}
        if notes:
            texts = dict(Note.objects.filter(visitor=visitor, paper__in=ids).values_list("paper_id", "text"))
        return {pk: Extra(tuple(tags.get(pk, ())), texts.get(pk, "")) for pk in ids}

    return extras


def _chunks(ids: Sequence[int], *fields: str) -> Iterator[list[Paper]]:
    papers = Paper.objects.filter(removed=False).only(*fields) if fields else Paper.objects.filter(removed=False)
    for part in batched(ids, CHUNK):
        known = papers.in_bulk(part)
        yield [known[pk] for pk in part if pk in known]


def _with(ids: Sequence[int], extras: Extras) -> Iterator[list[tuple[Paper, Extra]]]:
    for papers in _chunks(ids):
        theirs = extras([paper.pk for paper in papers])
        yield [(paper, theirs[paper.pk]) for paper in papers]


def _bibtex(ids: Sequence[int], extras: Extras) -> Iterator[str]:
    times: Counter[str] = Counter()  # keys are unique over the whole file: a first look at all that they are made of
    for papers in _chunks(ids, "arxiv_id", "title", "authors", "published"):
        times.update(map(bibtex.plain_key, papers))
    first = True
    for chunk in _with(ids, extras):
        entries = [bibtex.entry(paper, bibtex.key_among(paper, times), extra) for paper, extra in chunk]
        yield ("" if first or not entries else "\n") + "\n".join(entries)
        first = False


def _ris(ids: Sequence[int], extras: Extras) -> Iterator[str]:
    first = True
    for chunk in _with(ids, extras):
        yield ("" if first or not chunk else "\r\n") + "\r\n".join(ris.record(paper, extra) for paper, extra in chunk)
        first = False


def _csv(ids: Sequence[int], extras: Extras) -> Iterator[str]:
    yield spreadsheet.heading(OWN_COLUMNS)
    for chunk in _with(ids, extras):
        yield spreadsheet.rows(chunk)
