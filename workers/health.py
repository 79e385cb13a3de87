"""Two questions of machines: does this process answer, and can it do its work?

Each check has a second. One that has not come back by then is left to itself, and not begun again before it has.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from typing import Literal

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from search.engines import get_engine
from search.engines.base import EngineError

LIMIT = 1.0  # seconds
Found = Literal["ok", "away", "pending", "no answer"]
_ESSENTIAL = ("database", "migrations")  # without the others pages are served all the same

_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="ready")
_lock = threading.Lock()
_running: dict[str, Future[Found]] = {}
_migrated = False


@require_safe
@cache_control(no_store=True)
def alive(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is looked at: a site without its database is not mended by a restart."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(no_store=True)
def ready(request: HttpRequest) -> JsonResponse:
    """Whether pages can be served: 200, also "degraded" without search or broker, or 503 without the database."""
    begun = {name: _begin(name, check) for name, check in CHECKS.items()}
    checks = {name: _result(name, future) for name, future in begun.items()}
    if any(checks[name] != "ok" for name in _ESSENTIAL):
        status = "unready"
    else:
        status = "ready" if set(checks.values()) == {"ok"} else "degraded"
    return JsonResponse({"status": status, "checks": checks}, status=503 if status == "unready" else 200)


def _begin(name: str, check: Callable[[], Found]) -> "Future[Found]":
    with _lock:
        running = _running.get(name)
        if running is None or running.done():
            running = _running[name] = _pool.submit(check)
        return running


def _result(name: str, future: "Future[Found]") -> Found:
    try:
        return future.result(LIMIT)
    except TooLate:
        return "no answer"


def database() -> Found:
    """Whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return "ok"
    except Exception:  # whatever a driver or its pool raises: it does not answer
        return "away"
    finally:
        connection.close()  # of this thread: nobody else gives it back


def migrations() -> Found:
    """Whether its tables are those of this code. Once they are they stay so as long as this process."""
    global _migrated
    if _migrated:
        return "ok"
    try:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return "ok" if _migrated else "pending"
    except Exception:  # as above
        return "away"
    finally:
        connection.close()


def search() -> Found:
    """Whether the search engine answers."""
    try:
        get_engine().statistics()
        return "ok"
    except EngineError:
        return "away"
    finally:
        connection.close()


def broker() -> Found:
    """Whether wake-ups can be left: Redis answers, or the folder in its place can be written to."""
    if not settings.REDIS_URL:
        folder = settings.DATA_DIR / "broker" / "messages"
        nearest = next(path for path in (folder, *folder.parents) if path.exists())  # the first worker makes it
        return "ok" if os.access(nearest, os.W_OK) else "away"
    import redis

    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=LIMIT, socket_timeout=LIMIT) as client:
            client.ping()
        return "ok"
    except redis.RedisError:
        return "away"


CHECKS: dict[str, Callable[[], Found]] = {
    "database": database,
    "migrations": migrations,
    "search": search,
    "broker": broker,
}
