"""The whole: a folder written aside and renamed when it is complete; a restore that asks first and checks after."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from papers.backup import postgres, sqlite
from papers.backup.manifest import BackupError, Manifest, Progress, check_files, describe, read_manifest

KEY = "secret-key"
# Filled by `migrate` itself, so that rows in them do not make a database one that is in use.
_OWN = {"django_migrations", "django_content_type", "auth_permission"}


def make_backup(folder: Path, progress: Progress) -> Path:
    """A new backup within `folder`, named by the time in UTC; returns its path. Raises BackupError."""
    final = folder / f"papertide-{timezone.now():%Y%m%dT%H%M%SZ}"
    part = folder / f"{final.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(f"{folder} cannot be written to: {error.strerror}") from error
    try:
        _write(part, progress)
        part.rename(final)
    except OSError as error:
        raise BackupError(f"the backup cannot be written: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return final


def restore_backup(folder: Path, force: bool, progress: Progress) -> Manifest:
    """Put the backup in `folder` in the place of this site's database and key; returns what it holds.

    Nothing is touched where the backup is damaged, of another kind of database or of a later Papertide, or where this
    site holds data and `force` is not given. Raises BackupError.
    """
    manifest = read_manifest(folder)
    if manifest.vendor != connection.vendor:
        raise BackupError(f"the backup is of {manifest.vendor}, and DATABASE_URL names a {connection.vendor} database")
    _refuse_later(manifest)
    held = _rows_here()
    if held and not force:
        raise BackupError(f"the database is not empty ({held}): --force puts the backup in its place")
    check_files(folder, manifest.files, progress)
    _replace(manifest, folder, progress)
    _restore_key(folder, manifest)
    with suppress(DatabaseError):  # opened before the tables changed
        connection.close()
    call_command("migrate", verbosity=0, interactive=False)
    if manifest.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # a restored table has no statistics, and the planner guesses badly without
    return manifest


def _write(part: Path, progress: Progress) -> None:
    tables = sorted(connection.introspection.django_table_names(only_existing=True))
    recorder = MigrationRecorder(connection)
    if not recorder.has_table():
        raise BackupError("the database has no tables yet: there is nothing to back up")
    tables = sorted({*tables, recorder.Migration._meta.db_table})
    server = 0
    if connection.vendor == "sqlite":
        counts = sqlite.dump(_sqlite_file(), part, tables, progress)
        names = [sqlite.FILE]
    else:
        counts, server = postgres.dump(_target(), part, tables, progress)
        names = [postgres.FILE]
    key = settings.DATA_DIR / KEY
    if key.is_file():
        shutil.copyfile(key, part / KEY)
        (part / KEY).chmod(0o600)
        names.append(KEY)
    for name in names:
        _settle(part / name)
    files = {name: describe(part / name, progress) for name in names}
    made = timezone.now().isoformat(timespec="seconds")
    Manifest(connection.vendor, server, made, _applied(), counts, files).write(part)


def _settle(path: Path) -> None:
    """Onto the disk, before the folder gets the name that says it is whole."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _replace(manifest: Manifest, folder: Path, progress: Progress) -> None:
    connection.close()
    if manifest.vendor == "sqlite":
        sqlite.restore(folder, _sqlite_file(), manifest.counts, progress)
        return
    known = connection.introspection.django_table_names(only_existing=True)
    dropped = sorted({*known, *manifest.counts})
    connection.close()
    postgres.restore(_target(), folder, dropped, manifest.counts, manifest.server, progress)


def _restore_key(folder: Path, manifest: Manifest) -> None:
    """The key that the cookies of the backup's time are signed with, unless SECRET_KEY gives one."""
    if KEY not in manifest.files or os.environ.get("SECRET_KEY"):
        return
    part = settings.DATA_DIR / f"{KEY}.part"
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write((folder / KEY).read_bytes())
        part.replace(settings.DATA_DIR / KEY)
    except OSError as error:
        raise BackupError(f"the database is restored, but not {KEY}: {error}") from error


def _applied() -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        rows.setdefault(app, []).append(name)
    return rows


def _refuse_later(manifest: Manifest) -> None:
    """Raises BackupError for a backup with migrations that this Papertide does not have."""
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {}
    applied = {(app, name) for app, names in manifest.migrations.items() for name in names}
    missing = sorted(applied - known.keys())
    if missing:
        raise BackupError(f"the backup was made by a later Papertide ({'.'.join(missing[0])}): install that first")


def _rows_here() -> str:
    """The tables of this site that hold rows, with their numbers, for people; empty where none does."""
    held = []
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.django_table_names(only_existing=True)):
            if table in _OWN:
                continue
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            count = cursor.fetchone()[0]
            if count:
                held.append(f"{table}: {count:,}")
    return ", ".join(held)


def _sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def _target() -> postgres.Target:
    return postgres.Target.of(connection.get_connection_params())
