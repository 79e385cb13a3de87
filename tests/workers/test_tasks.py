"""What the workers' tasks leave behind: papers, rows about the runs, one line in the log, a note for the page."""

import logging
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from papers.models import IndexMark, Paper
from papers.shelf import load_shelf
from tests.workers.conftest import START, Answer, Loopback, entry, feed
from workers import tasks
from workers.models import Run
from workers.sources.api import PAGE
from workers.status import notice

pytestmark = pytest.mark.django_db
UNREACHABLE = "http://127.0.0.1:9/query"


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The wake-ups sent to the indexing task, in place of a broker."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.index_pending, "apply_async", lambda **options: sent.append(options))
    return sent


@pytest.fixture(autouse=True)
def _site(arxiv_server: Loopback, settings: LazySettings) -> None:
    settings.PULL_CATEGORIES = ("cs.CL", "stat.ML")


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_an_empty_site_without_arxiv_gets_the_shelf(
    settings: LazySettings, woken: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    settings.ARXIV_API_URL = UNREACHABLE
    began = time.monotonic()
    tasks.fill()
    assert time.monotonic() - began < 10
    assert Paper.objects.count() == IndexMark.objects.count() >= 200
    assert not Paper.objects.filter(is_summary=False).exists()
    (line,) = warnings(caplog)
    assert "could not be reached" in line.getMessage()
    run = Run.objects.get()
    assert run.finished is not None
    assert "could not be reached" in run.error
    assert "\n" not in run.error
    assert woken


def test_an_empty_site_with_arxiv_gets_real_papers(arxiv_server: Loopback, woken: list[dict[str, Any]]) -> None:
    arxiv_server.list_papers([entry(number) for number in range(3)])
    tasks.fill()
    assert sorted(Paper.objects.values_list("title", flat=True)) == ["Paper 0", "Paper 1", "Paper 2"]
    run = Run.objects.get()
    assert (run.window, run.seen, run.new, run.changed, run.error) == ("cs.CL,stat.ML", 3, 3, 0, "")
    assert woken
    assert all(options["expires"] <= 60 for options in woken)
    assert notice() == ""


def test_a_shelf_is_tried_to_be_replaced_at_each_start(arxiv_server: Loopback, settings: LazySettings) -> None:
    address, settings.ARXIV_API_URL = settings.ARXIV_API_URL, UNREACHABLE
    tasks.fill()
    tasks.fill()
    count = Paper.objects.count()
    settings.ARXIV_API_URL = address
    arxiv_server.list_papers([entry(0)])
    tasks.fill()
    assert [run.error == "" for run in Run.objects.order_by("id")] == [False, False, True]
    assert Paper.objects.count() == count + 1


@pytest.mark.parametrize(("age", "error", "pulls"), [(30, "", 0), (90, "", 1), (30, "away", 1)])
def test_a_filled_site_pulls_at_start_unless_somebody_just_did(
    arxiv_server: Loopback, age: int, error: str, pulls: int
) -> None:
    arxiv_server.list_papers([entry(0)])
    tasks.pull()
    Run.objects.update(finished=timezone.now() - timedelta(minutes=age), error=error)
    tasks.fill()
    assert Run.objects.count() == 1 + pulls


def test_a_pull_ends_with_a_page_that_holds_nothing_new(arxiv_server: Loopback, woken: list[dict[str, Any]]) -> None:
    papers = [entry(number) for number in range(3 * PAGE)]
    arxiv_server.list_papers(papers)
    tasks.pull()
    assert (Run.objects.latest().new, len(arxiv_server.requests)) == (3 * PAGE, 3)
    woken.clear()
    tasks.pull()
    run = Run.objects.latest()
    assert (run.seen, run.new, run.changed, run.error) == (PAGE, 0, 0, "")
    assert len(arxiv_server.requests) == 4
    assert not woken
    arxiv_server.list_papers([entry(-3, id="http://arxiv.org/abs/2405.09999v1"), *papers])
    tasks.pull()
    assert (Run.objects.latest().new, Run.objects.latest().seen) == (1, 2 * PAGE)


def test_an_ignored_order_is_said_and_does_not_end_the_pull(arxiv_server: Loopback) -> None:
    oldest_first = [entry(number) for number in reversed(range(2 * PAGE))]
    arxiv_server.list_papers(oldest_first)
    tasks.pull()
    tasks.pull()
    run = Run.objects.latest()
    assert (run.seen, run.new) == (2 * PAGE, 0)
    assert "did not keep the order" in run.error


def test_what_came_before_a_failure_is_kept(arxiv_server: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    page = feed([entry(number) for number in range(PAGE)], total=3 * PAGE)
    arxiv_server.answers = [Answer(page), Answer(status=404)]
    tasks.pull()
    run = Run.objects.get()
    assert (run.seen, run.new, Paper.objects.count()) == (PAGE, PAGE, PAGE)
    assert "HTTP 404" in run.error
    assert run.finished is not None
    assert len(warnings(caplog)) == 1


def test_a_mistake_of_ours_is_raised_and_stands_in_the_row(
    arxiv_server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(records: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("workers.pulling.ingest", broken)
    arxiv_server.list_papers([entry(0)])
    with pytest.raises(RuntimeError):
        tasks.pull()
    run = Run.objects.get()
    assert run.error == "RuntimeError: disk full"
    assert run.finished is not None


def test_notice_speaks_only_of_a_shelf_after_a_failure(arxiv_server: Loopback) -> None:
    assert notice() == ""
    count = load_shelf().new
    assert notice() == ""
    run = Run.objects.create(source="api", window="cs.CL", error="away", finished=START)
    Run.objects.create(source="api", window="cs.CL")  # the next one, under way
    assert notice() == (
        f"arXiv could not be reached (1 May, 12:00 UTC); this is the sample shelf of {count} papers. "
        "The next try is within the hour."
    )
    Paper.objects.filter(pk=Paper.objects.latest("pk").pk).update(is_summary=False)
    assert notice() == ""
    Paper.objects.update(is_summary=True)
    Run.objects.filter(pk=run.pk).update(error="")
    assert notice() == ""


def test_notice_is_cheap(django_assert_max_num_queries: Any) -> None:
    Run.objects.create(source="api", window="cs.CL", finished=START)
    with django_assert_max_num_queries(1):
        notice()
    Run.objects.update(error="away")
    with django_assert_max_num_queries(3):
        notice()


def test_pull_command_by_categories_and_ids(arxiv_server: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    arxiv_server.list_papers([entry(number) for number in range(9)])
    call_command("pull", "--categories", "cs.cl", "math.NA,cs.LG", "--limit", "4", verbosity=0)
    assert arxiv_server.requests[0].query["search_query"] == "cat:cs.CL OR cat:math.NA OR cat:cs.LG"
    assert Paper.objects.count() == 4
    assert "4 papers seen: 4 new, 0 changed." in capsys.readouterr().out
    arxiv_server.list_papers([entry(8)])
    call_command("pull", "--ids", "2405.00009", verbosity=1)
    shown = capsys.readouterr()
    assert "1 papers seen: 1 new" in shown.out
    assert "1/1" in shown.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "could not be reached"),
        (["--ids", "2405.00001"], "could not be reached"),
        (["--ids", "nothing"], "not an arXiv id: nothing"),
        (["--categories", "cs.XX"], "no such category: cs.XX"),
        (["--limit", "0"], "--limit"),
        (["--limit", "many"], "--limit"),
    ],
)
def test_pull_command_fails_with_one_line(settings: LazySettings, arguments: list[str], line: str) -> None:
    settings.ARXIV_API_URL = UNREACHABLE
    with pytest.raises(CommandError, match=line):
        call_command("pull", *arguments, verbosity=0)
