"""A loopback arXiv that serves what a test tells it, and feeds of invented papers to serve."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.core.cache import cache

from workers.sources import transport

START = datetime(2024, 5, 1, 12, tzinfo=UTC)
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
)


def entry(number: int, *, published: str | None = None, id: str | None = None) -> str:
    """An invented paper; a higher number is an older paper."""
    moment = published or (START - timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    address = id or f"http://arxiv.org/abs/2405.{number + 1:05}v1"
    return (
        f"<entry><id>{address}</id><title>Paper\n  {number}</title><updated>{moment}</updated>"
        f"<summary>What paper {number} says.</summary><published>{moment}</published>"
        '<category term="cs.CL"/><category term="68T50"/><arxiv:primary_category term="cs.CL"/>'
        "<author><name>Ada Author</name></author></entry>"
    )


def feed(entries: list[str], total: int | None = None, start: int = 0) -> bytes:
    """One page of a list of `total` entries (all of them where not given)."""
    counts = f"<opensearch:totalResults>{len(entries) if total is None else total}</opensearch:totalResults>"
    counts += f"<opensearch:startIndex>{start}</opensearch:startIndex>"
    return f"{HEAD}{counts}{''.join(entries)}</feed>".encode()


def error_entry(text: str) -> bytes:
    """The entry by which arXiv tells of an error."""
    return feed(
        [f"<entry><id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>{text}</summary></entry>"]
    )


@dataclass
class Answer:
    """What the server sends."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    """What the server was sent."""

    query: dict[str, str]
    headers: dict[str, str]
    path: str = ""


class Loopback:
    """An arXiv whose answers are given one after the other; the last one is repeated."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.respond: Callable[[Request], Answer] = self._next
        self.requests: list[Request] = []
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                request = Request(query, dict(self.headers), parts.path)
                loopback.requests.append(request)
                answer = loopback.respond(request)
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/query"

    def _next(self, _: Request) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def list_papers(self, entries: list[str]) -> None:
        """Serve these entries page by page, as asked for."""

        def respond(request: Request) -> Answer:
            start, size = int(request.query["start"]), int(request.query["max_results"])
            return Answer(feed(entries[start : start + size], len(entries), start))

        self.respond = respond


@pytest.fixture(autouse=True)
def _nothing_planned_by_chance() -> None:
    """The cache is empty, but that a worker which does runs has just looked what is due: tests say when it looks."""
    cache.clear()
    cache.set("planned", 1, None)


@pytest.fixture
def data_dir(settings: LazySettings, tmp_path: Path) -> Path:
    """A DATA_DIR of the test's own: no turn taken, no pause running."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def arxiv_server(settings: LazySettings, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A loopback arXiv in the place of all three interfaces, with waits short enough for a test."""
    loopback = Loopback()
    threading.Thread(target=loopback.server.serve_forever, args=(0.05,), daemon=True).start()
    settings.ARXIV_API_URL = settings.ARXIV_OAI_URL = settings.ARXIV_RSS_URL = loopback.url
    settings.ARXIV_DELAY = 0.0
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(transport, "_backoff", lambda attempt: 0.02 * attempt)
    yield loopback
    loopback.server.shutdown()
    loopback.server.server_close()
