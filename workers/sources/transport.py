"""How a request travels to arXiv: in its turn, under our name, tried again with growing waits, checked."""

import random
import socket
import threading
import time
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy

from workers import circuit
from workers.politeness import NoTurnError, turn
from workers.sources import SourceError

LARGEST = 64 * 2**20  # bytes of an answer; arXiv's pages of 2,000 records have some 5 million
_AGAIN = {408, 429, 500, 502, 503, 504}
_ANSWERS = {400, 404}  # beside 2xx and 3xx; who is told 403 again and again is to stay away


class TransientError(Exception):
    """No use, but the next answer may be; `wait` is how many seconds the server asked for, 0 for none."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to bear with arXiv, in seconds.

    `connect` and `read` bound one try, `budget` all that one request waits before its last try, its turn
    included, to which twice ARXIV_DELAY is added. `lookup` bounds finding and connecting to the host before
    each try, where a resolver may hang for long beyond `connect`; 0 leaves that out.
    """

    tries: int
    connect: float
    read: float
    budget: float
    lookup: float = 0.0


PATIENT = Patience(tries=6, connect=10, read=60, budget=600)
QUICK = Patience(tries=2, connect=4, read=10, budget=8, lookup=6)

Check = Callable[[bytes], bytes]
"""Looks at a body: gives it on, perhaps mended, or raises TransientError or SourceError."""


def session(patience: Patience, check: Check) -> requests.Session:
    """A session whose every request, redirects included, keeps arXiv's manners. Raises only SourceError."""
    made = requests.Session()
    made.mount("http://", _PoliteAdapter(patience, check))
    made.mount("https://", _PoliteAdapter(patience, check))
    return made


@cache
def user_agent() -> str:
    """`Papertide/<version>`, with the address to write to where one is set."""
    version = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    contact = f" (mailto:{settings.CONTACT_EMAIL})" if settings.CONTACT_EMAIL else ""
    return f"Papertide/{version}{contact}"


class _PoliteAdapter(HTTPAdapter):
    def __init__(self, patience: Patience, check: Check) -> None:
        super().__init__()
        self.patience = patience
        self.check = check

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.headers["User-Agent"] = user_agent()
        # An idle connection would be a second one beside that of the process whose turn it is.
        request.headers["Connection"] = "close"
        kwargs["timeout"] = (self.patience.connect, self.patience.read)
        kwargs["stream"] = True
        # The delay comes on top: after the turn of another process and of one that came before us.
        deadline = time.monotonic() + self.patience.budget + 2 * settings.ARXIV_DELAY
        for attempt in range(1, self.patience.tries + 1):
            try:
                with turn(max(deadline - time.monotonic(), 0.0)) as pause:
                    circuit.demand_closed()
                    try:
                        return self._once(request, *args, **kwargs)
                    except TransientError as error:
                        problem = str(error)
                        circuit.failed(problem)
                        wait = max(error.wait, _backoff(attempt))
                        # The whole site waits, this process in its next turn.
                        pause(wait if attempt < self.patience.tries else error.wait)
            except NoTurnError as error:
                raise SourceError(f"arXiv could not be asked: {error}") from None
            if time.monotonic() + wait > deadline:
                break
        raise SourceError(problem)

    def _once(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        host = urlsplit(str(request.url)).hostname
        if self.patience.lookup:
            proxy = select_proxy(str(request.url), kwargs.get("proxies"))
            _reach(proxy or str(request.url), self.patience.lookup)
        try:
            response = super().send(request, *args, **kwargs)
            body = _body(response, self.patience.budget)  # within the turn: the connection is in use
        except SourceError as error:
            circuit.failed(str(error))
            raise
        except requests.RequestException as error:
            cause = _cause(error, self.patience)
            raise TransientError(f"arXiv ({host}) could not be reached: {cause}") from error
        if response.status_code in _AGAIN:
            wait = _retry_after(response.headers.get("Retry-After", ""))
            asked = f", asking for a pause of {wait:.0f} s" if wait else ""
            raise TransientError(f"arXiv ({host}) answered with HTTP {response.status_code}{asked}", wait)
        return response if response.is_redirect else self._judged(response, body, f"arXiv ({host})")

    def _judged(self, response: requests.Response, body: bytes, host: str) -> requests.Response:
        """The response with its body where it is an answer; the circuit learns whether arXiv gave one."""
        if response.status_code != requests.codes.ok:
            refusal = f"{host} answered with HTTP {response.status_code}"
            if response.status_code < 400 or response.status_code in _ANSWERS:
                circuit.worked()
            else:
                circuit.failed(refusal)
            with suppress(TransientError):
                self.check(body)  # an error entry says more than the number
            raise SourceError(refusal)
        try:
            response._content = self.check(body)
        except SourceError:  # a no is an answer, too
            circuit.worked()
            raise
        response._content_consumed = True
        circuit.worked()
        return response


def _body(response: requests.Response, seconds: float) -> bytes:
    """The whole body, decoded. Raises SourceError for one that is too large, TransientError where it drips in."""
    began, parts, size = time.monotonic(), [], 0
    try:
        with response:  # one that is not read to its end must not keep its connection
            # What has come so far: to wait for a part of some length might take hours.
            while part := response.raw.read1(2**16, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > LARGEST:
                    raise SourceError(f"arXiv's answer was larger than {LARGEST // 2**20} MB and was not read")
                if time.monotonic() - began > seconds:
                    raise TransientError(f"arXiv's answer was not complete after {seconds:.0f} s")
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from error
    return b"".join(parts)


def _backoff(attempt: int) -> float:
    """Seconds before the next try: 2, 4, 8, …, a minute at most; up to half of it is taken off by chance."""
    longest = min(2.0**attempt, 60.0)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def _retry_after(text: str) -> float:
    """The header's seconds, given as a number or a date; 0 where it is absent or cannot be read."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max((moment - datetime.now(moment.tzinfo and UTC)).total_seconds(), 0.0)


def _cause(error: requests.RequestException, patience: Patience) -> str:
    """The innermost reason of a failed request in a few words."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.connect:.0f} s"
    if isinstance(error, requests.Timeout):
        return f"no answer within {patience.read:.0f} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate was not accepted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not let us through"
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return "the connection broke"


def _reach(url: str, seconds: float) -> None:
    """Look the host up and connect once, in a thread that is left behind where the resolver hangs.

    Raises TransientError where there is no connection within `seconds`.
    """
    parts = urlsplit(url if "//" in url else f"//{url}")
    address = (parts.hostname, parts.port or (80 if parts.scheme == "http" else 443))
    outcome: list[str] = []

    def connect() -> None:
        try:
            socket.create_connection(address, timeout=seconds).close()
            outcome.append("")
        except OSError as error:
            outcome.append(error.strerror or "no connection")

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    problem = outcome[0] if outcome else f"no connection within {seconds:.0f} s"
    if problem:
        raise TransientError(f"arXiv ({parts.hostname}) could not be reached: {problem}")
