"""DATABASE_URL as Django wants it: SQLite in a file, or PostgreSQL, pooled where pages are served."""

from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from config.process import Kind

KEPT = 60  # seconds that a connection without a pool is kept
CONNECT = 10  # seconds to reach the server, and to wait for a connection of the pool

# SQLite in WAL mode serves one machine; writers take turns. What is mapped (2 GB, SQLite's most) is read without a call
# of the system for each page, and not copied into each connection's own cache.
_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000; PRAGMA mmap_size=2147418112;"
    ),
}


def database(url: str, file: Path, process: Kind, pool: int, timeout: float) -> dict[str, Any]:
    """The entry of DATABASES for `url`, or for SQLite in `file` where it is empty.

    On PostgreSQL a web process has a pool of up to `pool` connections (0: one a thread, kept), each tried before it is
    handed out, and the server ends its queries after `timeout` seconds (0: never). A Celery worker forks, and a pool
    must not be shared over a fork: it and a command have one connection. What the URL says after its `?` comes first.
    Raises ImproperlyConfigured, never quoting the URL, which holds a password.
    """
    try:
        settings: dict[str, Any] = dict(dj_database_url.parse(url or f"sqlite:///{file}", conn_max_age=KEPT))
    except ValueError:  # an unknown scheme, a port that is no number
        settings = {}
    engine = settings.get("ENGINE")
    if engine == "django.db.backends.sqlite3":
        return settings | {"OPTIONS": _SQLITE}
    if engine != "django.db.backends.postgresql" or not settings.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL cannot be read: expected postgres://user:password@host:5432/name")
    options = {"application_name": f"papertide {process}", "connect_timeout": CONNECT, **settings.get("OPTIONS", {})}
    settings |= {"CONN_HEALTH_CHECKS": True, "OPTIONS": options}
    # Compiling a query takes longer than any of ours runs.
    limits = [f"statement_timeout={round(timeout * 1000)}"] if process == "web" else []
    given = [options["options"]] if "options" in options else []
    options["options"] = " ".join([*(f"-c {setting}" for setting in ("jit=off", *limits)), *given])
    if process == "web" and pool:
        settings["CONN_MAX_AGE"] = 0  # Django refuses to keep connections that a pool keeps
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": CONNECT, "num_workers": 1}
    return settings
