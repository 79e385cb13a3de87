"""How papers arrive: sources, politeness, the Celery application and its tasks."""

from typing import TYPE_CHECKING

if not TYPE_CHECKING:  # mypy would take it for the type of every module in here

    def __getattr__(name: str) -> object:
        """`celery -A workers` looks for `celery` here; a web process that does not ask is spared the import."""
        if name == "celery":
            from workers.app import app

            return app
        raise AttributeError(name)
