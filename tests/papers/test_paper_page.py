"""The pages of single papers, and what every page keeps to."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from papers.licences import read_licence
from papers.listing import Listing
from tests.papers.factories import version_of
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
    assert "/author/Ada+Moon" in hrefs
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


HOSTILE = (
    EVIL,
    "javascript:alert(1)",
    "https://evil.example/<script>alert(1)</script>",
    "</script></title><svg onload=alert(1)>",
    "$<img src=x onerror=alert(1)>$ \\href{javascript:alert(1)}{alert(1)}",
    "{{ 7|add:1 }} {% now 'Y' %} alert(1)",
)


@pytest.mark.parametrize("evil", HOSTILE)
def test_hostile_text_is_inert(client: Client, evil: str) -> None:
    made = paper(
        "2511.00010", "cs.CL", title=evil, abstract=evil, authors=[evil] * 42, keywords=[evil], comment=evil,
        journal_ref=evil, doi=f"10.1000/{evil} {evil}", license=evil, report_number=evil, version=2,
    )  # fmt: skip
    version_of(made, 1, title=f"{evil} before", abstract=f"$ {evil}")
    for address in ("/", "/arxiv/cs.CL", "/arxiv/2511.00010", "/arxiv/2511.00010,2511.00011"):
        response = client.get(address)
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'self';" in f"{policy};"
        assert "unsafe" not in policy
        page = html.fromstring(response.content.decode())
        assert "alert(1)" in page.text_content()
        assert not page.xpath(
            "//script[not(@src or @type='application/ld+json')] | //img | //@style | //style | //object"
        )
        assert not page.xpath("//@*[starts-with(name(), 'on')]")
        assert all(source.startswith("/static/") for source in page.xpath("//@src"))
        for link in page.xpath("//@href | //@action | //@data-copy[../@class='copy share with-script']"):
            assert link.startswith(
                ("/", "#", "?", "http://testserver/", "https://arxiv.org/", "https://doi.org/10.")
            ) or (
                link.startswith("https://evil.example/")
                and page.xpath("//a[@href=$link and contains(@rel, 'ugc')]", link=link)
            ), link
    [data] = html.fromstring(client.get("/arxiv/2511.00010").content.decode()).xpath("//script[@type]/text()")
    assert isinstance(json.loads(data), dict)


def test_a_removed_paper_shows_its_title_and_nothing_else(client: Client) -> None:
    paper("2511.00010", title=EVIL, abstract="What was said", removed=True)
    page = page_of(client, "/arxiv/2511.00010", 410)
    assert "alert(1)" in page.xpath("//h1")[0].text_content()
    assert "What was said" not in page.text_content()
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert not page.xpath("//script[not(@src)] | //img | //meta[starts-with(@name, 'citation')]")


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("http://creativecommons.org/licenses/by/4.0/", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0", "CC BY-NC-ND 4.0", None),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0 1.0", None),
        ("http://creativecommons.org/licenses/publicdomain/", "public domain", None),
        (
            "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
            "arXiv may distribute it; all other rights stay with the authors",
            "https://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        ),
        ("http://arxiv.org/licenses/assumed-1991-2003/", "assumed by arXiv, which was allowed to", None),
        ("javascript:alert(1)//creativecommons.org/licenses/by/4.0/", "javascript:", ""),
        ("https://creativecommons.org.evil.example/licenses/by/4.0/", "https://", ""),
        ("https://creativecommons.org/licenses/by/4.0/../../evil", "https://", ""),
        ("CC0", "CC0", ""),
        ("", "", ""),
    ],
)
def test_licences_have_names(text: str, name: str, address: str | None) -> None:
    found = read_licence(text)
    assert found.name.startswith(name)
    assert found.address == (text.replace("http:", "https:") if address is None else address)


def test_any_two_versions_seen_can_be_compared(client: Client) -> None:
    made = paper("2511.00001", version=5, title="Tides at five")
    for number, title in ((1, "Tides at one"), (2, "Tides at two"), (4, "Tides at four")):
        version_of(made, number, title=title)
    page = page_of(client, "/arxiv/2511.00001")
    [form] = page.find_class("compare")
    assert form.xpath(".//select/@name") == ["old", "new"]
    assert form.xpath(".//select[@name='old']/option/@value") == ["5", "4", "2", "1"]
    assert form.xpath(".//option[@selected]/@value") == ["1", "5"]
    answer = client.get("/arxiv/2511.00001?old=4&new=1")
    assert answer.headers["Location"] == "/arxiv/2511.00001?compare=4..1#versions"
    for asked in ("1..4", "4..1"):
        page = page_of(client, f"/arxiv/2511.00001?compare={asked}")
        [shown] = page.find_class("compared")
        assert "From v1 to v4" in shown.text_content()
        assert (shown.xpath(".//del")[0].text, shown.xpath(".//ins")[0].text) == ("one", "four")
        assert page.xpath("//link[@rel='canonical']/@href") == ["http://testserver/arxiv/2511.00001"]
        assert page.xpath("//form[@class='compare']//option[@selected]/@value") == ["1", "4"]


@pytest.mark.parametrize("asked", ["1..3", "2..2", "0..1", "1", "x..y", "1..99999", "1...2", EVIL])
def test_versions_that_were_not_seen_cannot_be_compared(client: Client, asked: str) -> None:
    version_of(paper("2511.00001", version=2), 1)
    response = client.get("/arxiv/2511.00001", {"compare": asked})
    assert response.status_code == 400
    page = html.fromstring(response.content.decode())
    assert "names no two versions" in page.find_class("notes")[0].text_content()
    assert not page.find_class("compared")


def test_versions_not_seen_here_are_at_arxiv(client: Client) -> None:
    version_of(paper("hep-th/9108020", "hep-th", version=40), 20)
    gaps = page_of(client, "/arxiv/hep-th/9108020").find_class("gap")
    named = [[link.text for link in gap.iter("a")] for gap in gaps]
    assert named == [[f"v{number}" for number in range(top, top - 12, -1)] for top in (39, 19)]
    assert [gap.text_content().rpartition("v")[2].strip() for gap in gaps] == ["28 and 7 more", "8 and 7 more"]
    assert gaps[0].xpath(".//a/@href")[0] == "https://arxiv.org/abs/hep-th/9108020v39"


def test_an_earlier_version_that_was_seen_is_compared(client: Client) -> None:
    version_of(paper("2511.00001", version=3), 1)
    notes = page_of(client, "/arxiv/2511.00001v1").find_class("notes")[0]
    assert "/arxiv/2511.00001?compare=1..3#versions" in notes.xpath("a/@href")


def test_a_page_is_described_to_others(client: Client) -> None:
    paper("2511.00001", title='Tides in $n$ "seas" & <shores>', abstract="We measure.", report_number="TIDE-7")
    page = page_of(client, "/arxiv/2511.00001")
    told = dict(zip(page.xpath("//meta/@property"), page.xpath("//meta[@property]/@content"), strict=True))
    assert told["og:title"] == 'Tides in $n$ "seas" & <shores>'
    assert told["og:url"] == "http://testserver/arxiv/2511.00001"
    assert told["og:image"].startswith("http://testserver/static/")
    assert page.xpath("//meta[@name='citation_title']/@content") == [told["og:title"]]
    assert json.loads(page.xpath("//script[@type='application/ld+json']/text()")[0])
    assert page.xpath("//title/text()") == [f"{told['og:title']} · Papertide"]
    hrefs = page.xpath("//a/@href")
    assert {"/arxiv/2511.00001/bibtex", "/arxiv/2511.00001/ris"} <= set(hrefs)
    assert "TIDE-7" in page.xpath("//aside")[0].text_content()


def test_a_doi_field_may_hold_several_or_none(client: Client) -> None:
    paper("2511.00001", doi="10.1000/one 10.1000/two")
    paper("2511.00002", doi="javascript:alert(1)")
    links = page_of(client, "/arxiv/2511.00001").xpath("//aside//a[starts-with(@href, 'https://doi.org/')]/text()")
    assert links == ["10.1000/one", "10.1000/two"]
    aside = page_of(client, "/arxiv/2511.00002").xpath("//aside")[0]
    assert "javascript:alert(1)" in aside.text_content()
    assert not aside.xpath(".//a[contains(@href, 'javascript')]")


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
