"""What `manage.py check --deploy` says about the workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import ROOT

POSTGRESQL = "postgresql://nobody@127.0.0.1:9/papertide"
REDIS = "redis://127.0.0.1:9/0"


@pytest.mark.parametrize(("database", "redis", "warned"), [(POSTGRESQL, "", 1), (POSTGRESQL, REDIS, 0), ("", "", 0)])
def test_machines_that_may_be_several_are_asked_for_a_redis(
    tmp_path: Path, database: str, redis: str, warned: int
) -> None:
    given = {"DATA_DIR": str(tmp_path), "DATABASE_URL": database, "REDIS_URL": redis}
    given |= {"DJANGO_ALLOW_ASYNC_UNSAFE": ""}  # what the tests in a browser set
    environment = os.environ | given | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", "check", "--deploy"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("(workers.W001)") == warned
