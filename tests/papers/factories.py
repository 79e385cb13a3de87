"""Makes papers for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory

from papers.models import Paper, PaperCategory

FIRST_DAY = datetime(2025, 11, 3, 9, tzinfo=UTC)


class PaperFactory(factory.django.DjangoModelFactory[Paper]):
    """A paper with its category links; the later ones are a minute newer, all on one day up to some hundred."""

    class Meta:
        model = Paper
        skip_postgeneration_save = True

    arxiv_id = factory.Sequence(lambda number: f"2511.{number + 1:05}")
    version = 1
    title = factory.Sequence(lambda number: f"Tidal flow number {number}")
    abstract = "We measure tides and say what was found."
    authors = ["Ada Moon", "Ben Shore"]
    categories = ["cs.CL"]
    published = factory.Sequence(lambda number: FIRST_DAY + timedelta(minutes=number % 600))

    @factory.post_generation
    def category_links(obj: Paper, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        """Link the paper to its categories."""
        if create:
            PaperCategory.objects.bulk_create(
                PaperCategory(paper=obj, category=code, published=obj.published) for code in obj.categories
            )
