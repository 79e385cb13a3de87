"""What the web process holds after 1,000 mixed queries: searches, relatives, pages, by page and by API."""

from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.suite.http_calls import LIST_PAGE, SEARCHES, Asked, headers
from benchmarks.suite.http_load import Order, load
from benchmarks.suite.site import SiteError, serving, site_of, worker

QUERIES = 1000
CLIENTS = 4
PATIENCE = 600.0  # seconds that all may take


def measure(folder: Path, root: str, asked: Asked) -> dict[str, Any]:
    """Of the site as it is shipped, caches and all, in bytes: "private" to the serving process and written by it, that
    is what nobody else can use; "files": pages of files that it has mapped, each counted once, which the system may
    drop; "start": what was private before the first query; "master": private to gunicorn's first process, which only
    watches.

    Raises SiteError where a query is not answered.
    """
    site = site_of(folder, "embedded", root)
    addresses = mixed(asked)
    with serving(site) as url:
        start = memory_of(worker(site))["private"]
        seen = load(Order(url, addresses, PATIENCE, CLIENTS, most=QUERIES, headers=headers("")))
        if bad := {status for status in seen.statuses if status != 200}:
            raise SiteError(f"among the mixed queries: {sorted(bad)}")
        held = memory_of(worker(site)) | {"start": start, "master": memory_of(site.pid)["private"]}
    return held | {"queries": len(seen.statuses)}


def mixed(asked: Asked) -> list[str]:
    """QUERIES addresses: all that readers and programs ask, in turn, another query each time."""
    calls = [each for call, each in asked.addresses().items() if call in (*SEARCHES, LIST_PAGE)]
    calls += [[f"/arxiv/{paper}{page}" for paper in asked.papers] for page in ("", "/related")]
    turns = (call[number % len(call)] for number in range(QUERIES) for call in calls)
    return list(islice(turns, QUERIES))


def memory_of(pid: int) -> dict[str, int]:
    """Bytes, by Linux: see `measure`."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(size.split()[0]) * 1024 for name, _, size in (line.partition(":") for line in lines)}
    return {"private": sizes["Private_Dirty"], "files": sizes["Pss_File"]}
