"""The Celery application: its broker, its beat, its manners. Tasks are in `workers/tasks.py`.

`celery -A workers worker -B` consumes every queue; a message is a wake-up (see `workers/broker.py`).
"""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu import Queue

from config import process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
process.claim("worker")

from django.conf import settings  # noqa: E402 -- asks what this process is

MINUTE, HOUR = 60, 3600
# Seconds that a wake-up is worth something. The next comes after a minute, and a second one finds nothing to do; but
# who takes it may live on another machine, whose clock would have it expired before it came.
EXPIRY = 5 * MINUTE
QUEUES = ("network", "embedding", "default")


def _broker() -> dict[str, Any]:
    if settings.REDIS_URL:
        # Longer than a task takes (`arrival.SLICE`, and then a page): a message that nobody confirmed by then was
        # taken by a worker that died. Encoding and rebuilding may take longer; who gets their message a second time
        # finds their lock and goes home.
        options = {
            "visibility_timeout": HOUR,
            "socket_connect_timeout": 2,
            "socket_timeout": 5,  # of a Redis that is silent; longer than kombu's poll, which Redis answers each second
            "socket_keepalive": True,
            "max_retries": 0,  # of sending: Celery has its own for a worker's connection
        }
        return {
            "broker_url": settings.REDIS_URL,
            "broker_transport": "workers.broker:RedisTransport",
            "broker_transport_options": options,
        }
    folder = settings.DATA_DIR / "broker"
    return {
        "broker_url": "filesystem://localhost",
        "broker_transport": "workers.broker:Transport",
        "broker_transport_options": {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
        },
        # Without a server there is nobody to carry remote control, and its reply files would pile up.
        "worker_enable_remote_control": False,
    }


app = Celery("papertide")
app.conf.update(
    **_broker(),
    include=["workers.tasks"],
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    enable_utc=True,
    timezone="UTC",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
    worker_consumer="workers.parking:Consumer",
    task_default_queue="default",
    task_queues=[Queue(name, routing_key=name) for name in QUEUES],
    task_routes={
        "workers.tasks.arrive": {"queue": "network"},
        "workers.tasks.fill": {"queue": "network"},
        "workers.tasks.index_pending": {"queue": "embedding"},
    },
    beat_schedule_filename=str(settings.DATA_DIR / "beat-schedule"),
    # Beat looks each minute; what is due by arXiv's hours is told by `workers/schedule.py`.
    beat_schedule={
        "tick": {"task": "workers.tasks.tick", "schedule": MINUTE, "options": {"expires": EXPIRY}},
        "index": {"task": "workers.tasks.index_pending", "schedule": MINUTE, "options": {"expires": EXPIRY}},
    },
)


@setup_logging.connect
def _keep_the_sites_logging(**_: object) -> None:
    """Log as Django's settings say; Celery's word on each message is kept to what went wrong."""
    for name in ("celery", "kombu"):
        logging.getLogger(name).setLevel(logging.WARNING)
