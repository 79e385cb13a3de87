"""What Prometheus reads."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from papers.models import Announcement, DayList, IndexMark, Kind, WantedPaper
from search.engines.base import Statistics
from tests.papers.factories import PaperFactory
from workers import app, metrics, overview
from workers.models import Alarm, ParkedMessage, Run

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


class Engine:
    """Says what an engine says of its index."""

    def statistics(self) -> Statistics:
        """An index."""
        return Statistics(4321, "fit-7", 125, "g")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    monkeypatch.setattr(overview, "get_engine", Engine)
    metrics.site.forget()
    cache.clear()


def scrape(client: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels; each family has a help text."""
    response = client.get("/metrics")
    assert response.status_code == 200
    families = list(text_string_to_metric_families(response.content.decode()))
    assert all(family.documentation for family in families if family.name.startswith("papertide_"))
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def of(found: dict[Any, float], name: str, **labels: str) -> float:
    return found[f"papertide_{name}", tuple(sorted(labels.items()))]


def test_the_state_of_the_site(client: Client, data_dir: Path) -> None:
    paper = PaperFactory.create()
    now = timezone.now()
    DayList.objects.create(day=now.date(), category="cs.CL", lines=7, fetched=now)
    Announcement.objects.create(day=now.date(), category="cs.CL", paper=paper, kind=Kind.NEW, by_rss=True)
    IndexMark.objects.create(paper=paper, stamp=1)
    Run.objects.create(job="reconcile", source="oai", window="", finished=now)
    Run.objects.create(job="ids", source="api", window="", parked=True)
    Alarm.objects.create(key="a", kind="gap", text="t")
    Alarm.objects.create(key="b", kind="gap", text="t", closed=now)
    WantedPaper.objects.create(arxiv_id="2511.00001", reason="reader")
    ParkedMessage.objects.create(reason="r")
    messages = data_dir / "broker" / "messages"
    messages.mkdir(parents=True)
    (messages / "1_a.network.msg").touch()
    found = scrape(client)
    assert of(found, "up") == of(found, "search_up") == of(found, "broker_up") == 1
    assert of(found, "index_papers") == 4321
    assert of(found, "index_waiting_papers") == 1
    assert of(found, "index_resting_papers") == 0
    assert of(found, "announcement_lines") == 7
    assert of(found, "announced_papers", source="rss") == of(found, "announced_papers", source="all") == 1
    assert of(found, "announced_papers", source="oai") == 0
    assert of(found, "runs", job="reconcile", state="done") == 1
    assert of(found, "runs", job="ids", state="parked") == of(found, "parked_runs") == 1
    assert of(found, "alarms_open", kind="gap") == 1
    assert of(found, "wanted_papers", state="open") == 1
    assert of(found, "wanted_papers", state="here") == 0
    assert of(found, "parked_messages") == 1
    assert of(found, "queue_messages", queue="network") == 1
    assert of(found, "queue_messages", queue="default") == 0
    assert of(found, "arxiv_circuit_open") == 0
    assert abs(of(found, "feed_last_read_timestamp_seconds") - now.timestamp()) < 1
    assert abs(of(found, "harvest_last_success_timestamp_seconds") - now.timestamp()) < 1
    assert ("process_cpu_seconds_total", ()) in found


def test_queues_of_redis(client: Client, settings: Settings, redis_url: str) -> None:
    settings.REDIS_URL = redis_url
    with redis.Redis.from_url(redis_url) as server:
        server.delete(*metrics.QUEUES)
        server.rpush("embedding", "one", "two")
        try:
            found = scrape(client)
        finally:
            server.delete(*metrics.QUEUES)
    lengths = {name: of(found, "queue_messages", queue=name) for name in metrics.QUEUES}
    assert lengths == {"network": 0, "embedding": 2, "default": 0}
    assert of(found, "broker_up") == 1


def test_a_redis_that_is_away_is_told(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://:word@127.0.0.1:9/0"
    found = scrape(client)
    assert of(found, "broker_up") == 0
    assert not [key for key in found if key[0] == "papertide_queue_messages"]


def test_the_queues_are_those_of_the_workers() -> None:
    assert metrics.QUEUES == app.QUEUES


def test_a_fresh_site_has_no_time_of_what_never_happened(client: Client) -> None:
    names = {name for name, _ in scrape(client)}
    assert "papertide_up" in names
    assert not {name for name in names if "timestamp_seconds" in name and name.startswith("papertide_feed")}


def test_the_database_is_asked_once_for_many_scrapes(client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(16):
        scrape(client)
    with django_assert_max_num_queries(0):
        scrape(client)


def test_a_database_that_is_away_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(metrics, "_papers", away)
    found = scrape(client)
    assert of(found, "up") == 0
    assert ("papertide_index_papers", ()) not in found


def test_requests_are_counted_by_view_and_hold_nothing_that_was_sent(client: Client) -> None:
    labels = {"view": "help", "method": "GET", "status": "2xx"}
    client.get("/help")
    before = of(scrape(client), "http_requests_total", **labels)
    client.get("/help?secret=word")
    client.get("/nothing-of-that-name")
    client.generic("BREW", "/help")
    found = scrape(client)
    assert of(found, "http_requests_total", **labels) == before + 1
    assert of(found, "http_request_duration_seconds_count", **labels) == before + 1
    assert of(found, "http_requests_total", view="help", method="other", status="4xx") >= 1
    assert of(found, "http_requests_total", view="none", method="GET", status="4xx") >= 1
    assert not [key for key in found if "secret" in str(key) or "nothing-of" in str(key) or "BREW" in str(key)]


def test_a_token_is_demanded_where_one_is_set(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "tidé"
    refused = client.get("/metrics")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    for wrong in ("Bearer tide", "Bearer ", "tidé", "Basic tidé"):
        assert client.get("/metrics", headers={"authorization": wrong}).status_code == 401
    right = client.get("/metrics", headers={"authorization": "Bearer tidé"}, REMOTE_ADDR="192.0.2.9")
    assert right.status_code == 200
    assert right.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("came", "status"),
    [
        ({}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.9"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 403),
        ({"HTTP_FORWARDED": "for=127.0.0.1"}, 403),
    ],
)
def test_without_a_token_only_this_machine_reads(client: Client, came: dict[str, Any], status: int) -> None:
    assert client.get("/metrics", **came).status_code == status


def test_in_production_nobody_reads_without_a_token(client: Client, settings: Settings) -> None:
    settings.PRODUCTION = True
    assert client.get("/metrics").status_code == 403


COUNTING = """
import django
django.setup()
from workers import metrics
metrics.requests_total.labels("help", "GET", "2xx").inc()
from prometheus_client.exposition import generate_latest
metrics.site.collect = lambda: []
print(generate_latest(metrics._all()).decode())
"""


def test_processes_add_up(tmp_path: Path) -> None:
    variables = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path / "data"),
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    for times in (1, 2):
        done = subprocess.run(
            [sys.executable, "-c", COUNTING], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        said = 'papertide_http_requests_total{method="GET",status="2xx",view="help"}'
        assert f"{said} {times}.0" in done.stdout
