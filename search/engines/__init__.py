"""The site's search engine."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from config.options import ENGINES
from search.engines.base import Engine, EngineError

if TYPE_CHECKING:
    from search.engines.elastic import ElasticEngine


KINDS = ENGINES


@lru_cache(maxsize=1)
def get_engine() -> Engine:
    """The engine that SEARCH_ENGINE names. Raises EngineError where its settings cannot be right."""
    # Either engine's library is loaded only where it serves: together they cost a second at each start.
    if settings.SEARCH_ENGINE == "elasticsearch":
        return elastic_engine(settings.ELASTICSEARCH["INDEX"])
    from search.engines.embedded import EmbeddedEngine

    return EmbeddedEngine(settings.INDEX_DIR)


# A worker's pool forks after Django's checks have made one: locks and connections must not be shared with the child.
os.register_at_fork(after_in_child=get_engine.cache_clear)


@contextmanager
def engine_aside(kind: str) -> Iterator[Engine]:
    """An engine of one of KINDS that has nothing to do with the site's index: empty at first, gone at the end.

    Raises EngineError where the settings of Elasticsearch cannot be right.
    """
    if kind == "elasticsearch":
        from search.engines.elastic_rebuild import drop

        engine = elastic_engine(f"{settings.ELASTICSEARCH['INDEX']}-aside-{uuid.uuid4().hex[:12]}")
        try:
            yield engine
        except BaseException:
            with suppress(EngineError):
                drop(engine)
            raise
        else:
            drop(engine)
        finally:
            engine.cluster.close()
    else:
        from search.engines.embedded import EmbeddedEngine

        with tempfile.TemporaryDirectory() as folder:
            yield EmbeddedEngine(Path(folder))


def elastic_engine(alias: str) -> "ElasticEngine":
    """The engine behind `alias` on the cluster of the settings. Raises EngineError where these cannot be right."""
    from search.engines.elastic import ElasticEngine
    from search.engines.elastic_client import Address, Cluster

    given = settings.ELASTICSEARCH
    address = Address(
        urls=given["URL"],
        user=given["USER"],
        password=given["PASSWORD"],
        api_key=given["API_KEY"],
        ca_file=given["CA_FILE"],
        timeout=given["TIMEOUT"],
    )
    return ElasticEngine(Cluster(address), alias, shards=given["SHARDS"], replicas=given["REPLICAS"])
