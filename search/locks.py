"""Locks between all processes of a site, wherever they run.

They live where the papers live: several machines share a site only through PostgreSQL, whose advisory locks end with
their holder's connection; a site on SQLite is one machine, where files in DATA_DIR do.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from filelock import FileLock, Timeout

from papers.turns import REBUILDING, WRITING, shared, take_turn
from search.engines.base import EngineError

# The keys that living processes hold.
LIVING = """
    SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# A machine that vanishes without a word is found out within a minute, where the system's own limit is two hours.
_PATIENCE = """
    SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
    set_config('tcp_keepalives_count', '3', false)
"""


class BusyError(Exception):
    """Another process holds the lock."""


@contextmanager
def writing() -> Iterator[None]:
    """Held from the write of a batch to the removal of its marks, and while a rebuild switches: a short transaction."""
    if not shared():
        with _file("writing", wait=True):
            yield
        return
    with transaction.atomic():
        take_turn(WRITING)
        yield


@contextmanager
def rebuilding(*, wait: bool) -> Iterator[Callable[[], None]]:
    """Held by the one process that makes a new index. Raises BusyError where another does and `wait` is false.

    Gives a function that raises EngineError where the lock has been lost meanwhile.
    """
    if not shared():
        with _file("rebuilding", wait=wait):
            yield lambda: None
        return
    # A session of its own: the lock outlasts transactions, and what breaks the session of the papers leaves it.
    session = connection.copy()

    def demand() -> None:
        try:
            for each in (session, connection):  # the second holds the turn to write
                with each.cursor() as cursor:
                    cursor.execute("SELECT 1")
        except DatabaseError as error:
            raise EngineError("a connection that held the rebuild's locks is broken: the old index stays") from error

    try:
        with session.cursor() as cursor:
            cursor.execute(_PATIENCE)
            if wait:
                cursor.execute("SELECT pg_advisory_lock(%s)", [REBUILDING])
            else:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [REBUILDING])
                if not cursor.fetchone()[0]:
                    raise BusyError
            try:
                yield demand
            finally:
                with suppress(DatabaseError):  # a broken connection has given it back
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [REBUILDING])
    finally:
        session.close()


def rebuild_runs() -> bool:
    """Whether some process makes a new index now."""
    if shared():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT %s IN ({LIVING})", [REBUILDING])
            return bool(cursor.fetchone()[0])
    with suppress(BusyError), _file("rebuilding", wait=False):
        return False
    return True


@contextmanager
def indexing(*, wait: bool) -> Iterator[None]:
    """Held by the one process that indexes for this DATA_DIR: two encoders on one machine hinder each other.

    Raises BusyError where another does and `wait` is false.
    """
    with _file("indexing", wait=wait):
        yield


@contextmanager
def exclusive(name: str, key: int) -> Iterator[None]:
    """Held by one process of the site; `name` and `key` say the same to files and to PostgreSQL. Raises BusyError where
    another holds it. The lock ends with its holder, so that nobody waits for the dead."""
    if not shared():
        with _file(name, wait=False):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute(_PATIENCE)
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise BusyError
    try:
        yield
    finally:
        # A broken connection has given it back.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


@contextmanager
def alive(token: int) -> Iterator[None]:
    """Others see `token` among the living until the block ends or this process does."""
    if not shared():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(_PATIENCE)
        cursor.execute("SELECT pg_advisory_lock(%s)", [token])
    try:
        yield
    finally:
        # A broken connection has given it back.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [token])


@contextmanager
def _file(name: str, *, wait: bool) -> Iterator[None]:
    lock = FileLock(settings.DATA_DIR / f"{name}.lock", timeout=-1 if wait else 0)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError from None
    except OSError as error:
        raise EngineError(f"nothing can be written in DATA_DIR: {error}") from error
    try:
        yield
    finally:
        lock.release()
