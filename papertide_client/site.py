"""One site over HTTP: addresses, the token, waiting when it asks for that, pages of lists."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from papertide_client import VERSION
from papertide_client.errors import ClientError, Status

Json = dict[str, Any]

LARGEST_PAGE: Final = 100
TIMEOUT: Final = 60.0  # seconds for one answer
MOST_BYTES: Final = 200_000_000
TRIES: Final = 6
WORTH_ASKING_AGAIN: Final = frozenset({429, 502, 503, 504})
NOT_THERE: Final = frozenset({404, 410})
LONGEST_REASON: Final = 500


class _SameSite(HTTPRedirectHandler):
    """Follows the site to another of its own addresses (http to https), and nobody with its token elsewhere."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        was, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.hostname != was.hostname or (was.scheme == "https" and new.scheme != "https"):
            raise ClientError(f"The site leads on to {newurl[:200]}: give that address if it is the one you mean.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@dataclass
class Site:
    """A site under `url`. `token` (empty: none) goes with each request. `patience` bounds the seconds of all waiting
    together; `tell` is given a sentence before each wait."""

    url: str
    token: str = ""
    patience: float = 120.0
    tell: Callable[[str], None] = lambda _: None
    _opener: OpenerDirector = field(default_factory=lambda: build_opener(_SameSite()), repr=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        try:
            parts = urlsplit(self.url)
            fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
        except ValueError:
            fine = False
        if not fine:
            raise ClientError(f"{self.url[:200]!r} is no address such as https://papers.example.org.", Status.USAGE)
        if not (self.token.isascii() and self.token.isprintable()):
            raise ClientError("The token holds letters that no token has.", Status.USAGE)

    def json(self, address: str, query: Mapping[str, object] = {}, body: Json | None = None) -> Json:
        """The JSON object at an address under /api/v1/; with `body`, by POST. Raises ClientError."""
        text = self.text(f"api/v1/{address}", query, body)
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ClientError(f"What {self.url} answers is not Papertide’s API.", Status.UNREACHABLE)
        return found

    def text(self, address: str, query: Mapping[str, object] = {}, body: Json | None = None) -> str:
        """The text at an address of the site, UTF-8. Raises ClientError."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        url = f"{self.url}/{quote(address, safe='/,')}{'?' if given else ''}{urlencode(given)}"
        headers = {"Accept": "application/json, */*;q=0.5", "User-Agent": f"papertide-client/{VERSION}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        content = self._fetch(Request(url, data, headers))  # noqa: S310 (http and https alone: see __post_init__)
        return content.decode("utf-8", "replace")

    def pages(self, address: str, query: Mapping[str, object], most: int | None) -> Iterator[Json]:
        """The answers of a list, one after the other, until its end or until `most` items have come; the last one's
        items are cut. Raises ClientError."""
        left, cursor, seen = most, None, set[str]()
        while left is None or left > 0:
            size = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
            answer = self.json(address, {**query, "size": size, "cursor": cursor})
            items, cursor = answer.get("items"), answer.get("next")
            if not isinstance(items, list):
                raise ClientError(f"What {self.url} answers is not a list.", Status.UNREACHABLE)
            if left is not None:
                answer["items"] = items[:left]
                left -= len(answer["items"])
            yield answer
            if not cursor or cursor in seen:
                return
            seen.add(cursor)

    def _fetch(self, request: Request) -> bytes:
        for attempt in range(TRIES):
            try:
                with self._opener.open(request, timeout=TIMEOUT) as answer:
                    content: bytes = answer.read(MOST_BYTES + 1)
            except HTTPError as error:
                with error:
                    if error.code not in WORTH_ASKING_AGAIN:
                        raise _refused(error) from None
                    self._wait(error, 2.0**attempt)
            except (OSError, HTTPException) as error:  # URLError is an OSError
                reason = error.reason if isinstance(error, URLError) else error
                raise ClientError(f"{self.url} cannot be reached: {reason or type(error).__name__}.",
                                  Status.UNREACHABLE) from None  # fmt: skip
            else:
                if len(content) > MOST_BYTES:
                    raise ClientError("The answer is too large.")
                return content
        raise ClientError(f"The site did not answer {TRIES} times in a row; try again later.", Status.BUSY)

    def _wait(self, error: HTTPError, otherwise: float) -> None:
        """Sleep for as long as the answer says, else `otherwise`. Raises ClientError where that exceeds `patience`."""
        seconds = _retry_after(error.headers.get("Retry-After"), otherwise)
        reason = "has had enough requests" if error.code == 429 else "cannot answer now"
        if seconds > self.patience:
            raise ClientError(f"The site {reason} and asks to wait {seconds:.0f} seconds; try again then.", Status.BUSY)
        self.tell(f"The site {reason}: asking again in {seconds:.0f} s.")
        self.patience -= seconds
        time.sleep(seconds)


def _retry_after(text: str | None, otherwise: float) -> float:
    """Seconds by a header Retry-After (RFC 9110: seconds or a date)."""
    if text is None:
        return otherwise
    if text.strip().isascii() and text.strip().isdigit():
        return float(text.strip()[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return otherwise
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _refused(error: HTTPError) -> ClientError:
    """What a problem document (RFC 9457) or a line of text says; else the status alone."""
    text = error.read(100_000).decode("utf-8", "replace")
    reason = ""
    if "json" in error.headers.get_content_type():
        try:
            reason = str(json.loads(text)["detail"])
        except (ValueError, KeyError, TypeError, RecursionError):
            reason = ""
    elif error.headers.get_content_type() == "text/plain":
        reason = text.strip()
    status = Status.NOT_THERE if error.code in NOT_THERE else Status.REFUSED
    return ClientError(reason[:LONGEST_REASON] or f"The site answered {error.code} {error.reason}.", status)
