"""The user that servers run as: ourselves, or, where we are root (which they refuse), a system user of their own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scripts.services.errors import Unavailable

SERVER_USER = "papertide"


def server_user() -> tuple[int, int] | None:
    """User and group number that servers run as when we are root; None: as ourselves.

    The system user `papertide` is made at the first time. Raises Unavailable where it cannot be.
    """
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        entry = pwd.getpwnam(SERVER_USER)
    except KeyError:
        program = shutil.which("useradd")
        if program is None:
            raise Unavailable(f"the servers refuse to run as root: make a user {SERVER_USER!r}") from None
        command = [program, "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", SERVER_USER]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        # 9: another starter has just made it.
        if made.returncode not in (0, 9):
            raise Unavailable(f"useradd {SERVER_USER} failed: {made.stderr.strip()}") from None
        entry = pwd.getpwnam(SERVER_USER)
    return entry.pw_uid, entry.pw_gid


def hand_over(folder: Path) -> Path:
    """Make the folder (0700), give it with all that is in it to the servers' user, and return it resolved."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    folder.chmod(0o700)
    user = server_user()
    if user is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, *user, follow_symlinks=False)
    return folder


def reachable(folder: Path) -> bool:
    """Whether another user can come to this folder through those above it."""
    return all(parent.stat().st_mode & 0o001 for parent in folder.resolve().parents)


def as_server_user(argv: list[str], folder: Path) -> tuple[list[str], list[int] | None]:
    """The command, and the user and group number to run it with, so that it reaches `folder`.

    Below a folder that only root may enter (/root, pytest's own) the server keeps the one right it needs for that.
    Raises Unavailable where that cannot be arranged.
    """
    user = server_user()
    if user is None or reachable(folder):
        return argv, list(user) if user else None
    program = shutil.which("setpriv")
    if program is None:
        raise Unavailable(
            f"the user {SERVER_USER!r} cannot reach {folder}: install util-linux or choose another folder"
        )
    uid, gid = map(str, user)
    right = "+dac_override"
    given = [program, "--reuid", uid, "--regid", gid, "--clear-groups", "--inh-caps", right, "--ambient-caps", right]
    # The last bit lets access(2) count the right, too: Java asks it whether a file is there.
    return [*given, "--securebits", "+no_setuid_fixup", "--pdeathsig", "KILL", *argv], None


def run(
    argv: list[str], folder: Path, title: str, environment: Mapping[str, str] | None = None, typed: str = ""
) -> None:
    """Run a program to its end as the servers' user, in `folder`, with `typed` as its input.

    Raises Unavailable with what it said.
    """
    command, user = as_server_user(argv, folder)
    uid, gid = user or (None, None)
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment or {"HOME": str(folder), "PATH": os.environ.get("PATH", os.defpath)},
        input=typed,
        capture_output=True,
        text=True,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"{title}: {Path(argv[0]).name} failed: {(done.stderr or done.stdout).strip()}")
