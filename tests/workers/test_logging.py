"""The log: lines for people or for programs, in which a run can be followed from its source to the index."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

LOGGING = """
import logging, django
django.setup()
import structlog
log = structlog.get_logger("ours")
with structlog.contextvars.bound_contextvars(run="3f9c01aa"):
    log.info("page", papers=2)
    logging.getLogger("theirs").warning("slow: %s", "très")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
    logging.getLogger("theirs").exception("failed too")
logging.getLogger("theirs").debug("not told")
"""

FOLLOWED = """
import django
django.setup()
from datetime import UTC, datetime
from django.core.management import call_command
call_command("migrate", verbosity=0)
import numpy as np
from papers.models import Paper
from papers.records import PaperRecord
from search import writing, vectors, encoder
from search.indexing import index_pending
from workers import arrival, jobs
from workers.jobs import order
from workers.sources import Page

class Two:
    def pages(self, token):
        when = datetime(2026, 11, 20, tzinfo=UTC)
        yield Page([PaperRecord(arxiv_id=f"2611.0000{n}", title=f"Tide {n}", abstract="It flows.", published=when,
                                authors=("Ada Moon",), categories=("cs.CL",)) for n in (1, 2)], token="")

jobs.ApiWindow = lambda *_: Two()
run = order("window", "a day", arguments={"day": "2026-11-20", "categories": ["cs.CL"]})
arrival.do(run)
assert not run.error, run.error
name = encoder.get_encoder().name
papers = list(Paper.objects.order_by("pk"))
texts = [encoder.text_of(paper.title, paper.abstract) for paper in papers]
drawn = np.eye(384, dtype=np.float32)[: len(papers)]
vectors.store(name, [paper.pk for paper in papers], [encoder.text_hash(text) for text in texts], drawn)
index_pending()                     # the first one makes the index
from papers.ingest import mark_for_index
from django.db import transaction
with transaction.atomic():
    mark_for_index([paper.pk for paper in papers], run.run_id)
assert index_pending() == 2
print(run.run_id)
"""


def run(tmp_path: Path, code: str, style: str) -> "subprocess.CompletedProcess[str]":
    """A program of the site's in a process of its own."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", ""),
        "DATA_DIR": str(tmp_path),
        "LOG_FORMAT": style,
        "ARXIV_URL": "http://127.0.0.1:9",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def objects(done: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    """Every line is an object."""
    found = [json.loads(line) for line in done.stderr.splitlines()]
    assert all({"timestamp", "level", "logger", "event"} <= line.keys() for line in found)
    return found


def test_an_object_a_line_of_ours_and_of_libraries(tmp_path: Path) -> None:
    page, slow, failed, failed_too = objects(run(tmp_path, LOGGING, "json"))
    assert (page["event"], page["logger"], page["level"], page["papers"]) == ("page", "ours", "info", 2)
    assert (slow["event"], slow["logger"], slow["level"]) == ("slow: très", "theirs", "warning")
    assert page["run"] == slow["run"] == "3f9c01aa"
    for line in (failed, failed_too):
        assert "ZeroDivisionError: division by zero" in line["exception"]
        assert "run" not in line


def test_lines_for_people(tmp_path: Path) -> None:
    told = run(tmp_path, LOGGING, "console").stderr
    [page] = [line for line in told.splitlines() if "papers=2" in line]
    assert "run=3f9c01aa" in page
    assert "[ours]" in page
    assert told.count("Traceback (most recent call last)") == 2
    assert "\x1b[" not in told


def test_a_run_is_followed_into_the_index(tmp_path: Path) -> None:
    done = run(tmp_path, FOLLOWED, "json")
    name = done.stdout.split()[-1]
    lines = objects(done)
    [finished] = [line for line in lines if line["event"] == "run finished"]
    assert (finished["run"], finished["job"], finished["new"]) == (name, "window", 2)
    [indexed] = [line for line in lines if line["event"] == "indexed"]
    assert (indexed["runs"], indexed["papers"]) == ([name], 2)


@pytest.mark.parametrize("style", ["console", "json"])
def test_gunicorns_words_have_the_same_shape(tmp_path: Path, style: str) -> None:
    code = """
from gunicorn.config import Config
from config.gunicorn_log import SiteLogger
SiteLogger(Config()).error("Worker %s died", 7)
"""
    told = run(tmp_path, code, style).stderr
    if style == "json":
        line = json.loads(told)
        assert (line["event"], line["logger"], line["level"]) == ("Worker 7 died", "gunicorn.error", "error")
    else:
        assert "[error    ] Worker 7 died" in told
