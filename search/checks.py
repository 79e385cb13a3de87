"""Django's checks of the search settings: those that need no network."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from search.engines import get_engine
from search.engines.base import EngineError


@register()
def search_settings(**_: Any) -> list[CheckMessage]:
    """SEARCH_ENGINE and what belongs to it can be right as they stand."""
    try:
        get_engine()
    except (EngineError, OSError) as error:
        return [Error(str(error), id="search.E001")]
    return []
