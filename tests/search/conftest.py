"""What the tests of Elasticsearch share."""

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from tests.search.elastics import own_alias


@pytest.fixture
def alias(elasticsearch_url: str) -> Iterator[str]:
    """An alias of the test's own."""
    with own_alias(elasticsearch_url) as alias:
        yield alias


@pytest.fixture
def operator(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    """Somebody who works on the cluster by hand."""
    with Elasticsearch(elasticsearch_url.split(","), request_timeout=30) as client:
        yield client
