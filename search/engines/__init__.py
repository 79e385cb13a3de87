"""The site's search engine."""

from functools import lru_cache

from django.conf import settings

from search.engines.base import Engine


@lru_cache(maxsize=1)
def get_engine() -> Engine:
    """The engine that SEARCH_ENGINE names. Raises EngineError where its settings cannot be right."""
    # Either engine's library is loaded only where it serves: together they cost a second at each start.
    if settings.SEARCH_ENGINE == "elasticsearch":
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
        return ElasticEngine(Cluster(address), given["INDEX"], shards=given["SHARDS"], replicas=given["REPLICAS"])
    from search.engines.embedded import EmbeddedEngine

    return EmbeddedEngine(settings.INDEX_DIR)
