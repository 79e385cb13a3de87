"""A mail server of this machine that can be slow or harsh at each step, and keeps whole mails only."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Post:
    """A running server and what came. `answers` gives the reply to a step (`mail`, `rcpt`, `data`, `end`) for a
    recipient (a sender at `mail`), None for a good one; it may take its time. `lost` at the end: the mail is taken, and
    the connection ends without an answer."""

    port: int = 0
    mails: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    connections: int = 0
    answers: Callable[[str, str], str | None] = lambda step, who: None
    reached: list[str] = field(default_factory=list)

    @property
    def recipients(self) -> list[str]:
        """To whom whole mails came, in order."""
        return [recipient for _, recipient, _ in self.mails]

    def wait(self, step: str, times: int = 1) -> None:
        """Until a step was reached so often."""
        end = time.monotonic() + 30
        while self.reached.count(step) < times:
            assert time.monotonic() < end, f"{step} was not reached: {self.reached}"
            time.sleep(0.005)


class _Handler:
    def __init__(self, post: Post) -> None:
        self.post = post

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.post.connections += 1
        return responses

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = await self._step("mail", address)
        if refused is None:
            envelope.mail_from = address
        return refused or "250 well"

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = await self._step("rcpt", address)
        if refused is None:
            envelope.rcpt_tos.append(address)
        return refused or "250 well"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        [recipient] = envelope.rcpt_tos
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        # In a thread to its end: a server that has got the dot keeps the mail though the sender is gone.
        refused = await asyncio.to_thread(self._end, envelope.mail_from or "", recipient, mail)
        if refused and refused.startswith("lost"):
            assert server.transport is not None
            server.transport.abort()
        return refused or "250 taken"

    def _end(self, sender: str, recipient: str, mail: EmailMessage) -> str | None:
        self.post.reached.append("end")
        refused = self.post.answers("end", recipient)
        if refused is None or refused.startswith("lost"):
            self.post.mails.append((sender, recipient, mail))
        return refused

    async def _step(self, step: str, who: str) -> str | None:
        self.post.reached.append(step)
        return await asyncio.to_thread(self.post.answers, step, who)


class _Server(SMTP):
    """Takes its step `data` before it asks for the body."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 -- aiosmtpd's name
        post: Post = self.event_handler.post
        post.reached.append("data")
        who = self.envelope.rcpt_tos[0] if self.envelope and self.envelope.rcpt_tos else ""
        if refused := await asyncio.to_thread(post.answers, "data", who):
            await self.push(refused)
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, hostname="post.example")

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def post_office() -> Iterator[Post]:
    """An SMTP server on a free port of this machine."""
    post = Post()
    controller = _Controller(_Handler(post), hostname="127.0.0.1", port=0)
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()
