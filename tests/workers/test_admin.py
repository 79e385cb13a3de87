"""The admin pages: what can be looked at, what can be done, and who may enter."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from config.admin import TRIES
from papers.models import Announcement, DayList, IndexMark, Kind, Paper, Reader, WantedPaper
from tests.papers.factories import PaperFactory
from workers import tasks
from workers.models import Alarm, ParkedMessage, Run

pytestmark = pytest.mark.django_db

LISTS = (
    "workers/run",
    "workers/alarm",
    "workers/parkedmessage",
    "papers/paper",
    "papers/daylist",
    "papers/announcement",
    "papers/indexmark",
    "papers/wantedpaper",
    "papers/reader",
)
LOOKED_AT = LISTS[:-1]


@pytest.fixture(autouse=True)
def _empty_cache(data_dir: Path, settings: Settings) -> Iterator[None]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # many passwords are tried here
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The wake-ups that were sent."""
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(tasks, "wake", lambda task, *arguments: sent.append((task.name.rpartition(".")[2], *arguments)))
    return sent


@pytest.fixture
def rows() -> dict[str, Any]:
    """One row for each page."""
    paper = PaperFactory.create(arxiv_id="2511.01234", title="An $O(n)$ <i>tide</i>")
    now = timezone.now()
    return {
        "workers/run": Run.objects.create(job="window", source="api", window="w", parked=True, error="<b>broken</b>"),
        "workers/alarm": Alarm.objects.create(key="a", kind="gap", text="A gap."),
        "workers/parkedmessage": ParkedMessage.objects.create(
            task="workers.tasks.tick", reason="r", body="[[], {}, {}]"
        ),
        "papers/paper": paper,
        "papers/daylist": DayList.objects.create(day=now.date(), category="cs.CL", lines=1),
        "papers/announcement": Announcement.objects.create(
            paper=paper, day=now.date(), category="cs.CL", kind=Kind.NEW, by_rss=True
        ),
        "papers/indexmark": IndexMark.objects.create(
            paper=paper, stamp=1, rests_until=now + timedelta(hours=1), reason="too long"
        ),
        "papers/wantedpaper": WantedPaper.objects.create(
            arxiv_id="2511.07777", reason="named", state="absent", tries=3
        ),
        "papers/reader": Reader.objects.create_user("somebody"),
    }


def act(client: Client, where: str, action: str, *numbers: int) -> str:
    """Do an action as the page's form does; what the next page says."""
    response = client.post(f"/admin/{where}/", {"action": action, "_selected_action": numbers}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("where", LISTS)
def test_each_list_and_each_row_can_be_looked_at(admin_client: Client, rows: dict[str, Any], where: str) -> None:
    page = admin_client.get(f"/admin/{where}/")
    assert page.status_code == 200
    assert str(rows[where].pk) in page.content.decode()
    assert admin_client.get(f"/admin/{where}/{rows[where].pk}/change/").status_code == 200
    assert "<b>broken" not in page.content.decode()


@pytest.mark.parametrize("where", LOOKED_AT)
def test_nothing_can_be_added_changed_or_deleted(admin_client: Client, rows: dict[str, Any], where: str) -> None:
    number = rows[where].pk
    assert admin_client.get(f"/admin/{where}/add/").status_code == 403
    assert admin_client.post(f"/admin/{where}/{number}/change/", {}).status_code == 403
    assert admin_client.post(f"/admin/{where}/{number}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin_client.get(f"/admin/{where}/").content.decode()


@pytest.mark.parametrize("where", LOOKED_AT)
def test_a_list_costs_few_queries_however_long(admin_client: Client, rows: dict[str, Any], where: str) -> None:
    with CaptureQueriesContext(connection) as few:
        admin_client.get(f"/admin/{where}/")
    for number in range(5):
        paper = PaperFactory.create()
        later = timezone.now() + timedelta(hours=1)
        DayList.objects.create(day=later.date(), category=f"x.{number}")
        Announcement.objects.create(paper=paper, day=later.date(), category="cs.CL", kind=Kind.NEW)
        IndexMark.objects.create(paper=paper, stamp=1, rests_until=later, reason="r")
        WantedPaper.objects.create(arxiv_id=f"2511.1{number:04}", reason="hole")
        Run.objects.create(source="oai", job="window", window="w")
        Alarm.objects.create(key=f"n{number}", kind="gap", text="t")
        ParkedMessage.objects.create(reason="r")
    with CaptureQueriesContext(connection) as many:
        admin_client.get(f"/admin/{where}/")
    assert len(many) == len(few) <= 12
    counts = [query["sql"] for query in many if "COUNT(" in query["sql"]]
    assert all("LIMIT 10000" in sql for sql in counts)


def test_papers_are_found_by_id(admin_client: Client, rows: dict[str, Any]) -> None:
    PaperFactory.create(arxiv_id="2511.05555")
    page = admin_client.get("/admin/papers/paper/?q=arXiv:2511.01234v2").content.decode()
    assert "2511.01234" in page
    assert "2511.05555" not in page
    assert "0 papers" in admin_client.get("/admin/papers/paper/?q=tide").content.decode()


@pytest.mark.parametrize(
    ("query", "found"), [("cs.CL", 1), ("2511.01234", 1), ("cs.LG", 0), ("2026-13-45", 0), ("1x", 0)]
)
def test_announcements_are_found(admin_client: Client, rows: dict[str, Any], query: str, found: int) -> None:
    page = admin_client.get("/admin/papers/announcement/", {"q": query})
    assert page.status_code == 200
    assert f"{found} announcement" in page.content.decode()
    day = f"{rows['papers/announcement'].day} {query}"
    assert f"{found} announcement" in admin_client.get("/admin/papers/announcement/", {"q": day}).content.decode()


@pytest.mark.parametrize(("state", "found"), [("parked", 1), ("open", 0), ("failed", 0), ("done", 1)])
def test_runs_are_filtered_by_state(admin_client: Client, rows: dict[str, Any], state: str, found: int) -> None:
    Run.objects.create(job="sweep", source="site", window="", finished=timezone.now())
    assert f"{found} run" in admin_client.get(f"/admin/workers/run/?state={state}").content.decode()


def test_a_run_is_done_again_by_the_button(admin_client: Client, rows: dict[str, Any], woken: list[Any]) -> None:
    run = rows["workers/run"]
    assert "Run again" in admin_client.get(f"/admin/workers/run/{run.pk}/change/").content.decode()
    assert admin_client.get(f"/admin/workers/run/{run.pk}/again/").status_code == 405
    response = admin_client.post(f"/admin/workers/run/{run.pk}/again/", follow=True)
    assert f"Run {run.run_id} is open again." in response.content.decode()
    run.refresh_from_db()
    assert (run.state, run.error, woken) == ("open", "", [("arrive", "network")])
    assert admin_client.post("/admin/workers/run/99999/again/").status_code == 404


def test_runs_are_done_again_by_the_action_each_in_its_queue(
    admin_client: Client, rows: dict[str, Any], woken: list[Any]
) -> None:
    refit = Run.objects.create(job="refit", source="site", window="", finished=timezone.now())
    strange = Run.objects.create(job="juggle", source="site", window="", finished=timezone.now())
    told = act(admin_client, "workers/run", "run_again", rows["workers/run"].pk, refit.pk, strange.pk)
    assert "2 runs are open again." in told
    assert {queue for _, queue in woken} == {"network", "embedding"}
    strange.refresh_from_db()
    assert strange.state == "done"


def test_papers_are_indexed_and_fetched_again(admin_client: Client, rows: dict[str, Any], woken: list[Any]) -> None:
    paper = rows["papers/paper"]
    assert "1 papers are marked" in act(admin_client, "papers/paper", "index_again", paper.pk)
    mark = IndexMark.objects.get(paper=paper)
    assert (mark.rests_until, mark.reason, mark.stamp != 1) == (None, "", True)
    assert "ArXiv is asked for 1 papers." in act(admin_client, "papers/paper", "fetch_again", paper.pk)
    assert WantedPaper.objects.get(arxiv_id="2511.01234").state == WantedPaper.State.OPEN
    assert woken == [("arrive", "network")]


def test_what_rests_is_tried_again(admin_client: Client, rows: dict[str, Any]) -> None:
    waiting = IndexMark.objects.create(paper=PaperFactory.create(arxiv_id="2511.05555"), stamp=1)
    page = admin_client.get("/admin/papers/indexmark/").content.decode()
    assert "too long" in page
    assert "2511.05555" not in page
    told = act(admin_client, "papers/indexmark", "try_again", rows["papers/indexmark"].pk, waiting.pk)
    assert "1 papers are tried again" in told
    assert not IndexMark.objects.filter(rests_until__isnull=False).exists()


def test_what_arxiv_did_not_know_is_asked_for_again(
    admin_client: Client, rows: dict[str, Any], woken: list[Any]
) -> None:
    act(admin_client, "papers/wantedpaper", "ask_again", rows["papers/wantedpaper"].pk)
    row = WantedPaper.objects.get(arxiv_id="2511.07777")
    assert (row.state, row.tries, row.closed) == ("open", 0, None)
    assert woken == [("arrive", "network")]


def test_an_alarm_is_closed(admin_client: Client, rows: dict[str, Any]) -> None:
    assert "1 alarms are closed" in act(admin_client, "workers/alarm", "close", rows["workers/alarm"].pk)
    assert Alarm.objects.get().closed is not None


def test_a_message_is_sent_again(admin_client: Client, rows: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from workers import parking

    unreadable = ParkedMessage.objects.create(reason="r", body="\x01")
    monkeypatch.setattr(parking, "send_again", lambda message: message.pk != unreadable.pk)
    told = act(admin_client, "workers/parkedmessage", "send_again", rows["workers/parkedmessage"].pk, unreadable.pk)
    assert "1 messages were sent again." in told
    assert "1 could not be" in told


def test_a_message_is_forgotten_and_a_run_given_up(admin_client: Client, rows: dict[str, Any]) -> None:
    assert "1 messages are forgotten." in act(
        admin_client, "workers/parkedmessage", "forget", rows["workers/parkedmessage"].pk
    )
    assert not ParkedMessage.objects.exists()
    run = Run.objects.create(job="backfill", source="oai", window="everything")
    assert "1 runs were given up." in act(admin_client, "workers/run", "give_up", run.pk)
    run.refresh_from_db()
    assert run.finished
    assert run.error == "given up by hand"


def test_who_may_only_look_may_not_act(client: Client, rows: dict[str, Any], woken: list[Any]) -> None:
    from django.contrib.auth.models import Permission

    reader = Reader.objects.create_user("looker", password="tidal-flow-9", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_run"))
    client.force_login(reader)
    run = rows["workers/run"]
    assert "Run again" not in client.get(f"/admin/workers/run/{run.pk}/change/").content.decode()
    assert client.post(f"/admin/workers/run/{run.pk}/again/").status_code == 403
    client.post("/admin/workers/run/", {"action": "run_again", "_selected_action": [run.pk]})
    run.refresh_from_db()
    assert (run.state, woken) == ("parked", [])
    assert client.get("/admin/papers/paper/").status_code == 403


def login(client: Client, name: str, word: str, address: str = "192.0.2.1", forwarded: str = "") -> str:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    given = {"username": name, "password": word}
    response = client.post("/admin/login/", given, headers=headers, REMOTE_ADDR=address)
    return "in" if response.status_code == 302 else response.content.decode()


def test_passwords_cannot_be_tried_by_the_thousand(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Reader.objects.create_superuser("op", password="tidal-flow-9")
    Reader.objects.create_superuser("other", password="tidal-flow-9")
    for _ in range(TRIES):
        assert "Please enter the correct" in login(client, "op", "wrong")
    assert "Too many tries" in login(client, "OP", "wrong")
    assert "Too many tries" in login(client, "op", "tidal-flow-9")  # or one could go on guessing
    assert login(client, "other", "tidal-flow-9") == "in"
    assert login(client, "op", "tidal-flow-9", "192.0.2.2") == "in"
    cache.clear()  # as time does
    assert login(client, "op", "tidal-flow-9") == "in"


def test_who_enters_begins_to_count_anew(client: Client) -> None:
    Reader.objects.create_superuser("op", password="tidal-flow-9")
    for _ in range(3):
        for _ in range(TRIES - 1):
            login(client, "op", "wrong")
        assert login(client, "op", "tidal-flow-9") == "in"


def test_the_address_behind_a_proxy_is_the_one_it_adds(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.OPTION, "PROXY_HEADER", True)
    for number in range(TRIES + 1):
        told = login(client, "op", "wrong", forwarded=f"10.0.0.{number}, 198.51.100.7")
    assert "Too many tries" in told
    assert "Too many tries" not in login(client, "op", "wrong", forwarded="198.51.100.7, 198.51.100.8")


def test_papers_are_still_the_readers_own(admin_client: Client, rows: dict[str, Any]) -> None:
    assert Paper.objects.get().title == "An $O(n)$ <i>tide</i>"
    body = admin_client.get(f"/admin/papers/paper/{rows['papers/paper'].pk}/change/").content.decode()
    assert "&lt;i&gt;tide" in body
    assert "<i>tide" not in body
