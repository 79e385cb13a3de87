"""What a backup says of itself, and whether its files are what it says."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

MANIFEST = "manifest.json"
FORMAT = 1
_CHUNK = 1 << 20

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is, and how much it will be (bytes; 0 where nobody knows)."""


class BackupError(Exception):
    """A backup cannot be made, or not be restored; the text says why and what helps."""


@dataclass(frozen=True)
class File:
    """One file of a backup."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """vendor: Django's name of the database. server: its major version, 0 for SQLite. counts: rows by table."""

    vendor: str
    server: int
    made: str
    migrations: dict[str, list[str]]
    counts: dict[str, int]
    files: dict[str, File]
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Into its folder. Raises OSError."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder. Raises BackupError where the folder is no backup, or one of a later Papertide."""
    try:
        row = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder} is no backup: {MANIFEST}: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("format"), int):
        raise BackupError(f"{folder} is no backup: {MANIFEST} does not say which format it has")
    if row["format"] > FORMAT:
        raise BackupError(f"{folder} was made by a later Papertide (format {row['format']}): install that first")
    try:
        if not isinstance(row["counts"], dict) or not isinstance(row["migrations"], dict):
            raise TypeError("counts and migrations are tables")
        files = {str(name): File(int(file["size"]), str(file["sha256"])) for name, file in row.pop("files").items()}
        return Manifest(**row, files=files)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BackupError(f"{folder}/{MANIFEST} is damaged: {error}") from error


def describe(path: Path, progress: Progress) -> File:
    """Size and hash of a file, read once. Raises OSError."""
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress("checking", done, size)
    return File(done, digest.hexdigest())


def check_files(folder: Path, files: Mapping[str, File], progress: Progress) -> None:
    """Raises BackupError for the first file that is missing or another than was written."""
    for name, expected in files.items():
        try:
            found = describe(folder / name, progress)
        except OSError as error:
            raise BackupError(f"the backup is not whole: {error}") from error
        if found != expected:
            raise BackupError(f"{folder / name} is damaged: its contents are not what was written")
