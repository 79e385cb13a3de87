"""What the benchmark suite asks over HTTP: the site that it makes of a corpus, and the clients that ask. Speed is
measured, not tested."""

import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from typing import ClassVar

import numpy as np
import pytest

from benchmarks.suite.corpus import corpus
from benchmarks.suite.http_load import Order, load
from benchmarks.suite.site import SiteError, fill
from benchmarks.suite.web_memory import memory_of
from papers.models import IndexMark, Paper
from search.models import Fit
from search.vectors import fetch
from search.whitening import Transform
from tests import test_suite
from tests.papers.factories import PaperFactory

few = test_suite.few
SLOW = 0.3  # seconds


class Answers(BaseHTTPRequestHandler):
    """The status that an address ends with; /slow/ takes its time."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append(self.path)
        if self.path.startswith("/slow/"):
            time.sleep(SLOW)
        self.send_response(int(self.path[-3:]))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """With room for a flood: a connection beyond those that wait is tried again after a second, by the system."""

    request_queue_size = 128


@pytest.fixture
def url() -> Iterator[str]:
    Answers.asked.clear()
    server = Server(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_a_site_of_a_corpus_holds_its_papers_under_its_ids(few: Path) -> None:
    made = corpus(few, 40)
    fill(made)
    for document in made.documents():
        paper = Paper.objects.get(arxiv_id=document.arxiv_id)
        assert (paper.pk, paper.keywords) == (document.id, document.keywords)
    ids, full = fetch(made.transform.model, np.arange(1, 41))
    assert np.array_equal(full[np.argsort(ids)], made.full.astype(np.float32))
    fit = Fit.objects.get()
    assert Transform.from_bytes(bytes(fit.whitening)).papers == made.real
    assert not IndexMark.objects.exists()


@pytest.mark.sqlite
@pytest.mark.django_db
def test_a_site_that_holds_other_papers_is_not_taken_for_that_of_a_corpus(few: Path) -> None:
    PaperFactory()
    with pytest.raises(SiteError):
        fill(corpus(few, 20))


def test_clients_ask_in_turn_and_no_more_than_wanted(url: str) -> None:
    seen = load(Order(url, ["/a/200", "/b/200", "/c/503"], seconds=30, clients=3, first=1, most=6))
    assert sorted(seen.statuses) == [200] * 4 + [503] * 2
    assert sorted(Answers.asked) == ["/a/200", "/a/200", "/b/200", "/b/200", "/c/503", "/c/503"]
    assert len(seen.took()) == 4
    assert min(seen.times) > 0


def test_a_flood_does_not_wait_for_answers(url: str) -> None:
    seen = load(Order(url, ["/slow/200"], seconds=1, rate=40))
    assert seen.statuses == [200] * 40  # one after the other they would take twelve seconds
    assert seen.seconds < 40 * SLOW / 2
    assert min(seen.times) >= SLOW * 1000


def test_an_answer_that_does_not_come_is_told() -> None:
    seen = load(Order("http://127.0.0.1:9", ["/"], seconds=1, rate=3))
    assert seen.statuses == [-1, -1, -1]


def test_memory_that_was_written_is_a_processs_own() -> None:
    # A process of its own: a large one may write where it has written before.
    code = "print('here', flush=True); input(); held = b'1' * 40_000_000; print('written', flush=True); input()"
    with Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        before = memory_of(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        after = memory_of(child.pid)
        child.stdin.write("\n")
    assert after["private"] - before["private"] > 0.9 * 40_000_000
