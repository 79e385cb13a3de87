"""How papers are found."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Query language, engines, vectors, keywords, ranking, related papers, search page."""

    name = "search"

    def ready(self) -> None:
        """Register the checks."""
        from search import checks  # noqa: F401
