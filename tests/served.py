"""The sample shelf served by a process of its own, for what talks to a site over HTTP."""

from collections.abc import Iterator

import pytest

from scripts.throwaway import Site

_FILL = """
import django

django.setup()
from papers.shelf import load_shelf
from search.indexing import index_pending

load_shelf()
index_pending()
"""


@pytest.fixture(scope="session")
def served_shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the sample shelf in its index, served for the whole run; tests only read from it."""
    site = Site(tmp_path_factory.mktemp("served") / "site")
    site.manage("migrate", "--verbosity", "0")
    site.run("-c", _FILL)
    with site.serving():
        yield site
