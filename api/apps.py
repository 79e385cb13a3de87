"""The app of the JSON API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Api."""

    name = "api"
