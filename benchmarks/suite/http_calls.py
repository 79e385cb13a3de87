"""Requests a second and how long they take, call by call, for one client and for several: the calls in turns, another
query each time, no cache of answers.

`python -m benchmarks.suite.http_calls CORPUS PAPERS` prints as JSON what is asked (`Asked`), in the site's environment.
"""

import http.client
import json
import os
import random
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

import numpy as np

from benchmarks.suite.http_load import Order, Seen, load
from benchmarks.suite.results import ROUNDS
from benchmarks.suite.site import SETTINGS, SiteError, serving, site_of, worker
from scripts.throwaway import Site

if TYPE_CHECKING:
    from benchmarks.suite.corpus import Corpus

CLIENTS = (1, 4, 16)
SECONDS = 1.5  # of each call in each round
QUERIES = 1500  # more than any process keeps the vectors of
LISTS = 150
DRAWN = 3000  # papers that queries are drawn from
SEED = 2
ROWS = 25  # papers in an answer
WORDS, HYBRID, RELATED, SEARCH_PAGE, LIST_PAGE = (
    "search by words",
    "search hybrid",
    "related",
    "search page",
    "list page",
)
PLAIN, EMPTY = "plain", "empty"
PAGES = (SEARCH_PAGE, LIST_PAGE)
SEARCHES = (WORDS, HYBRID, RELATED, SEARCH_PAGE)  # what differs by engine


@dataclass(frozen=True)
class Asked:
    """queries: as readers type them. papers: arXiv ids. lists: addresses of lists of at least ROWS papers."""

    queries: list[str]
    papers: list[str]
    lists: list[str]

    def addresses(self) -> dict[str, list[str]]:
        """What each call asks for."""
        texts = [quote_plus(text) for text in self.queries]
        return {
            WORDS: [f"/api/v1/search?q={text}&meaning=false" for text in texts],
            HYBRID: [f"/api/v1/search?q={text}" for text in texts],
            RELATED: [f"/api/v1/papers/{paper}/related" for paper in self.papers],
            SEARCH_PAGE: [f"/search?q={text}" for text in texts],
            LIST_PAGE: self.lists,
            EMPTY: ["/api/v1/empty"],
        }


def measure(folder: Path, roots: Mapping[str, str], asked: Asked, seconds: float = SECONDS) -> dict[str, Any]:
    """By engine, call and number of clients the figures of each round; PLAIN and EMPTY beside the engines. "client": ms
    of the processor that the measuring client takes for an answer of the plain view and for an empty one."""
    told: dict[str, Any] = {}
    for engine, root in roots.items():
        site = site_of(folder, engine, root, BENCH_CACHES="none")
        with serving(site) as url:
            addresses = asked.addresses()
            if engine == "embedded":
                addresses[PLAIN] = plain_addresses(url, folder / "papertide.sqlite3", addresses[WORDS])
            else:
                addresses = {call: addresses[call] for call in SEARCHES}
            seen = _rounds(url, addresses, seconds, worker(site))
        shown = {call: {clients: _figures(each) for clients, each in by.items()} for call, by in seen.items()}
        if engine == "embedded":
            told |= {call: shown.pop(call) for call in (PLAIN, EMPTY)}
            told["client"] = {
                call: min(each.cpu * 1000 / len(each.times) for each, _ in seen[call]["1"]) for call in (PLAIN, EMPTY)
            }
        told[engine] = shown
    return told


def draw(found: "Corpus", folder: Path) -> Asked:
    """What is asked of the site in `folder`; kept there."""
    path = folder / "asked.json"
    if not path.exists():
        site = Site(folder, **SETTINGS)
        made = site.run("-m", "benchmarks.suite.http_calls", found.folder.resolve(), str(found.papers))
        path.write_text(made.splitlines()[-1])
    return Asked(**json.loads(path.read_text()))


def headers(call: str) -> dict[str, str]:
    """As a browser asks for a page, and as a program asks the API: without compression, which would be the same for
    search and plain view and hide some of the difference."""
    return {"Accept-Language": "en"} | ({"Accept-Encoding": "gzip"} if call in PAGES else {})


def plain_addresses(url: str, database: Path, searches: Sequence[str]) -> list[str]:
    """The plain view of the rows that each of the searches brings; none for searches that bring fewer than ROWS.

    Raises SiteError where the plain view does not answer what the search did, its scores and totals apart.
    """
    found: list[str] = []
    rows = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    for address in searches:
        ids = [item["id"] for item in _items(connection, f"{address}&fields=id")]
        marks = ",".join("?" * len(ids))
        keys = dict(rows.execute(f"SELECT arxiv_id, id FROM papers_paper WHERE arxiv_id IN ({marks})", ids))
        if len(keys) == ROWS:
            found.append(f"/api/v1/plain?ids={','.join(str(keys[each]) for each in ids)}")
            if len(found) == 1 and _items(connection, address) != _items(connection, found[0]):
                raise SiteError(f"{found[0]} answers other papers than {address}")
    connection.close()
    rows.close()
    if not found:
        raise SiteError(f"no search brings {ROWS} papers")
    return found


def _items(connection: http.client.HTTPConnection, address: str) -> list[dict[str, Any]]:
    """What an address of the API answers, without scores."""
    connection.request("GET", address)
    items: list[dict[str, Any]] = json.loads(connection.getresponse().read())["items"]
    for item in items:
        item.pop("score", None)
    return items


def _rounds(
    url: str, addresses: Mapping[str, Sequence[str]], seconds: float, pid: int
) -> dict[str, dict[str, list[tuple[Seen, float]]]]:
    """By call and number of clients what was seen in each round, with the seconds of the processor that the serving
    process `pid` took, the calls taking turns. Raises SiteError where one is not answered."""
    seen: dict[str, dict[str, list[tuple[Seen, float]]]] = {
        call: {str(each): [] for each in CLIENTS} for call in addresses
    }
    first = dict.fromkeys(addresses, 0)
    for turn in range(-1, ROUNDS):  # the first warms up
        for clients in CLIENTS if turn >= 0 else CLIENTS[1:2]:
            for call, asked in addresses.items():
                before = _processor(pid)
                done = load(Order(url, asked, seconds, clients, first=first[call], headers=headers(call)))
                taken = _processor(pid) - before
                first[call] += len(done.times)
                if bad := set(done.statuses) - {200, 503} or not done.took():
                    raise SiteError(f"{call} with {clients} clients: {bad or 'only refused'}")
                if turn >= 0:
                    seen[call][str(clients)].append((done, taken))
    return seen


def _processor(pid: int) -> float:
    """Seconds of the processor that a process has taken so far, by Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _figures(rounds: Sequence[tuple[Seen, float]]) -> dict[str, list[float]]:
    """Answers a second, milliseconds, and "cpu": milliseconds of the server's processor an answer. "refused": the share
    of requests that a machine with much else to do refused (503), where there were any."""
    quantiles = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    answers = [each.took() for each, _ in rounds]
    found = {"rps": [len(times) / each.seconds for times, (each, _) in zip(answers, rounds, strict=True)]}
    found["cpu"] = [taken * 1000 / len(times) for times, (_, taken) in zip(answers, rounds, strict=True)]
    found |= {name: [float(np.quantile(times, share)) for times in answers] for name, share in quantiles.items()}
    refused = [1 - len(times) / len(each.times) for times, (each, _) in zip(answers, rounds, strict=True)]
    return found | ({"refused": refused} if any(refused) else {})


# In the site's environment


def _draw(found: "Corpus") -> Asked:
    """Of each kind as many as there are, QUERIES, QUERIES and LISTS at most."""
    from benchmarks.queries import Chance
    from papers.records import from_json

    places = set(random.Random(SEED).sample(range(found.real), min(DRAWN, found.real)))
    lines = (line for place, line in zip(range(found.real), found.records(), strict=False) if place in places)
    records = [from_json(json.loads(line)) for line in lines]
    chance = Chance(records, SEED)
    queries = dict.fromkeys(" ".join(chance.words(2, 5)) for _ in range(QUERIES))
    papers = [record.arxiv_id for record in chance.sample(records, min(QUERIES, len(records)))]
    return Asked(list(queries), papers, _lists(chance))


def _lists(chance: random.Random) -> list[str]:
    """LISTS addresses at most: of one category, of two, of two without another, of an announcement day, of some days;
    those whose first page is full."""
    from django.db.models import Count
    from django.test import Client

    from papers.categories import split_spec
    from papers.models import DayList, PaperCategory

    counted = PaperCategory.objects.values("category").annotate(papers=Count("id")).filter(papers__gte=ROWS)
    codes = [row["category"] for row in counted.order_by("-papers", "category")[: LISTS // 5]]
    days = sorted(DayList.objects.values_list("day", flat=True).distinct())
    found = ["/", *(f"/?date={day}" for day in days)]
    for code in codes:
        others = chance.choices(codes, k=2)
        first, last = sorted(chance.choices(days, k=2))
        specs = {code, f"{code}+{others[0]}", f"{code}+{others[0]}-{others[1]}"}
        found += [f"/arxiv/{split_spec(spec)}" for spec in sorted(specs)]
        found += [f"/arxiv/{code}?date={last}", f"/arxiv/{code}?from={first}&to={last}"]
    client = Client(SERVER_NAME="localhost")
    return [each for each in dict.fromkeys(found) if client.get(each).content.count(b'<article class="card') == ROWS]


def main() -> None:
    """CORPUS PAPERS."""
    import django

    django.setup()
    from benchmarks.suite.corpus import corpus

    print(json.dumps(asdict(_draw(corpus(Path(sys.argv[1]), int(sys.argv[2]))))))


if __name__ == "__main__":
    main()
