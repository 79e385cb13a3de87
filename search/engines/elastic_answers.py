"""What Elasticsearch's answers mean."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from search.engines.base import EngineAwayError, EngineError, Hits, StaleIndexError
from search.engines.elastic_client import BUSY, index_fault

FRESH = 1.0  # seconds for which the state of the index is believed


@dataclass(frozen=True)
class State:
    """An index at one moment. index: its own name. writes: changes with each write, and again when it can be read."""

    index: str
    transform: str
    width: int
    shards: int
    papers: int
    writes: int


def state_of(index: str, made: dict[str, Any], shards: int, stats: dict[str, Any]) -> State:
    """The state of an index by its `_meta`, its number of shards and what `_stats` says of them.

    Raises EngineAwayError where a shard has no copy that can be read.
    """
    copies = [_started(shard) for shard in stats.get("indices", {}).get(index, {}).get("shards", {}).values()]
    if sum(map(bool, copies)) < shards:
        raise EngineAwayError("some shards of the index have no copy now")
    return State(
        index=index,
        transform=made["transform"],
        width=made["width"],
        shards=shards,
        papers=sum(max(copy["docs"]["count"] for copy in shard) for shard in copies),
        # A write has its number before it can be read. What a reader keeps from in between must not be taken for
        # what comes after; and each copy is refreshed by itself.
        writes=sum(
            copy["seq_no"]["max_seq_no"] + copy["refresh"]["external_total"] for shard in copies for copy in shard
        ),
    )


def _started(shard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of a shard's copies that can be read."""
    return [copy for copy in shard if copy.keys() >= {"docs", "refresh", "seq_no"}]


def sort_values(answer: dict[str, Any]) -> list[list[Any]]:
    """What each hit was sorted by; the last value is the id."""
    return [hit["sort"] for hit in answer.get("hits", {}).get("hits", [])]


def hits_of(rows: list[list[Any]], scores: list[float]) -> Hits:
    """Hits by their sort values and scores."""
    ids, values = np.array([row[-1] for row in rows], np.int64), np.array(scores, np.float32)
    if not len(ids):
        return Hits()
    # Elasticsearch breaks ties before a score is rounded to what we return.
    order = np.lexsort((-ids, -values)) if values.any() else np.arange(len(ids))
    return Hits(ids[order], values[order])


def demand_all(shards: dict[str, Any]) -> None:
    """Raises EngineError where not all shards have answered."""
    if shards["failed"]:
        raise EngineError(f"{shards['failed']} of {shards['total']} shards did not answer")


def demand_answer(part: dict[str, Any]) -> None:
    """Raises StaleIndexError, EngineAwayError or EngineError where one of several questions has no whole answer."""
    if part.get("timed_out"):
        raise EngineError("Elasticsearch is slow: it stopped a search that took too long")
    if "error" not in part:
        return
    kind, reason = _fault(part["error"])
    if kind == "index_not_found_exception":
        raise StaleIndexError(reason)
    if part.get("status") in BUSY:
        raise EngineAwayError(f"Elasticsearch is overloaded or without some of its shards: {reason}")
    raise EngineError(f"Elasticsearch refuses the request: {reason}")


def note_refusal(item: dict[str, Any], refused: dict[int, str]) -> None:
    """Note why one document was refused; a deletion of what is not there is no refusal."""
    [(action, result)] = item.items()
    if action == "delete" and result.get("status") == 404 and result.get("result") == "not_found":
        return
    kind, reason = _fault(result.get("error") or {})
    status = result.get("status")
    fault = index_fault(kind, reason)
    if fault is not None:
        raise fault
    if kind == "index_not_found_exception":
        raise StaleIndexError(reason)
    if status in BUSY:
        raise EngineAwayError(f"Elasticsearch is overloaded and did not take all documents: {reason}")
    if status != 400:  # a block, a missing right: none of them is the document's fault
        raise EngineError(f"Elasticsearch does not write into the index: {reason}")
    refused[int(result["_id"])] = f"{kind}: {reason}"


def _fault(error: object) -> tuple[str, str]:
    return (str(error.get("type", "")), str(error.get("reason", ""))) if isinstance(error, dict) else ("", str(error))
