"""The site as an ASGI application."""

import os

from django.core.asgi import get_asgi_application

from config import process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
process.claim("web")
application = get_asgi_application()
