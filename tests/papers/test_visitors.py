"""What a browser keeps without an account: its cookie, stars, marks, words, and nobody else's."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.signing import get_cookie_signer
from django.test import Client

from papers import visitors
from papers.models import DayMatches, Mark, Paper, Subscription, Tally, Visitor
from papers.visitors import COOKIE
from tests.papers.factories import PaperFactory
from tests.papers.pages import page_of, shown
from tests.papers.readers import make_reader

pytestmark = pytest.mark.django_db
SCRIPT = {"Sec-Fetch-Mode": "cors"}


@pytest.fixture
def papers() -> list[Paper]:
    made: list[Paper] = PaperFactory.create_batch(3)
    return made


def test_who_only_looks_is_not_known(client: Client, papers: list[Paper]) -> None:
    for address in ("/", "/arxiv/cs.CL", papers[0].get_absolute_url(), "/library"):
        assert COOKIE not in client.get(address).cookies
    assert not Visitor.objects.exists()


def test_a_star_is_kept_and_taken_back(client: Client, papers: list[Paper]) -> None:
    response = client.post("/marks", {"star": papers[0].arxiv_id, "next": "/arxiv/cs.CL?page=1"})
    assert (response.status_code, response.headers["Location"]) == (303, "/arxiv/cs.CL?page=1#p-" + papers[0].arxiv_id)
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], int(cookie["max-age"])) == (True, "Lax", visitors.COOKIE_AGE)
    client.post("/marks", {"star": papers[1].arxiv_id})
    assert shown(page_of(client, "/library")) == [papers[1].arxiv_id, papers[0].arxiv_id]
    assert not shown(page_of(Client(), "/library"))
    client.post("/marks", {"unstar": papers[1].arxiv_id})
    assert shown(page_of(client, "/library")) == [papers[0].arxiv_id]
    assert [tally.stars for tally in Tally.objects.order_by("paper")] == [1, 0]
    assert Visitor.objects.count() == 1


def test_a_mark_twice_counts_once(client: Client, papers: list[Paper]) -> None:
    for _ in range(2):
        client.post("/marks", {"star": papers[0].arxiv_id, "opened": papers[0].arxiv_id}, headers=SCRIPT)
    tally = Tally.objects.get(paper=papers[0])
    assert (tally.stars, tally.opened) == (1, 1)
    client.post("/marks", {"unstar": f"{papers[0].arxiv_id},{papers[1].arxiv_id}"}, headers=SCRIPT)
    assert Tally.objects.get(paper=papers[0]).stars == 0
    assert Mark.objects.count() == 1


def test_a_script_gets_the_new_button(client: Client, papers: list[Paper]) -> None:
    headers = {"HX-Request": "true", "HX-Target": f"star-{papers[0].pk}", **SCRIPT}
    response = client.post("/marks", {"star": papers[0].arxiv_id}, headers=headers)
    assert response.status_code == 200
    assert b'aria-pressed="true"' in response.content
    assert b"<html" not in response.content
    assert client.post("/marks", {"seen": papers[1].arxiv_id}, headers=SCRIPT).status_code == 204


@pytest.mark.parametrize(
    "fields",
    [{}, {"star": "x"}, {"star": "2511.00001,<b>"}, {"seen": ",".join(["2511.00001"] * 501)}, {"other": "2511.00001"}],
)
def test_bad_marks_are_refused(client: Client, papers: list[Paper], fields: dict[str, str]) -> None:
    assert client.post("/marks", fields).status_code == 400
    assert client.get("/marks").status_code == 405
    assert not Visitor.objects.exists()


def test_a_mark_needs_the_token(papers: list[Paper]) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/marks", {"star": papers[0].arxiv_id}).status_code == 403
    page = page_of(strict, "/")
    [token] = page.xpath("//form[@id='marks']/input[@name='csrfmiddlewaretoken']/@value")
    assert strict.post("/marks", {"star": papers[0].arxiv_id, "csrfmiddlewaretoken": token}).status_code == 303


def test_unknown_and_removed_papers_are_not_marked(client: Client, papers: list[Paper]) -> None:
    Paper.objects.filter(pk=papers[0].pk).update(removed=True)
    client.post("/marks", {"star": f"{papers[0].arxiv_id},2401.00001,{papers[1].arxiv_id}v7"}, headers=SCRIPT)
    assert list(Mark.objects.values_list("paper_id", flat=True)) == [papers[1].pk]


def test_a_cookie_cannot_be_made_up(client: Client, papers: list[Paper]) -> None:
    client.post("/marks", {"star": papers[0].arxiv_id})
    key = Visitor.objects.get().key.hex
    own = client.cookies[COOKIE].value
    signer = get_cookie_signer(salt="other")
    for value in (key, "x", "", f"{key}:a:b", own[:-1], own.replace(key, uuid4().hex), signer.sign(key)):
        stranger = Client()
        stranger.cookies[COOKIE] = value
        assert not shown(page_of(stranger, "/library")), value
    known = Client()
    known.cookies[COOKIE] = own
    assert shown(page_of(known, "/library"))


def test_visitors_an_hour_are_bounded(client: Client, papers: list[Paper], monkeypatch: Any) -> None:
    monkeypatch.setitem(visitors.NEW_AN_HOUR, "address", 2)
    for _ in range(2):
        assert Client().post("/marks", {"star": papers[0].arxiv_id}).status_code == 303
    response = Client().post("/marks", {"star": papers[0].arxiv_id})
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert Client().post("/words", {"words": "tides"}).status_code == 429
    assert Visitor.objects.count() == 2


def test_marks_of_a_visitor_are_bounded(client: Client, papers: list[Paper], monkeypatch: Any) -> None:
    monkeypatch.setattr(visitors, "MOST_MARKS", 2)
    response = client.post("/marks", {"star": ",".join(one.arxiv_id for one in papers)})
    assert (response.status_code, response.headers.get("Retry-After")) == (409, None)  # waiting would not help
    assert not Mark.objects.exists()
    assert client.post("/marks", {"star": papers[0].arxiv_id}).status_code == 303


def test_what_was_only_seen_makes_room(client: Client, papers: list[Paper], monkeypatch: Any) -> None:
    monkeypatch.setattr(visitors, "MOST_MARKS", 2)
    client.post("/marks", {"star": papers[0].arxiv_id}, headers=SCRIPT)
    client.post("/marks", {"seen": papers[1].arxiv_id}, headers=SCRIPT)
    client.post("/marks", {"star": papers[2].arxiv_id}, headers=SCRIPT)
    assert set(Mark.objects.values_list("paper_id", flat=True)) == {papers[0].pk, papers[2].pk}


def test_taking_back_what_was_never_given_makes_nobody_known(client: Client, papers: list[Paper]) -> None:
    for address, fields in (("/marks", {"unstar": papers[0].arxiv_id}), ("/words", {"words": "  "})):
        response = client.post(address, fields)
        assert response.status_code == 303
        assert COOKIE not in response.cookies
    assert not Visitor.objects.exists()


def test_a_forgotten_visitor_can_be_marked_for_no_more(client: Client, papers: list[Paper]) -> None:
    client.post("/marks", {"star": papers[0].arxiv_id}, headers=SCRIPT)
    visitor = Visitor.objects.get()
    visitors.forget(Visitor.objects.get())
    assert visitors.mark(visitor, [papers[1].pk], "starred", True) == []
    visitors.set_words(visitor, "tides")
    visitors.forget(visitor)
    assert not Visitor.objects.exists()


def test_a_star_of_a_removed_paper_can_be_taken_back(client: Client, papers: list[Paper]) -> None:
    client.post("/marks", {"star": papers[0].arxiv_id}, headers=SCRIPT)
    Paper.objects.filter(pk=papers[0].pk).update(removed=True)
    assert "Stars: 0" in " ".join(page_of(client, "/library").text_content().split())
    client.post("/marks", {"unstar": papers[0].arxiv_id}, headers=SCRIPT)
    assert Tally.objects.get(paper=papers[0]).stars == 0


def test_the_library_says_where_it_ends(client: Client, papers: list[Paper]) -> None:
    assert "There is no page 7" in page_of(client, "/library?page=7", 404).text_content()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", ""]
)
def test_a_form_leads_back_to_this_site_alone(client: Client, papers: list[Paper], target: str) -> None:
    for address, fields in (("/marks", {"star": papers[0].arxiv_id}), ("/theme", {"theme": "dark"}), ("/words", {})):
        location = client.post(address, {**fields, "next": target}).headers["Location"]
        assert location.partition("#")[0] == "/"


def test_the_theme_and_the_language_are_the_readers_choice(client: Client, papers: list[Paper]) -> None:
    assert not page_of(client, "/").xpath("/html/@data-theme")
    client.post("/theme", {"theme": "dark", "next": "/help"})
    assert page_of(client, "/").xpath("/html/@data-theme") == ["dark"]
    client.post("/theme", {"theme": "<b>"})
    assert not page_of(client, "/").xpath("/html/@data-theme")
    client.cookies["theme"] = '"><script>'
    assert not page_of(client, "/").xpath("/html/@data-theme | //script[not(@src) and not(@type)]")
    client.post("/language", {"language": "zh-hans", "next": "/"})
    assert page_of(client, "/").xpath("/html/@lang") == ["zh-hans"]


def test_words_are_kept_on_one_line_and_bounded(client: Client, papers: list[Paper]) -> None:
    client.post("/words", {"words": "  tidal\n fl\x00ow, " + "x" * 900})
    words = Visitor.objects.get().words
    assert words.startswith("tidal flow, xxx")
    assert len(words) == visitors.LONGEST_WORDS
    page = page_of(client, "/library")
    assert page.xpath("//input[@id='words']/@value") == [words]


def test_saved_searches_stand_in_the_library(client: Client, papers: list[Paper]) -> None:
    assert "None yet" in page_of(client, "/library").text_content()
    client.post("/search/save", {"q": 'tides "<b>x</b>"', "next": "/library"})
    page = page_of(client, "/library")
    [section] = page.xpath("//section[contains(@class, 'saved')]")
    assert "tides" in section.text_content()
    assert not section.xpath(".//b")
    assert [link for link in section.xpath(".//a/@href") if "/search/feed?q=tides" in link]
    client.post("/search/save", {"q": 'tides "<b>x</b>"', "do": "forget"})
    assert "None yet" in page_of(client, "/library").text_content()


def test_all_of_it_can_be_forgotten(client: Client, papers: list[Paper]) -> None:
    client.post("/marks", {"star": papers[0].arxiv_id, "opened": papers[0].arxiv_id, "seen": papers[1].arxiv_id})
    other = Client()
    other.post("/marks", {"star": papers[0].arxiv_id})
    assert "Papers marked as seen: 1" in " ".join(page_of(client, "/library").text_content().split())
    assert client.post("/forget").headers["Location"] == "/library"
    assert Visitor.objects.count() == 1
    tally = Tally.objects.get(paper=papers[0])
    assert (tally.stars, tally.opened) == (1, 0)
    assert "Nothing is kept of this browser" in page_of(client, "/library").text_content()
    assert shown(page_of(other, "/library")) == [papers[0].arxiv_id]


def test_what_was_worked_out_from_a_readers_stars_goes_with_her_and_what_others_ask_too_stays(db: None) -> None:
    reader = make_reader()
    hers = {"visitor": reader.visitor, "since": "2025-11-03"}
    Subscription.objects.create(kind="stars", key="hers", secret="a", **hers)
    Subscription.objects.create(kind="categories", text="cs.CL", key="everybodys", secret="b", **hers)
    for key in ("hers", "everybodys"):
        DayMatches.objects.create(key=key, day="2025-11-03", stamp="s", found=[])
    visitors.forget(reader.visitor)
    assert list(DayMatches.objects.values_list("key", flat=True)) == ["everybodys"]
