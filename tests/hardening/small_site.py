"""A web server as the Procfile has it in front of a view that takes as long as it is told, with less patience."""

import time
from collections.abc import Iterable
from typing import Any

from config import web_worker

SECONDS = 0.1  # of /work
PATIENT = 1.2  # seconds with a slow client

web_worker.PATIENCE = 0.5
web_worker.HEAD = web_worker.BODY = web_worker.WRITE = PATIENT


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """For gunicorn: reads the body and answers with its length; /work takes SECONDS, /big is five million bytes."""
    if environ["PATH_INFO"] == "/work":
        time.sleep(SECONDS)
    number = len(environ["wsgi.input"].read())
    answer = b"x" * 5_000_000 if environ["PATH_INFO"] == "/big" else str(number).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]
