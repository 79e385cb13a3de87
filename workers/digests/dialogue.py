"""A conversation with the mail server that stops before the end of a mail, so that it can be written down what is
about to be sent.

A server takes a mail over with the line that holds a single dot (RFC 5321, 4.1.1.4); one whose sender vanishes before
is thrown away by it. `smtplib` sends text and dot in one go, hence this.
"""

import smtplib
from collections.abc import Callable
from contextlib import suppress
from email.utils import parseaddr
from typing import Final

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from papers.tex import collapse

END_TIMEOUT: Final = 600.0  # seconds for the answer to the dot (RFC 5321, 4.5.3.2.6): giving up sooner leaves doubt
_CLOSING: Final = 421
_NOT_WITHOUT_LOGIN: Final = frozenset({530, 534, 535, 538})
_TOO_LARGE: Final = frozenset({452, 552})  # of MAIL, where it is about the mail and not about who sends


class ServerAwayError(Exception):
    """No mail can be sent now: the server cannot be reached, or takes none from this site."""


class BrokenOffError(Exception):
    """The connection ended in the middle of a mail."""


class RefusedError(Exception):
    """The server refused one mail. code: its answer's; text: what it said; whom: whether it was the recipient."""

    def __init__(self, code: int, text: bytes, *, whom: bool) -> None:
        self.code, self.text, self.whom = code, collapse(text.decode(errors="replace")), whom
        super().__init__(f"{code} {self.text}")

    @property
    def for_good(self) -> bool:
        """Whether trying again is of no use."""
        return 500 <= self.code < 600


class Dialogue:
    """One connection for many mails, by the site's mail settings; made anew where the server ends it."""

    def __init__(self) -> None:
        self._backend = EmailBackend()

    def __enter__(self) -> "Dialogue":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, smtplib.SMTPException):
            self._backend.close()

    def open(self) -> bool:
        """Have a connection; whether it is a new one. Raises ServerAwayError."""
        try:
            return bool(self._backend.open())
        except (OSError, smtplib.SMTPException) as error:
            self.drop()
            raise ServerAwayError(f"{type(error).__name__}: {error}") from error

    def drop(self) -> None:
        """Break off, wherever the conversation stands: what was not ended is not delivered."""
        connection, self._backend.connection = self._backend.connection, None
        if connection is not None:
            connection.close()

    def send(self, message: EmailMessage, sender: str, before_end: Callable[[], bool]) -> None:
        """Send a mail to its one recipient. `before_end` is called when all but the dot is sent; where it says no or
        raises, the mail is not ended.

        Raises RefusedError, BrokenOffError, ServerAwayError where the mail was not even begun, ValueError for an
        address that cannot be written. After `before_end` said yes, BrokenOffError means that nobody knows whether the
        mail is delivered.
        """
        [recipient] = message.recipients()
        recipient = parseaddr(sanitize_address(recipient, "utf-8"))[1]
        text = message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        self._begin(sender, text)
        try:
            self._demand(self._smtp.rcpt(recipient), {250, 251}, whom=True)
            self._body(text)
            if before_end():
                self._end()
            else:
                self.drop()
        except (OSError, smtplib.SMTPException) as error:
            self.drop()
            raise BrokenOffError(f"{type(error).__name__}: {error}") from error
        except RefusedError as error:
            self._reset()
            if error.code in _NOT_WITHOUT_LOGIN:
                raise ServerAwayError(str(error)) from error
            raise
        except BaseException:
            self.drop()
            raise

    @property
    def _smtp(self) -> smtplib.SMTP:
        assert self._backend.connection is not None
        found: smtplib.SMTP = self._backend.connection
        return found

    def _begin(self, sender: str, text: bytes) -> None:
        """Say who sends; on a connection that the server has ended since the last mail, once more on a new one."""
        is_new = self.open()
        try:
            try:
                self._sender(sender, text)
            except (OSError, smtplib.SMTPException):
                if is_new:
                    raise
                self.drop()
                self.open()
                self._sender(sender, text)
        except RefusedError as error:
            self._reset()
            if error.code in _TOO_LARGE:
                raise
            raise ServerAwayError(str(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            self.drop()
            raise ServerAwayError(f"{type(error).__name__}: {error}") from error

    def _sender(self, sender: str, text: bytes) -> None:
        self._smtp.ehlo_or_helo_if_needed()
        options = []
        if self._smtp.has_extn("size"):
            options.append(f"size={len(text)}")
        if not text.isascii() and self._smtp.has_extn("8bitmime"):
            options.append("body=8bitmime")
        self._demand(self._smtp.mail(sender, options), {250})

    def _body(self, text: bytes) -> None:
        self._smtp.putcmd("data")
        self._demand(self._smtp.getreply(), {354})
        stuffed = text.replace(b"\r\n.", b"\r\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        self._smtp.send(stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n")

    def _end(self) -> None:
        sock = self._smtp.sock
        assert sock is not None
        timeout = sock.gettimeout()
        sock.settimeout(END_TIMEOUT)
        self._smtp.send(b".\r\n")
        self._demand(self._smtp.getreply(), {250})
        sock.settimeout(timeout)

    def _demand(self, answer: tuple[int, bytes], wanted: set[int], *, whom: bool = False) -> None:
        code, text = answer
        if code == _CLOSING or not 200 <= code < 600:
            raise smtplib.SMTPServerDisconnected(f"{code} {text.decode(errors='replace')}")
        if code not in wanted:
            raise RefusedError(code, text, whom=whom)

    def _reset(self) -> None:
        """Ready for the next mail, or without a connection."""
        try:
            if self._smtp.rset()[0] != 250:
                self.drop()
        except (OSError, smtplib.SMTPException):
            self.drop()
