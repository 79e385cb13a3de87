"""Turns that all processes of a site take, on whatever machine: PostgreSQL's advisory locks.

Only PostgreSQL joins several machines; SQLite is one machine, and its writers take turns anyway.
"""

from django.db import connection

# Keys of the locks, each its own; any other numbers would do.
WRITING, REBUILDING, INGESTING = 0x70617065_00000001, 0x70617065_00000002, 0x70617065_00000003


def shared() -> bool:
    """Whether processes of other machines may work on the same papers."""
    return connection.vendor == "postgresql"


def take_turn(key: int) -> None:
    """Wait until no other process has this turn; ours ends with the transaction. On SQLite there is nothing to wait
    for."""
    if shared():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
