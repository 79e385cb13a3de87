"""The pages of single papers, and what every page keeps to."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from papers.listing import Listing
from tests.papers.pages import page_of, paper, shown

pytestmark = pytest.mark.django_db
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def test_old_ids_have_one_address(client: Client) -> None:
    paper("math/0309136", "math.GT")
    response = client.get("/arxiv/math.GT/0309136v2")
    assert (response.status_code, response.headers["Location"]) == (301, "/arxiv/math/0309136v2")
    assert page_of(client, "/arxiv/math/0309136").xpath("//h1")


def test_a_paper_page_tells_all(client: Client) -> None:
    paper(
        "2511.00007", "cs.CL stat.ML", version=3, doi="10.1000/a(b)<c>", journal_ref="Tides 12, 3", comment="9 pages",
        title=r"Schr\"odinger tides in $\mathbb{R}^n$", keywords=["spring tide", 'the "neap"'], withdrawn=True,
        updated=datetime(2025, 11, 5, tzinfo=UTC), is_summary=True, report_number="T-1", license="CC0",
    )  # fmt: skip
    page = page_of(client, "/arxiv/2511.00007")
    text = page.text_content()
    for part in (
        "Schrödinger tides in $\\mathbb{R}^n$",
        "Tides 12, 3",
        "9 pages",
        "withdrawn",
        "summary by Papertide",
        "v3",
    ):
        assert part in text
    hrefs = page.xpath("//a/@href")
    assert "https://doi.org/10.1000/a%28b%29%3Cc%3E" in hrefs
    assert "/search?q=spring%20tide" in hrefs
    assert "/search?q=the%20%22neap%22" in hrefs
    assert "/search?q=au%3A%22Ada+Moon%22" in hrefs
    assert "https://arxiv.org/pdf/2511.00007" in hrefs
    assert "https://arxiv.org/html/2511.00007" in hrefs
    assert "/arxiv/2511.00007/related" in hrefs
    assert page.xpath("//link[@rel='canonical']/@href") == ["http://testserver/arxiv/2511.00007"]
    assert page.xpath("//link[@type='application/atom+xml']/@href") == ["/arxiv/2511.00007/feed"]


def test_another_version_is_noted(client: Client) -> None:
    paper("2511.00008", version=3)
    page = page_of(client, "/arxiv/2511.00008v2")
    assert "You asked for version 2. Shown is version 3" in page.find_class("notes")[0].text_content()
    assert page.xpath("//link[@rel='canonical']/@href") == ["http://testserver/arxiv/2511.00008"]
    assert not page_of(client, "/arxiv/2511.00008v3").find_class("notes")


def test_papers_before_2023_12_have_no_html_link(client: Client) -> None:
    paper("2311.00001", day="2023-11-30")
    assert not page_of(client, "/arxiv/2311.00001").xpath("//a[contains(@href, 'arxiv.org/html')]")


def test_several_papers_on_one_page(client: Client, six_papers: None) -> None:
    page = page_of(client, "/arxiv/2511.00002,hep-th/9108020v1,2511.00002,2511.09999")
    assert shown(page) == ["2511.00002", "hep-th/9108020"]
    assert "2511.09999" in page.find_class("notes")[0].text_content()


def test_many_authors_are_folded(client: Client) -> None:
    paper("2511.00009", authors=[f"Author {number}" for number in range(45)])
    [more] = page_of(client, "/arxiv/cs.CL").find_class("more")
    assert more.find("summary").text == "and 5 more"
    assert "Author 44" in more.text_content()
    assert "Author 39" not in more.text_content()


def test_hostile_text_is_inert(client: Client) -> None:
    paper(
        "2511.00010", "cs.CL", title=EVIL, abstract=EVIL, authors=[EVIL] * 42, keywords=[EVIL], comment=EVIL,
        journal_ref=EVIL, doi=EVIL, license=EVIL, report_number=EVIL,
    )  # fmt: skip
    for address in ("/", "/arxiv/cs.CL", "/arxiv/2511.00010", "/arxiv/2511.00010,2511.00011"):
        page = page_of(client, address)
        assert "alert(1)" in page.text_content()
        assert not page.xpath("//script[not(@src or @type='application/ld+json')] | //img | //@onerror | //@style | //style")


@pytest.mark.parametrize("address", ["/", "/arxiv/cs.CL", "/help", "/nowhere", "/arxiv/nope", "/arxiv/2511.00001"])
def test_every_page_carries_a_strict_policy(client: Client, six_papers: None, address: str) -> None:
    response = client.get(address)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = html.fromstring(response.content.decode())
    outside = page.xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //@src")
    assert outside
    assert all(link.startswith("/static/") for link in outside)
    assert len(page.xpath("//h1")) == 1
    assert page.xpath("//title/text()")
    assert "thanks go to arXiv" in page.xpath("//footer")[0].text_content()


def test_an_unchanged_page_is_not_sent_again(client: Client, six_papers: None) -> None:
    etag = client.get("/arxiv/cs.AI").headers["ETag"]
    assert client.get("/arxiv/cs.AI", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("name", ["home", "help", "choose"])
def test_pages_are_for_reading(client: Client, name: str) -> None:
    assert client.post(reverse(name)).status_code == 405


def test_robots_stay_away_from_searches(client: Client) -> None:
    assert "Disallow: /search\n" in client.get("/robots.txt").content.decode()


def test_server_error_page_stands_alone(client: Client, six_papers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr(Listing, "papers", lambda *args, **kwargs: 1 / 0)
    page = page_of(client, "/", 500)
    assert "Something went wrong" in page.text_content()
    assert not page.xpath("//script")
    assert all(address.startswith("/static/") for address in page.xpath("//link/@href"))
