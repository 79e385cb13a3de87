"""Any of the workers' jobs by hand: done, taken up again, and refused in one line."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from papers.ingest import ingest
from papers.models import Announcement, DayList, Paper
from papers.shelf import read_shelf
from search import locks
from search.engines.base import Engine
from tests.arxiv import LoopbackArxiv, World
from tests.databases import own_database
from tests.workers.loopback import FOLLOWED, site_of
from tests.workers.test_week import listing
from workers import arrival, calendar
from workers.management.commands import pull
from workers.models import Run
from workers.tasks import LIMIT

ROOT = Path(__file__).resolve().parents[2]
MONDAY, TUESDAY = date(2026, 12, 7), date(2026, 12, 8)
in_the_site = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World.make(MONDAY, days=2, per_day=150, records=read_shelf())


@pytest.fixture
def arxiv(
    db: None, world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> Iterator[LoopbackArxiv]:
    with site_of(world, settings, monkeypatch, oai_page=20) as server:
        world.now = calendar.feed_from(TUESDAY) + timedelta(hours=1)
        yield server


def here() -> set[str]:
    return set(Paper.objects.values_list("arxiv_id", flat=True))


@in_the_site
def test_newest_is_the_job_without_a_name(arxiv: LoopbackArxiv, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("pull", verbosity=0)
    assert Run.objects.get().arguments == {"categories": list(FOLLOWED), "limit": LIMIT}
    call_command("pull", "newest", "--categories", "cs.cl", "math.NA,cs.LG", "--limit", "4", verbosity=0)
    assert arxiv.log.entries[-1].query["search_query"] == "cat:cs.CL OR cat:math.NA OR cat:cs.LG"
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{len(here())} papers seen: {len(here())} new, 0 changed")
    assert out[1] == "4 papers seen: 0 new, 0 changed."


@in_the_site
def test_the_lists_of_today(world: World, arxiv: LoopbackArxiv) -> None:
    call_command("pull", "announce", "--categories", "cs.CL", "cs.LG", verbosity=0)
    for code in ("cs.CL", "cs.LG"):
        assert listing(TUESDAY, code) == world.listing(TUESDAY, code)


@in_the_site
def test_what_changed_since_a_day_with_announcements(world: World, arxiv: LoopbackArxiv) -> None:
    call_command("pull", "reconcile", "--since", "2026-12-07", verbosity=0)
    assert arxiv.log.entries[0].query["from"] == "2026-12-07"
    assert DayList.objects.filter(day=TUESDAY).exists()
    assert not DayList.objects.filter(day=MONDAY).exists()
    call_command("pull", "reconcile", verbosity=0)
    assert arxiv.log.entries[-1].query.get("from", "2026-12-01") == "2026-12-01"


@in_the_site
def test_a_window_of_one_day(world: World, arxiv: LoopbackArxiv) -> None:
    call_command("pull", "window", "--day", "2026-12-07", "--categories", "cs.CL", verbosity=0)
    rows = Announcement.objects.filter(by_api=True)
    assert {row.day for row in rows} == {MONDAY}
    call_command("pull", "window", verbosity=0)
    assert Run.objects.latest().arguments["day"] == f"{TUESDAY}"


@in_the_site
def test_a_backfill_shows_how_far_it_is(world: World, arxiv: LoopbackArxiv, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("pull", "backfill", "--sets", "cs", "--since", "2020-01-01", "--until", "2026-12-31")
    shown = capsys.readouterr()
    count = len(here())
    assert count > 20
    assert f"{count}/{count}" in shown.err
    assert shown.out == f"{count} papers seen: {count} new, 0 changed.\n"
    query = arxiv.log.entries[0].query
    assert (query["set"], query["from"], query["until"]) == ("cs", "2020-01-01", "2026-12-31")


@in_the_site
def test_a_backfill_goes_on_where_the_same_command_failed(
    world: World, arxiv: LoopbackArxiv, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages: list[object] = []

    def full(*given: object, **named: object) -> object:
        pages.append(given)
        if len(pages) == 3:
            raise OSError("No space left on device")
        return ingest(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(arrival, "ingest", full)
    command = ("pull", "backfill", "--sets", "cs", "math", "physics")
    with pytest.raises(CommandError, match=r"No space left .* so does this command"):
        call_command(*command, verbosity=1)
    assert Paper.objects.count() == 40
    capsys.readouterr()
    call_command(*command, verbosity=1)
    count = len(here())
    shown = capsys.readouterr()
    assert f"{count} papers seen" in shown.out or "changed" in shown.out
    assert Run.objects.count() == 1
    queries = [json.dumps(dict(entry.query)) for entry in arxiv.log.entries]
    assert len(queries) == len(set(queries)) + 1
    call_command(*command, verbosity=0)  # it is done: the next one is another
    assert Run.objects.count() == 2


@in_the_site
def test_papers_by_their_ids(world: World, arxiv: LoopbackArxiv, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *_ = world.new_ids(MONDAY)
    call_command("pull", "ids", f"{first}v1,{second}", "2612.99999", verbosity=1)
    shown = capsys.readouterr()
    assert here() == {first, second}
    assert "2 papers seen: 2 new" in shown.out
    assert "2/3" in shown.err


@in_the_site
def test_a_file(arxiv: LoopbackArxiv, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "papers.jsonl"
    row = {"title": "T", "abstract": "A", "categories": "cs.CL", "authors": "Ada", "update_date": "2024-01-01"}
    path.write_text("".join(json.dumps({**row, "id": f"2401.{number:05}"}) + "\n" for number in range(1, 8)) + "{}\n")
    call_command("pull", "snapshot", str(path), "--limit", "3", verbosity=0)
    call_command("pull", "snapshot", str(path), verbosity=0)
    assert capsys.readouterr().out.splitlines() == [
        "3 papers seen: 3 new, 0 changed.",
        "7 papers seen: 4 new, 0 changed, 1 unreadable.",
    ]


@in_the_site
def test_whatever_is_due_is_done_though_one_of_it_fails(world: World, arxiv: LoopbackArxiv) -> None:
    arxiv.faults.set(only=["oai"], error_400=-1)
    with pytest.raises(CommandError, match=r"^arXiv refused the query: badArgument: [^\n]*$"):
        call_command("pull", "due", verbosity=0)
    states = dict(Run.objects.values_list("job", "error"))
    assert states.keys() == {"announce", "reconcile", "sweep"}
    assert Run.objects.get(job="announce").state == Run.objects.get(job="sweep").state == "done"
    arxiv.faults.reset()
    world.now += timedelta(hours=3)
    call_command("pull", "due", verbosity=0)
    assert set(Run.objects.values_list("job", flat=True)) == {"announce", "reconcile", "sweep", "window"}
    assert not Run.objects.filter(finished=None).exists()
    call_command("pull", "due", verbosity=0)  # nothing


@in_the_site
def test_a_run_once_more(world: World, arxiv: LoopbackArxiv) -> None:
    call_command("pull", "ids", world.new_ids(MONDAY)[0], verbosity=0)
    run = Run.objects.get()
    requests = len(arxiv.log)
    Run.objects.update(parked=True, finished=None, error="odd")
    call_command("pull", "again", run.run_id, verbosity=0)
    run.refresh_from_db()
    assert (run.state, len(arxiv.log)) == ("done", requests)  # it had been written to its end
    call_command("pull", "again", run.run_id, verbosity=0)
    assert len(arxiv.log) == requests + 1


@in_the_site
def test_a_run_that_another_process_is_at_is_left_to_it(
    world: World, arxiv: LoopbackArxiv, settings: LazySettings
) -> None:
    run = Run.objects.create(job="ids", source="api", window="x", arguments={"ids": world.new_ids(MONDAY)[:1]})

    def busy(*_: object) -> None:
        raise locks.BusyError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrival, "_alone", busy)
        with pytest.raises(CommandError, match=f"another process is at this run \\({run.run_id}\\) already"):
            call_command("pull", "ids", *run.arguments["ids"], verbosity=0)
    assert len(arxiv.log) == 0


@in_the_site
def test_index_and_digest_and_refit(
    arxiv: LoopbackArxiv, engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pull, "index_pending", lambda progress, wait: (progress(3), 3)[1])
    call_command("pull", "index", verbosity=0)
    call_command("pull", "digest", "--day", "2026-12-07", verbosity=0)  # nobody to write to
    assert capsys.readouterr().out.splitlines() == ["3 papers indexed.", "0 papers seen: 0 new, 0 changed."]
    with pytest.raises(CommandError, match="no paper has a vector yet"):
        call_command("pull", "refit", verbosity=0)


BAD = [
    (["ids", "nothing"], "not an arXiv id: nothing"),
    (["newest", "--categories", "cs.XX"], "no such category: cs.XX"),
    (["newest", "--limit", "0"], "--limit is a number from 1 on, not 0"),
    (["snapshot", "/nowhere/x.jsonl", "--limit", "many"], "--limit is a number from 1 on, not many"),
    (["snapshot", "/nowhere/x.jsonl"], "no such file: /nowhere/x.jsonl"),
    (["backfill", "--since", "2026-13-01"], "not a day such as 2026-11-22: 2026-13-01"),
    (["backfill", "--until", "yesterday"], "not a day such as 2026-11-22: yesterday"),
    (["backfill", "--since", "2026-02-01", "--until", "2026-01-01"], "--since 2026-02-01 is later than"),
    (["window", "--day", "2026-12-06"], "nothing is announced under the date of 2026-12-06"),
    (["digest", "--day", "1"], "not a day"),
    (["again", "12345678"], "no such run: 12345678"),
]


@in_the_site
@pytest.mark.parametrize(("arguments", "line"), BAD)
def test_bad_input_is_one_line_and_leaves_nothing_to_do(data_dir: Path, arguments: list[str], line: str) -> None:
    with pytest.raises(CommandError) as error:
        call_command("pull", *arguments, verbosity=0)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)
    assert not Run.objects.exists()


@pytest.mark.database
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["backfill", "--since", "2026-13-01"], "CommandError: not a day such as 2026-11-22: 2026-13-01"),
        (["snapshot", "/nowhere/x.jsonl"], "CommandError: no such file: /nowhere/x.jsonl"),
        (["again", "12345678"], "CommandError: no such run: 12345678"),
    ],
)
def test_the_process_ends_with_one_line_and_code_1(tmp_path: Path, arguments: list[str], line: str) -> None:
    with own_database(tmp_path) as site:
        done = subprocess.run(
            [sys.executable, "manage.py", "pull", "-v", "0", *arguments],
            cwd=ROOT,
            env=site.environment | {"ARXIV_URL": "http://127.0.0.1:9", "ARXIV_DELAY": "0", "LOG_LEVEL": "CRITICAL"},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().splitlines()[-1] == line
    assert "Traceback" not in done.stderr
