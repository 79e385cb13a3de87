"""What is kept of readers goes when its time is over, and nothing sooner."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.utils import timezone

from papers import visitors
from papers.accounts.retention import DIGEST_DAYS, HISTORY_DAYS, UNVERIFIED_DAYS, VISITOR_IDLE_DAYS
from papers.models import DayMatches, Digest, Mark, Reader, Tally, Visitor
from tests.papers.factories import PaperFactory
from tests.papers.readers import make_reader, signed_in
from workers import arrival, schedule
from workers.digests import retention
from workers.jobs import order

pytestmark = pytest.mark.django_db


def ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


def test_a_browser_that_was_idle_for_long_is_forgotten_with_its_stars_and_accounts_stay() -> None:
    paper = PaperFactory.create()
    idle, lively = (Visitor.objects.create() for _ in range(2))
    account = make_reader().visitor
    for visitor in (idle, lively, account):
        visitors.mark(visitor, [paper.pk], "starred", True)
    Visitor.objects.filter(pk__in=[idle.pk, account.pk]).update(active=ago(VISITOR_IDLE_DAYS + 1))
    Visitor.objects.filter(pk=lively.pk).update(active=ago(VISITOR_IDLE_DAYS - 1))
    assert retention.sweep()["visitors"] == 1
    assert set(Visitor.objects.values_list("pk", flat=True)) == {lively.pk, account.pk}
    assert Tally.objects.get(paper=paper).stars == 2


@pytest.mark.parametrize(
    ("days", "verified", "login", "staff", "mails", "goes"),
    [
        (1, False, False, False, True, True),
        (-1, False, False, False, True, False),
        (1, True, False, False, True, False),
        (1, False, True, False, True, False),
        (1, False, False, True, True, False),
        (1, False, False, False, False, False),
    ],
)
def test_an_account_that_nobody_verified_or_used_goes(
    settings: LazySettings, days: int, verified: bool, login: bool, staff: bool, mails: bool, goes: bool
) -> None:
    settings.EMAIL_HOST = "127.0.0.1" if mails else ""
    reader = make_reader(verified=verified)
    joined = ago(UNVERIFIED_DAYS + days)
    Reader.objects.update(date_joined=joined, last_login=joined if login else None, is_staff=staff)
    retention.sweep()
    assert Reader.objects.filter(pk=reader.pk).exists() is not goes
    assert Visitor.objects.filter(pk=reader.visitor.pk).exists() is not goes


def test_old_views_go_and_stars_stay() -> None:
    visitor = make_reader().visitor
    only, starred, fresh = (PaperFactory.create() for _ in range(3))
    old, new = ago(HISTORY_DAYS + 1), ago(HISTORY_DAYS - 1)
    Mark.objects.create(visitor=visitor, paper=only, viewed=old)
    Mark.objects.create(visitor=visitor, paper=starred, viewed=old, starred=old)
    Mark.objects.create(visitor=visitor, paper=fresh, viewed=new)
    assert retention.sweep()["history"] == 2
    rows = {mark.paper_id: mark for mark in Mark.objects.all()}
    assert rows.keys() == {starred.pk, fresh.pk}
    assert (rows[starred.pk].viewed, rows[starred.pk].starred, rows[fresh.pk].viewed) == (None, old, new)


def test_old_mails_and_what_was_worked_out_for_old_days_go() -> None:
    visitor = make_reader().visitor
    for days in (DIGEST_DAYS - 1, DIGEST_DAYS + 1):
        Digest.objects.create(visitor=visitor, rhythm="daily", period=f"{days}", due=ago(days), state="sent")
    for days in (retention.MATCHES_DAYS - 2, retention.MATCHES_DAYS + 2):
        DayMatches.objects.create(key="x", day=ago(days).date(), stamp="x")
    retention.sweep()
    assert Digest.objects.get().period == f"{DIGEST_DAYS - 1}"
    assert DayMatches.objects.get().day == ago(retention.MATCHES_DAYS - 2).date()


def test_expired_sessions_go_with_the_devices_they_were_on() -> None:
    reader = make_reader()
    keys = []
    for _ in range(2):
        key = signed_in(reader).session.session_key
        UserSession.objects.get_or_create(user=reader, session_key=key, defaults={"ip": "127.0.0.1", "user_agent": ""})
        keys.append(key)
    Session.objects.filter(session_key=keys[0]).update(expire_date=ago(1))
    retention.sweep()
    assert [row.session_key for row in Session.objects.all()] == keys[1:]
    assert [row.session_key for row in UserSession.objects.all()] == keys[1:]


def test_a_day_without_time_leaves_it_for_the_next() -> None:
    Visitor.objects.create(active=ago(VISITOR_IDLE_DAYS + 1))
    assert retention.sweep(seconds=-1)["visitors"] == 0
    assert Visitor.objects.exists()


def test_the_daily_sweep_does_it(settings: LazySettings, tmp_path: Any) -> None:
    settings.DATA_DIR = tmp_path
    Visitor.objects.create(active=ago(VISITOR_IDLE_DAYS + 1))
    run = order("sweep", "x", arguments={})
    arrival.work("default")
    run.refresh_from_db()
    assert (run.state, Visitor.objects.exists()) == ("done", False)
    assert "sweep" in {row.job for row in schedule.plan()}
