"""manage.py load_papers: shapes, compressions, bad lines, kills."""

import gzip
import io
import json
import lzma
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from papers.models import IndexMark, Paper
from tests.databases import OwnDatabase, own_database

ROOT = Path(__file__).resolve().parents[2]
Jsonl = Callable[..., Path]


def row(number: int, **changes: Any) -> dict[str, Any]:
    """A record in the project's own shape."""
    return {
        "id": f"2401.{number:05}",
        "title": f"Paper {number}",
        "abstract": "About bees.",
        "authors": ["Ada Lovelace"],
        "categories": ["cs.LG"],
        "published": "2024-01-01",
        **changes,
    }


SNAPSHOT = {
    "id": "0704.0001",
    "submitter": "A. Person",
    "authors": "C. Bal\\'azs, E. L. Berger",
    "title": "Prompt\n  photons",
    "comments": "37 pages",
    "journal-ref": None,
    "doi": "10.1103/X",
    "report-no": "ANL-1",
    "categories": "hep-ph math.MP I.2.7",
    "license": None,
    "abstract": "  A calculation\nof photons.\n",
    "versions": [
        {"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"},
        {"version": "v2", "created": "Tue, 24 Jul 2007 20:10:27 GMT"},
    ],
    "update_date": "2008-11-26",
    "authors_parsed": [["Balázs", "C.", ""], ["Berger", "E. L.", ""]],
}


def load(*arguments: Any, **options: Any) -> str:
    """Run the command; what it printed."""
    out = io.StringIO()
    call_command("load_papers", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("suffix", "compress"),
    [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress), (".zst", zstandard.ZstdCompressor().compress)],
)
def test_plain_and_compressed_files(tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"papers.jsonl{suffix}"
    path.write_bytes(compress("".join(json.dumps(row(n)) + "\n" for n in range(5)).encode()))
    assert "5 new, 0 changed, 0 unchanged, 0 rejected" in load(path)
    assert IndexMark.objects.count() == 5


@pytest.mark.django_db
def test_the_public_snapshot(jsonl: Jsonl) -> None:
    load(jsonl(SNAPSHOT))
    paper = Paper.objects.get()
    assert paper.arxiv_id == "0704.0001"
    assert paper.title == "Prompt photons"
    assert paper.abstract == "A calculation of photons."
    assert paper.authors == ["C. Balázs", "E. L. Berger"]
    assert paper.categories == ["hep-ph", "math-ph"]  # the alias resolved, the ACM code dropped
    assert (paper.version, paper.published.isoformat()) == (2, "2007-04-02T19:18:42+00:00")
    assert (paper.doi, paper.report_number, paper.comment) == ("10.1103/X", "ANL-1", "37 pages")


@pytest.mark.django_db
def test_bad_lines_are_counted_named_and_stop_nothing(jsonl: Jsonl, tmp_path: Path) -> None:
    path = jsonl(
        row(1),
        "{broken",
        row(2, id=None),
        row(3, title=""),
        row(4, authors="not a list of names", abstract=7),
        row(5, abstract="x" * 10_000_000),
        "[" * 100_000,
        '"just text"',
        "",
        row(6, id="no-such-id"),
        row(7, categories=["68T50", "I.2.7"]),
        row(8),
    )
    rejects = tmp_path / "rejects.jsonl"
    assert "2 new, 0 changed, 0 unchanged, 9 rejected" in load(path, rejects=rejects)
    rows = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [bad["line"] for bad in rows] == [2, 3, 4, 5, 6, 7, 8, 10, 11]
    assert all(bad["reason"] and bad["file"] == str(path) for bad in rows)
    assert "broken JSON" in rows[0]["reason"]
    assert rows[1]["reason"] == "no id"
    assert max(len(bad["text"]) for bad in rows) <= 200


@pytest.mark.django_db
def test_no_rejects_file_without_rejects(jsonl: Jsonl, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.jsonl"
    load(jsonl(row(1)), rejects=rejects)
    assert not rejects.exists()


@pytest.mark.django_db
def test_limit_counts_over_all_files(jsonl: Jsonl) -> None:
    first, second = jsonl(row(1), row(2), name="a.jsonl"), jsonl(row(3), row(4), name="b.jsonl")
    load(first, second, limit=3)
    assert sorted(Paper.objects.values_list("title", flat=True)) == ["Paper 1", "Paper 2", "Paper 3"]


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing(jsonl: Jsonl) -> None:
    path = jsonl(row(1), row(2))
    load(path)
    assert "0 new, 0 changed, 2 unchanged" in load(path)
    assert "1 new, 1 changed, 0 unchanged" in load(jsonl(row(2, title="Other"), row(3)))


@pytest.mark.django_db
def test_a_withdrawn_paper_stays_and_is_marked(jsonl: Jsonl) -> None:
    load(jsonl(row(1, comment="This paper has been withdrawn by the author due to an error")))
    assert Paper.objects.get().withdrawn


@pytest.mark.django_db
def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(row(1)).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "1 new" in load("-")


@pytest.mark.django_db
def test_a_missing_and_a_damaged_file_are_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be opened"):
        load(tmp_path / "nowhere.jsonl")
    cut = tmp_path / "cut.jsonl.gz"
    lines = "".join(json.dumps(row(n, abstract=str(n) * 50)) + "\n" for n in range(3000))
    cut.write_bytes(gzip.compress(lines.encode())[:-2000])
    with pytest.raises(CommandError, match="damaged or cut short"):
        load(cut)
    assert Paper.objects.count() >= 1000  # whole batches before the damage are kept


@pytest.mark.django_db
def test_every_record_before_the_damage_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    whole = "".join(json.dumps(row(n)) + "\n" for n in range(900)).encode()
    path.write_bytes(gzip.compress(whole) + b"\x1f\x8b\x08")  # a second member that ends in its header
    out = io.StringIO()
    with pytest.raises(CommandError, match="damaged or cut short"):
        call_command("load_papers", str(path), stdout=out)
    kept = Paper.objects.count()
    assert 800 < kept <= 900  # less than a batch; the last kilobytes before the damage are in no one's hands
    assert f"{kept} new, 0 changed, 0 unchanged, 0 rejected" in out.getvalue()


@pytest.mark.django_db
def test_a_rejects_file_that_cannot_be_written_stops_the_load_clearly(jsonl: Jsonl, tmp_path: Path) -> None:
    path = jsonl(row(1), "{broken", row(2))
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"papers\.jsonl"):
        call_command("load_papers", str(path), rejects=path / "rejects.jsonl", stdout=out)
    assert "1 new, 0 changed, 0 unchanged, 0 rejected" in out.getvalue()


def test_a_limit_below_zero_is_refused(jsonl: Jsonl) -> None:
    with pytest.raises(CommandError, match="--limit: expected a number from 0"):
        load(jsonl(row(1)), limit=-1)


@pytest.mark.django_db(transaction=True)  # a full database ends the whole transaction
@pytest.mark.sqlite
def test_a_database_that_is_full_in_the_middle_is_said_in_one_line(jsonl: Jsonl) -> None:
    path = jsonl(*(row(n, abstract="About bees." if n < 1000 else "x" * 10_000) for n in range(1500)))
    out = io.StringIO()
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        most = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 750}")  # 3 MB more: for the first batch, not the second
        try:
            with pytest.raises(CommandError, match="full") as caught:
                call_command("load_papers", str(path), stdout=out)
        finally:
            cursor.execute(f"PRAGMA max_page_count = {most}")
    assert "\n" not in str(caught.value)
    assert "1000 new, 0 changed, 0 unchanged, 0 rejected" in out.getvalue()
    assert Paper.objects.count() == 1000


@pytest.mark.django_db
def test_two_loads_of_one_moment_write_two_rejects_files(jsonl: Jsonl, settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"
    path = jsonl("{broken")
    load(path)
    load(path)
    assert len(list((tmp_path / "data" / "rejects").iterdir())) == 2


@pytest.fixture
def site(tmp_path: Path) -> Iterator[OwnDatabase]:
    """An empty site for real processes."""
    with own_database(tmp_path / "data") as database:
        yield database


@pytest.mark.database
def test_a_killed_load_goes_on_where_it_was(tmp_path: Path, site: OwnDatabase) -> None:
    """A real process, killed in the middle of a real file, twice; the third run ends with every paper once."""
    path = tmp_path / "papers.jsonl"
    total = 12_000
    path.write_text("".join(json.dumps(row(0, id=f"24{n // 1000 + 1:02}.{n % 1000:05}")) + "\n" for n in range(total)))
    command = [sys.executable, str(ROOT / "manage.py"), "load_papers", str(path)]
    for wanted in (1, 4000):
        process = subprocess.Popen(command, env=site.environment, stdout=subprocess.PIPE)
        _wait_for(site, wanted, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert 0 < _count(site) < total
    done = subprocess.run(command, env=site.environment, check=True, capture_output=True, text=True)
    parts = [part.split() for part in done.stdout.splitlines()[0].split(", ")]
    counts = {name: number for number, name in parts}
    assert int(counts["new"]) > 0
    assert int(counts["unchanged"]) > 0
    assert int(counts["new"]) + int(counts["unchanged"]) == total
    assert _count(site) == total


def _count(site: OwnDatabase) -> int:
    both = "SELECT (SELECT count(*) FROM papers_paper), (SELECT count(*) FROM papers_indexmark)"
    [(papers, marks)] = site.rows(both)
    assert isinstance(papers, int)
    assert papers == marks  # a paper and its mark come together or not at all
    return papers


def _wait_for(site: OwnDatabase, papers: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while _count(site) < papers:
        assert process.poll() is None, "the load ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
