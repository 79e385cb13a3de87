"""A new Elasticsearch index beside the serving one, and the switch.

<alias>                      the serving index
<alias>-<UTC time>           an index
<alias>-<UTC time>-filling   an index while it is being filled, an alias too, so that a write after its end fails
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from elasticsearch import Elasticsearch

from search.engines.base import EngineError, LexicalQuery
from search.engines.elastic_answers import FRESH
from search.engines.elastic_mapping import index_settings, mappings, serving_settings

if TYPE_CHECKING:
    from search.engines.elastic import ElasticEngine

log = structlog.get_logger()
COPIES_WAIT = "30s"  # how long the switch waits for the new index's copies on other nodes; writers wait with it
Bound = TypeVar("Bound", bound="ElasticEngine")


def filling(index: str) -> str:
    """The alias that an index has while it is being filled."""
    return f"{index}-filling"


@contextmanager
def rebuilding(engine: "Bound", transform: str, width: int) -> Iterator["Bound"]:
    """See Engine.rebuild. The old index is deleted once the new one has answered through the alias and nobody asks the
    old one any more; where the new one does not answer, the alias goes back."""
    alias = engine.alias
    name = f"{alias}-{datetime.now(UTC):%Y%m%dt%H%M%S.%f}"
    try:
        with engine.cluster.writing() as client:
            _sweep(client, alias)
            client.indices.create(
                index=name,
                settings=index_settings(engine.shards),
                mappings=mappings(transform, width),
                aliases={filling(name): {}},
            )
        yield engine.bound(name)
        with engine.cluster.writing() as client:
            _make_ready(client, name, engine.replicas)
            old = serving(client, alias)
            _switch(client, alias, old, name)
        try:
            _demand_service(engine, name)
        except BaseException:
            with engine.cluster.writing() as client:
                _switch(client, alias, [name], old[0] if old else "")
            raise
    except BaseException:
        with suppress(EngineError), engine.cluster.writing() as client:
            if name not in serving(client, alias):  # a way back that failed leaves the new one serving
                client.indices.delete(index=name, ignore_unavailable=True)
        raise
    finally:
        engine.forget()
    try:
        with engine.cluster.writing() as client:
            _wait_for_readers(client, old, engine.cluster.address.timeout)
            for index in filter(_named_by_us(alias), old):
                client.indices.delete(index=index, ignore_unavailable=True)
    except EngineError as error:  # the new one serves all the same
        log.warning("the old index could not be deleted: the next rebuild does", index=old, reason=str(error))


def _named_by_us(alias: str) -> Callable[[str], object]:
    """Tells the indices of this alias from those of another, be it `papers` and `papers-2nd`."""
    return re.compile(rf"{re.escape(alias)}-\d{{8}}t\d{{6}}\.\d{{6}}").fullmatch


def serving(client: Elasticsearch, alias: str) -> list[str]:
    """The index behind the alias, none where there is none.

    Raises EngineError where an index has the name that the alias needs.
    """
    found = client.indices.get(index=alias, ignore_unavailable=True, filter_path="*.aliases")
    if alias in found.body:
        raise EngineError(f"an index is named {alias}, as the alias of the papers should be: see ELASTICSEARCH_INDEX")
    return sorted(found.body)


def drop(engine: "ElasticEngine") -> None:
    """Delete the index behind the engine's alias, and the alias with it."""
    with engine.cluster.writing() as client:
        for index in serving(client, engine.alias):
            client.indices.delete(index=index, ignore_unavailable=True)
    engine.forget()


def _sweep(client: Elasticsearch, alias: str) -> None:
    """Delete what a killed rebuild left: indices of our naming that do not serve."""
    kept = serving(client, alias)
    found = client.indices.get(index=f"{alias}-*", filter_path="*.aliases")
    for index in filter(_named_by_us(alias), found.body):
        if index not in kept:
            log.warning("the index of a broken-off rebuild is deleted", index=index)
            client.indices.delete(index=index, ignore_unavailable=True)


def _make_ready(client: Elasticsearch, name: str, replicas: str) -> None:
    client.indices.put_settings(index=name, settings=serving_settings(replicas))
    client.indices.refresh(index=name)
    health = client.options(ignore_status=408).cluster.health(index=name, wait_for_status="green", timeout=COPIES_WAIT)
    if health["status"] == "red":
        raise EngineError("the new index has lost some of its shards")
    if health["status"] != "green":
        log.warning("the new index serves before all of its copies are there", index=name)


def _switch(client: Elasticsearch, alias: str, old: list[str], new: str) -> None:
    """One atomic step from the old index to the new one, empty for none. It may be taken twice: the client asks again
    where an answer was lost."""
    gone: list[tuple[str, str]] = [(index, alias) for index in old] + ([(new, filling(new))] if new else [])
    actions: list[dict[str, Any]] = [
        {"remove": {"index": index, "alias": name, "must_exist": False}} for index, name in gone
    ]
    if new:
        actions.append({"add": {"index": new, "alias": alias}})
    if actions:
        client.indices.update_aliases(actions=actions)


def _demand_service(engine: "ElasticEngine", name: str) -> None:
    """Raises EngineError where the new index does not answer through the alias."""
    engine.forget()
    statistics = engine.statistics()
    if not statistics.generation.startswith(f"{name}:"):
        raise EngineError("the alias does not lead to the new index")
    if statistics.papers and not len(engine.lexical(LexicalQuery(), 1, order="new").ids):
        raise EngineError("the new index does not answer")


def _wait_for_readers(client: Elasticsearch, old: list[str], longest: float) -> None:
    """Let those who took the old index for the serving one a moment ago have their answers, `longest` seconds at most.

    An index that is deleted under a search answers 503 for some milliseconds, as a cluster in need does, before it is
    unknown: the client's second try may meet that too.
    """
    if not old:
        return
    time.sleep(FRESH)
    end = time.monotonic() + longest
    while _searches(client, old) and time.monotonic() < end:
        time.sleep(0.05)


def _searches(client: Elasticsearch, indices: list[str]) -> int:
    """How many searches are under way in the indices."""
    found = client.indices.stats(index=indices, metric="search", filter_path="_all.total.search")
    search = found.body.get("_all", {}).get("total", {}).get("search", {})
    return sum(search.get(name, 0) for name in ("query_current", "fetch_current", "open_contexts"))
