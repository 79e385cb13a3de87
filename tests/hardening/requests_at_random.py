"""Requests that no reader sends: any address of the site with any parameters, headers, forms and methods."""

# ruff: noqa: E501 (tables of odd values)

import gzip
import json
import random
import re
from dataclasses import dataclass, field
from typing import Any, Final

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from lxml import html

from tests.hardening.mutations import ODD, mutated, of_grammar
from tests.hardening.targets import QUERY, TEXTS

BOOKMARKLET: Final = "javascript:(()=%3E%7Bfunction%20placeOf("  # of the page of tools
MARK: Final = "<zq onload=1>'\"zq"  # comes back as text, or not at all
_PLACE: Final = re.compile(r"<(?:(\w+):)?(\w+)>|\^?\(\?P<(\w+)>.*?\)+[/$]*")
IDS: Final = (
    "2401.00001",
    "2401.00001v9",
    "hep-th/9901001",
    "2511.00001,2511.00002",
    "9999.99999",
    "0",
    "-1",
    "1",
    "a" * 300,
)
SPECS: Final = (
    "cs.CL",
    "cs.AI+cs.LG-cs.CY",
    "cs.AI,cs.LG",
    "hep-th",
    "math",
    "cs.*",
    "-cs.CL",
    "+",
    "cs.XX",
    "cs.CL+" * 60,
)
VALUES: Final = (
    "", "1", "0", "-1", "2", "99", "999999999999999999999", "1e9", "on", "off", "all", "new", "old", "stars", "time",
    "preference", "relevance", "2024-02-29", "2024-02-30", "2024-01", "9999-12-31", "0001-01-01", "tomorrow", "zh-hans",
    "dark", "//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/help", "../../etc/passwd",
    "a\r\nSet-Cookie: x=1", "\x00", "\ud800", "🌊", "x" * 5000, MARK, "cs.CL", "2401.00001", "eyJvIjoxfQ", "Europe/Berlin",
)  # fmt: skip
GET: Final = (
    "q", "page", "sort", "date", "from", "to", "part", "verbatim", "size", "cursor", "next", "day", "show", "words", "cat",
    "tag", "list", "without", "level", "facets", "order", "text", "before", "fields", "category", "limit", "spec", "name",
)  # fmt: skip
POST: Final = (
    "do", "ids", "pk", "text", "name", "where", "list", "tag", "theme", "tint", "language", "words", "next", "section",
    "starred", "seen", "rhythm", "level", "threshold", "hour", "weekday", "zone", "description", "email", "file", "undo",
    "login", "password", "kind", "new", "q", "keep", "all", "scopes", "days", "replacements", "paused", "crosses",
)  # fmt: skip
DO: Final = (
    "star",
    "unstar",
    "seen",
    "add",
    "remove",
    "delete",
    "rename",
    "save",
    "look",
    "take",
    "ask",
    "make",
    "",
    "x",
)
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "Accept-Language": ("zh", "de;q=9,*", "x" * 900, ",,,;;;", "zh-Hans-CN;q=0.1"),
    "Cookie": ("reader=x", "sessionid=1; csrftoken=2", "=;=;=", "language=xx; theme=" + MARK, "messages=W10:x", "a" * 3000),
    "HX-Request": ("true", "1", ""),
    "HX-Target": ("x", MARK),
    "If-None-Match": ("*", '"x"', "W/", '"' * 50),
    "If-Modified-Since": ("yesterday", "Thu, 99 Sep 2026 00:00:00 GMT", "Thu, 24 Sep 2026 00:00:00 GMT"),
    "Accept-Encoding": ("gzip", "gzip;q=x", "*", "br,gzip;q=0"),
    "Accept": ("application/json", "x", "*/*;q=2", "text/html;" * 90),
    "Range": ("bytes=0-1", "bytes=-", "lines=1"),
    "Host": ("evil.example", "testserver:80", "testserver:x", "[::1", "a b", "testserver."),
    "X-Forwarded-Host": ("evil.example",),
    "X-Forwarded-Proto": ("https", "x"),
    "X-Forwarded-For": ("1.2.3.4", "x, y", MARK),
    "X-Original-URL": ("/admin/",),
    "X-HTTP-Method-Override": ("DELETE",),
    "Forwarded": ("for=1;host=evil.example",),
    "Authorization": ("Bearer ptd_x", "Bearer " + "x" * 999, "Basic eDp4", "Bearer \x7f"),
    "Origin": ("null", "https://evil.example"),
    "Referer": ("https://evil.example/", MARK),
    "Sec-Fetch-Mode": ("navigate", "cors", "x"),
    "User-Agent": ("", "x" * 5000, MARK),
}  # fmt: skip
KINDS: Final = ("application/json", "application/x-www-form-urlencoded", "text/plain", "x/y; charset=utf-7", "")


def addresses() -> list[str]:
    """Every address of the site's, with `<kind:name>` where something goes in, but for those of Django's admin."""
    found = _walk(get_resolver(), "")
    return sorted(address for address in found if not address.startswith("admin") and "(?s:" not in address)


@dataclass
class Requester:
    """Sends one request at random and holds the answer against what every answer must keep to."""

    clients: list[Client]
    addresses: list[str] = field(default_factory=addresses)
    ids: tuple[str, ...] = ()
    """Those of papers that are there."""
    counted: dict[int, int] = field(default_factory=dict)

    def __call__(self, random: random.Random) -> None:
        """Raises for a traceback, a status of 500 and above, and an answer that a cache or a browser would take
        wrongly."""
        path = "/" + _PLACE.sub(lambda place: self._part(random, place), random.choice(self.addresses))
        if random.random() < 0.1:
            path = "/" + mutated(random, path[1:].encode("utf-8", "surrogatepass")).decode("latin-1")
        query = {name: self._value(random) for name in random.sample(GET, random.choice((0, 1, 1, 2, 4)))}
        headers = {
            name: random.choice(HEADERS[name]) for name in random.sample([*HEADERS], random.choice((0, 0, 1, 3)))
        }
        method = random.choice(
            ("GET",) * 7 + ("POST",) * 4 + ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X")
        )
        given: dict[str, Any] = {}
        if method in {"POST", "PUT", "PATCH", "DELETE"}:
            given = self._body(random)
        client = random.choice(self.clients)
        address = path.encode("utf-8", "surrogatepass").decode("latin-1") if random.random() < 0.05 else path
        try:
            response = client.generic(method, _quoted(address), QUERY_STRING=_encoded(query), headers=headers, **given)
        finally:
            client.cookies.pop("theme", None)
        content = b"".join(getattr(response, "streaming_content", ())) if response.streaming else response.content
        if response.headers.get("Content-Encoding") == "gzip" and method != "HEAD":
            content = gzip.decompress(content)
        self.counted[response.status_code] = self.counted.get(response.status_code, 0) + 1
        told = f"{method} {path!r} {query!r} {headers!r} {str(given)[:500]}: {response.status_code}"
        check(response, content, told)

    def _part(self, random: random.Random, place: "re.Match[str]") -> str:
        kind, name = place[1], place[2] or place[3]
        if kind in {"paper", "papers"} or (name == "paper_id" and random.random() < 0.7):
            return ",".join(random.sample(self.ids, random.choice((1, 1, 1, 2))))
        if kind == "int":
            return random.choice(("0", "1", "2", "99999999999999999999"))
        return random.choice(IDS + SPECS if random.random() < 0.7 else VALUES)

    def _value(self, random: random.Random) -> str:
        chance = random.random()
        if chance < 0.3:
            return of_grammar(random, QUERY, 6)
        return random.choice(VALUES if chance < 0.8 else SPECS + IDS)

    def _body(self, random: random.Random) -> dict[str, Any]:
        form = {name: self._value(random) for name in random.sample(POST, random.randint(0, 6))}
        if "do" in form or random.random() < 0.6:
            form["do"] = random.choice(DO)
        form["ids" if random.random() < 0.5 else "pk"] = random.choice(("1", "1,2", "1 2", "x", "2401.00001", "9" * 30))
        if random.random() < 0.6:
            return {"data": _encoded(form), "content_type": "application/x-www-form-urlencoded"}
        if random.random() < 0.3:
            text = of_grammar(random, TEXTS, 30).encode("utf-8", "replace")
            head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="../x\x00.bib"\r\n\r\n'
            body = head + text + b"\r\n--b--\r\n"
            return {"data": mutated(random, body), "content_type": "multipart/form-data; boundary=b"}
        body = json.dumps({"text": form, "jsonrpc": "2.0", "id": 1, "method": "tools/list", **form}).encode()
        return {"data": mutated(random, body), "content_type": random.choice(KINDS)}


def check(response: Any, content: bytes, told: str) -> None:
    """Raises AssertionError where an answer breaks a rule that every answer keeps."""
    status, kind = response.status_code, response.headers.get("Content-Type", "")
    assert status < 500, told
    assert b"Traceback (most recent" not in content, told
    for name, value in response.headers.items():
        assert not set("\r\n\0") & set(name + value), told
    location = response.headers.get("Location", "")
    assert not re.match(r"\s*(//|/\\|\\|[\w+.-]+:(?!//(testserver|arxiv\.org)([:/]|$)))", location), (location, told)
    kept = response.headers.get("Cache-Control", "")
    if "public" in kept:
        assert not response.cookies, (told, str(response.cookies), kept)
        assert b"evil.example" not in content or "evil.example" in told.partition("{")[0] + told.partition("}")[0], told
    if kind.startswith("text/html") and content:
        assert "Content-Security-Policy" in response.headers, told
        assert b"<zq" not in content.lower(), told
        page = html.fromstring(content.decode())
        assert not page.xpath("//script[not(@src) and not(@type='application/ld+json')]"), told
        for data in page.xpath("//script[@type='application/ld+json']/text()"):
            json.loads(data)
        assert not [name for name in page.xpath("//@*") if name.attrname.startswith("on")], told
        for link in page.xpath("//@href | //@action | //@src"):
            ours = link.startswith(BOOKMARKLET)
            assert ours or not re.match(r"\s*(javascript|data|vbscript):", link, re.IGNORECASE), (link, told)


def _walk(resolver: Any, prefix: str) -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            found.append(prefix + str(entry.pattern))
        elif isinstance(entry, URLResolver):
            found += _walk(entry, prefix + str(entry.pattern))
    return found


def _encoded(values: dict[str, str]) -> str:
    return "&".join(f"{name}={_quoted(value)}" for name, value in values.items())


def _quoted(text: str) -> str:
    """With what would end it quoted; the rest as it is, which a client may send too."""
    written = text.encode("utf-8", "surrogatepass")
    return "".join(
        chr(byte) if 0x20 < byte < 0x7F and chr(byte) not in '&#?=+%"<>' else f"%{byte:02X}" for byte in written
    )


assert MARK not in map(str, ODD)
