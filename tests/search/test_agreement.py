"""The two engines find the same: 10,000 real papers with their real vectors, a hundred queries of all kinds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.test import override_settings

from benchmarks.comparison import Agreement, compare, encode_queries, overlap, recalls, related_overlap, same_facet
from benchmarks.library import Library, fill, read_library
from benchmarks.queries import Asked, draw_queries
from search.encoder import Encoder
from search.engines import KINDS, engine_aside
from search.plan import Plan
from search.service import Context
from search.vectors import Vectors

PAPERS, QUERIES, RELATED = 10_000, 100, 25
Contexts = tuple[Context, Context]


@pytest.fixture(scope="module")
def library(shared_data: Path) -> Library:
    """Real papers."""
    return read_library(PAPERS)


@pytest.fixture(scope="module")
def contexts(library: Library, elasticsearch_url: str) -> Iterator[Contexts]:
    """Both engines, each holding the library."""
    server = {**settings.ELASTICSEARCH, "URL": tuple(elasticsearch_url.split(",")), "TIMEOUT": 30.0}
    with (
        override_settings(ELASTICSEARCH=server),
        engine_aside(KINDS[0]) as embedded,
        engine_aside(KINDS[1]) as elastic,
    ):
        for engine in (embedded, elastic):
            fill(engine, library)
        yield library.context(embedded), library.context(elastic)


@pytest.fixture(scope="module")
def queries(library: Library) -> list[Asked]:
    """Four of each kind."""
    return draw_queries(library.records, QUERIES, seed=4)


@pytest.fixture(scope="module")
def vectors(library: Library, queries: list[Asked], encoder: Encoder) -> dict[str, Vectors]:
    """Real vectors of the queries."""
    return encode_queries(queries, encoder, library.table)


@pytest.fixture(scope="module")
def agreement(contexts: Contexts, queries: list[Asked], vectors: dict[str, Vectors]) -> Agreement:
    """What comes of asking both."""
    agreement = Agreement()
    compare(*contexts, queries, vectors, agreement)
    return agreement


def test_queries_of_all_kinds_are_asked(agreement: Agreement, vectors: dict[str, Vectors]) -> None:
    assert agreement.asked.total() == QUERIES
    assert set(agreement.asked.values()) == {4}
    assert len(agreement.asked) == 25
    assert len(vectors) > 60
    assert sum(map(len, agreement.shares["shown"].values())) == QUERIES


@pytest.mark.parametrize("ranking", ["shown", "words", "meaning"])
def test_the_first_ten_are_the_same(agreement: Agreement, ranking: str) -> None:
    mean = agreement.mean(ranking)
    assert mean is not None
    assert mean >= 0.97


@pytest.mark.parametrize("kind", ["title", "question", "phrase", "date:", "mixture", "TeX and accents"])
def test_the_first_ten_of_each_kind_are_the_same(agreement: Agreement, kind: str) -> None:
    mean = agreement.mean("shown", kind)
    assert mean is not None
    assert mean >= 0.9


def test_totals_are_equal(agreement: Agreement) -> None:
    assert agreement.totals == []


def test_facets_are_equal(agreement: Agreement) -> None:
    assert agreement.facets == []


def test_relatives_are_the_same(contexts: Contexts, library: Library) -> None:
    numbers = list(range(1, PAPERS, PAPERS // RELATED))
    assert np.mean(related_overlap(*contexts, library, numbers)) >= 0.97


def test_the_nearest_are_found(contexts: Contexts, library: Library, vectors: dict[str, Vectors]) -> None:
    everything = Plan(None, (), "", (), False)
    asked = [(vector, everything) for vector in list(vectors.values())[:40]]
    found, seconds = recalls(contexts[0].engine, contexts[1].engine, library, asked)
    assert found[10] >= 0.99
    assert found[100] >= 0.98
    assert found[1000] >= 0.97
    assert 0 < seconds < 10


def test_a_difference_is_seen() -> None:
    assert overlap(np.array([1, 2, 3, 4]), np.array([4, 3, 9, 8])) == 0.5
    assert overlap(np.array([1, 2]), np.array([1])) == 0.5
    assert overlap(np.arange(20), np.arange(10)) == 1
    assert same_facet([("a", 3), ("b", 1)], [("a", 3), ("c", 1)])
    assert not same_facet([("a", 3), ("b", 1)], [("a", 3), ("c", 2)])
    assert not same_facet([("a", 3), ("b", 2), ("d", 1)], [("a", 3), ("c", 2), ("d", 1)])
    assert not same_facet([("a", 3)], [])
