"""Tricks by headers and addresses: another host's name, another's address, a page that a cache keeps for others."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from papers.models import Paper
from tests.papers.pages import paper
from tests.papers.readers import make_reader

pytestmark = pytest.mark.django_db

UNKEYED: Mapping[str, str] = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Port": "4444",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Forwarded-Scheme": "evil.example",
    "X-Original-URL": "/evil.example",
    "X-Rewrite-URL": "/evil.example",
    "X-Host": "evil.example",
    "X-HTTP-Method-Override": "POST",
    "Forwarded": "for=evil.example;host=evil.example;proto=http",
    "Referer": "https://evil.example/",
    "User-Agent": "evil.example",
    "Origin": "https://evil.example",
    "Via": "1.1 evil.example",
    "True-Client-IP": "evil.example",
    "Max-Forwards": "0",
}
"""What no cache takes into account unless `Vary` names it."""
SHARED = ("/api/v1/categories", "/api/v1/papers", "/api/v1/search?q=tide", "/feed", "/arxiv/cs.CL/feed", "/robots.txt",
          "/sitemap.xml", "/opensearch.xml", "/manifest.webmanifest", "/arxiv/2511.00001/bibtex")  # fmt: skip


def told(response: Any) -> tuple[int, bytes, dict[str, str]]:
    """An answer without what differs from one to the next."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in {"Content-Length", "Date", "ETag", "Expires"}
    }
    return response.status_code, re.sub(rb'"took_ms": ?[\d.]+', b"", body), headers


def test_what_a_shared_cache_may_keep_does_not_follow_headers_outside_its_key(
    client: Client, shelf_site: list[Paper]
) -> None:
    paper("2511.00001")
    for address in SHARED:
        plain = told(client.get(address))
        assert plain[0] == 200, address
        varies = plain[2].get("Vary", "").lower()
        for name, value in UNKEYED.items():
            if name.lower() not in varies:
                changed = told(client.get(address, headers={name: value}))
                assert changed == plain, (address, name)


@pytest.mark.parametrize("address", ["/", "/arxiv/cs.CL", "/arxiv/2511.00001", "/search?q=tide", "/help", "/nowhere"])
def test_a_page_follows_no_header_that_names_another_host(client: Client, address: str) -> None:
    paper("2511.00001")
    for name, value in UNKEYED.items():
        response = client.get(address, headers={name: value})
        assert response.status_code in {200, 404}
        assert b"evil.example" not in response.content, name
        assert {"private", "no-store"} & set(re.split(r"[,\s]+", response.headers["Cache-Control"]))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "testserver.evil.example",
        "testserver:80@evil.example",
        "testserver/evil",
        "a b",
        "",
        "[::1",
        "x" * 300,
    ],
)
def test_another_host_s_name_is_refused_without_a_word_of_it(client: Client, host: str) -> None:
    for address in ("/", "/api/v1/papers", "/feed", "/account/password/reset/"):
        response = client.get(address, headers={"Host": host})
        assert response.status_code == 400, address
        assert b"evil" not in response.content
        assert "Content-Security-Policy" in response.headers


def test_the_scheme_is_believed_of_a_proxy_alone(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/help", headers={"X-Forwarded-Proto": "https"}).status_code == 301
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client.get("/help", headers={"X-Forwarded-Proto": "https"}).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/static/../config/settings.py",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fetc/passwd",
        "/static/....//....//etc/passwd",
        "/static//etc/passwd",
        "/static/%00",
        "/arxiv/../../etc/passwd",
        "/arxiv/..%2f..%2fetc%2fpasswd/bibtex",
        "/shared/..%2f..%2fsecret-key",
        "/.git/config",
        "/.env",
        "/admin/..;/",
        "/%2e%2e/%2e%2e/data/secret-key",
        "/%c0%ae%c0%ae/",
        "/%ff%fe",
        "/%00",
        "//evil.example/%2e%2e",
        "/\\evil.example",
        "/" + "a/" * 3000,
    ],
)
def test_no_address_leads_out_of_the_site(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code in {301, 302, 400, 403, 404}
    assert not re.match(r"//|/\\|https?:", response.headers.get("Location", ""))
    assert b"root:" not in response.content


@pytest.mark.parametrize(
    "next_page",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
     "https:evil.example", "/%09/evil.example", "\t//evil.example", "http://testserver@evil.example/", "///evil.ex"],
)  # fmt: skip
@pytest.mark.parametrize("address", ["/theme", "/language", "/forget"])
def test_no_form_leads_to_another_site(client: Client, address: str, next_page: str) -> None:
    response = client.post(address, {"next": next_page, "theme": "dark", "language": "en"})
    assert response.status_code in {302, 303, 400}
    location = response.headers.get("Location", "")
    assert not re.match(r"\s*(//|/\\|\\|[\w+.-]+:)", location), location


def test_a_body_beyond_the_limit_is_refused_and_not_kept(client: Client, settings: Settings) -> None:
    body = b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    for kind, address in (("application/json", "/api/v1/keywords"), ("application/x-www-form-urlencoded", "/theme")):
        assert client.post(address, body, content_type=kind).status_code in {400, 413}
    fields = "&".join(f"a{number}=" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    assert client.post("/theme", fields, content_type="application/x-www-form-urlencoded").status_code == 400


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"text":' * 50_000, b'{"text": "' + b"\\ud800" * 100 + b'"}', b"1e999999"]
)
def test_json_that_is_meant_to_break_its_reader_is_refused(client: Client, body: bytes) -> None:
    assert client.post("/api/v1/keywords", body, content_type="application/json").status_code in {200, 400, 422}


def test_the_link_to_a_new_password_leads_to_the_site_by_whatever_name_it_is_asked_for(settings: Settings) -> None:
    settings.EMAIL_HOST, settings.SITE_URL = "127.0.0.1", "https://papers.example.org"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ALLOWED_HOSTS = ["*"]
    mail.outbox = []
    make_reader()
    cache.clear()
    asked = Client().post("/account/password/reset/", {"email": "ada@example.org"}, headers={"Host": "evil.example"})
    assert asked.status_code == 302
    (sent,) = mail.outbox
    assert "https://papers.example.org/account/password/reset/key/" in str(sent.body)
    assert "evil.example" not in f"{sent.subject}{sent.body}"
