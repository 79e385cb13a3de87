"""How requests are read, answered and cut short."""

import json
import socket
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from tests.arxiv.answers import Answer
from tests.arxiv.log import Entry, has_gone
from tests.arxiv.recorded import NotRecordedError
from tests.arxiv.world import Interface

if TYPE_CHECKING:
    from tests.arxiv.server import LoopbackArxiv, _Server

_LONGEST_BODY = 1_000_000
_LOOK_AGAIN = 0.05  # seconds between two looks at whether a client that is kept waiting has gone


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "LoopbackArxiv/1"
    disable_nagle_algorithm = True
    connection: socket.socket

    @property
    def arxiv(self) -> "LoopbackArxiv":
        """The server's own object."""
        return cast("_Server", self.server).arxiv

    def setup(self) -> None:
        super().setup()
        self.arxiv.log.connected(self.connection)

    def finish(self) -> None:
        self.arxiv.log.disconnected(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: Any) -> None:
        """Nothing: the log is `server.log`."""

    def do_GET(self) -> None:
        """Answer in the interface's way."""
        self._respond("")

    def do_POST(self) -> None:
        """The control address, and OAI-PMH, which takes its arguments in the body too."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            self.close_connection = True
            self._send(Answer(b"bad length\n", 413, "text/plain"))
            return
        self._respond(self.rfile.read(int(length)).decode("utf-8", "replace"))

    def _respond(self, body: str) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/control":
            self._send(self._control(body))
            return
        interface = self.arxiv.interface(parts.path)
        written = body if interface == "oai" and self.command == "POST" else parts.query
        query: dict[str, str] = {}
        for name, value in parse_qsl(written, keep_blank_values=True):
            query.setdefault(name, value)
        if not interface or (self.command == "POST" and interface != "oai"):
            self._send(Answer(b"Not found\n", 404, "text/plain"))
            return
        entry = self.arxiv.log.begin(interface, parts.path, query, self.headers.get("User-Agent", ""))
        try:
            self._answer(entry)
        except ConnectionError:
            self.close_connection = True
        finally:
            self.arxiv.log.end(entry, self.connection, self.close_connection)

    def _answer(self, entry: Entry) -> None:
        faults = self.arxiv.faults
        interface = cast(Interface, entry.interface) if entry.interface != "recorded" else None
        if interface and faults.take("hang", interface):
            entry.struck = "hang"
            self._wait(None)
            self.close_connection = True
            return
        if interface and faults.slow and interface in faults.only and not self._wait(faults.slow):
            self.close_connection = True
            return
        answer, entry.struck = self.arxiv.answer(entry.interface, entry.path, entry.query)
        kept = len(answer.body)
        if interface and answer.status == 200 and not entry.struck:
            if faults.take("truncated", interface):
                entry.struck, answer.body = "truncated", answer.body[: kept // 2]
            elif faults.take("cut", interface):
                entry.struck, kept = "cut", kept // 2
        self._send(answer, entry, kept)

    def _wait(self, seconds: float | None) -> bool:
        """Wait so long, for good where None; whether the client is still there."""
        left = float("inf") if seconds is None else seconds
        while left > 0 and not self.arxiv.stopping.wait(min(_LOOK_AGAIN, left)):
            left -= _LOOK_AGAIN
            if has_gone(self.connection):
                return False
        return not self.arxiv.stopping.is_set()

    def _send(self, answer: Answer, entry: Entry | None = None, kept: int | None = None) -> None:
        """Send the answer, or its first `kept` bytes under the length of the whole and then the end.

        The last byte goes when the log has been told: whoever has read the answer to its end finds it there.
        """
        if entry:
            entry.status = answer.status
        body = answer.body if kept is None else answer.body[:kept]
        whole = len(body) == len(answer.body)
        self.close_connection = self.close_connection or not whole
        self.send_response(answer.status)
        headers = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body)), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        if body:
            self.end_headers()
            self.wfile.write(body[:-1])
        if entry:
            self.arxiv.log.end(entry, self.connection, self.close_connection)
        if body:
            self.wfile.write(body[-1:])
        else:
            self.end_headers()

    def _control(self, body: str) -> Answer:
        """Set the clock, faults and recorded answers from JSON, and show how things are."""
        arxiv = self.arxiv
        if self.command == "POST":
            try:
                self._set(json.loads(body or "{}"))
            except (ValueError, TypeError, KeyError, NotRecordedError) as error:
                return _json({"error": str(error) or "not understood"}, 400)
        last = [
            {
                "path": entry.path,
                "query": entry.query,
                "status": entry.status,
                "struck": entry.struck,
                "open": entry.open,
            }
            for entry in arxiv.log.entries[-20:]
        ]
        requests = {"total": len(arxiv.log), "counts": arxiv.log.counts(), "most_open": arxiv.log.most_open}
        return _json(
            {
                "now": arxiv.world.now.isoformat(),
                "days": [day.isoformat() for day in arxiv.world.days],
                "papers": len(arxiv.world.papers),
                "faults": arxiv.faults.as_json(),
                "requests": {**requests, "last": last},
            }
        )

    def _set(self, wanted: object) -> None:
        if not isinstance(wanted, dict):
            raise ValueError("expected a JSON object")
        unknown = set(wanted) - {"now", "faults", "reset", "recorded"}
        if unknown:
            raise ValueError(f"not understood: {', '.join(sorted(unknown))}")
        if wanted.get("reset"):
            self.arxiv.faults.reset()
        self.arxiv.faults.set(**wanted.get("faults", {}))
        for rule in wanted.get("recorded", []):
            self.arxiv.recorded.stand_in(rule["file"], rule["path"], rule.get("query"), rule.get("status", 200))
        if "now" in wanted:
            now = wanted["now"]
            self.arxiv.world.now = None if now is None else datetime.fromisoformat(now)


def _json(value: object, status: int = 200) -> Answer:
    return Answer(f"{json.dumps(value, indent=1)}\n".encode(), status, "application/json")
