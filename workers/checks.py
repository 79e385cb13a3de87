"""What `manage.py check --deploy` says about the workers."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


@register(deploy=True)
def turns_are_shared(**_: Any) -> list[CheckMessage]:
    """A database that several machines can share asks for a Redis that they share: turns at arXiv are kept there."""
    if settings.REDIS_URL or not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return []
    return [
        Warning(
            "PostgreSQL without REDIS_URL: each machine takes its own turns at arXiv.",
            hint="Where workers run on more than one machine, set REDIS_URL, so that together they ask arXiv for one "
            "thing at a time. With all workers on one machine this can be left as it is.",
            id="workers.W001",
        )
    ]
