"""The page for operators: everything side by side, nothing secret, by few questions to the database."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from papers.models import Announcement, DayList, Digest, IndexMark, Kind, Paper, Visitor, WantedPaper
from papers.shelf import load_shelf
from search.engines.base import EngineAwayError, Statistics
from tests.papers.factories import PaperFactory
from tests.papers.pages import page_of
from workers import calendar, circuit, overview
from workers.models import Alarm, ParkedMessage, Run
from workers.status import notice
from workers.telling import LONGEST, public

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 20)  # a Friday


class Engine:
    """Says what an engine says of its index."""

    def statistics(self) -> Statistics:
        """A large index."""
        return Statistics(3_000_000, "fit-7", 125, "g")


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    monkeypatch.setattr(overview, "get_engine", Engine)


def announce(day: date, category: str, papers: int, **told: int) -> None:
    """A list of so many papers, each source telling of the first so many."""
    DayList.objects.create(day=day, category=category, lines=papers * 2, fetched=timezone.now())
    made: list[Paper] = PaperFactory.create_batch(papers)
    for number, paper in enumerate(made):
        marks = {name: number < told.get(name, 0) for name in ("by_rss", "by_oai", "by_api")}
        Announcement.objects.create(paper=paper, day=day, category=category, kind=Kind.NEW, **marks)


def words(node: Any) -> str:
    return " ".join(node.text_content().split())


def facts(page: Any) -> dict[str, str]:
    return {words(row.xpath("dt")[0]): words(row.xpath("dd")[0]) for row in page.xpath("//dl/div")}


def status(client: Client) -> Any:
    return page_of(client, "/status")


def test_a_fresh_site_says_what_is_missing(client: Client) -> None:
    page = status(client)
    told = words(page)
    assert "1 thing wants attention" in told
    assert "No worker has run yet" in told
    assert "No announcement list is here yet" in told
    assert "Nothing was done yet" in told
    assert facts(page)["Last feed"] == facts(page)["Last harvest"] == "none yet"
    assert facts(page)["Answers"] == "as usual"
    assert facts(page)["Feeds"].endswith("in the US East")
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_every_page_leads_there(client: Client) -> None:
    assert page_of(client, "/help").xpath("//footer//a[@href='/status']")


def test_all_is_well_where_somebody_plans_and_nothing_is_wrong(client: Client) -> None:
    Run.objects.create(job="sweep", source="site", window="", finished=timezone.now())
    assert "All is well" in words(status(client))
    Run.objects.update(started=timezone.now() - timedelta(days=2))
    told = words(status(client))
    assert "No worker seems to run" in told
    assert "All is well" not in told


def test_sources_stand_side_by_side_and_differences_are_marked_in_words(client: Client) -> None:
    announce(DAY, "cs.CL", 5, by_rss=5, by_oai=3)
    announce(DAY, "cs.LG", 2, by_rss=2, by_oai=2)
    [table] = [table for table in status(client).xpath("//details//table") if "cs.CL" in words(table)]
    head = [words(cell) for cell in table.xpath(".//thead//th")]
    assert head == ["List", "Feed", "OAI-PMH", "Query API", "All together", "Lines of the feed", "Feed read"]
    rows = {
        words(row.xpath("./th")[0]): [words(cell) for cell in row.xpath("./td")] for row in table.xpath(".//tbody/tr")
    }
    assert rows["cs.CL"][:5] == ["5", "−22 fewer than all: 3", "–", "5", "10"]
    assert rows["cs.LG"][:5] == ["2", "2", "–", "2", "4"]
    assert rows["cs.CV"] == ["–", "0", "–", "0", "–", "not read"]  # followed, and nothing came
    assert table.xpath(".//th/a/@href")[1].endswith("?date=2026-11-20")


def test_five_days_are_shown_the_newest_first(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "latest_day", lambda now: DAY)
    for back in range(7):
        announce(DAY - timedelta(days=back), "cs.CL", 1, by_rss=1)
    days = [words(node) for node in status(client).xpath("//details/summary/b")]
    assert days[0] == "Friday, 20 November 2026"
    assert len(days) == 5


def test_the_newest_day_is_shown_before_anything_came(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    announce(DAY, "cs.CL", 1, by_rss=1)
    monkeypatch.setattr(calendar, "latest_day", lambda now: date(2026, 11, 23))
    assert "Monday, 23 November 2026 nothing yet" in words(status(client).xpath("//details/summary")[0])


def test_runs_show_their_state_and_when_they_are_tried_again(client: Client) -> None:
    now = timezone.now()
    Run.objects.create(
        job="announce", source="rss", window="w", tries=2, error="no list", not_before=now + timedelta(hours=1)
    )
    Run.objects.create(job="backfill", source="oai", window="w", crashes=1, seen=1200, total=5000)
    Run.objects.create(job="window", source="api", window="w", parked=True, error="broken", tries=3)
    ids = {"ids": ["2511.00001", "2511.00002"]}
    Run.objects.create(job="ids", source="api", window="2511.00001", arguments=ids, finished=now)
    Run.objects.create(job="ids", source="api", window="2511.00002", arguments=ids, finished=now, error="HTTP 503")
    page = status(client)
    unfinished, lately = (
        [words(row) for row in table.xpath(".//tbody/tr")] for table in page.xpath("//table[@class='runs']")
    )
    assert len(unfinished) == 3
    assert "parked" in unfinished[0]
    assert "broken" in unfinished[0]
    assert any("tried 2×, again" in row for row in unfinished)
    assert any("under way backfill" in row and "1,200 of 5,000" in row for row in unfinished)
    assert "failed ids by api 2 asked for by id HTTP 503" in lately[0]
    assert len(lately) == 4  # without the one for a reader that went well
    assert "2511.00002" not in words(page)


def test_what_rests_what_is_missing_and_what_is_parked_is_named(client: Client) -> None:
    paper = PaperFactory.create(arxiv_id="2511.04242")
    later = timezone.now() + timedelta(hours=1)
    IndexMark.objects.create(paper=paper, stamp=1, rests_until=later, reason="too long")
    WantedPaper.objects.create(arxiv_id="2511.07777", reason="hole", note="a hole in the ids")
    WantedPaper.objects.create(arxiv_id="2511.08888", reason="reader")
    WantedPaper.objects.create(arxiv_id="2511.09999", reason="named", state="absent")
    ParkedMessage.objects.create(task="gone", queue="default", reason="no such task", body="SECRET BODY")
    page = status(client)
    told = words(page)
    assert "2511.04242 too long" in told
    assert "2511.07777 a hole in the ids" in told
    assert "2511.08888" not in told  # what a reader looked at is nobody's business
    assert facts(page)["Under way"] == "2"
    assert facts(page)["Not at arXiv"] == "1"
    assert "gone in default no such task" in told
    assert "SECRET BODY" not in told
    assert facts(page)["Fit"] == "fit-7, 125 dimensions"
    assert facts(page)["Papers"] == "3,000,000"
    assert facts(page)["Waiting"] == "1"
    assert facts(page)["Search"].startswith("embedded, tantivy ")
    assert facts(page)["Papertide"] in (ROOT / "pyproject.toml").read_text()


def test_an_engine_that_is_away_is_said_without_its_address(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise EngineAwayError("https://elastic:word@search.internal:9200 refused")

    monkeypatch.setattr(overview, "get_engine", away)
    told = words(status(client))
    assert "The search engine does not answer" in told
    assert "internal" not in told


def test_an_open_circuit_is_said(client: Client) -> None:
    for _ in range(circuit.FAILURES):
        circuit.failed("HTTP 503 from https://user:word@proxy.internal/api")
    told = words(status(client))
    assert "arXiv is left alone until" in told
    assert "after 8 failures in a row: HTTP 503" in told
    assert "internal" not in told


def test_texts_are_escaped_and_secrets_hidden(client: Client) -> None:
    Alarm.objects.create(key="a", kind="task", text="<script>alert(1)</script> at redis://:word@10.0.0.7:6379/0")
    Alarm.objects.create(key="b", kind="gap", text="Mended.", closed=timezone.now())
    error = 'connection to server at "db.internal" (10.0.0.5), port 5432 failed for user "papertide"'
    Run.objects.create(source="oai", window="/srv/private/papers.jsonl", parked=True, error=error)
    body = client.get("/status").content.decode()
    assert "&lt;script&gt;alert(1)" in body
    assert "<script>alert" not in body
    for secret in ("word@", "10.0.0", "db.internal", "/srv/private"):
        assert secret not in body
    assert "Mended." in body


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The feed of cs.CL for 2026-11-20 holds nothing.", "The feed of cs.CL for 2026-11-20 holds nothing."),
        (
            "Named by a source and not here: hep-th/9901001, 2511.00001.",
            "Named by a source and not here: hep-th/9901001, 2511.00001.",
        ),
        ("left alone until 20:05 UTC: HTTP 503", "left alone until 20:05 UTC: HTTP 503"),
        ("see http://user:word@host/x now", "see … now"),
        ("mail to ops@example.org failed", "mail to … failed"),
        ('server at "db", user "x"', "server at …, user …"),
        ("host=db password=word", "… …"),
        ("reach redis:6379 or fe80::1 or 10.1.2.3:99", "reach … or … or …"),
        ("no room in /srv/data/index", "no room in …"),
        ("two\nlines", "two lines"),
        ("x" * 1000, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_what_is_public(text: str, told: str) -> None:
    assert public(text) == told


def fill(start: int, end: int) -> None:
    now = timezone.now()
    for number in range(start, end):
        announce(DAY - timedelta(days=number), "cs.CL", 3, by_rss=3)
        announce(DAY - timedelta(days=number), "cs.LG", 3, by_oai=3)
        later = now + timedelta(hours=1)
        IndexMark.objects.create(paper=PaperFactory.create(), stamp=1, rests_until=later, reason="r")
        WantedPaper.objects.create(arxiv_id=f"2511.1{number:04}", reason="hole")
        ParkedMessage.objects.create(reason="r")
        Alarm.objects.create(key=f"a{number}", kind="gap", text="t")
        Alarm.objects.create(key=f"b{number}", kind="gap", text="t", closed=now)
        Run.objects.create(source="oai", window="w", tries=1, error="e")
        Run.objects.create(source="oai", job="reconcile", window="w", finished=now)


def test_queries_are_few_and_none_counts_the_papers(client: Client) -> None:
    fill(0, 5)
    client.get("/status")
    with CaptureQueriesContext(connection) as few:
        client.get("/status")
    fill(5, 17)
    with CaptureQueriesContext(connection) as many:
        client.get("/status")
    assert len(few) == len(many) <= 21
    assert not [query["sql"] for query in many if "COUNT(" in query["sql"] and 'FROM "papers_paper"' in query["sql"]]


def test_counting_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        IndexMark.objects.create(paper=PaperFactory.create(), stamp=1)
    assert overview.first(IndexMark.objects.all(), 3) == overview.Number(3, more=True)
    assert overview.first(IndexMark.objects.all(), 4) == overview.Number(4)


def test_it_is_only_read(client: Client) -> None:
    assert client.post("/status").status_code == 405
    response = client.get("/status")
    assert response.headers["Cache-Control"] == "no-cache"
    assert set(response.cookies) <= {"csrftoken"}  # for the switches at the foot


# The sentence on top of every page


def test_notice_speaks_only_of_a_shelf_after_a_failure(data_dir: Path) -> None:
    assert notice() == ""
    count = load_shelf().new
    assert notice() == ""
    when = datetime(2026, 11, 20, 12, tzinfo=UTC)
    failed = Run.objects.create(source="api", window="cs.CL", error="away", finished=when)
    Run.objects.create(source="site", job="sweep", window="", finished=timezone.now())  # which asks nobody
    assert notice().startswith(
        f"arXiv could not be reached (20 Nov, 12:00 UTC); this is the sample shelf of {count} papers. "
        "The next try is due on "
    )
    waiting = Run.objects.create(source="rss", window="cs.CL")
    assert notice().endswith("papers. The next try is due now.")
    for _ in range(circuit.FAILURES):
        circuit.failed("away")
    until = circuit.state().until_moment
    assert notice().endswith(f"The next try is due on {until.day} {until:%b, %H:%M} UTC.")
    circuit.reset()
    later = timezone.now() + timedelta(minutes=40)
    Run.objects.filter(pk=waiting.pk).update(not_before=later, tries=1, error="no list")
    assert notice() == (
        f"arXiv could not be reached; this is the sample shelf of {count} papers. "
        f"The next try is due on {later.day} {later:%b, %H:%M} UTC."
    )
    Paper.objects.filter(pk=Paper.objects.latest("pk").pk).update(is_summary=False)
    assert notice() == ""
    Paper.objects.update(is_summary=True)
    Run.objects.filter(pk__in=[failed.pk, waiting.pk]).update(error="")
    assert notice() == ""


def test_notice_is_cheap(django_assert_max_num_queries: Any) -> None:
    Run.objects.create(source="api", window="cs.CL", finished=timezone.now())
    with django_assert_max_num_queries(1):
        notice()
    Run.objects.update(error="away")
    with django_assert_max_num_queries(3):
        assert notice()


def test_what_became_of_a_days_mails_to_readers(client: Client) -> None:
    assert "Mails to readers" not in client.get("/status").content.decode()
    visitor, now = Visitor.objects.create(), timezone.now()
    for number, (state, age) in enumerate([("sent", 1), ("sent", 2), ("unsure", 3), ("failed", 30)]):
        due = now - timedelta(hours=age)
        Digest.objects.create(visitor=visitor, rhythm="daily", period=f"{number}", due=due, state=state)
    page = client.get("/status").content.decode()
    assert "<dt>sent</dt><dd>2</dd>" in page
    assert "<dt>perhaps not delivered</dt><dd>1</dd>" in page
    assert "<dt>refused</dt>" not in page
