"""What pages cost on the server: time by the clock and of the processor, queries, bytes, beside the plain view.

Two ways: in one process through Django's test client with all middleware, and over gunicorn on the loopback interface.
Cold: the cache of cards' pieces is empty (over gunicorn: switched off); warm: the page was shown before. The machine
has other work, so variants take turns and the processor's time stands beside the clock's.
"""

import gzip
import http.client
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import numpy as np

from scripts.throwaway import Site

if TYPE_CHECKING:
    from django.test import Client

    from papers.models import Visitor

SETTINGS = {"DJANGO_SETTINGS_MODULE": "benchmarks.pages_settings", "LOG_LEVEL": "WARNING"}
MOST_MS, MOST_QUERIES = 40.0, 8  # what a page may cost
WARM_UP = 3
KINDS = ("plain", "cold", "warm")
_CARD = re.compile(r'<article class="[^"]*\bcard\b[^>]*data-paper="([^"]+)"')


@dataclass(frozen=True)
class Times:
    """Milliseconds of each request, by the clock and of the processor."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float) -> None:
        """One more request."""
        self.wall.append(wall)
        self.cpu.append(cpu)


@dataclass(frozen=True)
class Cost:
    """A page for one reader. address: `{query}` stands for another query each time. ids: of the plain view's papers."""

    title: str
    address: str
    known: bool
    ids: list[int]
    queries: int
    raw: int
    packed: int
    times: dict[str, Times]


@dataclass(frozen=True)
class Told:
    """What the process that measured tells: the papers of the site, the cookie's value, the costs."""

    papers: int
    cookie: str
    searches: list[str]
    costs: list[Cost]


def report(folder: Path, rounds: int) -> Iterator[str]:
    """Two tables in Markdown, and which pages keep to the bounds."""
    site = Site(folder, **SETTINGS)
    site.manage("collectstatic", "--verbosity", "0", "--no-input")
    told = json.loads(site.run("-m", "benchmarks.page_costs", str(rounds)).splitlines()[-1])
    costs = [
        Cost(**{**each, "times": {kind: Times(**times) for kind, times in each["times"].items()}})
        for each in told["costs"]
    ]
    served: dict[str, list[Times]] = {}
    for kind, pieces in (("cold", "none"), ("warm", "")):
        with _visitor_of(folder) as cookie, Site(folder, **SETTINGS, PIECES=pieces).serving() as url:
            served |= dict(_over_http(url, kind, costs, cookie, told["searches"], rounds))
    yield f"{told['papers']:,} papers. In one process, milliseconds p50 / p95, the processor's time in brackets:"
    yield ""
    yield from _in_process(costs)
    yield ""
    yield "Over gunicorn, one connection, milliseconds p50 / p95 by the clock:"
    yield ""
    yield from _served(costs, served)
    yield ""
    yield from _verdict(costs)


def _in_process(costs: Iterable[Cost]) -> Iterator[str]:
    yield "| page | reader | queries | plain view | cold | × plain | warm | × plain | bytes | gzipped |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for cost in costs:
        plain, cold, warm = (cost.times[kind] for kind in KINDS)
        cells = [cost.title, _who(cost), str(cost.queries), _cell(plain)]
        cells += [_cell(cold), _ratio(cold, plain), _cell(warm), _ratio(warm, plain)]
        yield f"| {' | '.join([*cells, f'{cost.raw:,}', f'{cost.packed:,}'])} |"


def _served(costs: Sequence[Cost], served: dict[str, list[Times]]) -> Iterator[str]:
    yield "| page | reader | plain view | cold | warm |\n|---|---|---|---|---|"
    for number, cost in enumerate(costs):
        cells = [_clock(served[kind][number]) for kind in ("plain", "cold", "warm")]
        yield f"| {cost.title} | {_who(cost)} | {' | '.join(cells)} |"


def _verdict(costs: Sequence[Cost]) -> Iterator[str]:
    """Which pages take more than they may, warm and in one process."""
    bounds = {
        f"{MOST_MS:.0f} ms by the clock": lambda cost: _half(cost.times["warm"].wall) > MOST_MS,
        f"{MOST_MS:.0f} ms of the processor": lambda cost: _half(cost.times["warm"].cpu) > MOST_MS,
        f"{MOST_QUERIES} queries": lambda cost: cost.queries > MOST_QUERIES,
    }
    for bound, is_over in bounds.items():
        names = "; ".join(f"{cost.title} ({_who(cost)})" for cost in costs if is_over(cost))
        yield f"Over {bound} (warm, in one process, p50): {names or 'none'}.\n"


def _who(cost: Cost) -> str:
    return "known" if cost.known else "new"


def _cell(times: Times) -> str:
    return f"{_clock(times)} ({_half(times.cpu):.0f})"


def _clock(times: Times) -> str:
    return f"{_half(times.wall):.0f} / {np.quantile(times.wall, 0.95):.0f}"


def _ratio(times: Times, plain: Times) -> str:
    """Of the processor's time, which other work stretches less."""
    return f"{_half(times.cpu) / _half(plain.cpu):.1f}"


def _half(values: Sequence[float]) -> float:
    return float(np.quantile(values, 0.5))


# Over gunicorn


def _over_http(
    url: str, kind: str, costs: Sequence[Cost], cookie: str, searches: Sequence[str], rounds: int
) -> Iterator[tuple[str, list[Times]]]:
    """Times by kind, in the order of `costs`: those of `kind`, and of the plain view with the warm ones."""
    kinds = ("plain", kind) if kind == "warm" else (kind,)
    found = {name: [Times() for _ in costs] for name in kinds}
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    supply = _supply(searches)
    for turn in range(-WARM_UP, rounds):
        for number, cost in enumerate(costs):
            for name in kinds:
                address = _plain_address(cost.ids) if name == "plain" else cost.address.replace("{query}", next(supply))
                if name == "warm" and "{query}" in cost.address:
                    _fetch(connection, address, cookie if cost.known else "")
                taken = _fetch(connection, address, cookie if cost.known else "")
                if turn >= 0:
                    found[name][number].add(taken, 0)
    connection.close()
    yield from found.items()


def _fetch(connection: http.client.HTTPConnection, address: str, cookie: str) -> float:
    """Milliseconds until the whole answer is there. Raises ValueError where it is none."""
    headers = {"Accept-Encoding": "gzip", "Accept-Language": "en", "HX-Request": "true"}
    start = time.perf_counter()
    connection.request("GET", address, headers=headers | ({"Cookie": f"reader={cookie}"} if cookie else {}))
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise ValueError(f"{answer.status}: {address}")
    return (time.perf_counter() - start) * 1000


def _plain_address(ids: Sequence[int]) -> str:
    return f"/plain?ids={','.join(map(str, ids))}"


def _supply(searches: Sequence[str]) -> Iterator[str]:
    """Queries without end, from the last one backwards, so that those of a later process are new again for a while."""
    while True:
        yield from reversed(searches)


@contextmanager
def _visitor_of(folder: Path) -> Iterator[str]:
    """The cookie of a visitor with marks, who is forgotten at the end."""
    site = Site(folder, **SETTINGS)
    cookie = site.run("-m", "benchmarks.page_costs", "visit").splitlines()[-1]
    try:
        yield cookie
    finally:
        site.run("-m", "benchmarks.page_costs", "forget", cookie)


# In one process, which `main` is


def main(arguments: Sequence[str]) -> None:
    """`ROUNDS`: measure and print as JSON. `visit`: make a visitor and print her cookie. `forget COOKIE`."""
    import django

    django.setup()
    from papers.visitors import forget

    if arguments[0] == "visit":
        print(_cookie(_visit()))
    elif arguments[0] == "forget":
        forget(_visitor(arguments[1]))
    else:
        visitor = _visit()
        try:
            print(json.dumps(asdict(_measure(int(arguments[0]), _cookie(visitor)))))
        finally:
            forget(visitor)


def _measure(rounds: int, cookie: str) -> Told:
    from papers.models import Paper

    searches = _searches((rounds + WARM_UP + 2) * 12)
    supply = _supply(searches[::-1])
    costs = [_look(title, address, known, cookie, supply) for title, address in _pages() for known in (False, True)]
    for turn in range(-WARM_UP, rounds):
        for cost in costs:
            for kind in KINDS:
                wall, cpu = _time(kind, cost, cookie, supply)
                if turn >= 0:
                    cost.times[kind].add(wall, cpu)
    return Told(Paper.objects.count(), cookie, searches, costs)


def _pages() -> list[tuple[str, str]]:
    """Title and address of what is measured."""
    from papers.announcements import list_days, newest_day

    newest = newest_day(None, list_days(None, None))
    assert newest is not None
    from datetime import timedelta

    week = f"from={newest - timedelta(days=6)}&to={newest}"
    lists = ["/", "/arxiv/cs.LG", "/arxiv/cs.AI+cs.LG-cs.CY", f"/arxiv/cs.LG?date={newest}", f"/arxiv/cs.LG?{week}"]
    return [
        *((f"`{address}`", address) for address in lists),
        ("a paper", f"/arxiv/{_newest_paper()}"),
        ("its neighbourhood", f"/arxiv/{_newest_paper()}/neighbourhood"),
        ("a search, another each time", "/search?q={query}"),
        ("its facets", "/search/facets?q={query}"),
    ]


def _newest_paper() -> str:
    from papers.models import Paper

    return Paper.objects.order_by("-published", "-id").values_list("arxiv_id", flat=True)[0]


def _searches(count: int) -> list[str]:
    """Three words each, from real titles."""
    from papers.models import Paper

    titles = Paper.objects.order_by("-id").values_list("title", flat=True)[: count * 3]
    words = (re.findall(r"[A-Za-z]{5,}", title) for title in titles)
    return [quote(" ".join(each[:3])) for each in words if len(each) >= 3][:count]


def _visit() -> "Visitor":
    """A visitor who has sifted and starred some of the newest papers."""
    from papers.models import Announcement, Visitor
    from papers.visitors import mark

    visitor = Visitor.objects.create()
    newest = Announcement.objects.order_by("-day", "category", "position").values_list("paper", flat=True)[:400]
    ids = list(dict.fromkeys(newest))
    mark(visitor, ids[::2], "seen", on=True)
    mark(visitor, ids[::9], "starred", on=True)
    return visitor


def _cookie(visitor: "Visitor") -> str:
    from django.http import HttpResponse

    from papers.visitors import COOKIE, remember

    response = HttpResponse()
    remember(response, visitor)
    return response.cookies[COOKIE].value


def _visitor(cookie: str) -> "Visitor":
    from papers.models import Visitor

    return Visitor.objects.get(key=cookie.partition(":")[0])


def _look(title: str, address: str, known: bool, cookie: str, supply: Iterator[str]) -> Cost:
    """The page once, before its time is taken: queries, bytes, papers."""
    from django.db import connection

    from papers.models import Paper

    asked = address.replace("{query}", next(supply))
    counted = 0

    def count(execute: Callable[..., object], *arguments: object) -> object:
        nonlocal counted
        counted += 1
        return execute(*arguments)

    _get(asked, known, cookie)
    with connection.execute_wrapper(count):
        html = _get(asked, known, cookie)
    shown = _CARD.findall(html.decode()) or [_newest_paper()]
    keys = dict(Paper.objects.filter(arxiv_id__in=shown).values_list("arxiv_id", "pk"))
    ids = [keys[arxiv_id] for arxiv_id in shown]
    return Cost(
        title, address, known, ids, counted, len(html), len(gzip.compress(html, 6)), {k: Times() for k in KINDS}
    )


def _time(kind: str, cost: Cost, cookie: str, supply: Iterator[str]) -> tuple[float, float]:
    from django.core.cache import caches

    address = _plain_address(cost.ids) if kind == "plain" else cost.address.replace("{query}", next(supply))
    if kind == "cold":
        caches["pieces"].clear()
    elif kind == "warm" and "{query}" in cost.address:
        _get(address, cost.known, cookie)  # a search is warm when somebody asked it before
    wall, cpu = time.perf_counter(), time.process_time()
    _get(address, cost.known, cookie, packed=True)
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def _get(address: str, known: bool, cookie: str, *, packed: bool = False) -> bytes:
    client = _client(cookie if known else "")
    answer = client.get(address, headers={"accept-encoding": "gzip"} if packed else None)
    if answer.status_code != 200:
        raise ValueError(f"{answer.status_code}: {address}")
    content: bytes = answer.content
    return content


@cache
def _client(cookie: str) -> "Client":
    """One a reader: making one puts the middleware together, which a server does once."""
    from django.test import Client

    # Fragments are given to HTMX alone; to pages the header makes no difference.
    client = Client(headers={"hx-request": "true", "accept-language": "en"}, SERVER_NAME="localhost")
    if cookie:
        client.cookies["reader"] = cookie
    return client


if __name__ == "__main__":
    main(sys.argv[1:])
