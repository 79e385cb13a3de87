"""The app of workers: how papers arrive."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Workers."""

    name = "workers"

    def ready(self) -> None:
        """Wake the workers when a reader opens the address of a paper that is not here."""
        from papers import wanted
        from workers import checks  # noqa: F401 -- to be registered

        wanted.asked.connect(_wake, dispatch_uid="workers")


def _wake(**_: object) -> None:
    """The reader's request stands in the database: what goes wrong from here on is not for their page to say."""
    from workers import waking

    waking.soon(_wake_arrivals)


def _wake_arrivals() -> None:
    from workers.tasks import arrive, wake  # at the first request: a web process that needs no Celery is spared it

    wake(arrive, "network")
