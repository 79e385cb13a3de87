"""The app of search: how papers are found."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Search."""

    name = "search"
