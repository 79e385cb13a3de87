"""What a reader opened is kept for her alone, by day, and forgotten as she says; the words of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from papers import visitors
from papers.models import Delivery, Mark, Paper, Tally, Visitor
from papers.visitors import COOKIE
from tests.papers.factories import PaperFactory
from tests.papers.pages import page_of
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db
SCRIPT = {"Sec-Fetch-Mode": "cors"}


@pytest.fixture
def visitor() -> Visitor:
    found: Visitor = make_reader().visitor
    return found


@pytest.fixture
def reader(visitor: Visitor) -> Client:
    assert visitor.reader is not None
    return signed_in(visitor.reader)


def titles(client: Client, address: str = "/library/history") -> list[str]:
    found: list[str] = page_of(client, address).xpath("//ul[@class='past']//a/text()")
    return found


def viewed(visitor: Visitor, paper: Paper, when: datetime, **more: Any) -> None:
    Mark.objects.update_or_create(visitor=visitor, paper=paper, defaults={"viewed": when, **more})


def test_a_view_is_kept_of_who_is_known_and_makes_nobody_known(client: Client, reader: Client) -> None:
    paper = PaperFactory.create()
    assert client.post("/marks", {"viewed": paper.arxiv_id}, headers=SCRIPT).status_code == 204
    assert COOKIE not in client.cookies
    assert not Mark.objects.exists()
    assert not page_of(client, paper.get_absolute_url()).xpath("//article[@data-history]")
    assert page_of(reader, paper.get_absolute_url()).xpath("//article[@data-history]")
    assert reader.post("/marks", {"viewed": paper.arxiv_id}, headers=SCRIPT).status_code == 204
    assert titles(reader) == [paper.title]
    assert not Tally.objects.filter(opened__gt=0).exists()


def test_a_full_text_that_is_opened_is_in_the_history_too(reader: Client) -> None:
    paper = PaperFactory.create()
    for _ in range(2):
        reader.post("/marks", {"opened": paper.arxiv_id})
    mark = Mark.objects.get()
    assert (mark.viewed is not None, Tally.objects.get().opened) == (True, 1)
    assert mark.opened is not None
    assert mark.viewed is not None
    assert mark.viewed > mark.opened  # the last view, the first opening
    assert "full text" in page_of(reader, "/library/history").text_content()


def test_who_keeps_no_history_leaves_no_trace(reader: Client, visitor: Visitor) -> None:
    paper = PaperFactory.create()
    reader.post("/library/history", {"keep": "0"})
    reader.post("/marks", {"opened": paper.arxiv_id}, headers=SCRIPT)
    reader.post("/marks", {"viewed": paper.arxiv_id}, headers=SCRIPT)
    assert not Mark.objects.exists()
    assert not page_of(reader, paper.get_absolute_url()).xpath("//article[@data-history]")
    reader.post("/marks", {"star": paper.arxiv_id}, headers=SCRIPT)
    assert titles(reader) == []
    reader.post("/library/history", {"keep": "1"})
    reader.post("/marks", {"viewed": paper.arxiv_id}, headers=SCRIPT)
    assert titles(reader) == [paper.title]


def test_days_are_those_of_her_clock_newest_first(reader: Client, visitor: Visitor) -> None:
    early, late = PaperFactory.create_batch(2)
    viewed(visitor, early, datetime(2026, 3, 1, 14, 30, tzinfo=UTC))
    viewed(visitor, late, datetime(2026, 3, 1, 15, 30, tzinfo=UTC))
    page = page_of(reader, "/library/history")
    assert page.xpath("//h2/time/@datetime") == ["2026-03-01"]
    Delivery.objects.create(visitor=visitor, zone="Asia/Tokyo")
    page = page_of(reader, "/library/history")
    assert page.xpath("//h2/time/@datetime") == ["2026-03-02", "2026-03-01"]
    reader.post("/library/history", {"day": "2026-03-02"})
    assert titles(reader) == [early.title]


def test_forgetting_takes_the_trace_and_leaves_the_star(reader: Client, visitor: Visitor) -> None:
    papers = PaperFactory.create_batch(3)
    other = make_reader("ben@example.org").visitor
    for whose in (visitor, other):
        visitors.mark(whose, [paper.pk for paper in papers], "opened", True)
    visitors.mark(visitor, [papers[0].pk], "starred", True)
    response = reader.post("/library/history", {"forget": papers[0].arxiv_id})
    assert response.status_code == 303
    assert papers[0].title not in titles(reader)
    kept = Mark.objects.get(visitor=visitor, paper=papers[0])
    assert (kept.starred is not None, kept.viewed, kept.opened) == (True, None, None)
    assert Tally.objects.get(paper=papers[0]).opened == 1
    reader.post("/library/history", {"all": "1"})
    assert titles(reader) == []
    assert Mark.objects.filter(visitor=visitor).count() == 1
    assert Mark.objects.filter(visitor=other, viewed__isnull=False).count() == 3  # another's is hers


@pytest.mark.parametrize("fields", [{}, {"day": "yesterday"}, {"day": "2026-02-30"}, {"all": "2"}, {"forget": "x"}])
def test_what_is_not_understood_forgets_nothing(reader: Client, visitor: Visitor, fields: dict[str, str]) -> None:
    viewed(visitor, PaperFactory.create(), timezone.now())
    assert reader.post("/library/history", fields).status_code in {400, 404}
    assert len(titles(reader)) == 1
    assert reader.post("/library/history", {"day": "9999-12-31"}).status_code == 303


def test_forgetting_needs_the_token(visitor: Visitor) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert visitor.reader is not None
    strict.force_login(visitor.reader)
    assert strict.post("/library/history", {"all": "1"}).status_code == 403


def test_pages_of_the_history_take_as_many_queries(
    reader: Client, visitor: Visitor, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    counts = []
    for number in (2, 110):
        for paper in PaperFactory.create_batch(number):
            viewed(visitor, paper, timezone.now() - timedelta(hours=number))
        with django_assert_max_num_queries(20) as queries:
            reader.get("/library/history")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert len(titles(reader, "/library/history?page=2")) == 12
    assert reader.get("/library/history?page=3").status_code == 404


def test_history_makes_room_only_after_what_was_just_seen(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "MOST_MARKS", 3)
    seen, first, second, starred, more = PaperFactory.create_batch(5)
    now = timezone.now()
    viewed(visitor, first, now - timedelta(days=2), seen=now - timedelta(days=9))
    viewed(visitor, second, now - timedelta(days=1))
    visitors.mark(visitor, [seen.pk], "seen", True)
    visitors.mark(visitor, [starred.pk], "starred", True)
    assert set(Mark.objects.values_list("paper_id", flat=True)) == {first.pk, second.pk, starred.pk}
    visitors.mark(visitor, [more.pk], "starred", True)
    assert set(Mark.objects.values_list("paper_id", flat=True)) == {second.pk, starred.pk, more.pk}


def words(client: Client) -> dict[str, str]:
    """Each word of the cloud with its class."""
    links = page_of(client, "/library/words").xpath("//ul[@class='cloud']//a")
    return {link.text: link.get("class") for link in links}


def test_the_words_of_what_was_read_are_larger_for_stars_and_smaller_for_common_words(
    reader: Client, visitor: Visitor
) -> None:
    assert "no words yet" in page_of(reader, "/library/words").text_content()
    starred = PaperFactory.create_batch(3, keywords=["tidal estuary", "models"])
    looked = PaperFactory.create_batch(3, keywords=["lunar orbit", "model"])
    strange = PaperFactory.create(keywords=["zebra stripes"])
    visitors.mark(visitor, [paper.pk for paper in starred], "starred", True)
    visitors.mark(visitor, [paper.pk for paper in looked], "viewed", True)
    visitors.mark(make_reader("ben@example.org").visitor, [strange.pk], "starred", True)
    found = words(reader)
    assert set(found) == {"tidal estuary", "lunar orbit", "model"}  # one form of models
    assert found["tidal estuary"] > found["lunar orbit"] > found["model"]
    visitors.mark(visitor, [strange.pk], "starred", True)
    assert "zebra stripes" in words(reader)  # not what was kept for the state before


def test_the_words_become_preference_words(reader: Client, visitor: Visitor) -> None:
    visitors.mark(visitor, [PaperFactory.create(keywords=["tidal estuary"]).pk], "starred", True)
    page = page_of(reader, "/library/words")
    [form] = page.xpath("//form[@class='words-of-reading']")
    fields = {field.get("name"): field.get("value") for field in form.xpath(".//input")}
    response = reader.post(form.get("action"), fields)
    assert response.headers["Location"] == "/library/words"
    visitor.refresh_from_db()
    assert visitor.words == "tidal estuary"
    [address] = page.xpath("//ul[@class='cloud']//a/@href")
    assert address == "/library?q=%22tidal+estuary%22"
