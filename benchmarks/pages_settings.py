"""Settings of a site whose pages are measured: with the plain view beside its own, and without the cache of cards'
pieces where PIECES=none."""

import os

from scripts.throwaway_settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.plain"
if os.environ.get("PIECES") == "none":
    CACHES["pieces"] = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}  # noqa: F405
