"""After repeated failures arXiv is left alone, all processes know it, and one try finds out whether it is back."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.databases import ROOT
from tests.workers.conftest import Answer, Loopback, Request, entry, feed
from workers import circuit
from workers.sources import SourceError, transport
from workers.sources.api import ApiIds
from workers.sources.transport import Patience

ONE_TRY = Patience(tries=1, connect=2, read=2, budget=5)
AWAY = Answer(status=503)


@pytest.fixture(params=["file", "redis"])
def _kept(request: pytest.FixtureRequest, settings: LazySettings, data_dir: Path) -> Iterator[None]:
    settings.REDIS_URL = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    circuit.reset()
    yield
    circuit.reset()


def fail(times: int) -> None:
    for _ in range(times):
        circuit.failed("HTTP 503")


def is_over() -> None:
    """The time that it stays open is over."""
    now = circuit.state()
    circuit._keep(circuit.State(now.failures, time.time() - 1, now.reason))


def ask(server: Loopback) -> str:
    """Ask arXiv once; the error, or nothing."""
    try:
        list(ApiIds(["2405.00001"], ONE_TRY).pages())
    except SourceError as error:
        return str(error)
    return ""


@pytest.mark.usefixtures("_kept")
def test_it_opens_at_the_eighth_failure_in_a_row_for_longer_each_time() -> None:
    fail(circuit.FAILURES - 1)
    circuit.demand_closed()
    assert not circuit.state().is_open
    lengths = []
    for _ in range(7):
        fail(1)
        assert circuit.state().is_open
        lengths.append(round(circuit.state().until - time.time()))
    assert lengths == [600, 1200, 2400, 4800, 7200, 7200, 7200]
    with pytest.raises(SourceError, match=r"left alone until \d\d:\d\d UTC, after 14 failures in a row: HTTP 503"):
        circuit.demand_closed()
    circuit.worked()
    circuit.demand_closed()
    assert circuit.state() == circuit.State()


@pytest.mark.usefixtures("_kept")
def test_an_answer_in_between_begins_the_count_anew() -> None:
    for _ in range(5):
        fail(circuit.FAILURES - 1)
        circuit.worked()
    assert not circuit.state().is_open


@pytest.mark.usefixtures("_kept")
def test_other_processes_know_it(settings: LazySettings, data_dir: Path) -> None:
    fail(circuit.FAILURES)
    script = "from workers import circuit\nprint(circuit.state().failures, circuit.state().is_open)\ncircuit.reset()"
    given = {"DATA_DIR": str(data_dir), "REDIS_URL": settings.REDIS_URL, "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ | given, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["8", "True"]
    assert not circuit.state().is_open


@pytest.mark.usefixtures("_kept")
def test_nothing_is_sent_while_it_is_open_and_one_try_when_it_is_over(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [AWAY]
    for _ in range(circuit.FAILURES):
        assert "HTTP 503" in ask(arxiv_server)
    assert len(arxiv_server.requests) == circuit.FAILURES
    for _ in range(3):
        assert ask(arxiv_server).startswith("arXiv is left alone until ")
        assert ask(arxiv_server).endswith("answered with HTTP 503")
    assert len(arxiv_server.requests) == circuit.FAILURES
    is_over()
    for _ in range(3):
        assert ask(arxiv_server)
    assert len(arxiv_server.requests) == circuit.FAILURES + 1  # it opened again, for longer
    assert circuit.state().until > time.time() + 1100
    is_over()
    arxiv_server.answers = [Answer(feed([entry(0)]))]
    assert [ask(arxiv_server) for _ in range(3)] == ["", "", ""]
    assert len(arxiv_server.requests) == circuit.FAILURES + 4
    assert circuit.state() == circuit.State()


def test_the_tries_of_one_patient_request_count_each(arxiv_server: Loopback) -> None:
    arxiv_server.answers = [AWAY]
    patient = Patience(tries=20, connect=2, read=2, budget=60)
    with pytest.raises(SourceError, match="left alone"):
        list(ApiIds(["2405.00001"], patient).pages())
    assert len(arxiv_server.requests) == circuit.FAILURES


@pytest.mark.parametrize("status", [204, 304, 400, 404])
def test_a_no_is_an_answer(arxiv_server: Loopback, status: int) -> None:
    fail(circuit.FAILURES - 1)
    arxiv_server.answers = [Answer(status=status)]
    for _ in range(circuit.FAILURES + 1):
        assert f"HTTP {status}" in ask(arxiv_server)
    assert len(arxiv_server.requests) == circuit.FAILURES + 1
    assert circuit.state() == circuit.State()


@pytest.mark.parametrize("status", [401, 403, 410, 501, 505])
def test_who_is_shut_out_stays_away(arxiv_server: Loopback, status: int) -> None:
    arxiv_server.answers = [Answer(status=status)]
    for _ in range(circuit.FAILURES):
        assert f"HTTP {status}" in ask(arxiv_server)
    assert ask(arxiv_server).startswith("arXiv is left alone until ")
    assert len(arxiv_server.requests) == circuit.FAILURES


def test_a_way_to_where_one_is_shut_out_is_no_answer(arxiv_server: Loopback) -> None:
    def respond(request: Request) -> Answer:
        return Answer(status=403) if request.path == "/out" else Answer(status=302, headers={"Location": "/out"})

    arxiv_server.respond = respond
    for _ in range(circuit.FAILURES):
        assert "HTTP 403" in ask(arxiv_server)
    assert circuit.state().is_open


def test_answers_beyond_all_measure_open_it(arxiv_server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST", 2**20)
    arxiv_server.answers = [Answer(bytes(2**20 + 1))]
    for _ in range(circuit.FAILURES):
        assert "larger than 1 MB" in ask(arxiv_server)
    assert ask(arxiv_server).startswith("arXiv is left alone until ")


@pytest.mark.parametrize("written", ["", "{", "[]", '{"failures": 9}', '{"failures": 9, "until": "x"}', '{"other": 1}'])
def test_a_file_cut_short_stops_nothing(data_dir: Path, written: str) -> None:
    (data_dir / "arxiv.circuit").write_text(written)
    circuit.demand_closed()


def test_a_clock_set_back_holds_up_nothing_for_days(data_dir: Path) -> None:
    circuit._keep(circuit.State(9, time.time() + 86_400, "x"))
    assert circuit.state().until <= time.time() + circuit.LONGEST


def test_a_redis_that_is_away_stops_nothing(settings: LazySettings, data_dir: Path) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    circuit.failed("HTTP 503")
    circuit.demand_closed()
    circuit.worked()
    assert circuit.state() == circuit.State()
