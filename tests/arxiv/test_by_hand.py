"""The loopback arXiv as it is started from the command line."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings

COMMAND = [sys.executable, "-m", "tests.arxiv"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has a site of his own."""
    return {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}


def test_it_serves_and_says_how_to_use_it(environment: dict[str, str]) -> None:
    arguments = [
        "--port",
        "0",
        "--days",
        "2",
        "--per-day",
        "3",
        "--shelf",
        "--fault",
        "too-many=2",
        "--fault",
        "unsorted",
    ]
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        said = "".join(iter(process.stdout.readline, "Ctrl+C ends it.\n"))
        assert "the sample shelf" in said
        found = re.search(r"ARXIV_URL=(http://127\.0\.0\.1:\d+) ARXIV_DELAY=0 make run", said)
        assert found
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        state = json.load(opener.open(f"{found[1]}/control", timeout=10))
        assert (len(state["days"]), state["faults"]["too_many"], state["faults"]["unsorted"]) == (2, 2, True)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "nonsense"], "no such fault: nonsense"),
        (["--fault", "slow=x"], "slow: expected seconds"),
        (["--ends", "soon"], "soon is no date"),
        (["--days", "0"], "a number from 1 on"),
        (["--shelf", "--days", "1", "--per-day", "99999", "--ends", "2026-09-25"], "more than 99,999 ids in 2026-09"),
    ],
)
def test_bad_arguments_get_one_clear_line(environment: dict[str, str], arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
