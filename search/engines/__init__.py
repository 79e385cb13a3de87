"""The site's search engine."""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from search.engines.base import Engine
from search.engines.embedded import EmbeddedEngine


@lru_cache(maxsize=1)
def get_engine() -> Engine:
    """The engine that SEARCH_ENGINE names. Raises ImproperlyConfigured for a name that is none."""
    if settings.SEARCH_ENGINE == "embedded":
        return EmbeddedEngine(settings.INDEX_DIR)
    raise ImproperlyConfigured(f"SEARCH_ENGINE={settings.SEARCH_ENGINE!r}: expected 'embedded'.")
