"""Faults of a real cluster of three nodes under a whole site: a web server, a worker, and readers who go on reading."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from elasticsearch import Elasticsearch

from scripts.services.elasticsearch import Cluster
from tests.search.sites import Browser, RealSite, demand, real_site

ALIAS = "institute"
TIMEOUT = 3.0  # ELASTICSEARCH_TIMEOUT, the default
LONGEST = 2 * TIMEOUT  # of any answer, whatever becomes of the cluster
BROWSE = ("/", "/arxiv/cs.LG", "/arxiv/math+cs", "/api/v1/papers?size=5", "/help")
WORDS = "network gravity learning quantum galaxy model graph attention field matter".split()


@pytest.fixture(scope="module")
def site(elasticsearch_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    """A site with 400 papers in its index, and a worker."""
    settings = {
        "SEARCH_ENGINE": "elasticsearch",
        "ELASTICSEARCH_URL": elasticsearch_cluster.url,
        "ELASTICSEARCH_INDEX": ALIAS,
    }
    with real_site(tmp_path_factory.mktemp("institute") / "data", **settings) as site:
        site.run("fill", "0", "400")
        site.run("index")
        site.start("work")
        yield site


@pytest.fixture(scope="module")
def client(site: RealSite) -> Browser:
    """A reader of the site."""
    return site.serve()


@pytest.fixture(autouse=True)
def _whole(elasticsearch_cluster: Cluster, site: RealSite, client: Browser) -> None:
    """Each test begins with a green cluster, a full index and a search that answers."""
    demand(lambda: health(elasticsearch_cluster, "green"), 90)
    demand(lambda: site.marks == 0, 60)
    demand(lambda: client.get("/search?q=network").status_code == 200, 20)


def health(cluster: Cluster, status: str) -> bool:
    """Whether all nodes are there and the cluster has this status."""
    try:
        found = cluster.nodes[-1].get("/_cluster/health")
    except OSError:
        return False
    return bool(found["status"] == status and found["number_of_nodes"] == len(cluster.nodes))


def in_the_index(cluster: Cluster) -> int:
    """How many papers are found behind the alias."""
    with Elasticsearch(cluster.urls) as client:
        client.indices.refresh(index=ALIAS)
        return int(client.count(index=ALIAS)["count"])


def papers(site: RealSite) -> int:
    """How many papers the database holds."""
    return site.number("SELECT count(*) FROM papers_paper")


class Reader(threading.Thread):
    """Reads pages without a pause until it is told to stop. answers: address, status and seconds of each."""

    def __init__(self, client: Browser, address: Callable[[int], str], number: int) -> None:
        super().__init__()
        self.client, self.address, self.number = client, address, number
        self.done = threading.Event()
        self.answers: list[tuple[str, int, float]] = []

    def run(self) -> None:
        """Read."""
        place = self.number * 100_000
        while not self.done.is_set():
            place += 1
            address = self.address(place)
            start = time.monotonic()
            status = self.client.status(address)
            self.answers.append((address, status, time.monotonic() - start))
            time.sleep(0.02)


@contextmanager
def reading(client: Browser, addresses: list[Callable[[int], str]]) -> Iterator[list[Reader]]:
    """One reader for each of `addresses`, who go on while the block lasts."""
    readers = [Reader(client, address, number) for number, address in enumerate(addresses)]
    for reader in readers:
        reader.start()
    try:
        yield readers
    finally:
        for reader in readers:
            reader.done.set()
        for reader in readers:
            reader.join()


def new_search(number: int) -> str:
    """A search that nobody asked before."""
    return f"/search?q={WORDS[number % 10]}+{WORDS[number // 10 % 10]}+n{number}"


def new_api_search(number: int) -> str:
    """The same by the API."""
    return f"/api/v1{new_search(number)}"


def browsing(number: int) -> str:
    """A page that needs no search engine."""
    return BROWSE[number % len(BROWSE)]


def relatives(site: RealSite) -> Callable[[int], str]:
    """Pages of relatives, of a different paper each time."""
    ids = [str(row[0]) for row in site.database.rows("SELECT arxiv_id FROM papers_paper ORDER BY id LIMIT 400")]
    return lambda number: f"/arxiv/{ids[number % len(ids)]}/related"


def test_the_master_is_killed_while_papers_are_indexed_and_searched(
    elasticsearch_cluster: Cluster, site: RealSite, client: Browser
) -> None:
    before = papers(site)
    site.run("fill", str(before), "1000")
    addresses = [new_search, new_search, new_api_search, relatives(site), browsing]
    with reading(client, addresses) as readers:
        demand(lambda: site.marks < 850, 90)
        master = elasticsearch_cluster.nodes[0].get("/_cluster/state/master_node,nodes")
        name = master["nodes"][master["master_node"]]["name"]
        [killed] = [node for node in elasticsearch_cluster.nodes if node.name == name]
        killed.kill()
        assert site.marks > 100, "the papers were indexed before the master was killed"
        demand(lambda: site.marks == 0, 120)
        killed.start()
        demand(lambda: health(elasticsearch_cluster, "green"), 90)
    answers = [answer for reader in readers for answer in reader.answers]
    assert [answer for answer in answers if answer[1] != 200] == []
    assert len(answers) > 100
    assert max(answer[2] for answer in answers) < LONGEST
    assert in_the_index(elasticsearch_cluster) == papers(site) == before + 1000


def test_without_a_cluster_the_site_browses_and_search_comes_back_by_itself(
    elasticsearch_cluster: Cluster, site: RealSite, client: Browser
) -> None:
    before = papers(site)
    for node in elasticsearch_cluster.nodes:
        node.kill()
    try:
        site.run("fill", str(before), "50")
        for address in (*BROWSE, f"/arxiv/{first_id(site)}"):
            start = time.monotonic()
            assert client.get(address).status_code == 200
            assert time.monotonic() - start < 1
        for address in (new_search(1), f"/arxiv/{first_id(site)}/related"):
            away = client.get(address)
            assert (away.status_code, away.headers["Retry-After"]) == (503, "30")
            assert "away" in away.text
            assert "Traceback" not in away.text
            assert away.elapsed.total_seconds() < LONGEST
        problem = client.get(new_api_search(2))
        assert (problem.status_code, problem.headers["Retry-After"]) == (503, "30")
        assert problem.headers["Content-Type"] == "application/problem+json"
        assert problem.json()["status"] == 503
        feed = client.get("/search/feed?q=network+away")
        assert feed.status_code == 503
        time.sleep(1)
        assert site.marks == 50
    finally:
        elasticsearch_cluster.start()
    took = demand(lambda: client.get(new_search(3)).status_code == 200, 30)
    assert took < 15
    demand(lambda: site.marks == 0, 60)
    assert in_the_index(elasticsearch_cluster) == papers(site) == before + 50


def first_id(site: RealSite) -> str:
    """The arXiv id of the oldest row."""
    return str(site.database.rows("SELECT arxiv_id FROM papers_paper ORDER BY id LIMIT 1")[0][0])


def sent(cluster: Cluster) -> int:
    """How many searches and questions about the index the nodes were ever sent."""
    routes = "/_search", "/{index}/_search", "/{index}/_count", "/{index}", "/{index}/_stats/{metric}"
    count = 0
    for node in cluster.nodes:
        [stats] = node.get("/_nodes/_local/stats/http")["nodes"].values()
        count += sum(stats["http"]["routes"].get(route, {}).get("requests", {}).get("count", 0) for route in routes)
    return count


def test_a_slow_cluster_is_left_alone_and_browsing_goes_on(
    elasticsearch_cluster: Cluster, site: RealSite, client: Browser
) -> None:
    before = sent(elasticsearch_cluster)
    for node in elasticsearch_cluster.nodes:
        node.pause()
    try:
        with reading(client, [*([new_search] * 8), browsing]) as readers:
            time.sleep(15)
    finally:
        for node in elasticsearch_cluster.nodes:
            node.resume()
    time.sleep(0.5)  # what lies in the buffers is read now
    asked = sent(elasticsearch_cluster) - before
    searches = [answer for reader in readers[:-1] for answer in reader.answers]
    assert {status for _, status, _ in searches} == {503}
    assert max(seconds for *_, seconds in searches) < LONGEST
    assert len(searches) > 100  # most of them are told at once
    pages = readers[-1].answers
    assert {status for _, status, _ in pages} == {200}
    assert max(seconds for *_, seconds in pages) < TIMEOUT
    assert sorted(seconds for *_, seconds in pages)[len(pages) // 2] < 0.5
    # Six at once of three tries each, then one each time that the circuit has rested; the worker does likewise.
    assert asked < 60
    demand(lambda: client.get(new_search(4)).status_code == 200, 15)


def test_a_disk_that_is_full_is_said_and_the_papers_stay_marked(
    elasticsearch_cluster: Cluster, site: RealSite, client: Browser
) -> None:
    before = papers(site)
    with Elasticsearch(elasticsearch_cluster.urls) as operator:
        watermark = "cluster.routing.allocation.disk.watermark"
        full: dict[str, object] = {
            "cluster.routing.allocation.disk.threshold_enabled": True,
            "cluster.info.update.interval": "10s",
        }
        total = 1 << 60  # bytes that must be free: no disk has them
        full |= {f"{watermark}.{name}": f"{total}b" for name in ("low", "high", "flood_stage")}
        operator.cluster.put_settings(persistent=full)
        try:
            demand(lambda: blocked(operator), 60)
            site.run("fill", str(before), "20")
            demand(lambda: re.search(r"nothing can be indexed.*flood-stage", site.log.read_text()), 60)
            assert site.marks == 20
            assert "Traceback" not in site.log.read_text()
            assert client.get(new_search(5)).status_code == 200  # who reads needs no room
        finally:
            operator.cluster.put_settings(persistent=dict.fromkeys(full))
    demand(lambda: site.marks == 0, 60)
    assert in_the_index(elasticsearch_cluster) == before + 20


def blocked(operator: Elasticsearch) -> bool:
    """Whether the cluster has blocked the index for want of room."""
    settings = operator.indices.get_settings(index=ALIAS, flat_settings=True)
    return any("index.blocks.read_only_allow_delete" in each["settings"] for each in settings.values())
