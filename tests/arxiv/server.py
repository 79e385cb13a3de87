"""The loopback arXiv as an HTTP server: one address for the three interfaces, faults, recorded files and control."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from urllib.parse import unquote

from tests.arxiv import api, feeds
from tests.arxiv.answers import Answer, Context, Query
from tests.arxiv.faults import Faults
from tests.arxiv.handler import Handler
from tests.arxiv.log import RequestLog
from tests.arxiv.oai import Oai, ProtocolError, error_answer
from tests.arxiv.recorded import NotRecordedError, Recorded
from tests.arxiv.world import Interface, World

_MAINTENANCE = (
    b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><p>We are back soon.<br></body></html>"
)
_BROKEN = {"too_many": 429, "unavailable": 503, "server_error": 500}


class LoopbackArxiv:
    """A running server. `world` may be exchanged; `faults`, `log` and `recorded` are for tests to set and read."""

    def __init__(
        self, world: World, port: int = 0, faults: Faults | None = None, oai_page: int = 1_000, host: str = "127.0.0.1"
    ) -> None:
        self.world = world
        self.faults = faults or Faults()
        self.log = RequestLog()
        self.recorded = Recorded()
        self.oai_page = oai_page
        self.stopping = threading.Event()
        self._oai = Oai()
        self._server = _Server((host, port), Handler)
        self._server.arxiv = self
        self.port = self._server.server_port
        self.url = f"http://{host}:{self.port}"

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Serve in this thread until `stop` is called from another or Ctrl+C interrupts."""
        self._server.serve_forever(0.05)

    def stop(self) -> None:
        """End serving and free the port; requests that hang are let go."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def interface(self, path: str) -> str:
        """Whose address a path is: `api`, `oai`, `rss`, `recorded`, empty for nobody's."""
        known = {"/api/query": "api", "/oai": "oai", "/oai2": "oai"}
        first = path.split("/")[1] if path.startswith("/") else ""
        return known.get(path) or {"rss": "rss", "atom": "rss", "recorded": "recorded"}.get(first, "")

    def answer(self, interface: str, path: str, query: Query) -> tuple[Answer, str]:
        """The response to a request and the name of the fault behind it, empty where all is well."""
        try:
            if interface == "recorded":
                return self.recorded.answer(unquote(path).removeprefix("/recorded/")), ""
            recorded = self.recorded.find(path, query)
        except NotRecordedError as error:
            return plain(404, str(error)), ""
        if interface == "rss":
            return self._struck("rss", path, query, recorded)
        return self._struck("oai" if interface == "oai" else "api", path, query, recorded)

    def _struck(self, interface: Interface, path: str, query: Query, recorded: Answer | None) -> tuple[Answer, str]:
        faults = self.faults
        for name, status in _BROKEN.items():
            if faults.take(name, interface):
                wait = {"Retry-After": faults.retry_after} if faults.retry_after and status != 500 else {}
                return Answer(b"Rate exceeded." if status == 429 else b"", status, "text/plain", wait), name
        if faults.take("html", interface):
            return Answer(_MAINTENANCE, 200, "text/html; charset=utf-8"), "html"
        for name, status in (("error_400", 400), ("error_200", 200)):
            if faults.take(name, interface):
                return self._error(interface, query, status), name
        return recorded or self._true(interface, path, query), ""

    def _error(self, interface: Interface, query: Query, status: int) -> Answer:
        if interface == "oai":
            return error_answer(self._context(), query, ProtocolError("badArgument", "an error by request"), status)
        return api.error_answer(self._context(), "an error by request", status)

    def _true(self, interface: Interface, path: str, query: Query) -> Answer:
        context = self._context()
        if interface == "api":
            return api.answer(context, query)
        if interface == "oai":
            return self._oai.answer(context, query)
        _, form, asked = path.split("/", 2) if path.count("/") > 1 else ("", path.strip("/"), "")
        return feeds.answer(context, form, unquote(asked))

    def _context(self) -> Context:
        return Context(self.world, self.faults, self.url, self.oai_page)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    arxiv: LoopbackArxiv


def plain(status: int, text: str) -> Answer:
    """A line of text."""
    return Answer(f"{text}\n".encode(), status, "text/plain; charset=utf-8")


@contextmanager
def serve(world: World, port: int = 0, faults: Faults | None = None, oai_page: int = 1_000) -> Iterator[LoopbackArxiv]:
    """A loopback arXiv while the context lasts, on a free port where `port` is 0. `oai_page` is how many records
    OAI-PMH gives at once."""
    server = LoopbackArxiv(world, port, faults, oai_page)
    server.start()
    try:
        yield server
    finally:
        server.stop()
