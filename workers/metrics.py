"""Numbers for Prometheus: the site's state, read when they are asked for, and the requests of this process.

With several web processes behind one port each scrape meets another of them. Then PROMETHEUS_MULTIPROC_DIR names a
folder of their own in which they add up their requests (`docker-compose.yml` does so).
"""

import hmac
import ipaddress
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Case, Count, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):  # which prometheus_client reads when it is imported
    Path(folder).mkdir(parents=True, exist_ok=True)

from prometheus_client import CollectorRegistry, Counter, Histogram, gc_collector, platform_collector, process_collector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from papers.models import DayList, Delivery, Digest, WantedPaper
from search import marks
from workers import circuit, completeness
from workers.models import Alarm, ParkedMessage, Run
from workers.overview import first, last_feed, last_harvest, statistics

KEPT = 15.0  # seconds: however many ask, the database is asked once in so long
LATELY = timedelta(days=1)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUEUES = ("network", "embedding", "default")  # as in workers/app.py, which brings Celery with it
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_VIA")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

log = structlog.get_logger(__name__)
registry = CollectorRegistry()
_LABELS = ("view", "method", "status")
requests_total = Counter(
    "papertide_http_requests_total", "Requests that were answered, by view.", _LABELS, registry=registry
)
request_seconds = Histogram(
    "papertide_http_request_duration_seconds",
    "Time from a request to the beginning of its answer.",
    _LABELS,
    buckets=_SECONDS,
    registry=registry,
)


def count_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, the outermost one: counts and times requests. No label holds what a reader sent."""

    def middleware(request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = get_response(request)
        found = request.resolver_match
        method = request.method if request.method in METHODS else "other"
        labels = (found.view_name if found else "none", method, f"{response.status_code // 100}xx")
        requests_total.labels(*labels).inc()
        request_seconds.labels(*labels).observe(time.perf_counter() - begun)
        return response

    return middleware


@require_safe
@cache_control(no_store=True)
def page(request: HttpRequest) -> HttpResponse:
    """All metrics, in the format that is asked for. With METRICS_TOKEN only to who names it, else to this machine."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
            refused = HttpResponse("a token is needed\n", status=401, content_type="text/plain; charset=utf-8")
            refused["WWW-Authenticate"] = 'Bearer realm="metrics"'
            return refused
    elif not _is_of_this_machine(request):
        text = "metrics are for this machine alone until METRICS_TOKEN is set\n"
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_all()), content_type=content_type)


def _is_of_this_machine(request: HttpRequest) -> bool:
    """Whether a program here asks, and not a proxy here for somebody elsewhere."""
    if settings.PRODUCTION or any(request.META.get(name) for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class SiteCollector(Collector):
    """The site's state, at most KEPT seconds old. While the database is away only `papertide_up` is told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read = -KEPT
        self._kept: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask the database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """What was read last, or what is read now."""
        with self._lock:
            if time.monotonic() - self._read >= KEPT:
                self._kept = _read_all()
                self._read = time.monotonic()
            return list(self._kept)

    def forget(self) -> None:
        """Read anew at the next scrape."""
        self._read = -KEPT


site = SiteCollector()


class _All:
    """What `encode` takes for a registry: of several processes the sums, of one its own numbers too."""

    def __init__(self, collectors: Iterable[Collector]) -> None:
        self._collectors = tuple(collectors)

    def collect(self) -> Iterator[Metric]:
        """Every metric of every collector."""
        for collector in self._collectors:
            yield from collector.collect()


if folder:
    _collectors: tuple[Collector, ...] = (MultiProcessCollector(None, path=folder), site)
else:
    process_collector.ProcessCollector(registry=registry)
    platform_collector.PlatformCollector(registry=registry)
    gc_collector.GCCollector(registry=registry)
    registry.register(site)


def _all() -> "CollectorRegistry | _All":
    return _All(_collectors) if folder else registry


def _read_all() -> list[Metric]:
    try:
        return [
            *_papers(),
            *_arrival(),
            *_runs(),
            *_mails(),
            *_troubles(),
            *_queues(),
            _gauge("up", "The database answers.", 1),
        ]
    except (OperationalError, InterfaceError) as error:
        log.warning("metrics could not be read", reason=str(error))
        return [_gauge("up", "The database answers.", 0)]


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"papertide_{name}", text, value=float(value))


def _by(name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], int]) -> Metric:
    family = GaugeMetricFamily(f"papertide_{name}", text, labels=labels)
    for label, value in sorted(values.items()):
        family.add_metric(label, value)
    return family


def _papers() -> Iterator[Metric]:
    found = statistics()
    yield _gauge("search_up", "The search engine answers.", found is not None)
    if found:
        yield _gauge("index_papers", "Papers in the serving index.", found.papers)
        yield _gauge("index_vector_width", "Dimensions of the vectors in the serving index.", found.width)
    waiting, resting = first(marks.pending()), first(marks.resting())
    yield _gauge("index_waiting_papers", "Papers that wait for the index; counted up to 100,000.", waiting.value)
    yield _gauge("index_resting_papers", "Papers among them that could not be indexed and rest.", resting.value)


def _arrival() -> Iterator[Metric]:
    feed, harvest = last_feed(), last_harvest()
    if feed:
        yield _gauge("feed_last_read_timestamp_seconds", "When a feed was stored last.", feed.timestamp())
    if harvest:
        text = "When OAI-PMH was reconciled with last."
        yield _gauge("harvest_last_success_timestamp_seconds", text, harvest.timestamp())
    day = DayList.objects.order_by("-day").values_list("day", flat=True).first()
    if day:
        lines = sum(DayList.objects.filter(day=day).values_list("lines", flat=True))
        yield _gauge("announcement_lines", "Lines in all feeds of the newest announcement day.", lines)
        counted = completeness.counts(day).values()
        sources = ("all", "by_rss", "by_oai", "by_api")
        yield _by(
            "announced_papers",
            "First announcements of the newest announcement day, over all categories, by who told of them.",
            ("source",),
            {(name.removeprefix("by_"),): sum(row[name] for row in counted) for name in sources},
        )
    state = circuit.state()
    yield _gauge("arxiv_failures", "Tries in a row that arXiv gave no usable answer to.", state.failures)
    yield _gauge("arxiv_circuit_open", "ArXiv is left alone for a while.", state.is_open)


def _runs() -> Iterator[Metric]:
    state = Case(
        When(parked=True, then=Value("parked")),
        When(finished=None, then=Value("open")),
        When(error="", then=Value("done")),
        default=Value("failed"),
    )
    lately = Run.objects.filter(started__gte=timezone.now() - LATELY).order_by()
    rows = lately.values_list("job", state).annotate(Count("pk"))
    values: dict[tuple[str, ...], int] = {(job, which): number for job, which, number in rows}
    yield _by("runs", "Runs that were asked for within a day.", ("job", "state"), values)
    yield _gauge("parked_runs", "Runs that wait for an operator.", Run.objects.filter(parked=True).count())


def _mails() -> Iterator[Metric]:
    states: dict[tuple[str, ...], int] = {(state,): 0 for state in Digest.State.values}
    counted = Digest.objects.filter(due__gte=timezone.now() - LATELY).order_by().values_list("state")
    states |= {(state,): number for state, number in counted.annotate(Count("pk"))}
    yield _by("reader_mails", "Mails to readers that were due within a day.", ("state",), states)
    stopped = Delivery.objects.filter(stopped__isnull=False).count()
    yield _gauge("reader_mails_stopped", "Readers whose address refuses mails.", stopped)


def _troubles() -> Iterator[Metric]:
    alarms = Alarm.objects.filter(closed=None).order_by().values_list("kind").annotate(Count("pk"))
    kinds: dict[tuple[str, ...], int] = {(kind,): number for kind, number in alarms}
    yield _by("alarms_open", "Alarms that are open.", ("kind",), kinds)
    states: dict[tuple[str, ...], int] = {(state,): 0 for state in WantedPaper.State.values}
    counted = WantedPaper.objects.order_by().values_list("state").annotate(Count("pk"))
    states |= {(state,): number for state, number in counted}
    yield _by("wanted_papers", "Papers that were asked for by id.", ("state",), states)
    parked = ParkedMessage.objects.filter(again=None).count()
    yield _gauge("parked_messages", "Messages that no worker could take.", parked)


def _queues() -> Iterator[Metric]:
    lengths = _redis_lengths() if settings.REDIS_URL else _file_lengths()
    yield _gauge("broker_up", "The broker answers.", lengths is not None)
    if lengths is not None:
        values: dict[tuple[str, ...], int] = {(name,): number for name, number in lengths.items()}
        yield _by("queue_messages", "Messages that wait for a worker.", ("queue",), values)


def _redis_lengths() -> dict[str, int] | None:
    import redis

    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            return {name: int(client.llen(name)) for name in QUEUES}
    except redis.RedisError:
        return None


def _file_lengths() -> dict[str, int] | None:
    """Of the broker without a server: a message is a file."""
    messages = settings.DATA_DIR / "broker" / "messages"
    return {name: sum(1 for _ in messages.glob(f"*.{name}.msg")) for name in QUEUES}
