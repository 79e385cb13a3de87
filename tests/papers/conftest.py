"""Papers that the tests of the pages find in the database."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from papers.views.sifting import entries_of
from tests.papers.pages import paper


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    """What one test asks arXiv for is not counted in the next."""
    cache.clear()
    entries_of.cache_clear()
    yield
    cache.clear()


@pytest.fixture
def six_papers(db: None) -> None:
    """Six papers over five days and several archives."""
    paper("2511.00001", "cs.AI", "2025-11-01")
    paper("2511.00002", "cs.AI cs.LG", "2025-11-02")
    paper("2511.00003", "cs.LG cs.CY", "2025-11-02")
    paper("2511.00004", "cond-mat.str-el", "2025-11-03")
    paper("hep-th/9108020", "hep-th", "1991-08-26")
    paper("2511.00005", "math.NA", "2025-11-04")
