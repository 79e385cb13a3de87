"""Settings of the tests: the site's own, on a folder that is thrown away."""

import os
import sys
import tempfile
from pathlib import Path

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="papertide-tests-")
# Written down once for all tests of this checkout, not once a site.
os.environ["ONNX_DIR"] = str(Path(sys.prefix) / "onnx")
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ["ARXIV_URL"] = "http://127.0.0.1:9"  # no test reaches arXiv
os.environ["ARXIV_DELAY"] = "0"
os.environ["LIMIT_PAGES"] = os.environ["LIMIT_API"] = "0"  # tests ask faster than readers

from config.settings import *  # noqa: F403

STATIC_ROOT = DATA_DIR / "static"  # noqa: F405
STATIC_ROOT.mkdir()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# What makes a password slow to try makes each reader of a test slow to make.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
