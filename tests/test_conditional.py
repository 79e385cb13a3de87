"""Pages with forms are not sent again while they say the same."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_page_is_the_same_whatever_its_token_looks_like(client: Client) -> None:
    first, second = client.get("/help"), client.get("/help")
    tokens = [re.search(rb'csrfmiddlewaretoken" value="(\w+)"', response.content) for response in (first, second)]
    assert tokens[0]
    assert tokens[1]
    assert tokens[0][1] != tokens[1][1]
    assert first.headers["ETag"] == second.headers["ETag"]
    again = client.get("/help", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_another_browser_gets_a_page_of_its_own(client: Client) -> None:
    etag = client.get("/help").headers["ETag"]
    assert Client().get("/help", headers={"If-None-Match": etag}).status_code == 200
    client.cookies.clear()
    assert client.get("/help", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("address", ["/", "/arxiv/cs.CL?part=1", "/?part=calendar", "/nowhere", "/library"])
def test_no_shared_cache_keeps_a_page(client: Client, address: str) -> None:
    headers = client.get(address).headers
    assert "Cookie" in headers["Vary"]
    assert "Accept-Language" in headers["Vary"]
    assert {"private", "no-store"} & {part.strip() for part in headers["Cache-Control"].split(",")}


def test_a_page_that_says_something_else_is_sent(client: Client) -> None:
    etag = client.get("/help").headers["ETag"]
    client.post("/theme", {"theme": "dark"})
    assert client.get("/help", headers={"If-None-Match": etag}).status_code == 200


def test_the_token_of_a_kept_page_is_still_taken() -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/help")
    token = re.search(rb'csrfmiddlewaretoken" value="(\w+)"', page.content)
    assert token
    assert strict.get("/help", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304
    answer = strict.post("/theme", {"theme": "dark", "csrfmiddlewaretoken": token[1].decode()})
    assert answer.status_code == 303


@pytest.mark.parametrize("address", ["/api/v1/categories", "/feed", "/robots.txt", "/sitemap.xml"])
def test_no_shared_cache_keeps_that_a_session_has_ended(client: Client, address: str) -> None:
    kept = client.get(address)
    assert kept.status_code == 200
    assert not kept.cookies
    client.cookies["sessionid"] = "of-a-session-that-has-ended"
    response = client.get(address)
    assert not response.cookies or "public" not in response.headers["Cache-Control"]
