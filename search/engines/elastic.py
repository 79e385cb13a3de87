"""The engine on Elasticsearch: an index `<alias>-<UTC time>` behind the alias that readers and writers use.

Readers ask the index that the alias named a second ago at most; where it has gone meanwhile they are told to begin
again (StaleIndexError). Two requests a second and process are the price of not asking before each search.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Self

import numpy as np
from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk
from numpy.typing import NDArray

from search.engines.base import (
    SHORTEST_SPELT,
    SPELLINGS,
    Counted,
    Document,
    Engine,
    EngineAwayError,
    EngineError,
    Hits,
    Ids,
    LexicalQuery,
    Order,
    RejectedError,
    StaleIndexError,
    Statistics,
    commonest,
)
from search.engines.compiling import TEXTS
from search.engines.edits import one_edit
from search.engines.elastic_answers import (
    FRESH,
    State,
    demand_all,
    demand_answer,
    hits_of,
    note_refusal,
    sort_values,
    state_of,
)
from search.engines.elastic_client import Cluster
from search.engines.elastic_mapping import ALL_STEMS, SCHEMA_VERSION, VECTOR, to_source
from search.engines.elastic_query import Compiler
from search.engines.elastic_rebuild import filling, rebuilding
from search.query import Node

WINDOW = 10_000  # Elasticsearch's own limit of one request; further on, pages are walked to
# kNN looks at so many candidates a shard beyond those asked for: recall against time (docs/performance.md).
MORE_CANDIDATES = 1000
BULK_DOCUMENTS, BULK_BYTES = 500, 10_000_000
# Pushed back, a writer tries again: 0.5 s, 1, 2, 4, 8.
BULK_TRIES, BULK_PAUSE, BULK_LONGEST_PAUSE = 5, 0.5, 10
_COMPILER = Compiler()
_FACET_FIELDS = {"category": "category", "year": "year", "keyword": "keyword", "author": "author.name"}
_COPIES = ",".join(
    f"indices.*.shards.*.{name}" for name in ("docs.count", "seq_no.max_seq_no", "refresh.external_total")
)
_IDS_ONLY = {"_source": False, "stored_fields": "_none_", "track_total_hits": False}
_ORDERS: dict[Order, list[dict[str, str]]] = {
    "score": [{"_score": "desc"}, {"id": "desc"}],
    "new": [{"published": "desc"}, {"id": "desc"}],
    "old": [{"published": "asc"}, {"id": "desc"}],
}


class ElasticEngine(Engine):
    """A search engine on `cluster` behind `alias`. With `version` it is bound to that index, serving or not."""

    def __init__(
        self, cluster: Cluster, alias: str = "papers", *, shards: int = 1, replicas: str = "0-1", version: str = ""
    ) -> None:
        self.cluster, self.alias, self.version = cluster, alias, version
        self.shards, self.replicas = shards, replicas
        self._seen: tuple[float, State | None] | None = None

    # Reading

    def lexical(self, query: LexicalQuery, limit: int, offset: int = 0, order: Order = "score") -> Hits:
        """See Engine."""
        state = self._state()
        if state is None or limit < 1:
            return Hits()
        clause = _COMPILER.query(query, scored=order == "score")
        rows = self._rows(state, {"query": clause, "sort": _ORDERS[order]}, limit, offset)
        return hits_of(rows, [row[0] if order == "score" else 0.0 for row in rows])

    def count(self, query: LexicalQuery) -> int:
        """See Engine."""
        state = self._state()
        if state is None:
            return 0
        with self._asking() as client:
            answer = client.count(index=state.index, query=_COMPILER.query(query, scored=False))
        demand_all(answer["_shards"])
        return int(answer["count"])

    def nearest(self, vector: NDArray[np.float32], limit: int, within: Node | None = None) -> Hits:
        """See Engine."""
        state = self._state()
        if state is None or limit < 1:
            return Hits()
        if vector.shape != (state.width,):
            raise StaleIndexError(f"a vector of {vector.size} dimensions for an index of {state.width}")
        wanted = min(limit, WINDOW)
        knn: dict[str, Any] = {
            "field": VECTOR,
            "query_vector": vector.tolist(),
            "k": wanted,
            "num_candidates": min(wanted + MORE_CANDIDATES, WINDOW),
        }
        if within is not None:
            knn["filter"] = _COMPILER.tree(within)
        rows = self._rows(state, {"knn": knn, "sort": _ORDERS["score"]}, wanted)
        return hits_of(rows, [2 * row[0] - 1 for row in rows])  # the score is (1 + inner product) / 2

    def titled(self, stems: Sequence[str], limit: int, within: Node | None = None) -> Hits:
        """See Engine."""
        state = self._state()
        distinct = sorted(set(stems))
        if state is None or not distinct or limit < 1:
            return Hits()
        clause = _COMPILER.titled(distinct, within)
        rows = self._rows(state, {"query": clause, "sort": [{"title_length": "asc"}, {"id": "desc"}]}, limit)
        return hits_of(rows, [len(distinct) / max(row[0], len(distinct)) for row in rows])

    def facets(self, query: LexicalQuery, names: Sequence[str], size: int) -> dict[str, list[tuple[str, int]]]:
        """See Engine. Over several shards the counts of rare values may be too low."""
        state = self._state()
        if state is None:
            return {name: [] for name in names}
        wanted = {name: {"terms": {"field": _FACET_FIELDS[name], "size": size}} for name in names}
        clause = _COMPILER.query(query, scored=False)
        answer = self._ask(state, {"query": clause, "size": 0, "aggs": wanted}, "aggregations")
        return {
            name: [(str(bucket["key"]), bucket["doc_count"]) for bucket in answer["aggregations"][name]["buckets"]]
            for name in names
        }

    def frequencies(self, terms: Sequence[str], kind: Counted = "stem") -> tuple[int, NDArray[np.int64]]:
        """See Engine."""
        state = self._state()
        field = ALL_STEMS if kind == "stem" else "keyword"
        counts = np.zeros(len(terms), np.int64)
        if state is None:
            return 0, counts
        for start in range(0, len(terms), 1000):
            part = terms[start : start + 1000]
            filters = {str(place): {"term": {field: term}} for place, term in enumerate(part)}
            asked = {"size": 0, "aggs": {"terms": {"filters": {"filters": filters}}}}
            buckets = self._ask(state, asked, "aggregations")["aggregations"]["terms"]["buckets"]
            counts[start : start + len(part)] = [buckets[str(place)]["doc_count"] for place in range(len(part))]
        return state.papers, counts

    def spellings(self, word: str) -> list[tuple[str, int]]:
        """See Engine."""
        state = self._state()
        if state is None or len(word) < SHORTEST_SPELT:
            return []
        # Beyond the first `shard_size` · 5 terms that it meets, a shard looks no further.
        near = {"suggest_mode": "always", "max_edits": 1, "prefix_length": 0, "sort": "frequency"}
        near |= {"size": 10 * SPELLINGS, "shard_size": 100 * SPELLINGS}
        asked = {name: {"text": word, "term": {"field": name, "analyzer": "keyword", **near}} for name in TEXTS}
        answer = self._ask(state, {"size": 0, "suggest": asked}, "suggest")
        counts = Counter[str]()
        near_ones = one_edit(word)  # Lucene knows more letters than these
        for found in answer["suggest"].values():
            for option in found[0]["options"] if found else ():
                if option["text"] in near_ones:
                    counts[option["text"]] += option["freq"]
        return sorted(counts.items(), key=commonest)[:SPELLINGS]

    def starting(self, kinds: Sequence[str], words: Sequence[str], prefix: str, limit: int) -> dict[str, Ids]:
        """See Engine."""
        state = self._state()
        if state is None or limit < 1 or not kinds:
            return {kind: np.empty(0, np.int64) for kind in kinds}
        asked = [
            {"query": {"bool": {"filter": [_COMPILER.starting(kind, words, prefix)]}}, "sort": _ORDERS["new"]}
            for kind in kinds
        ]
        answers = self._ask_several(state, [{**body, **_IDS_ONLY, "size": min(limit, WINDOW)} for body in asked])
        return {
            kind: np.array([row[-1] for row in sort_values(answer)], np.int64)
            for kind, answer in zip(kinds, answers, strict=True)
        }

    def statistics(self, *, fresh: bool = False) -> Statistics:
        """See Engine."""
        if fresh:
            self.forget()
            if self.version:
                with self.cluster.writing() as client:
                    client.indices.refresh(index=self.version)
        state = self._state()
        if state is None:
            return Statistics(0, "", 0, "")
        return Statistics(state.papers, state.transform, state.width, f"{state.index}:{state.writes}")

    def check(self) -> None:
        """See Engine."""
        self.cluster.check()

    # Writing

    def index(self, documents: Sequence[Document]) -> None:
        """See Engine."""
        newest = {document.id: document for document in documents}
        if not newest:
            return
        state = self._writable()
        for document in newest.values():
            if document.vector.shape != (state.width,):
                raise ValueError(f"a vector of {document.vector.size} dimensions for an index of {state.width}")
        self._bulk({"_op_type": "index", "_id": str(key), **to_source(newest[key])} for key in newest)

    def delete(self, ids: Iterable[int]) -> None:
        """See Engine."""
        numbers = sorted(set(ids))
        if numbers:
            self._writable()
            self._bulk({"_op_type": "delete", "_id": str(number)} for number in numbers)

    def rebuild(self, transform: str, width: int, papers: int = 0) -> AbstractContextManager[Self]:
        """See Engine. What a killed rebuild left is swept away by the next one; two at once are not for here to
        prevent."""
        return rebuilding(self, transform, width)

    def bound(self, version: str) -> Self:
        """This engine for one index only."""
        return type(self)(self.cluster, self.alias, shards=self.shards, replicas=self.replicas, version=version)

    def forget(self) -> None:
        """Look at the index anew before the next question."""
        self._seen = None

    def _writable(self) -> State:
        self.forget()
        state = self._state()
        if state is None:
            raise EngineError("there is no index yet: run manage.py index --rebuild")
        return state

    def _bulk(self, actions: Iterator[dict[str, Any]]) -> None:
        """Write; what single documents were refused for is told after all others were written."""
        refused: dict[int, str] = {}
        with self.cluster.writing() as client:
            target = filling(self.version) if self.version else self.alias
            for _, item in streaming_bulk(
                client,
                actions,
                index=target,
                require_alias=True,  # else a vanished index comes back without its mapping
                chunk_size=BULK_DOCUMENTS,
                max_chunk_bytes=BULK_BYTES,
                raise_on_error=False,
                yield_ok=False,
                max_retries=BULK_TRIES,
                initial_backoff=BULK_PAUSE,
                max_backoff=BULK_LONGEST_PAUSE,
            ):
                note_refusal(item, refused)
            if not self.version:  # an index that is being filled is refreshed once, at its end
                client.indices.refresh(index=target)
        self.forget()
        if refused:
            raise RejectedError(refused)

    # Asking

    def _state(self) -> State | None:
        """The serving index, at most FRESH seconds old; None where there is none."""
        seen = self._seen
        if seen is not None and time.monotonic() - seen[0] < FRESH:
            return seen[1]
        now = time.monotonic()
        state = self._look()
        self._seen = (now, state)
        return state

    def _look(self) -> State | None:
        for _ in range(3):
            made = self._made()
            if made is None:
                return None
            with suppress(StaleIndexError), self.cluster.reading() as client:  # else: switched in between
                stats = client.indices.stats(index=made[0], metric="docs,refresh", level="shards", filter_path=_COPIES)
                return state_of(*made, stats.body)
        raise EngineAwayError("the index is being switched")

    def _made(self) -> tuple[str, dict[str, Any], int] | None:
        """Name, `_meta` and number of shards of the serving index; None where there is none."""
        name = self.version or self.alias
        try:
            with self.cluster.reading() as client:
                found = client.indices.get(index=name, filter_path="*.mappings._meta,*.settings.index.number_of_shards")
        except StaleIndexError:
            return None
        if len(found.body) > 1:
            raise EngineError(f"the alias {name} leads to several indices: {', '.join(sorted(found.body))}")
        [(index, about)] = found.body.items()
        made = about.get("mappings", {}).get("_meta", {})
        if made.get("schema") != SCHEMA_VERSION:
            raise EngineError("the index was made by another version of Papertide: run manage.py index --rebuild")
        return index, made, int(about["settings"]["index"]["number_of_shards"])

    def _rows(self, state: State, body: dict[str, Any], limit: int, offset: int = 0) -> list[list[Any]]:
        """The sort values of the hits `offset` to `offset + limit`; the last of each is the id."""
        body = {**body, **_IDS_ONLY}
        if offset + limit <= WINDOW:
            return sort_values(self._ask(state, {**body, "from": offset, "size": limit}, "hits.hits.sort"))
        return self._walk(state, body, limit, offset)

    def _walk(self, state: State, body: dict[str, Any], limit: int, offset: int) -> list[list[Any]]:
        """As `_rows` beyond what one request may reach: in strides, over one point in time."""
        with self._asking() as client:
            point = client.open_point_in_time(index=state.index, keep_alive="1m")["id"]
        rows: list[list[Any]] = []
        try:
            at, after = 0, None
            while at < offset + limit:
                size = min(WINDOW, offset + limit - at)
                asked = {**body, "pit": {"id": point, "keep_alive": "1m"}, "size": size}
                answer = self._ask(state, asked | ({"search_after": after} if after else {}), "hits.hits.sort")
                point = answer["pit_id"]
                found = sort_values(answer)
                rows += [row[:-1] for row in found[max(0, offset - at) :]]  # less the point's own tie-breaker
                at += len(found)
                if len(found) < size:
                    break
                after = found[-1]
        finally:
            with suppress(EngineError), self.cluster.reading() as client:  # it ends by itself after its minute
                client.close_point_in_time(id=point)
        return rows

    def _ask_several(self, state: State, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Searches that want sort values only, asked at once; each whole, or EngineError."""
        lines: list[dict[str, Any]] = []
        for body in bodies:
            lines += [{"allow_partial_search_results": False}, {**body, "timeout": self._timeout}]
        wanted = ("error", "status", "timed_out", "hits.hits.sort")
        with self._asking() as client:
            answer = client.msearch(
                index=state.index, searches=lines, filter_path=",".join(f"responses.{name}" for name in wanted)
            )
            for part in answer["responses"]:
                demand_answer(part)
        return list(answer["responses"])

    def _ask(self, state: State, body: dict[str, Any], path: str) -> dict[str, Any]:
        """One search, whole or EngineError: no answer from a part of the shards."""
        where: dict[str, Any] = {} if "pit" in body else {"index": state.index}
        if state.shards > 1:
            where["search_type"] = "dfs_query_then_fetch"  # else each shard has an idf of its own
        with self._asking() as client:
            answer = client.search(
                **where,
                body={**body, "timeout": self._timeout},
                allow_partial_search_results=False,
                filter_path=f"timed_out,_shards,pit_id,{path}",
            )
        demand_answer(answer.body)
        return answer.body  # type: ignore[no-any-return]

    @property
    def _timeout(self) -> str:
        return f"{int(self.cluster.address.timeout * 1000)}ms"

    @contextmanager
    def _asking(self) -> Iterator[Elasticsearch]:
        """A client for one question to an index that was there a moment ago."""
        try:
            with self.cluster.reading() as client:
                yield client
        except StaleIndexError:
            self.forget()  # another process has switched: whoever begins again must not come here again
            raise
