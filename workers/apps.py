"""The app of workers: how papers arrive."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Workers."""

    name = "workers"
