"""Papers that are not here: asked of arXiv when a reader opens their address, and what their pages say meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from papers import wanted
from papers.ingest import remove
from papers.models import WantedPaper
from tests.papers.pages import page_of, paper, shown

pytestmark = pytest.mark.django_db
ADDRESS = "/arxiv/2501.00123"


def asked() -> set[str]:
    return set(WantedPaper.objects.values_list("arxiv_id", flat=True))


def want(arxiv_id: str = "2501.00123", **fields: object) -> WantedPaper:
    return WantedPaper.objects.create(arxiv_id=arxiv_id, reason="reader", **fields)


def test_an_unknown_paper_is_fetched(client: Client) -> None:
    response = client.get(f"{ADDRESS}v2")
    assert response.status_code == 202
    assert "no-store" in response.headers["Cache-Control"]
    page = page_of(client, f"{ADDRESS}v2", 202)
    assert page.xpath("//h1/text()") == ["2501.00123v2 is being fetched from arXiv"]
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == [f"2; url={ADDRESS}v2?wait=1"]
    assert "https://arxiv.org/abs/2501.00123v2" in page.xpath("//main//a/@href")
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert asked() == {"2501.00123"}


def test_whoever_fetches_is_woken(client: Client) -> None:
    woken: list[object] = []

    def wake(**signal: object) -> None:
        woken.append(signal["sender"])

    wanted.asked.connect(wake)
    try:
        client.get(ADDRESS)
    finally:
        wanted.asked.disconnect(wake)
    assert woken == [WantedPaper]


@pytest.mark.parametrize(("typed", "content"), [("1", "2; url={}?wait=2"), ("9", "15; url={}?wait=10")])
def test_the_waits_grow(client: Client, typed: str, content: str) -> None:
    page = page_of(client, f"{ADDRESS}?wait={typed}", 202)
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == [content.format(ADDRESS)]


def test_after_ten_looks_the_reader_is_asked(client: Client) -> None:
    page = page_of(client, f"{ADDRESS}?wait=10", 202)
    assert not page.xpath("//meta[@http-equiv='refresh']")
    assert page.xpath("//a[@class='button']/@href") == [ADDRESS]


@pytest.mark.parametrize("typed", ["x", "-1", "1" * 5000, "%C2%B2", "1.5", ""])
def test_a_bad_count_is_none(client: Client, typed: str) -> None:
    [content] = page_of(client, f"{ADDRESS}?wait={typed}", 202).xpath("//meta[@http-equiv='refresh']/@content")
    assert content.startswith("2; ")


def test_the_paper_is_shown_once_it_is_here(client: Client) -> None:
    page_of(client, ADDRESS, 202)
    paper("2501.00123")
    response = client.get(f"{ADDRESS}?wait=3")
    assert (response.status_code, response.headers["Location"]) == (302, ADDRESS)
    assert page_of(client, ADDRESS).find_class("paper")


def test_a_paper_that_arxiv_does_not_know(client: Client) -> None:
    want(state="absent", closed=timezone.now())
    page = page_of(client, ADDRESS, 404)
    assert "arXiv knows no paper 2501.00123" in page.xpath("//h1")[0].text_content()
    assert not page.xpath("//meta[@http-equiv='refresh']")


def test_arxiv_is_away(client: Client) -> None:
    want(tries=3, note="arXiv answered <503>", not_before=timezone.now() + timedelta(minutes=7))
    due = WantedPaper.objects.get().not_before
    response = client.get(ADDRESS)
    assert response.status_code == 503
    assert 400 < int(response.headers["Retry-After"]) <= 420
    page = " ".join(page_of(client, ADDRESS, 503).find_class("head")[0].text_content().split())
    assert f"arXiv could not be asked just now. It is tried again at {due:%H:%M} UTC." in page
    WantedPaper.objects.update(not_before=timezone.now() - timedelta(minutes=1))
    response = client.get(ADDRESS)
    assert response.headers["Retry-After"] == "15"
    assert "It is tried again shortly." in response.content.decode()


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS},2501.00124"])
def test_why_arxiv_is_away_is_not_for_readers(client: Client, address: str) -> None:
    want(tries=3, note="arXiv (proxy.inside) <answered> 503", not_before=timezone.now() + timedelta(minutes=7))
    text = client.get(address).content.decode()
    assert "arXiv" in text
    assert "proxy.inside" not in text
    assert "answered" not in text


def test_a_note_that_says_who_named_it_is_no_failure(client: Client) -> None:
    want(note="rss named it in cs.CL")
    page_of(client, ADDRESS, 202)


def test_too_many_are_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "MOST_OPEN", 1)
    want("2501.00001")
    response = client.get(ADDRESS)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert asked() == {"2501.00001"}


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock by which ids are counted, in seconds after 12 o'clock; first to a quarter past."""

    def set_to(seconds: float) -> None:
        monkeypatch.setattr(wanted, "time", SimpleNamespace(time=lambda: 43_200 + seconds))

    set_to(900)
    return set_to


def test_one_address_asks_for_so_many_in_an_hour(
    client: Client, at_noon: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted, "MOST_OF_ADDRESS", 2)
    page_of(client, "/arxiv/2501.00001", 202)
    page_of(client, "/arxiv/2501.00002", 202)
    response = client.get(ADDRESS)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2700")
    assert "no-store" in response.headers["Cache-Control"]
    again = timezone.now() + timedelta(seconds=2700)
    page = page_of(client, ADDRESS, 429)
    said = page.find_class("head")[0].text_content()
    assert any(f"before {when:%H:%M} UTC" in said for when in (again, again + timedelta(minutes=1)))
    assert not page.xpath("//meta[@http-equiv='refresh']")
    assert asked() == {"2501.00001", "2501.00002"}
    assert client.get(ADDRESS, REMOTE_ADDR="2001:db8::7").status_code == 202  # somebody else
    at_noon(3600)
    page_of(client, "/arxiv/2501.00003", 202)


def test_the_whole_site_asks_for_so_many_in_an_hour(
    client: Client, at_noon: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted, "MOST_OF_SITE", 3)
    monkeypatch.setattr(wanted, "MOST_OF_ADDRESS", 1)
    found = [client.get(f"/arxiv/2501.0000{n}", REMOTE_ADDR="192.0.2.1").status_code for n in range(5)]
    assert found == [202, 429, 429, 429, 429]  # which takes nothing of what others may ask
    found = [client.get(f"/arxiv/2501.0001{n}", REMOTE_ADDR=f"192.0.2.{n + 2}").status_code for n in range(4)]
    assert found == [202, 202, 429, 429]
    assert len(asked()) == 3


def test_behind_a_proxy_only_the_site_s_bound_counts(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    monkeypatch.setattr(wanted, "MOST_OF_ADDRESS", 1)
    monkeypatch.setattr(wanted, "MOST_OF_SITE", 2)
    assert [client.get(f"/arxiv/2501.0000{n}").status_code for n in range(3)] == [202, 202, 429]


def test_a_request_that_is_there_costs_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    want("2501.00001")
    want("2501.00002", state="here", closed=timezone.now())
    want("2501.00003", state="absent", closed=timezone.now())
    want("2501.00004", state="absent", closed=timezone.now() - timedelta(days=2))
    monkeypatch.setattr(wanted, "MOST_OF_ADDRESS", 0)
    found = [client.get(f"/arxiv/2501.0000{number}").status_code for number in (1, 2, 3, 4)]
    assert found == [202, 202, 404, 429]
    assert WantedPaper.objects.get(arxiv_id="2501.00004").state == "absent"


def test_each_of_several_papers_counts(
    client: Client, at_noon: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted, "MOST_OF_ADDRESS", 2)
    page = page_of(client, "/arxiv/2501.00001,2501.00002,2501.00003,2501.00004", 202)
    text = " ".join(page.find_class("notes")[0].text_content().split())
    assert "Being fetched from arXiv: 2501.00001, 2501.00002." in text
    assert "as too many papers that are not here were asked for in this hour: 2501.00003, 2501.00004." in text
    assert asked() == {"2501.00001", "2501.00002"}
    response = client.get("/arxiv/2501.00003,2501.00004")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2700")
    paper("2501.00003")
    assert client.get("/arxiv/2501.00003,2501.00004").status_code == 200


def test_a_cache_that_is_away_refuses_nobody(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "MOST_OF_ADDRESS", 1)
    monkeypatch.setattr(cache, "incr", lambda key: None)  # as with a Redis that does not answer
    assert [client.get(f"/arxiv/2501.0000{n}").status_code for n in range(3)] == [202, 202, 202]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
    ],
)
def test_who_only_looks_ahead_asks_for_nothing(client: Client, headers: dict[str, str]) -> None:
    assert client.get(ADDRESS, headers=headers).status_code == 404
    assert client.get(f"{ADDRESS},2501.00124", headers=headers).status_code == 404
    assert not asked()


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS},2501.00124", f"{ADDRESS}/feed", f"{ADDRESS}/related"])
def test_head_feeds_and_relatives_ask_for_nothing(client: Client, address: str) -> None:
    assert client.head(address).status_code == 404
    if "feed" in address or "related" in address:
        assert client.get(address).status_code == 404
    assert not asked()


def test_a_month_that_has_not_begun(client: Client) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(days=32)
    future = f"{later:%y%m}.00001"
    assert "has not begun" in page_of(client, f"/arxiv/{future}", 404).text_content()
    assert not asked()
    page_of(client, f"/arxiv/{now:%y%m}.00001", 202)
    assert asked() == {f"{now:%y%m}.00001"}


def test_several_papers_are_asked_for_together(client: Client) -> None:
    paper("2501.00001")
    want("2501.00004", state="absent", closed=timezone.now())
    want("2501.00005", tries=1, note="away")
    later = datetime.now(UTC) + timedelta(days=32)
    address = f"/arxiv/2501.00001,2501.00002,2501.00003v2,2501.00004,2501.00005,{later:%y%m}.00001"
    page = page_of(client, address)
    assert shown(page) == ["2501.00001"]
    text = " ".join(page.find_class("notes")[0].text_content().split())
    assert "Being fetched from arXiv: 2501.00002, 2501.00003." in text
    assert "arXiv cannot be asked now: 2501.00005." in text
    assert f"Not known to arXiv: 2501.00004, {later:%y%m}.00001." in text
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == [f"2; url={address}?wait=1"]
    assert asked() == {"2501.00002", "2501.00003", "2501.00004", "2501.00005"}
    page_of(client, "/arxiv/2501.00002,2501.00003", 202)
    page_of(client, "/arxiv/2501.00004,2501.00005", 404)


def test_twenty_of_one_address_are_asked_for(client: Client) -> None:
    names = [f"2501.{number:05}" for number in range(1, 31)]
    page = page_of(client, f"/arxiv/{','.join(names)}", 202)
    assert asked() == set(names[:20])
    assert names[20] in page.find_class("notes")[0].text_content()


def test_a_paper_that_arxiv_removed(client: Client) -> None:
    made = paper("2511.00001", abstract="Secret words", title="Gone tide")
    remove([made.arxiv_id])
    page = page_of(client, "/arxiv/2511.00001", 410)
    assert page.xpath("//h1/text()") == ["Gone tide"]
    assert "Secret words" not in page.text_content()
    assert "https://arxiv.org/abs/2511.00001" in page.xpath("//main//a/@href")
    assert client.get("/arxiv/2511.00001/feed").status_code == 404
    assert "Removed by arXiv: 2511.00001." in " ".join(
        page_of(client, "/arxiv/2511.00001,2511.00002", 202).find_class("notes")[0].text_content().split()
    )
    for address in ("/", "/arxiv/cs.CL", "/feed"):
        assert "Gone tide" not in client.get(address).content.decode()
    assert not asked() & {"2511.00001"}
