"""Backup and restore by the commands themselves, on a site of its own: wrecked, restored, searched as before."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from psycopg.conninfo import conninfo_to_dict

from papers.backup import postgres, sqlite
from papers.backup.manifest import BackupError, File, Manifest, check_files, describe, read_manifest
from papers.shelf import SHELF
from tests.databases import ROOT, OwnDatabase, own_database

PAPERS = len(SHELF.read_bytes().splitlines())
_places = postgres._places

# Vectors at random, since nothing here asks what they mean: no process waits for an encoder.
FILL = """
import numpy as np
from django.core.management import call_command
from papers.models import Paper
from papers.shelf import load_shelf
from search.encoder import get_encoder, text_hash, text_of
from search.vectors import store
load_shelf()
papers = list(Paper.objects.order_by("pk"))
vectors = np.random.default_rng(4).normal(size=(len(papers), 384)).astype(np.float32)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
hashes = [text_hash(text_of(paper.title, paper.abstract)) for paper in papers]
store(get_encoder().name, [paper.pk for paper in papers], hashes, vectors)
call_command("whiten", fit=True, verbosity=0)
"""
# Relatives go by words and by stored vectors; fields and phrases need no encoder.
FIND = """
import json
from django.core.management import call_command
from papers.models import Paper
from search.query import parse
from search.related import related
from search.service import search
call_command("index", rebuild=True)
names = dict(Paper.objects.values_list("pk", "arxiv_id"))
asked = ['"neural networks"', "title:attention", "author:hinton", "cat:cs.LG date:2014..2016"]
found = {text: [names[n] for n in search(parse(text + " sort:new")).ids] for text in asked}
for paper in Paper.objects.order_by("arxiv_id")[:5]:
    found[paper.arxiv_id] = [names[relative.id] for relative in related(paper)]
print(json.dumps(found))
"""
WRECK = """
from papers.models import Paper
from search.models import Fit, PaperVector
Paper.objects.filter(pk__lte=150).delete()
Paper.objects.update(title="?")
PaperVector.objects.all().delete()
Fit.objects.all().delete()
"""
# Each mark goes and comes within one transaction: no moment has a paper without.
WRITE = """
from django.db import transaction
from papers.models import IndexMark, Paper
while True:
    for paper in Paper.objects.all():
        with transaction.atomic():
            IndexMark.objects.filter(pk=paper.pk).delete()
            print(".", flush=True)
            IndexMark.objects.create(pk=paper.pk, stamp=1)
"""


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody looks."""


@dataclass
class Site:
    """A site and its commands, each in a process of its own."""

    database: OwnDatabase

    @property
    def folder(self) -> Path:
        return self.database.folder

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        environment = self.database.environment | {"SEARCH_ENGINE": "embedded"}
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def done(self, *arguments: str) -> str:
        """The output of a command that must succeed."""
        done = self.manage(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def python(self, script: str) -> str:
        """What a script prints within the site."""
        return self.done("shell", "--no-imports", "-c", script)

    def refused(self, *arguments: str) -> str:
        """What a command that must fail says, in words."""
        done = self.manage(*arguments)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        return done.stderr

    def backup(self, folder: Path) -> Path:
        """A new backup's path, as the command prints it."""
        return Path(self.done("backup", str(folder)).strip().removeprefix("backup: "))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Site]:
    """A site with its tables, and nothing in them."""
    with own_database(tmp_path / "site") as database:
        yield Site(database)


@pytest.fixture
def site(empty: Site) -> Site:
    """The sample shelf, not indexed."""
    empty.done("load_papers", str(SHELF))
    return empty


@pytest.mark.database
def test_a_wrecked_site_is_restored_and_finds_what_it_found(empty: Site, tmp_path: Path) -> None:
    empty.python(FILL)
    before, key = json.loads(empty.python(FIND).splitlines()[-1]), (empty.folder / "secret-key").read_text()
    assert all(before.values())
    backup = empty.backup(tmp_path / "backups")

    empty.python(WRECK)
    (empty.folder / "secret-key").write_text("another")
    shutil.rmtree(empty.folder / "index")

    said = empty.refused("restore", str(backup))
    assert f"papers_paper: {PAPERS - 150}" in said
    assert "--force" in said
    assert f"restored: {PAPERS} papers" in empty.done("restore", str(backup), "--force")
    assert json.loads(empty.python(FIND).splitlines()[-1]) == before
    assert (empty.folder / "secret-key").read_text() == key
    assert (empty.folder / "secret-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.database
def test_a_backup_goes_into_a_place_without_tables_too(site: Site, tmp_path: Path) -> None:
    backup = site.backup(tmp_path / "backups")
    counts = read_manifest(backup).counts
    if site.database.url:
        site.python("from django.db import connection\nconnection.cursor().execute('DROP SCHEMA public CASCADE')\n"
                    "connection.cursor().execute('CREATE SCHEMA public')")  # fmt: skip
    else:
        for path in site.folder.glob("papertide.sqlite3*"):
            path.unlink()
    site.done("restore", str(backup))
    assert counts["papers_paper"] == PAPERS
    for table, count in counts.items():
        assert site.database.rows(f'SELECT count(*) FROM "{table}"') == [(count,)]
    # Numbers of new rows go on where they were.
    site.python("from papers.models import Paper\nPaper.objects.filter(pk__lte=9).delete()\n"
                "from papers.shelf import load_shelf\nassert load_shelf().new == 9")  # fmt: skip


@pytest.mark.database
def test_a_backup_is_of_one_moment_while_the_site_writes(site: Site, tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", WRITE],
        env=site.database.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b".\n"
        backup = site.backup(tmp_path / "backups")
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()
    counts = read_manifest(backup).counts
    assert counts["papers_paper"] == counts["papers_indexmark"] == PAPERS


@pytest.mark.database
def test_a_damaged_backup_is_refused_and_nothing_is_touched(site: Site, tmp_path: Path) -> None:
    backup = site.backup(tmp_path / "backups")
    (copy,) = backup.glob("database.*")
    data = bytearray(copy.read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(data)
    assert "is damaged" in site.refused("restore", str(backup), "--force")
    assert site.database.rows("SELECT count(*) FROM papers_paper") == [(PAPERS,)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"vendor": "oracle"}, "the backup is of oracle, and DATABASE_URL names a "),
        ({"migrations": {"papers": ["0001_initial", "9999_later"]}}, r"a later Papertide \(papers.9999_later\)"),
    ],
)
@pytest.mark.django_db
def test_a_backup_of_another_kind_is_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    from django.db import connection

    from papers.backup.site import restore_backup

    plain: dict[str, object] = {"vendor": connection.vendor, "migrations": {}, "server": 0, "made": "", "format": 1}
    (tmp_path / "manifest.json").write_text(json.dumps({**plain, "counts": {}, "files": {}, **change}))
    with pytest.raises(BackupError, match=reason):
        restore_backup(tmp_path, True, silent)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "is no backup: manifest.json: .*No such file"),
        ("{", "is no backup: manifest.json"),
        ("[]", "does not say which format"),
        ('{"format": 2}', "made by a later Papertide"),
        ('{"format": 1}', "is damaged: 'counts'"),
        ('{"format": 1, "counts": [], "migrations": {}, "files": {}}', "is damaged: counts"),
        ('{"format": 1, "counts": {}, "migrations": {}, "files": {"x": 1}}', "is damaged"),
        ('{"format": 1, "counts": {}, "migrations": {}, "files": {}}', "is damaged: .*vendor"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str | None, reason: str) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BackupError, match=reason):
        read_manifest(tmp_path)


def test_files_are_compared_with_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"tide")
    files = {"a": describe(tmp_path / "a", silent)}
    manifest = Manifest("sqlite", 0, "", {}, {}, files)
    manifest.write(tmp_path)
    assert read_manifest(tmp_path) == manifest
    check_files(tmp_path, files, silent)
    (tmp_path / "a").write_bytes(b"edit")
    with pytest.raises(BackupError, match="a is damaged"):
        check_files(tmp_path, files, silent)
    with pytest.raises(BackupError, match=r"not whole: .*b'"):
        check_files(tmp_path, {"b": File(0, "")}, silent)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An SQLite database in WAL mode with ten rows."""
    path = tmp_path / "tide.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE paper (id INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO paper VALUES (?)", [(number,) for number in range(10)])
    return path


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM paper").fetchone()[0])


def test_the_copy_of_sqlite_is_one_file_and_comes_back_under_an_open_connection(file: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    assert sqlite.dump(file, tmp_path / "copy", ["paper"], silent) == {"paper": 10}
    assert [path.name for path in (tmp_path / "copy").iterdir()] == [sqlite.FILE]
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("DELETE FROM paper")
        sqlite.restore(tmp_path / "copy", file, {"paper": 10}, silent)
        assert reader.execute("SELECT count(*) FROM paper").fetchone() == (10,)
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_copy_with_other_counts_leaves_the_database_as_it_was(file: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    sqlite.dump(file, tmp_path / "copy", ["paper"], silent)
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("DELETE FROM paper WHERE id > 3")
    with pytest.raises(BackupError, match="than the backup says: paper"):
        sqlite.restore(tmp_path / "copy", file, {"paper": 11}, silent)
    assert rows(file) == 4


def test_a_restore_that_is_stopped_leaves_the_database_as_it_was(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copy").mkdir()
    sqlite.dump(file, tmp_path / "copy", ["paper"], silent)
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("DELETE FROM paper WHERE id > 3")
    monkeypatch.setattr(sqlite, "_PAGES", 1)

    def stop(what: str, done: int, _total: int) -> None:
        assert what == "restoring"
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sqlite.restore(tmp_path / "copy", file, {"paper": 10}, stop)
    assert rows(file) == 4


@pytest.mark.parametrize("work", ["dump", "restore"])
def test_a_full_disk_is_said_before_the_work(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    shutil.copyfile(file, tmp_path / sqlite.FILE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    asked: dict[str, Callable[[], object]] = {
        "dump": lambda: sqlite.dump(file, tmp_path, ["paper"], silent),
        "restore": lambda: sqlite.restore(tmp_path, file, {"paper": 10}, silent),
    }
    with pytest.raises(BackupError, match=r"has no room: .*100 (bytes )?(are )?free"):
        asked[work]()


def test_a_database_that_is_none_gives_no_backup(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "papertide.sqlite3").write_bytes(b"no database " * 100)
    site = Site(OwnDatabase(tmp_path / "site", ""))
    assert "file is not a database" in site.refused("backup", str(tmp_path / "backups"))
    assert list((tmp_path / "backups").iterdir()) == []
    assert "cannot be written to" in site.refused("backup", str(SHELF))


def test_a_tool_for_no_such_server_is_asked_for_by_name() -> None:
    with pytest.raises(BackupError, match="install postgresql-client-98 or a later one"):
        postgres.tool("pg_dump", 98)


@pytest.mark.postgresql
@pytest.mark.parametrize(("program", "work"), [("pg_dump", "dump"), ("pg_restore", "restore"), ("", "restore")])
def test_a_tool_that_fails_in_the_middle_leaves_the_database_as_it_was(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, work: str
) -> None:
    made, target = site.backup(tmp_path / "backups"), postgres.Target.of(conninfo_to_dict(site.database.url))
    counts = dict(read_manifest(made).counts)
    if program:
        version = subprocess.run([postgres.tool(program, 0), "--version"], capture_output=True, text=True, check=True)
        false = tmp_path / program
        false.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo "{version.stdout.strip()}" && exit\n'
            "echo 'DELETE FROM papers_indexmark;'\n"
            "echo 'error: could not write to file: No space left on device' >&2\nexit 1\n"
        )
        false.chmod(0o755)
        monkeypatch.setattr(postgres, "_places", lambda name: [str(false)] if name == program else _places(name))
        reason = "No space left on device"
    else:
        counts["papers_indexmark"] += 1
        reason = "than the backup says: papers_indexmark"
    asked: dict[str, Callable[[], object]] = {
        "dump": lambda: postgres.dump(target, tmp_path, counts, silent),
        "restore": lambda: postgres.restore(target, made, list(counts), counts, 0, silent),
    }
    site.done("shell", "--no-imports", "-c", "from papers.models import IndexMark; IndexMark.objects.last().delete()")
    with pytest.raises(BackupError, match=reason):
        asked[work]()
    assert site.database.rows("SELECT count(*) FROM papers_paper") == [(PAPERS,)]
    assert site.database.rows("SELECT count(*) FROM papers_indexmark") == [(PAPERS - 1,)]


@pytest.mark.postgresql
def test_a_site_that_still_works_on_its_tables_is_not_waited_for_without_end(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = site.backup(tmp_path / "backups")
    # With options, as the site itself connects.
    target = postgres.Target.of(conninfo_to_dict(site.database.url) | {"options": "-c jit=off"})
    counts = read_manifest(made).counts
    monkeypatch.setattr(postgres, "LOCK_WAIT", "300ms")
    with target.connect() as reader:
        reader.execute("SELECT count(*) FROM papers_paper")
        with pytest.raises(BackupError, match=r"lock timeout \(is the site still running\?\)"):
            postgres.restore(target, made, list(counts), counts, 0, silent)
    assert site.database.rows("SELECT count(*) FROM papers_paper") == [(PAPERS,)]
