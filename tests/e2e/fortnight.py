"""Announcement lists such as arXiv's feeds would have told them, of all kinds, for a site that was loaded from a file.

The papers of a day are new in the list of their primary category and cross-lists in their others; older ones are
replaced, and keep what they said before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle, islice

from django.db import transaction

from papers.models import Announcement, DayList, Kind, Paper, PaperVersion

REPLACED = 0.4  # replacements a new paper, about as at arXiv
Lines = dict[str, list[tuple[Kind, Paper]]]


def days_published(count: int, least: int = 1) -> dict[date, list[Paper]]:
    """The newest `count` days with at least `least` papers, oldest first, with the papers published on them: in the
    data at hand `published` is the day of the listing."""
    newest = Paper.objects.order_by("-published").values_list("published", flat=True)[: count * 2000]
    numbers: dict[date, int] = {}
    for moment in newest:
        numbers[moment.date()] = numbers.get(moment.date(), 0) + 1
    days = [day for day, number in numbers.items() if number >= least][:count]
    return {day: list(Paper.objects.filter(published__date=day).order_by("arxiv_id")) for day in reversed(days)}


def days_dealt(last: date, count: int) -> dict[date, list[Paper]]:
    """All papers but the oldest third, dealt out over the `count` weekdays up to `last`, oldest first."""
    papers = list(Paper.objects.order_by("-published", "-id"))
    papers = papers[: len(papers) * 2 // 3]
    back = (last - timedelta(days=number) for number in range(count * 2))
    days = sorted(islice((day for day in back if day.weekday() < 5), count))
    return {day: papers[number::count] for number, day in enumerate(days)}


@transaction.atomic
def announce(days: Mapping[date, Sequence[Paper]]) -> None:
    """Make the lists of all categories on `days`; papers of none of them are replaced in turn."""
    new = {paper.pk for papers in days.values() for paper in papers}
    wanted = int(sum(map(len, days.values())) * REPLACED)
    older = list(Paper.objects.exclude(pk__in=new).order_by("-published", "-id")[: max(1, wanted)])
    supply = cycle(older)
    for day, papers in days.items():
        replaced = list(islice(supply, int(len(papers) * REPLACED)))
        _lists(day, papers, list({paper.pk: paper for paper in replaced}.values()))
    _keep_earlier(older[:wanted])


def _lists(day: date, new: Iterable[Paper], replaced: Iterable[Paper]) -> None:
    lines: Lines = {}
    for paper, first, other in _kinds(new, replaced):
        for number, code in enumerate(paper.categories):
            lines.setdefault(code, []).append((other if number else first, paper))
    built = datetime.combine(day, time(5), UTC)
    rows: list[Announcement] = []
    for code, entries in lines.items():
        entries.sort(key=lambda entry: entry[0])
        rows += [
            Announcement(
                paper=paper,
                day=day,
                category=code,
                kind=kind,
                position=place,
                version=2 if kind in (Kind.REPLACE, Kind.REPLACE_CROSS) else 1,
                by_rss=True,
            )
            for place, (kind, paper) in enumerate(entries, 1)
        ]
    DayList.objects.bulk_create(
        DayList(day=day, category=code, lines=len(entries), fetched=built, built=built)
        for code, entries in lines.items()
    )
    Announcement.objects.bulk_create(rows, batch_size=1000)


def _kinds(new: Iterable[Paper], replaced: Iterable[Paper]) -> Iterator[tuple[Paper, Kind, Kind]]:
    """Papers with their kind in the list of their primary category and in their other lists."""
    for paper in new:
        yield paper, Kind.NEW, Kind.CROSS
    for paper in replaced:
        yield paper, Kind.REPLACE, Kind.REPLACE_CROSS


def _keep_earlier(papers: Iterable[Paper]) -> None:
    """Each paper is a second version now; every other one had another title, all of them another last sentence."""
    kept = []
    for number, paper in enumerate(papers):
        title = paper.title if number % 2 else f"Towards {paper.title}"
        abstract = paper.abstract.rstrip().removesuffix(".").rpartition(". ")[0]
        kept.append(
            PaperVersion(
                paper=paper,
                version=1,
                title=title,
                abstract=f"{abstract or paper.abstract.rstrip()}.",
                authors=paper.authors[: max(1, len(paper.authors) - number % 3)],
                submitted=paper.published,
            )
        )
        paper.version = 2
        paper.updated = paper.updated or paper.published + timedelta(days=14)
    PaperVersion.objects.bulk_create(kept, batch_size=500)
    Paper.objects.bulk_update([row.paper for row in kept], ["version", "updated"], batch_size=500)
