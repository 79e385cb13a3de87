"""The site as a WSGI application."""

import os
import threading

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from search.service import warm  # noqa: E402 -- needs Django set up

# Pages are served at once; the encoder takes some seconds to load.
threading.Thread(target=warm, name="warm", daemon=True).start()
