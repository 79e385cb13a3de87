"""The site as a WSGI application."""

import os
import threading

from django.core.wsgi import get_wsgi_application

from config import process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
process.claim("web")
application = get_wsgi_application()

from django.db import connections  # noqa: E402 -- needs Django set up

from search.service import warm  # noqa: E402


def _warm() -> None:
    try:
        warm()
    finally:
        connections.close_all()  # nobody else gives a thread's connection back to the pool


# Pages are served at once; the encoder takes some seconds to load.
threading.Thread(target=_warm, name="warm", daemon=True).start()
