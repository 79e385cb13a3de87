"""A mail server that keeps what it is sent."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Sink:
    """A running server: its port, and the mails so far. `refusing` makes it turn every sender away."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refusing: bool = False


class _Handler(socketserver.StreamRequestHandler):
    sink: Sink

    def handle(self) -> None:
        self._say("220 sink")
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self._say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                body = b"".join(line[1:] if line.startswith(b"..") else line for line in lines)
                self.sink.mails.append(message_from_bytes(body, policy=policy.default))
            elif verb == b"MAIL" and self.sink.refusing:
                self._say("550 not from you")
                continue
            self._say("221 bye" if verb == b"QUIT" else "250 well")
            if verb == b"QUIT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[Sink]:
    """An SMTP server on a free port of this machine."""
    sink = Sink()
    handler = type("Handler", (_Handler,), {"sink": sink})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        sink.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield sink
        server.shutdown()
