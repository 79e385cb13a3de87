"""A page that comes in pieces, as over a slow line: what is shown of it stays where it is."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser

from tests.e2e.real import RealSite
from tests.e2e.watching import Windows, layout_shift
from tests.listening import listening

ADDRESS = "/arxiv/cs.LG"
PAUSE = 0.35  # seconds between two pieces: Chromium paints what it has of a page after some 250 ms


class _Slow(ThreadingHTTPServer):
    """Another server's answers; those of ADDRESS stop for a while after the bytes of `until`."""

    def __init__(self, site: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site
        self.until = b""


class _Handler(BaseHTTPRequestHandler):
    server: _Slow

    def do_GET(self) -> None:
        try:
            with urlopen(self.server.site + self.path) as answer:
                body, status, kind = answer.read(), answer.status, answer.headers["Content-Type"]
        except HTTPError as error:
            body, status, kind = b"", error.code, "text/plain"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = 0
        if self.path == ADDRESS:
            cut = body.index(self.server.until) + len(self.server.until)
            self.wfile.write(body[:cut])
            self.wfile.flush()
            time.sleep(PAUSE)
        self.wfile.write(body[cut:])

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test says what went wrong."""


@pytest.mark.parametrize("width", [390, 600, 1280])
def test_the_top_stands_still_wherever_a_page_stops_for_a_while(
    real_site: RealSite, browser: Browser, width: int
) -> None:
    server = _Slow(real_site.url)
    with listening(server) as address:
        windows = Windows(browser, address)
        for server.until in (b"<span>Papertide</span>", b"</form>", b">Today</a>", b">Library</a>", b"</header>"):
            page = windows(ADDRESS, width=width)
            shift, moved = layout_shift(page)
            assert shift < 0.005, (server.until, moved)
            page.close()
        windows.close()
