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


def _broker() -> dict[str, Any]:
    if settings.REDIS_URL:
        # Longer than any task: an unfinished one is not handed out twice.
        options = {"visibility_timeout": 6 * HOUR}
        return {"broker_url": settings.REDIS_URL, "broker_transport_options": options}
    folder = settings.DATA_DIR / "broker"
    folders = {name: folder / name for name in ("messages", "control")}
    for path in folders.values():
        path.mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://localhost",
        "broker_transport": "workers.broker:Transport",
        "broker_transport_options": {
            "data_folder_in": str(folders["messages"]),
            "data_folder_out": str(folders["messages"]),
            "control_folder": str(folders["control"]),
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
    task_default_queue="default",
    task_queues=[Queue(name, routing_key=name) for name in ("default", "network")],
    task_routes={"workers.tasks.pull": {"queue": "network"}, "workers.tasks.fill": {"queue": "network"}},
    beat_schedule_filename=str(settings.DATA_DIR / "beat-schedule"),
    # A wake-up is worth nothing once the next is due. Pulls go by the time since the last one: by the clock,
    # all sites would ask arXiv at once.
    beat_schedule={
        "index": {"task": "workers.tasks.index_pending", "schedule": MINUTE, "options": {"expires": MINUTE}},
        "pull": {"task": "workers.tasks.pull", "schedule": HOUR, "options": {"expires": HOUR}},
    },
)


@setup_logging.connect
def _keep_the_sites_logging(**_: object) -> None:
    """Log as Django's settings say; Celery's word on each message is kept to what went wrong."""
    for name in ("celery", "kombu"):
        logging.getLogger(name).setLevel(logging.WARNING)
