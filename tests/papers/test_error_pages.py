"""What a reader sees when something goes wrong, each fault really provoked."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.template import TemplateDoesNotExist, loader
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml import html
from pytest_django import Settings

from papers.guesses import guess
from papers.models import Paper
from papers.views import errors
from tests.papers.pages import paper

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.papers.broken_urls")]


@pytest.fixture
def reader(settings: Settings) -> Client:
    """Somebody who gets pages for faults, as on a real site."""
    settings.DEBUG = False
    return Client(raise_request_exception=False)


def failed(reader: Client, address: str, status: int, **more: Any) -> Any:
    response = reader.get(address, **more)
    assert response.status_code == status, address
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    text = response.content.decode()
    assert "not to be shown" not in text
    page = html.fromstring(text)
    assert len(page.xpath("//h1")) == 1
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert "/" in page.xpath("//main//a/@href"), "no way on"
    assert not page.xpath("//*[@style] | //style | //script[not(@src)]")
    return page


def links(page: Any) -> list[str]:
    found: list[str] = page.xpath("//main//a/@href")
    return found


@pytest.mark.parametrize(
    ("path", "arxiv_id"),
    [
        ("/papers/2401.00001v2", "2401.00001v2"),
        ("/abs/2401.00001/", "2401.00001"),
        ("/x/hep-th/9108020.html", "hep-th/9108020"),
        ("/https://arxiv.org/abs/2401.00001", "2401.00001"),
    ],
)
def test_an_address_with_an_arxiv_id_leads_to_the_paper_and_to_arxiv(reader: Client, path: str, arxiv_id: str) -> None:
    found = links(failed(reader, path, 404))
    assert f"/arxiv/{arxiv_id}" in found
    assert f"https://arxiv.org/abs/{arxiv_id}" in found


def test_a_paper_that_is_here_is_named_with_one_query_and_its_title_escaped(reader: Client) -> None:
    paper("2511.00001", title="Tides <img src=x> & moons")
    path = "/papers/2511.00001"
    page = failed(reader, path, 404)
    assert page.xpath("//main//a[@href='/arxiv/2511.00001']")[0].text_content() == "Tides <img src=x> & moons"
    assert not page.xpath("//main//img")
    reader.get("/nowhere")
    with CaptureQueriesContext(connection) as without:
        reader.get("/nowhere")
    with CaptureQueriesContext(connection) as asked:
        reader.get(path)
    assert len(asked) - len(without) == 1


def test_a_removed_paper_is_not_named(reader: Client) -> None:
    paper("2511.00001", title="Withdrawn by arXiv", removed=True)
    assert "Withdrawn by arXiv" not in failed(reader, "/papers/2511.00001", 404).text_content()


@pytest.mark.parametrize(
    ("path", "first"),
    [("/cs.CL", "cs.CL"), ("/cat/cs.lg/recent", "cs.LG"), ("/cs_CL", "cs.CL"), ("/quantph", "quant-ph")],
)
def test_an_address_like_a_category_leads_to_the_nearest(reader: Client, path: str, first: str) -> None:
    found = [link for link in links(failed(reader, path, 404)) if link.startswith("/arxiv/")]
    assert found[0] == f"/arxiv/{first}"
    assert len(found) <= 6


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/deep-learning/for_tides.html", "deep learning for tides"),
        ("/<script>alert(1)</script>", "script alert script"),
        ("/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E", "img src onerror alert"),
        ("/潮汐/模型", "潮汐 模型"),
        ("/" + "a" * 3000, "a" * 100),
    ],
)
def test_other_addresses_lead_to_a_search_for_their_words(reader: Client, path: str, words: str) -> None:
    page = failed(reader, path, 404)
    [link] = [a for a in page.xpath("//main//a") if a.get("href").startswith("/search?q=")]
    assert link.text_content().strip() == f"Search for “{words}”"
    assert not page.xpath("//main//script | //main//img")


@pytest.mark.parametrize("path", ["/%00", "/%ff%fe", "/../../etc/passwd", "/2513.00001", "/.", "/'\"", "/v1/" * 60])
def test_odd_addresses_are_no_fault_of_the_site(reader: Client, path: str) -> None:
    failed(reader, path, 404)


def test_guesses_look_at_a_bounded_part_of_an_address() -> None:
    assert guess("/x" * 100_000 + "/2401.00001").arxiv_id is None


def test_403_says_what_to_do(reader: Client) -> None:
    assert "not for everybody" in failed(reader, "/denied", 403).text_content()


@pytest.mark.parametrize("cookies", [False, True])
def test_a_form_without_its_token_is_explained(settings: Settings, cookies: bool) -> None:
    settings.DEBUG = False
    reader = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if cookies:
        reader.cookies["theme"] = "dark"
    response = reader.post("/theme", {"theme": "dark"})
    assert response.status_code == 403
    assert "no-store" in response["Cache-Control"]
    text = html.fromstring(response.content.decode()).find(".//main").text_content()
    assert ("allow cookies" in text) is not cookies
    assert "go back" in text


def test_400_tells_nothing_of_the_request(reader: Client) -> None:
    failed(reader, "/suspicious", 400)


def test_a_form_with_too_many_fields_is_400(reader: Client) -> None:
    response = reader.post("/marks", {f"field{number}": "1" for number in range(2000)})
    assert response.status_code == 400
    assert "could not be read" in response.content.decode()


def test_a_host_that_is_not_ours_is_400_and_not_repeated(reader: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["papers.example"]
    page = failed(reader, "/", 400, HTTP_HOST="evil.example")
    assert "evil" not in html.tostring(page, encoding="unicode")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, "in 1 second."),
        (45, "in 45 seconds."),
        (600, "in 10 minutes."),
        (601, "in 11 minutes."),
        (0, "in 1 second."),
    ],
)
def test_429_says_when_to_try_again(reader: Client, seconds: int, told: str) -> None:
    page = failed(reader, f"/busy/{seconds}?x=1", 429)
    assert told in page.text_content()
    assert re.search(r"at \d\d:\d\d UTC", page.text_content())
    assert f"/busy/{seconds}?x=1" in links(page)
    response = reader.get(f"/busy/{seconds}")
    assert response["Retry-After"] == str(max(seconds, 1))
    assert "no-store" in response["Cache-Control"]


def test_429_to_a_form_offers_no_repetition_by_link(reader: Client) -> None:
    assert "/busy/60" not in links(html.fromstring(reader.post("/busy/60").content.decode()))


def _no_database() -> Iterator[None]:
    def refuse(*args: Any) -> Any:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        yield


def _no_cache() -> Iterator[None]:
    patch = pytest.MonkeyPatch()

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("the cache is away")

    for name in ("get", "set", "add", "incr", "get_or_set"):
        patch.setattr(type(cache._connections["default"]), name, refuse)  # type: ignore[attr-defined]
    yield
    patch.undo()


def _no_styles() -> Iterator[None]:
    patch = pytest.MonkeyPatch()

    def refuse(name: str) -> str:
        raise ValueError(f"Missing staticfiles manifest entry for '{name}'")

    patch.setattr(errors, "static", refuse)
    yield
    patch.undo()


def _no_templates() -> Iterator[None]:
    patch = pytest.MonkeyPatch()

    def refuse(name: str, using: str | None = None) -> Any:
        raise TemplateDoesNotExist(name)

    patch.setattr(loader, "get_template", refuse)
    yield
    patch.undo()


@pytest.mark.parametrize("away", [_no_database, _no_cache, _no_styles, _no_templates])
def test_500_needs_neither_database_nor_cache_nor_styles_nor_templates(
    reader: Client, away: Callable[[], Iterator[None]]
) -> None:
    broken = away()
    next(broken)
    try:
        page = failed(reader, "/broken", 500)
    finally:
        next(broken, None)
    assert page.xpath("//h1")[0].text_content() == "Something went wrong"
    assert bool(page.xpath("//link[@rel='stylesheet']")) is (away in {_no_database, _no_cache})


def test_a_database_that_is_away_gives_the_500_page_on_a_real_page(reader: Client) -> None:
    broken = _no_database()
    next(broken)
    try:
        page = failed(reader, "/arxiv/cs.CL", 500)
    finally:
        next(broken, None)
    assert "written to the log" in page.text_content()


@pytest.mark.parametrize(
    ("accepts", "lang"),
    [("zh-CN,zh;q=0.9", "zh-hans"), ("en-GB", "en"), ("fr", "en"), ("", "en"), ("\x80;;q=,", "en")],
)
def test_500_is_in_the_readers_language(reader: Client, accepts: str, lang: str) -> None:
    assert failed(reader, "/broken", 500, HTTP_ACCEPT_LANGUAGE=accepts).get("lang") == lang


def test_the_last_resort_speaks_both_languages_and_knows_the_sites_path(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "get_template", lambda name: 1 / 0)
    text = reader.get("/broken").content.decode()
    assert "Something went wrong" in text
    assert "出错了" in text
    assert Paper.objects.count() == 0  # the connection is as it was
