"""Twice as many requests a second as the site can answer, for some seconds: what is answered, how fast, and what after.

The mixture of `web_memory`. First without limits, so that the queue itself must be kept short (503); then with the
limits as shipped (429), while a second client, from another address, asks now and then.
"""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.suite.http_calls import CLIENTS, Asked, headers
from benchmarks.suite.http_load import Order, Seen, load
from benchmarks.suite.site import AS_SHIPPED, serving, site_of
from benchmarks.suite.web_memory import mixed

TIMES = 2.0
SECONDS = 20.0
MEASURING = 10.0  # seconds that the capacity is measured for
REST = 5.0  # seconds after the last answer
AT_ONCE = 1000.0  # ms
OTHER = "127.0.0.2"  # the second client's address
OTHERS_RATE = 1.0  # its requests a second


def measure(folder: Path, root: str, asked: Asked, seconds: float = SECONDS) -> dict[str, Any]:
    """The figures of both floods, "open" and "limited", beside "capacity" and "asked" in requests a second.

    Of a flood: by status the share of the requests ("none": without an answer), "p50" and "p95" in ms of those answered
    by 200, counted from when they were due, and whether a request REST seconds later is answered at once ("after"; by
    429 where its client had asked too much). "other": the same of the second client.
    """
    addresses = mixed(asked)
    with serving(site_of(folder, "embedded", root)) as url:
        load(Order(url, addresses, seconds / 4, CLIENTS[-1], headers=headers("")))
        closed = load(Order(url, addresses, MEASURING * seconds / SECONDS, CLIENTS[-1], headers=headers("")))
        capacity = len(closed.times) / closed.seconds
        flood = Order(url, addresses, seconds, rate=TIMES * capacity, headers=headers(""))
        told: dict[str, Any] = {"capacity": capacity, "asked": flood.rate}
        told["open"] = _told(load(flood)) | {"after": _after(url, addresses)}
    with serving(site_of(folder, "embedded", root, **AS_SHIPPED)) as url, ThreadPoolExecutor() as pool:
        flood = Order(url, addresses, seconds, rate=TIMES * capacity, headers=headers(""))
        calm = Order(url, addresses, seconds, rate=OTHERS_RATE, headers=headers(""), source=OTHER)
        seen, others = pool.map(load, (flood, calm))
        told["limited"] = _told(seen) | {"after": _after(url, addresses), "other": _told(others)}
    return told


def _told(seen: Seen) -> dict[str, Any]:
    shares = {
        "none" if status < 0 else str(status): number / len(seen.statuses)
        for status, number in sorted(Counter(seen.statuses).items())
    }
    times = seen.took()
    return shares | {name: float(np.quantile(times, at)) for name, at in (("p50", 0.5), ("p95", 0.95)) if times}


def _after(url: str, addresses: list[str]) -> bool:
    time.sleep(REST)
    seen = load(Order(url, addresses, AT_ONCE, 1, most=1, headers=headers("")))
    return seen.statuses[0] in (200, 429) and seen.times[0] < AT_ONCE
