"""The feed of each subscription at its secret address, and all feeds as one file."""

from typing import Any

import pytest
from django.test import Client
from lxml import etree

from papers.models import Delivery, Paper, Reader, Subscription
from search.subscriptions import keeping
from tests.papers.factories import day_list
from tests.papers.pages import paper
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db
ATOM = {"a": "http://www.w3.org/2005/Atom", "x": "http://arxiv.org/schemas/atom"}


@pytest.fixture
def ada() -> Reader:
    return make_reader("ada@example.org")


@pytest.fixture
def days() -> list[Paper]:
    found = [paper(f"2511.0000{number}", title=f"Tide {number}") for number in range(1, 9)]
    for number, each in enumerate(found[:7]):
        day_list("cs.CL", f"2025-11-{17 + number}", new=[each])
    day_list("cs.LG", "2025-11-23", cross=[found[7]])
    return found


def kept(ada: Reader, kind: str = "categories", text: str = "cs.CL", **options: Any) -> Subscription:
    return keeping.subscribe(ada.visitor, keeping.read(kind, text, options.pop("threshold", None)), **options)


def address_of(row: Subscription) -> str:
    return f"/subscriptions/feed/{row.secret}"


def feed_of(row: Subscription) -> Any:
    response = Client().get(address_of(row))
    assert response.status_code == 200
    return etree.fromstring(response.content)


def texts(feed: Any, path: str) -> list[str]:
    return [str(found) for found in feed.xpath(path, namespaces=ATOM)]


def test_a_feed_holds_the_last_days_and_why_each_paper_is_there(ada: Reader, days: list[Paper]) -> None:
    row = kept(ada, name="Morning <tides>")
    feed = feed_of(row)
    assert texts(feed, "a:title/text()") == ["Morning <tides> · Papertide"]
    assert texts(feed, "a:entry/a:title/text()") == ["Tide 7", "Tide 6", "Tide 5", "Tide 4", "Tide 3"]
    assert texts(feed, "a:entry/x:announce_type/text()") == ["new"] * 5
    [first, *_rest] = texts(feed, "a:entry/a:summary/text()")
    assert first.startswith("<p>Why: Morning &lt;tides&gt; · new, 23 Nov 2025</p>")
    assert texts(feed, "a:link[@rel='self']/@href") == [f"http://testserver{address_of(row)}"]


def test_papers_that_arxiv_removed_are_left_out(ada: Reader, days: list[Paper]) -> None:
    row = kept(ada)
    assert "Tide 6" in texts(feed_of(row), "a:entry/a:title/text()")
    Paper.objects.filter(arxiv_id="2511.00006").update(removed=True)
    assert "Tide 6" not in texts(feed_of(row), "a:entry/a:title/text()")


def test_nearness_is_told_where_it_goes_by_meaning(ada: Reader, shelf_site: list[Paper]) -> None:
    day_list("cs.LG", "2025-11-21", new=shelf_site[:30])
    row = kept(ada, "text", shelf_site[5].plain_title, threshold=0.3)
    feed = feed_of(row)
    assert texts(feed, "a:entry/a:title/text()")[0] == shelf_site[5].plain_title
    assert ", nearness 0." in texts(feed, "a:entry/a:summary/text()")[0]


def test_a_wrong_or_revoked_address_leads_nowhere(ada: Reader, days: list[Paper]) -> None:
    row = kept(ada)
    before = address_of(row)
    hers = signed_in(ada)
    for wrong in ("x", "y" * 43, row.secret[:-1], row.secret + "a", row.secret.swapcase(), "%00" * 43, "é" * 43):
        assert hers.get(f"/subscriptions/feed/{wrong}").status_code == 404, wrong
    assert hers.post(f"/subscriptions/{row.pk}", {"do": "renew"}).status_code == 303
    row.refresh_from_db()
    assert Client().get(before).status_code == 404
    assert Client().get(address_of(row)).status_code == 200
    hers.post(f"/subscriptions/{row.pk}", {"do": "delete"})
    assert Client().get(address_of(row)).status_code == 404
    hers.post("/subscriptions/undo", {"pk": row.pk})
    assert Client().get(address_of(row)).status_code == 200
    ada.delete()
    assert Client().get(address_of(row)).status_code == 404


def test_a_feed_is_the_same_feed_at_its_new_address(ada: Reader) -> None:
    row = kept(ada)
    before = texts(feed_of(row), "a:id/text()")
    keeping.renew_secret(row)
    assert texts(feed_of(row), "a:id/text()") == before
    assert texts(feed_of(kept(ada, "categories", "math")), "a:id/text()") != before


def test_nobody_on_the_way_keeps_a_feed_and_no_search_engine_shows_it(ada: Reader) -> None:
    headers = Client().get(address_of(kept(ada))).headers
    assert "private" in headers["Cache-Control"]
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers


def test_an_unchanged_feed_is_not_sent_again(ada: Reader, days: list[Paper]) -> None:
    row = kept(ada)
    first = Client().get(address_of(row))
    for known, asks in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
        assert Client().get(address_of(row), headers={asks: first.headers[known]}).status_code == 304, known
    day_list("cs.CL", "2025-11-24", new=[days[7]])
    for known, asks in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
        assert Client().get(address_of(row), headers={asks: first.headers[known]}).status_code == 200, known


def test_a_paused_feed_stays_and_says_so(ada: Reader, days: list[Paper]) -> None:
    row = kept(ada, name="Tides")
    keeping.change(row, paused=True)
    feed = feed_of(row)
    assert texts(feed, "a:title/text()") == ["Tides (paused) · Papertide"]
    assert "paused" in texts(feed, "a:subtitle/text()")[0]
    assert not texts(feed, "a:entry/a:title/text()")


def test_a_feed_speaks_the_language_of_its_readers_mails(ada: Reader, days: list[Paper]) -> None:
    row = kept(ada)
    Delivery.objects.create(visitor=ada.visitor, language="zh-hans")
    response = Client().get(address_of(row), headers={"Accept-Language": "en"})
    assert response.headers["Content-Language"] == "zh-hans"
    assert b'xml:lang="zh-hans"' in response.content


def test_names_that_xml_cannot_hold_or_that_are_markup_are_inert(ada: Reader, days: list[Paper]) -> None:
    row = kept(ada, name="<script>alert(1)</script>]]>&\x08\x1b")
    feed = feed_of(row)
    assert texts(feed, "a:title/text()")[0].startswith("<script>alert(1)</script>]]>&")
    assert "<script" not in texts(feed, "a:entry/a:summary/text()")[0]
    hers = signed_in(ada)
    outline = etree.fromstring(hers.get("/subscriptions/opml").content).find("body/outline")
    assert outline is not None
    assert outline.get("text", "").startswith("<script>alert(1)</script>]]>&")


def test_all_feeds_are_taken_along_as_one_file(ada: Reader, days: list[Paper]) -> None:
    rows = [kept(ada), kept(ada, "search", "tides"), kept(ada, "author", "Emmy Noether")]
    other = kept(make_reader("ben@example.org"))
    response = signed_in(ada).get("/subscriptions/opml")
    assert response.headers["Content-Disposition"] == 'attachment; filename="papertide.opml"'
    assert "private" in response.headers["Cache-Control"]
    outlines = etree.fromstring(response.content).findall("body/outline")
    assert [each.get("xmlUrl") for each in outlines] == [f"http://testserver{address_of(row)}" for row in rows]
    assert outlines[0].get("htmlUrl") == "http://testserver/arxiv/cs.CL"
    assert other.secret not in response.content.decode()
