"""The app of papers: what a paper is and what readers do with it."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    """Papers."""

    name = "papers"
