"""The search page, the relatives, and their feeds; the engine is stood in for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from lxml import etree, html

from papers.models import Paper
from search.engines.base import EngineError
from search.query import Query, parse
from search.related import Related
from search.service import Results
from tests.papers.factories import PaperFactory

pytestmark = pytest.mark.django_db
ATOM = {"a": "http://www.w3.org/2005/Atom"}
EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Query, int, int]]:
    """What the service was asked; it finds every paper there is, oldest row first."""
    asked: list[tuple[Query, int, int]] = []

    def search(query: Query, page: int = 1, size: int = 25, **_: object) -> Results:
        asked.append((query, page, size))
        ids = list(Paper.objects.order_by("id").values_list("id", flat=True))
        part = ids[(page - 1) * size : page * size]
        notes = (*query.notes, "Matched as text only.")
        return Results(part, [], 2345, len(ids), page, size, notes, 12.6, True)

    monkeypatch.setattr("search.service.search", search)
    return asked


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise EngineError("no index")

    monkeypatch.setattr("search.service.search", fail)
    monkeypatch.setattr("search.related.related", fail)


@pytest.fixture
def relate(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[int]], None]:
    """Makes these papers the relatives of any."""

    def set_relatives(ids: Sequence[int]) -> None:
        found = [Related(id, 0.5, ("tide", EVIL)) for id in ids]
        monkeypatch.setattr("search.related.related", lambda paper, limit=20: found)

    return set_relatives


def page_of(client: Client, address: str, status: int = 200, **data: str) -> Any:
    response = client.get(address, data)
    assert response.status_code == status
    return html.fromstring(response.content.decode())


def titles(page: Any) -> list[str]:
    return [title.text_content() for title in page.xpath("//h3")]


def test_results_show_what_was_found_and_how(client: Client, asked: list[Any]) -> None:
    PaperFactory.create(title="Tides in <b>", abstract="No $tide$ like a spring tide & moon.")
    page = page_of(client, "/search", q="tides -moon nope:x titel:y")
    assert titles(page) == ["Tides in <b>"]
    assert [mark.text for mark in page.xpath("//mark")] == ["Tides", "tide"]
    assert "2,345 papers match your words" in page.text_content()
    assert "1 ranked by words and meaning in 13 ms" in page.text_content()
    notes = page.find_class("notes")[0].text_content()
    assert "Unknown field “titel”" in notes
    assert notes.count("Matched as text only.") == 1
    assert page.xpath("//input[@id='q']/@value") == ["tides -moon nope:x titel:y"]
    assert page.xpath("//link[@type='application/atom+xml']/@href") == ["/search/feed?q=tides+-moon+nope%3Ax+titel%3Ay"]
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex, nofollow"]


def test_results_have_pages(client: Client, asked: list[Any]) -> None:
    PaperFactory.create_batch(60)
    page = page_of(client, "/search", q="a & b", page="2")
    assert [number.text for number in page.find_class("number")] == [str(number) for number in range(26, 51)]
    assert page.xpath("//nav[@class='pages']/a/@href") == [f"?q=a+%26+b&page={number}" for number in (1, 2, 3)]
    assert page.xpath("//nav[@class='pages']/a[@aria-current]/text()") == ["2"]
    assert [call[1:] for call in asked] == [(2, 25)]
    beyond = page_of(client, "/search", 404, q="a & b", page="4")
    assert "the first 60 papers can be paged through" in beyond.text_content()
    assert "“x” is no page number" in page_of(client, "/search", q="a", page="x").text_content()


def test_a_page_goes_on_by_its_cards_alone(client: Client, asked: list[Any]) -> None:
    PaperFactory.create_batch(60)
    page = page_of(client, "/search", q="a & b", sort="old")
    [more] = page.xpath("//div[@hx-get]/@hx-get[contains(., 'part=1')]")
    assert more == "/search?q=a+%26+b&sort=old&page=2&part=1"
    part = client.get(more).content.decode()
    assert "<html" not in part
    second = html.fromstring(f"<div>{part}</div>")
    assert [number.text for number in second.find_class("number")] == [str(number) for number in range(26, 51)]
    [last] = second.xpath("//div[@hx-get]/@hx-get[contains(., 'part=1')]")
    third = html.fromstring(f"<div>{client.get(last).content.decode()}</div>")
    assert len(third.find_class("number")) == 10
    assert not third.xpath("//div[contains(@hx-get, 'part=1')]")


def test_relatives_open_in_place(client: Client, relate: Callable[[Sequence[int]], None]) -> None:
    paper, *others = PaperFactory.create_batch(13)
    relate([other.pk for other in others])
    part = client.get(f"/arxiv/{paper.arxiv_id}/related", {"part": "1"}).content.decode()
    assert "<html" not in part
    short = html.fromstring(f"<div>{part}</div>")
    assert [link.text for link in short.xpath("//ol/li/a")] == [other.title for other in others[:10]]
    assert short.xpath("//p[@class='all']/a/@href") == [f"/arxiv/{paper.arxiv_id}/related"]
    assert not short.xpath("//script[not(@src)]")


def test_hints_are_in_the_readers_language_and_inert(client: Client) -> None:
    response = client.get("/search/hints")
    page = html.fromstring(response.content.decode())
    assert {"author", "cat", "date", "quote", "not", "or"} <= set(page.xpath("//@data-hint"))
    assert "private" in response["Cache-Control"]
    assert "Accept-Language" in response["Vary"]


@pytest.mark.parametrize(
    ("asked_for", "addresses", "order"),
    [
        ({"q": "tide"}, ("q=tide", "q=tide&sort=new", "q=tide&sort=old", "q=tide&sort=stars"), "relevance"),
        (
            {"q": "tide", "sort": "stars"},
            ("q=tide", "q=tide&sort=new", "q=tide&sort=old", "q=tide&sort=stars"),
            "stars",
        ),
        (
            {"q": "tide sort:new"},
            (
                "q=tide+sort%3Anew&sort=relevance",
                "q=tide+sort%3Anew",
                "q=tide+sort%3Anew&sort=old",
                "q=tide+sort%3Anew&sort=stars",
            ),
            "new",
        ),
        (
            {"q": "tide sort:new", "sort": "relevance"},
            (
                "q=tide+sort%3Anew&sort=relevance",
                "q=tide+sort%3Anew",
                "q=tide+sort%3Anew&sort=old",
                "q=tide+sort%3Anew&sort=stars",
            ),
            "relevance",
        ),
    ],
)
def test_orders_are_links(
    client: Client, asked: list[Any], asked_for: dict[str, str], addresses: tuple[str, ...], order: str
) -> None:
    page = page_of(client, f"/search?{urlencode(asked_for)}")
    links = page.xpath("//nav[@class='sorts']/a")
    assert [link.text for link in links] == ["Best first", "Newest first", "Oldest first", "Most starred"]
    assert [link.get("href") for link in links] == [f"/search?{address}" for address in addresses]
    current = ("relevance", "new", "old", "stars").index(order)
    assert page.xpath("//nav[@class='sorts']/a[@aria-current]/@href") == [f"/search?{addresses[current]}"]
    feed = f"/search/feed?{addresses[current]}"
    assert page.xpath("//link[@type='application/atom+xml']/@href") == [feed]
    assert asked[0][0].sort == order


@pytest.mark.parametrize(
    "text",
    [
        r"Schr\"odinger equation",
        "tide " * 399 + "tides",  # 2,000 characters
        "„foo bar",
        "(cat sort:new) dog",
        "cats sort: new",
        '"sort:new tide',
    ],
)
@pytest.mark.parametrize("address", ["/search", "/search/feed"])
def test_another_order_leaves_the_query_as_it_was_read(
    client: Client, asked: list[Any], address: str, text: str
) -> None:
    [link] = page_of(client, "/search", q=text).xpath("//nav[@class='sorts']/a[.='Oldest first']/@href")
    assert client.get(link.replace("/search", address)).status_code == 200
    query = parse(text)
    assert asked[-1][0] == replace(query, sort="old")


def test_pages_keep_the_order(client: Client, asked: list[Any]) -> None:
    PaperFactory.create_batch(30)
    page = page_of(client, "/search", q="tide", sort="old")
    assert page.xpath("//nav[@class='pages']/a/@href") == [f"?q=tide&sort=old&page={number}" for number in (1, 2)]


def test_what_is_no_order_is_said(client: Client, asked: list[Any]) -> None:
    page = page_of(client, "/search", q="tide sort:old", sort=EVIL)
    assert "is no order: sort= takes relevance, new, old, stars." in page.find_class("notes")[0].text_content()
    assert not page.xpath("//script[not(@src)]")
    assert asked[0][0].sort == "old"


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("2511.00001", "/arxiv/2511.00001"),
        (" arXiv:2511.00001v2 ", "/arxiv/2511.00001v2"),
        ("https://arxiv.org/abs/hep-th/9108020", "/arxiv/hep-th/9108020"),
        ("2511.00001 hep-th/9108020", "/arxiv/2511.00001,hep-th/9108020"),
    ],
)
def test_an_id_opens_its_paper(client: Client, query: str, target: str) -> None:
    response = client.get("/search", {"q": query})
    assert (response.status_code, response.headers["Location"]) == (302, target)


@pytest.mark.parametrize("query", ["", "   ", "sort:new", "\x00", "()"])
def test_an_empty_query_shows_the_language(client: Client, query: str) -> None:
    assert "with exactly this phrase" in page_of(client, "/search", q=query).text_content()


@pytest.mark.parametrize("query", [EVIL, "' OR 1=1 --", "{{ 7*7 }}", "%s", "<mark>tide</mark>"])
def test_hostile_queries_are_inert(client: Client, asked: list[Any], query: str) -> None:
    PaperFactory.create(title=EVIL, abstract="script alert 1", keywords=[EVIL])
    response = client.get("/search", {"q": query})
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    page = html.fromstring(response.content.decode())
    assert not page.xpath("//script[not(@src)] | //@onerror | //@style")
    assert page.xpath("//input[@id='q']/@value") == [query]
    assert all(mark.getparent().tag in {"a", "p"} for mark in page.xpath("//mark"))


def test_a_long_query_is_cut(client: Client, asked: list[Any]) -> None:
    page = page_of(client, "/search", q="tide " * 1000)
    assert "Only the first 2,000 characters" in page.text_content()
    assert len(asked[0][0].text) <= 2000


def test_a_found_paper_that_is_gone_is_left_out(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = PaperFactory.create()
    results = Results([paper.pk, 10**9], [], 2, 2, 1, 25, (), 1.0, False)
    monkeypatch.setattr("search.service.search", lambda query, page, size, **_: results)
    page = page_of(client, "/search", q="tide")
    assert titles(page) == [paper.title]
    assert "found by words in 1 ms" in page.text_content()


def test_nothing_found_is_said(client: Client, asked: list[Any]) -> None:
    assert "Nothing was found" in page_of(client, "/search", q="tide").text_content()


def test_results_cost_few_queries(client: Client, asked: list[Any], django_assert_max_num_queries: Any) -> None:
    PaperFactory.create_batch(25)
    with django_assert_max_num_queries(4):  # one of them is the stand-in's, one the notice's
        client.get("/search", {"q": "tide"})


def test_search_away(client: Client, away: None) -> None:
    paper = PaperFactory.create()
    for address in ("/search?q=tide", f"/arxiv/{paper.arxiv_id}/related"):
        response = client.get(address)
        assert response.status_code == 503
        assert response.headers["Retry-After"]
        page = html.fromstring(response.content.decode())
        assert page.xpath("//a[@class='button']/@href") == [address]
        assert "away for the moment" in page.text_content()
    for address in ("/search/feed?q=tide", f"/arxiv/{paper.arxiv_id}/related/feed"):
        assert client.get(address).status_code == 503
    assert client.get("/arxiv/cs.CL").status_code == 200


def test_relatives_and_what_they_share(client: Client, relate: Callable[[Sequence[int]], None]) -> None:
    paper, near, far = PaperFactory.create(arxiv_id="hep-th/9108020"), PaperFactory.create(), PaperFactory.create()
    relate([far.pk, near.pk, 10**9])
    page = page_of(client, "/arxiv/hep-th/9108020/related")
    assert titles(page) == [far.title, near.title]
    assert page.find_class("reason")[0].text_content() == f"shares tide, {EVIL}"
    assert not page.xpath("//script[not(@src)]")
    assert page.xpath("//h1/a/@href") == ["/arxiv/hep-th/9108020"]
    feed = etree.fromstring(client.get("/arxiv/hep-th/9108020/related/feed").content)
    assert feed.xpath("a:entry/a:title/text()", namespaces=ATOM) == [far.title, near.title]
    assert paper.title in feed.findtext("a:title", namespaces=ATOM)


def test_no_relatives_yet(client: Client, relate: Callable[[Sequence[int]], None]) -> None:
    relate([])
    paper = PaperFactory.create()
    assert "No relatives are known yet" in page_of(client, f"/arxiv/{paper.arxiv_id}/related").text_content()


@pytest.mark.parametrize("address", ["/arxiv/2511.09999/related", "/arxiv/2511.09999/related/feed"])
def test_no_relatives_of_a_paper_that_is_not_here(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("query", "order"), [("tide", "new"), ("tide sort:old", "old"), ("tide sort:relevance", "new")]
)
def test_a_search_feed_is_newest_first(client: Client, asked: list[Any], query: str, order: str) -> None:
    paper = PaperFactory.create()
    response = client.get("/search/feed", {"q": query})
    feed = etree.fromstring(response.content)
    assert feed.xpath("a:entry/a:title/text()", namespaces=ATOM) == [paper.title]
    [link] = feed.xpath("a:link[@rel='self']/@href", namespaces=ATOM)
    assert link == f"http://testserver/search/feed?q={query.replace(' ', '+').replace(':', '%3A')}"
    assert asked[0][0] == replace(parse(query), sort=order)


@pytest.mark.parametrize("query", ["tide", "tide sort:new"])
def test_a_search_feed_keeps_the_order_of_its_address(client: Client, asked: list[Any], query: str) -> None:
    feed = etree.fromstring(client.get("/search/feed", {"q": query, "sort": "old"}).content)
    links = feed.xpath("a:link/@href", namespaces=ATOM)
    parameters = urlencode({"q": query, "sort": "old"})
    assert {f"http://testserver/search{feed}?{parameters}" for feed in ("", "/feed")} <= set(links)
    assert asked[0][0].sort == "old"


def test_a_search_feed_needs_a_query(client: Client) -> None:
    assert client.get("/search/feed").status_code == 404
