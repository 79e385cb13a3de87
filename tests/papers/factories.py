"""Makes papers for tests."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import factory

from papers.models import Announcement, DayList, Kind, Paper, PaperCategory, PaperVersion

FIRST_DAY = datetime(2025, 11, 3, 9, tzinfo=UTC)


class PaperFactory(factory.django.DjangoModelFactory[Paper]):
    """A paper with its category links; the later ones are a second newer, all of them on one day."""

    class Meta:
        model = Paper
        skip_postgeneration_save = True

    arxiv_id = factory.Sequence(lambda number: f"2511.{number + 1:05}")
    version = 1
    title = factory.Sequence(lambda number: f"Tidal flow number {number}")
    abstract = "We measure tides and say what was found."
    authors = ["Ada Moon", "Ben Shore"]
    categories = ["cs.CL"]
    published = factory.Sequence(lambda number: FIRST_DAY + timedelta(seconds=number % 36_000))

    @factory.post_generation
    def category_links(obj: Paper, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        """Link the paper to its categories."""
        if create:
            PaperCategory.objects.bulk_create(
                PaperCategory(paper=obj, category=code, published=obj.published) for code in obj.categories
            )


def day_list(category: str, day: str, **kinds: Iterable[Paper]) -> DayList:
    """The list of a category and day as a feed gives it; `kinds` are the papers by kind, in arXiv's order:
    `day_list("cs.CL", "2025-11-21", new=[first, second], replace_cross=[third])`."""
    of = date.fromisoformat(day)
    lines = [(Kind[name.upper()], paper) for name, papers in kinds.items() for paper in papers]
    Announcement.objects.bulk_create(
        Announcement(
            paper=paper, day=of, category=category, kind=kind, position=place, version=paper.version, by_rss=True
        )
        for place, (kind, paper) in enumerate(lines, 1)
    )
    built = datetime.combine(of, datetime.min.time(), UTC) + timedelta(hours=5)
    return DayList.objects.create(category=category, day=of, lines=len(lines), fetched=built, built=built)


def version_of(paper: Paper, version: int, **text: Any) -> PaperVersion:
    """An earlier version of a paper, like the newest but for `text`."""
    fields = {"title": paper.title, "abstract": paper.abstract, "authors": paper.authors, **text}
    return PaperVersion.objects.create(paper=paper, version=version, submitted=paper.published, **fields)
