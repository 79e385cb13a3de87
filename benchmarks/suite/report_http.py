"""What the site answers over HTTP, as a part of the page."""

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.suite import labels
from benchmarks.suite.costs import megabytes
from benchmarks.suite.markdown import number, table
from benchmarks.suite.pictures import milliseconds, per_second
from benchmarks.suite.results import Size
from benchmarks.suite.verdict import WORDS_CALL, ratio


def http_part(size: Size) -> Iterator[str]:
    """Lines of Markdown; none where nothing was served."""
    served = [*_served(size.http)]
    clients = list(dict.fromkeys(each for _, _, by_clients in served for each in by_clients))
    rows = []
    for call, house, by_clients in served:
        cells = [_rates(by_clients[each]) if each in by_clients else "–" for each in clients]
        rows.append([call, house, *cells, _taken(by_clients)])
        if call == WORDS_CALL and size.http.get("plain"):
            plain = size.http["plain"]
            shares = (f"{ratio(by_clients[each]['rps'], plain[each]['rps']):.0%}" for each in clients)
            rows.append(["", "÷ the plain view", *shares, ""])
    if rows:
        yield "**Requests a second**; p50 / p95 / p99 in milliseconds; what an answer takes of the server’s processor:"
        counted = (f"{each} client{'s' if each != '1' else ''}" for each in clients)
        yield from table(["", "", *counted, "processor"], rows)
    if "client" in size.http:
        taken = size.http["client"]["plain"]
        yield f"Of each answer of the plain view, {taken:.2g} ms of a processor are the measuring client’s own."
        yield ""
    yield from _pages(size.http)
    yield from _overload(size.http.get("overload", {}))


def _served(http: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Call, engine, figures by number of clients."""
    for call, label in (("empty", "an empty answer"), ("plain", "the plain view")):
        if http.get(call):
            yield label, "", http[call]
    for call in dict.fromkeys(call for house in labels.HOUSES for call in http.get(house, {})):
        for house in labels.HOUSES:
            if call in http.get(house, {}):
                yield call, labels.peer(house), http[house][call]


def _taken(by_clients: dict[str, Any]) -> str:
    """Of the server's processor, for one answer, with the fewest clients."""
    taken = by_clients[min(by_clients, key=int)].get("cpu")
    return milliseconds(statistics.median(taken)) if taken else "–"


def _rates(served: dict[str, Any]) -> str:
    waits = " / ".join(number(statistics.median(served[each])) for each in ("p50", "p95", "p99"))
    return f"**{per_second(statistics.median(served['rps']))}**; {waits}"


def _pages(http: dict[str, Any]) -> Iterator[str]:
    lists, memory = http.get("list_page"), http.get("web_memory")
    if lists:
        cold, warm = (milliseconds(statistics.median(lists[each])) for each in ("cold", "warm"))
        yield f"A list page of 25 cards takes the server {cold} with empty caches and {warm} with warm ones (p50)."
    if memory:
        held, start, first = (megabytes(memory.get(each, 0) / 1e6) for each in ("private", "start", "master"))
        yield (
            f"The web process holds {held} of its own after {memory['queries']:,} mixed pages, searches and calls "
            f"({start} before the first; gunicorn’s first process, which only watches, {first})."
        )
    yield ""


def _overload(overload: dict[str, Any]) -> Iterator[str]:
    if not overload:
        return
    yield (
        f"Overload: {overload['asked']:,.0f} requests a second of the same mixture, whether answered or not, twice the "
        f"{overload['capacity']:,.0f} that 16 clients get answered:"
    )
    told = {"without limits by client": overload.get("open"), "as shipped": overload.get("limited")}
    told["as shipped, another client meanwhile"] = (overload.get("limited") or {}).get("other")
    rows = []
    for label, seen in told.items():
        if seen:
            shares = (f"{seen.get(status, 0):.1%}" for status in ("200", "429", "503", "none"))
            waits = f"{milliseconds(seen['p50'])} / {milliseconds(seen['p95'])}" if "p50" in seen else "–"
            after = {True: "at once", False: "**no**"}.get(seen.get("after"), "")
            rows.append([label, *shares, waits, after])
    yield from table(["", "200", "429", "503", "no answer", "p50 / p95 of the 200", "5 s later"], rows)
