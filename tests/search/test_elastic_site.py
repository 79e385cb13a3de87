"""Elasticsearch under a whole site, and beside other sites on one cluster."""

import time
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from elasticsearch import Elasticsearch
from pytest_django import Settings

from papers.ingest import ingest
from papers.models import IndexMark
from scripts.services.base import free_port
from search import indexing, marks
from search.encoder import Encoder
from search.engines import elastic_rebuild, get_engine
from search.engines.base import EngineError
from search.engines.elastic import ElasticEngine
from search.engines.elastic_mapping import SCHEMA_VERSION, index_settings, mappings
from tests.search.elastics import WIDTH, connect, document, filled, own_alias, record
from tests.search.site_process import draw_vectors


@pytest.fixture
def engine(elasticsearch_url: str, alias: str) -> ElasticEngine:
    """An engine with ten papers."""
    return filled(connect(elasticsearch_url, alias), 10)


# Beside others on one cluster


def test_a_rebuild_touches_no_other_site(elasticsearch_url: str, operator: Elasticsearch) -> None:
    with own_alias(elasticsearch_url) as alias:
        neighbours = [f"{alias}-2nd", f"{alias}-20", f"{alias}-filling", f"{alias}2"]
        others = [filled(connect(elasticsearch_url, name), 3) for name in neighbours]
        operator.indices.create(index=f"{alias}-2026-notes")
        ours = filled(filled(connect(elasticsearch_url, alias), 5), 6)
        assert [other.statistics(fresh=True).papers for other in others] == [3, 3, 3, 3]
        assert operator.indices.exists(index=f"{alias}-2026-notes")
        with ours.rebuild("fit-1", WIDTH) as fresh:
            fresh.index([document(1)])
            for other in others:  # while ours is filled
                filled(other, 4)
        assert ours.statistics(fresh=True).papers == 1
        assert [other.statistics(fresh=True).papers for other in others] == [4, 4, 4, 4]


def test_an_index_of_somebody_else_behind_the_alias_is_not_deleted(
    elasticsearch_url: str, alias: str, operator: Elasticsearch
) -> None:
    foreign = f"{alias}-of-somebody"
    operator.indices.create(index=foreign, aliases={alias: {}}, mappings={"properties": {"title": {"type": "long"}}})
    ours = connect(elasticsearch_url, alias)
    with pytest.raises(EngineError, match="made by another version"):
        ours.statistics()
    with pytest.raises(EngineError, match="made by another version"):
        ours.index([document(1)])
    filled(ours, 3)
    assert ours.statistics().papers == 3
    assert operator.indices.exists(index=foreign)


def test_an_index_that_has_the_name_of_the_alias_is_said(
    elasticsearch_url: str, alias: str, operator: Elasticsearch
) -> None:
    operator.indices.create(index=alias)
    with pytest.raises(EngineError, match="ELASTICSEARCH_INDEX"):
        filled(connect(elasticsearch_url, alias), 3)
    assert operator.indices.exists(index=alias)


def test_an_alias_of_two_indices_is_said_and_mended(engine: ElasticEngine, operator: Elasticsearch) -> None:
    operator.indices.create(index=f"{engine.alias}-other", aliases={engine.alias: {}})
    with pytest.raises(EngineError, match="several indices"):
        engine.statistics(fresh=True)
    filled(engine, 4)
    assert engine.statistics().papers == 4


def test_copies_that_find_no_node_do_not_hold_up_the_switch(
    elasticsearch_url: str, alias: str, operator: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elastic_rebuild, "COPIES_WAIT", "1s")
    engine = connect(elasticsearch_url, alias)
    engine.replicas = "50"
    filled(engine, 3)
    assert engine.statistics().papers == 3
    [index] = operator.indices.get_settings(index=alias).body.values()
    assert index["settings"]["index"]["number_of_replicas"] == "50"


# The whole site on it


@pytest.fixture
def site(
    db: None, elasticsearch_url: str, alias: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ElasticEngine]:
    """Twenty papers in database and index; the site's engine."""
    monkeypatch.setattr(Encoder, "encode", draw_vectors)
    settings.SEARCH_ENGINE = "elasticsearch"
    given = {"URL": tuple(elasticsearch_url.split(",")), "INDEX": alias, "TIMEOUT": 20.0}
    settings.ELASTICSEARCH = django_settings.ELASTICSEARCH | given
    get_engine.cache_clear()
    cache.clear()
    ingest(record(number) for number in range(20))
    assert indexing.index_pending() == 20
    engine = get_engine()
    assert isinstance(engine, ElasticEngine)
    yield engine
    get_engine.cache_clear()
    cache.clear()


def test_an_index_of_another_schema_is_said_and_made_anew(
    site: ElasticEngine, operator: Elasticsearch, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    meta = {"transform": "prior:all-MiniLM-L6-v2", "width": 64, "schema": SCHEMA_VERSION + 1}
    operator.indices.put_mapping(index=site.alias, meta=meta)
    site.forget()
    away = client.get("/search?q=gravity")
    assert away.status_code == 503
    assert b"Traceback" not in away.content
    assert "index --rebuild" in caplog.text
    assert client.get("/api/v1/search?q=gravity").json()["status"] == 503
    assert client.get("/").status_code == 200
    assert indexing.index_pending() == 20
    assert client.get("/search?q=gravity").status_code == 200


def test_a_mapping_that_does_not_fit_is_said_and_the_papers_stay_marked(
    site: ElasticEngine, operator: Elasticsearch, caplog: pytest.LogCaptureFixture
) -> None:
    strange = f"{site.alias}-strange"
    wanted = mappings("prior:all-MiniLM-L6-v2", 64)
    del wanted["properties"]["keyword"]  # the mapping is strict
    operator.indices.create(index=strange, mappings=wanted, settings=index_settings(1))
    [old] = operator.indices.get_alias(name=site.alias).body
    moved = [{"remove": {"index": old, "alias": site.alias}}, {"add": {"index": strange, "alias": site.alias}}]
    operator.indices.update_aliases(actions=moved)
    ingest([record(3, "Wasps instead")])
    with pytest.raises(EngineError, match="another version of Papertide"):
        indexing.index_pending()
    assert marks.pending().count() == 1
    assert not IndexMark.objects.exclude(claim=None).exists()
    operator.indices.delete(index=old)


@pytest.mark.django_db
def test_a_cluster_that_is_not_there_is_said_to_readers(settings: Settings, client: Client) -> None:
    settings.SEARCH_ENGINE = "elasticsearch"
    settings.ELASTICSEARCH = django_settings.ELASTICSEARCH | {"URL": (f"http://127.0.0.1:{free_port()}",)}
    get_engine.cache_clear()
    try:
        for _ in range(5):  # more than the circuit takes
            away = client.get("/search?q=gravity")
            assert (away.status_code, away["Retry-After"]) == (503, "30")
        start = time.monotonic()
        assert client.get("/search?q=gravity").status_code == 503
        assert time.monotonic() - start < 0.5
    finally:
        get_engine.cache_clear()
