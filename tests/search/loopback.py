"""A server of our own in the place of Elasticsearch, or between it and the site."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from tests.listening import listening


@dataclass(frozen=True)
class Answer:
    """What a loopback says."""

    status: int
    body: str
    kind: str = "application/json"
    product: str = "Elasticsearch"


@contextmanager
def loopback(answer: Callable[[str, str, bytes], Answer]) -> Iterator[str]:
    """The address of a server that answers method, path and body of each request as it is told."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with suppress(ConnectionError):
                super().handle_one_request()

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = answer(self.command, self.path, body)
            content = given.body.encode()
            self.send_response(given.status)
            self.send_header("Content-Type", given.kind)
            self.send_header("Content-Length", str(len(content)))
            if given.product:
                self.send_header("X-Elastic-Product", given.product)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = reply  # noqa: N815 (so the base class looks for them)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


def passed_on(url: str, method: str, path: str, body: bytes) -> Answer:
    """What the real server says."""
    kind = "application/x-ndjson" if "_bulk" in path else "application/json"
    headers = {"Content-Type": kind, "Accept": "application/json"}
    given = requests.request(method, url + path, data=body or None, headers=headers if body else {}, timeout=30)
    return Answer(given.status_code, given.text)
