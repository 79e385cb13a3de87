"""Atom feeds of lists and papers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from lxml import etree

from tests.papers.factories import PaperFactory

pytestmark = pytest.mark.django_db
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def feed_of(client: Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, address
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return etree.fromstring(response.content)


def texts(feed: Any, path: str) -> list[str]:
    return [str(found) for found in feed.xpath(path, namespaces=ATOM)]


def test_an_entry_tells_the_paper(client: Client) -> None:
    PaperFactory.create(
        arxiv_id="2511.00001", title=r"Poincar\'e & <tides>", abstract="If $a<b$ & so on.",
        categories=["cs.CL", "hep-th"],
        authors=["Ada Moon", "Ben Shore"], published=datetime(2025, 11, 1, 8, tzinfo=UTC),
        updated=datetime(2025, 11, 3, tzinfo=UTC),
    )  # fmt: skip
    for address in ("/feed", "/arxiv/cs.CL/feed", "/arxiv/hep-th+cs.AI/feed", "/arxiv/2511.00001/feed"):
        feed = feed_of(client, address)
        assert texts(feed, "a:entry/a:title/text()") == ["Poincaré & <tides>"]
        assert texts(feed, "a:entry/a:id/text()") == ["https://arxiv.org/abs/2511.00001"]
        assert texts(feed, "a:entry/a:author/a:name/text()") == ["Ada Moon", "Ben Shore"]
        assert texts(feed, "a:entry/a:category/@term") == ["cs.CL", "hep-th"]
        assert texts(feed, "a:entry/a:published/text()") == ["2025-11-01T08:00:00+00:00"]
        assert texts(feed, "a:entry/a:updated/text()") == ["2025-11-03T00:00:00+00:00"]
        assert texts(feed, "a:entry/a:link/@href") == ["http://testserver/arxiv/2511.00001"]
        assert texts(feed, "a:entry/a:summary[@type='html']/text()") == ["If $a&lt;b$ &amp; so on."]
        assert texts(feed, "a:updated/text()") == ["2025-11-03T00:00:00+00:00"]
        assert texts(feed, "a:link[@rel='self']/@href") == [f"http://testserver{address}"]


@pytest.mark.sqlite  # PostgreSQL takes no NUL, and records bring none
def test_what_xml_cannot_hold_is_left_out(client: Client) -> None:
    PaperFactory.create(title="a\x00\x08b\ufffe", abstract="c\x1bd\te", authors=["\x0cAda"], categories=["cs.CL"])
    feed = feed_of(client, "/feed")
    assert texts(feed, "a:entry/a:title/text()") == ["ab"]
    assert texts(feed, "a:entry/a:summary/text()")[0].startswith("cd")
    assert texts(feed, "a:entry/a:author/a:name/text()") == ["Ada"]


def test_a_feed_holds_all_of_the_last_days(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("papers.feeds.LEAST", 5)
    newest = datetime(2025, 11, 20, 12, tzinfo=UTC)
    for number in range(12):
        PaperFactory.create(published=newest - timedelta(hours=6 * number))
    entries = texts(feed_of(client, "/arxiv/cs.CL/feed"), "a:entry/a:published/text()")
    assert len(entries) == 11  # the twelfth is of the fourth day back
    assert entries == sorted(entries, reverse=True)
    monkeypatch.setattr("papers.feeds.MOST", 7)
    assert len(texts(feed_of(client, "/feed"), "a:entry/a:id")) == 7


def test_a_quiet_feed_goes_further_back(client: Client) -> None:
    for year in (2005, 2015, 2025):
        PaperFactory.create(published=datetime(year, 11, 1, tzinfo=UTC))
    assert len(texts(feed_of(client, "/feed"), "a:entry/a:id")) == 3


def test_an_empty_feed_is_a_feed(client: Client) -> None:
    first, second = client.get("/arxiv/cs.CL/feed"), client.get("/arxiv/cs.CL/feed")
    assert first.content == second.content
    assert not texts(etree.fromstring(first.content), "a:entry")


def test_an_unchanged_feed_is_not_sent_again(client: Client) -> None:
    PaperFactory.create()
    first = client.get("/feed")
    for header in ({"If-None-Match": first.headers["ETag"]}, {"If-Modified-Since": first.headers["Last-Modified"]}):
        assert client.get("/feed", headers=header).status_code == 304


@pytest.mark.parametrize("address", ["/arxiv/nope/feed", "/arxiv/2511.00001/feed", "/arxiv/-/feed"])
def test_no_feed_of_what_is_not_there(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_an_alias_has_the_feed_of_the_stored_name(client: Client) -> None:
    PaperFactory.create(categories=["math.NA"])
    feed = feed_of(client, "/arxiv/cs.NA/feed")
    assert len(texts(feed, "a:entry")) == 1
    assert texts(feed, "a:link[@rel='self']/@href") == ["http://testserver/arxiv/math.NA/feed"]
