"""Clients that ask a site, in a process of their own that imports nothing but the standard library.

Two ways. Closed: so many clients, each with one connection that it keeps, ask as soon as they were answered. Open: so
many requests a second, whatever becomes of the ones before, each over a connection of its own as strangers come.
`python -m benchmarks.suite.http_load` reads an order as JSON and prints what was seen as JSON.
"""

import asyncio
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from urllib.parse import urlsplit

PATIENCE = 60.0  # seconds that a client waits for an answer
LATE = -1  # in the place of a status: no answer


@dataclass(frozen=True)
class Order:
    """What to ask. url: the site's. addresses: asked in turn from number `first` on. clients: of the closed way; 0 is
    the open way with `rate` requests a second. most: requests after which the clients stop before their time, 0 for any
    number. source: the address on this machine that the requests come from."""

    url: str
    addresses: Sequence[str]
    seconds: float
    clients: int = 0
    rate: float = 0.0
    first: int = 0
    most: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    source: str = "127.0.0.1"


@dataclass(frozen=True)
class Seen:
    """Of each request its status (LATE: none) and its milliseconds, in the order of the answers. seconds: from first
    request to last answer. cpu: seconds of the processor that the clients took."""

    statuses: list[int]
    times: list[float]
    seconds: float
    cpu: float

    def took(self, status: int = 200) -> list[float]:
        """The milliseconds of the requests with this status."""
        return [each for each, its in zip(self.times, self.statuses, strict=True) if its == status]


def load(order: Order) -> Seen:
    """Carry an order out in a process of its own. Raises subprocess.CalledProcessError."""
    command = [sys.executable, "-m", "benchmarks.suite.http_load"]
    done = subprocess.run(command, input=json.dumps(asdict(order)), stdout=subprocess.PIPE, text=True, check=True)
    return Seen(**json.loads(done.stdout))


def _closed(order: Order) -> tuple[list[int], list[float]]:
    statuses: list[int] = []
    times: list[float] = []
    places = count(order.first)
    begin = threading.Barrier(order.clients)

    def ask() -> None:
        parts = urlsplit(order.url)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=PATIENCE, source_address=(order.source, 0)
        )
        connection.connect()
        begin.wait()
        end = time.perf_counter() + order.seconds
        while (start := time.perf_counter()) < end:
            place = next(places)
            if order.most and place >= order.first + order.most:
                break
            address = order.addresses[place % len(order.addresses)]
            try:
                connection.request("GET", address, headers=dict(order.headers))
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status = LATE
            times.append((time.perf_counter() - start) * 1000)
            statuses.append(status)
        connection.close()

    clients = [threading.Thread(target=ask) for _ in range(order.clients)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return statuses, times


async def _open(order: Order) -> tuple[list[int], list[float]]:
    statuses: list[int] = []
    times: list[float] = []
    parts = urlsplit(order.url)
    lines = "".join(f"{name}: {value}\r\n" for name, value in order.headers.items())

    async def ask(address: str, start: float) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port, local_addr=(order.source, 0))
                writer.write(
                    f"GET {address} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n{lines}\r\n".encode()
                )
                head = await reader.read(16)
                while await reader.read(1 << 16):
                    pass
                writer.close()
            status = int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else LATE
        except (OSError, TimeoutError):
            status = LATE
        times.append((time.perf_counter() - start) * 1000)
        statuses.append(status)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(order.rate * order.seconds)):
            due = begin + number / order.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            # The time counts from when the request was due, so that a client that lags hides nothing.
            group.create_task(ask(order.addresses[(order.first + number) % len(order.addresses)], due))
    return statuses, times


def main() -> None:
    """Standard input to standard output."""
    order = Order(**json.load(sys.stdin))
    start, cpu = time.perf_counter(), time.process_time()
    statuses, times = _closed(order) if order.clients else asyncio.run(_open(order))
    print(json.dumps(asdict(Seen(statuses, times, time.perf_counter() - start, time.process_time() - cpu))))


if __name__ == "__main__":
    main()
