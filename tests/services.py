"""The servers of the tests, each started once a run where a test asks for it, and no silent skip in CI.

`TEST_ELASTICSEARCH_URL`, `TEST_REDIS_URL` and `TEST_POSTGRES_URL` name servers to use instead.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn, Protocol

import pytest

from scripts.services import elasticsearch, postgres, redis
from scripts.services.base import Unavailable
from tests import SHARED

CI = os.environ.get("CI", "").lower() in {"1", "true"}
# How the reason of a skip may begin in CI; every other skip fails the run.
ALLOWED_SKIPS = (
    "contract: ",  # what the engine contract says that an engine need not do
    "no package dockerfile",  # its parser is not built for every processor
    *(() if SHARED.is_dir() else ("no shared data",)),
)


class Running(Protocol):
    """A started server."""

    @property
    def url(self) -> str:
        """Its address."""

    def stop(self) -> None:
        """End it."""


Report = dict[str, str]
_report = pytest.StashKey[Report]()


def missing(reason: str) -> NoReturn:
    """Skip what needs a part that this machine lacks; in CI nothing may be missing."""
    if CI:
        pytest.fail(f"{reason} (with CI=true nothing may be missing)", pytrace=False)
    pytest.skip(reason)


def _serve(config: pytest.Config, title: str, start: Callable[[Path], Running]) -> Iterator[str]:
    """The address of the server that the environment names, else of one that lives as long as the run."""
    report = config.stash.setdefault(_report, {})
    variable = f"TEST_{title.upper()}_URL"
    if given := os.environ.get(variable):
        report[title] = f"given by {variable}"
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix=f"papertide-{title.lower()}-"))
    try:
        with _loud(config):  # the first start may fetch for minutes, and says so
            server = start(folder)
    except Unavailable as error:
        report[title] = f"missing: {error}"
        missing(str(error))
    else:
        report[title] = "started"
        yield server.url
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _loud(config: pytest.Config) -> AbstractContextManager[None]:
    capture = config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    loud: AbstractContextManager[None] = capture.global_and_fixture_disabled()
    return loud


@pytest.fixture(scope="session")
def elasticsearch_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """Addresses of a real Elasticsearch, joined by commas."""
    yield from _serve(pytestconfig, "Elasticsearch", lambda folder: elasticsearch.start(folder, quick=True))


@pytest.fixture(scope="module")
def elasticsearch_cluster() -> Iterator[elasticsearch.Cluster]:
    """A real cluster of three nodes, to be broken; never one that is given."""
    with tempfile.TemporaryDirectory(prefix="papertide-cluster-") as folder:
        try:
            cluster = elasticsearch.start(Path(folder), nodes=3, quick=True)
        except Unavailable as error:
            missing(str(error))
        with cluster:
            yield cluster


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """Address of a real Redis, empty at first."""
    yield from _serve(pytestconfig, "Redis", redis.start)


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """Address of a database on a real PostgreSQL whose user may make others."""
    yield from _serve(pytestconfig, "Postgres", postgres.start)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each server that was asked for."""
    for title, what in config.stash.get(_report, {}).items():
        terminalreporter.write_line(f"{title}: {what}")


def forbidden(reason: str) -> bool:
    """Whether a skip with this reason fails a run in CI."""
    return not reason.removeprefix("Skipped: ").startswith(ALLOWED_SKIPS)


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a failure of a skip that CI does not allow (an expected failure is reported as a skip, too)."""
    if not (CI and report.skipped) or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return
    path, line, reason = report.longrepr
    if forbidden(reason):
        report.outcome = "failed"
        report.longrepr = f"{path}:{line}: {reason} (CI allows no such skip)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """See `_judge`."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """See `_judge`: a whole file can be skipped, too."""
    report = yield
    _judge(report)
    return report
