"""Mail to the operator, by Django's own backend over a real connection."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from papers.ingest import ingest
from papers.models import DayList
from papers.shelf import read_shelf
from tests.arxiv import World
from tests.workers.loopback import at, site_of
from tests.workers.smtp import Sink, mail_server
from workers import alarms, announcing, arrival, calendar, completeness, mails, schedule, tasks
from workers.jobs import order
from workers.models import Alarm, Run
from workers.schedule import DIGEST_AFTER
from workers.sources import DayList as FeedList
from workers.sources import Listed

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 12, 7)


@pytest.fixture
def sink(settings: LazySettings, data_dir: Path) -> Iterator[Sink]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 5
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.OPERATOR_EMAIL = ("operator@example.org",)
        settings.DEFAULT_FROM_EMAIL = "papertide@example.org"
        yield server


@pytest.fixture
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that has nothing to do but to mail."""
    monkeypatch.setattr(schedule, "plan", lambda: [])
    monkeypatch.setattr(completeness, "check", lambda: None)


def text_of(mail: object) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_quiet")
def test_open_alarms_are_mailed_once_in_one_mail(sink: Sink) -> None:
    alarms.sound("a", "gap", "Ten papers are missing: 2612.00001 – 2612.00010.")
    alarms.sound("b", "late", "No list of 2026-12-07 yet.")
    alarms.note("c", "gap", "It is mended already.")
    for _ in range(3):
        tasks.tick()
    [mail] = sink.mails
    assert (mail["To"], mail["From"]) == ("operator@example.org", "papertide@example.org")
    assert mail["Subject"] == "Papertide: 2 alarms"
    assert sorted(text_of(mail).splitlines()) == [
        "No list of 2026-12-07 yet.",
        "Ten papers are missing: 2612.00001 – 2612.00010.",
    ]
    assert not Alarm.objects.filter(closed=None, mailed=None).exists()


@pytest.mark.usefixtures("_quiet")
def test_another_alarm_and_one_that_is_back_are_mailed_alone(sink: Sink) -> None:
    alarms.sound("a", "gap", "First.")
    tasks.tick()
    alarms.sound("a", "gap", "First, and more of it.")
    alarms.sound("b", "gap", "Second.")
    tasks.tick()
    alarms.close("a")
    tasks.tick()
    alarms.sound("a", "gap", "First again.")
    tasks.tick()
    assert [mail["Subject"] for mail in sink.mails] == ["Papertide: 1 alarm"] * 3
    assert [text_of(mail) for mail in sink.mails] == ["First.\n", "Second.\n", "First again.\n"]


@pytest.mark.usefixtures("_quiet")
def test_an_alarm_that_closed_before_anybody_looked_is_not_mailed(sink: Sink) -> None:
    alarms.sound("a", "gap", "Gone.")
    alarms.close("a")
    tasks.tick()
    assert sink.mails == []


def refuse(sink: Sink, settings: LazySettings) -> None:
    sink.refusing = True


def go_away(sink: Sink, settings: LazySettings) -> None:
    settings.EMAIL_PORT = 9


def be_unknown(sink: Sink, settings: LazySettings) -> None:
    settings.EMAIL_HOST = "mail.invalid"


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("fail", [refuse, go_away, be_unknown])
def test_a_server_that_is_away_is_tried_again_and_stops_nothing(
    sink: Sink,
    settings: LazySettings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fail: Callable[[Sink, LazySettings], None],
) -> None:
    woken: list[object] = []
    monkeypatch.setattr(tasks, "wake", lambda task, *given: woken.append((task.name, *given)))
    order("backfill", "x", arguments={"sets": [], "since": None, "until": None})
    alarms.sound("a", "gap", "It is.")
    fail(sink, settings)
    for _ in range(2):
        tasks.tick()
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 2
    assert all("alarms could not be mailed" in record.getMessage() for record in errors)
    assert woken == [("workers.tasks.arrive", "network")] * 2
    settings.EMAIL_HOST, settings.EMAIL_PORT, sink.refusing = "127.0.0.1", sink.port, False
    tasks.tick()
    assert [text_of(mail) for mail in sink.mails] == ["It is.\n"]


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("name", ["OPERATOR_EMAIL", "EMAIL_HOST"])
def test_without_an_address_or_a_server_nothing_is_mailed(sink: Sink, settings: LazySettings, name: str) -> None:
    setattr(settings, name, "")
    alarms.sound("a", "gap", "It is.")
    tasks.tick()
    mails.send_digest(MONDAY)
    assert sink.mails == []
    assert Alarm.objects.get().mailed is None


def listed(count: int, category: str) -> FeedList:
    """A feed of so many papers, which are in the database."""
    lines = tuple(Listed(f"2612.{number:05}", 1, "new") for number in range(1, count + 1))
    ingest(replace(record, arxiv_id=line.arxiv_id) for record, line in zip(read_shelf(), lines, strict=False))
    return FeedList(category, MONDAY, None, lines)


def test_the_digest_tells_what_a_day_brought(sink: Sink) -> None:
    announcing.write_feed(listed(12, "cs.CL"))
    announcing.write_feed(listed(3, "cs.LG"))
    DayList.objects.filter(category="cs.LG").update(lines=7)
    now = timezone.now()
    order("announce", "x", key=f"announce {MONDAY}", finished=now, seen=15, new=12)
    order("window", "x", key=f"window {MONDAY}", finished=now, error="HTTP 503")
    order("announce", "x", key="announce 2026-12-04", finished=now, seen=99)
    alarms.sound("a", "gap", "Ten papers are missing.")
    mails.send_digest(MONDAY)
    [mail] = sink.mails
    assert mail["Subject"] == "Papertide: 2026-12-07"
    lines = text_of(mail).splitlines()
    assert lines[0].split()[:5] == ["category", "new", "feed", "OAI", "API"]
    assert lines[1].split() == ["cs.CL", "12", "12", "0", "0", "(12)"]
    assert lines[2].split() == ["cs.LG", "3", "3", "0", "0", "(7)"]
    assert "announce: done, 15 seen, 12 new. " in lines
    assert "window: failed, 0 seen, 0 new. HTTP 503" in lines
    assert "12 papers wait for the index." in lines
    assert lines[-1] == "Ten papers are missing."
    assert "99 seen" not in text_of(mail)


def test_the_digest_goes_out_once_in_the_morning_and_waits_for_the_server(
    sink: Sink, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World.make(MONDAY, days=1, per_day=12, records=read_shelf())
    with site_of(world, settings, monkeypatch):
        port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
        for hours in (1, 3):
            at(world, calendar.feed_from(MONDAY) + timedelta(hours=hours))
        assert not Run.objects.filter(job="digest").exists()
        at(world, calendar.feed_from(MONDAY) + DIGEST_AFTER)
        arrival.work("default")
        run = Run.objects.get(job="digest")
        assert (run.state, run.tries) == ("open", 1)
        assert run.error.startswith("the mail could not be sent: ")
        settings.EMAIL_PORT = port
        for hours in (8, 9, 30):
            at(world, calendar.feed_from(MONDAY) + timedelta(hours=hours))
            arrival.work("default")
    run.refresh_from_db()
    assert run.state == "done"
    digests = [mail for mail in sink.mails if mail["Subject"] == f"Papertide: {MONDAY}"]
    assert len(digests) == 1
    assert "cs.CL" in text_of(digests[0])
    assert datetime(2026, 12, 7, tzinfo=UTC) < run.not_before
