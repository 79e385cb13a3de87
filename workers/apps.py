"""The app of workers: how papers arrive."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Workers."""

    name = "workers"

    def ready(self) -> None:
        """Wake the workers when a reader opens the address of a paper that is not here."""
        from papers import wanted

        wanted.asked.connect(_wake, dispatch_uid="workers")


def _wake(**_: object) -> None:
    from workers.tasks import arrive, wake  # at the first request: a web process that needs no Celery is spared it

    wake(arrive, "network")
