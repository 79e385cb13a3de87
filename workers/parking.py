"""Messages that no worker can take are parked in the database: seen by the operator, and sent again on request."""

import json
from collections.abc import Callable
from typing import Any

import structlog
from celery.signals import task_rejected, task_unknown
from celery.worker.consumer import Consumer as CeleryConsumer
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError

from workers.models import ParkedMessage

LONGEST = 10_000  # characters of a body that are kept

log = structlog.get_logger(__name__)


class Consumer(CeleryConsumer):
    """Celery's consumer, which would drop a message that cannot be decoded, and die of one with odd headers."""

    def create_task_handler(self, *arguments: Any, **more: Any) -> Callable[[Any], None]:
        """Celery's own way to take a message, and to park one that it stumbles over."""
        handle = super().create_task_handler(*arguments, **more)

        def handle_any(message: Any) -> None:
            try:
                handle(message)
            except (LookupError, TypeError, ValueError, AttributeError) as error:  # not those of a lost connection
                park(message, f"cannot be handled: {type(error).__name__}: {error}")
                if not message.acknowledged:
                    message.ack()

        return handle_any

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Park it."""
        park(message, f"cannot be decoded: {exc}")
        message.ack()


@task_unknown.connect
def _unknown(message: Any = None, exc: object = None, **_: object) -> None:
    park(message, f"no such task: {exc}")


@task_rejected.connect
def _rejected(message: Any = None, exc: object = None, **_: object) -> None:
    park(message, f"no message of a task: {exc}" if exc else "no message of a task")


def park(message: Any, reason: str) -> None:
    """Keep a message. A database that is away costs the message, not the worker."""
    headers = message.headers or {} if message is not None else {}
    body = getattr(message, "body", b"")
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    queue = (getattr(message, "delivery_info", None) or {}).get("routing_key", "")
    task = str(headers.get("task", ""))[:200]
    log.error("a message was parked", task=task, queue=queue, reason=reason)
    try:
        ParkedMessage.objects.create(queue=str(queue)[:64], task=task, body=_storable(text), reason=_storable(reason))
    except DatabaseError as error:
        log.error("and could not be kept", body=text[:1000], reason=str(error))


def send_again(parked: ParkedMessage) -> bool:
    """Send a message once more, to the task it names; whether it could be sent. One that cannot be read cannot."""
    from workers.app import app  # here, since it names this module's consumer

    try:
        read = json.loads(parked.body)
        args, kwargs = read[0], read[1]
        if not (parked.task in app.tasks and isinstance(args, list) and isinstance(kwargs, dict)):
            return False
        app.tasks[parked.task].apply_async(args, kwargs, retry=False)
    except (ValueError, LookupError, TypeError, OperationalError):
        return False
    parked.again = timezone.now()
    parked.save(update_fields=["again"])
    return True


def _storable(text: str) -> str:
    return text[:LONGEST].replace("\x00", "�")
