"""Settings of a site that is measured: with the views of `http_views` beside its own, the embedded index where
BENCH_INDEX says, and without any cache of answers where BENCH_CACHES=none."""

import os
from pathlib import Path

from scripts.throwaway_settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.suite.http_views"
if "BENCH_INDEX" in os.environ:
    INDEX_DIR = Path(os.environ["BENCH_INDEX"])
if os.environ.get("BENCH_CACHES") == "none":
    # What limits count is no answer, and stays.
    CACHES |= {  # noqa: F405
        name: {"BACKEND": "django.core.cache.backends.dummy.DummyCache"} for name in ("default", "pieces", "pickers")
    }
