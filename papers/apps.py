"""The app of papers: what a paper is and what readers do with it."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    """Papers."""

    name = "papers"

    def ready(self) -> None:
        """Who signs in takes along what her browser kept."""
        from papers.accounts import merging as _merging  # noqa: F401
