"""Papertide itself, on either of its engines: its own parsing, reading and ranking, without the page around it. By
meaning alone it is asked for the nearest as every peer is; words and meaning together, and relatives, are fused, put in
order by full vectors and smoothed as on the page.

The full vectors that order the best come from a file of the corpus instead of the database.
"""

import os
import time
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers.base import CANDIDATES, KINDS, Ids, Peer, Scores, Task
from papers.batches import batched
from search.encoder import get_encoder
from search.engines import elastic_engine
from search.engines.base import Engine
from search.engines.embedded import EmbeddedEngine
from search.query import parse
from search.reading import read
from search.related import rank_related
from search.service import Context, rank
from search.vectors import Vectors
from search.writing import BATCH

if TYPE_CHECKING:
    from search.engines.elastic import ElasticEngine

KEY = "fit-1"
"""The name that the index has for its fit: the first one of a new database."""
SERVER = "SUITE_ELASTICSEARCH_PID"
"""A variable of the environment: the process number of an Elasticsearch that was started for the run."""
QUIET = 5  # seconds without a merge after which there will be none


class Papertide(Peer):
    """Either engine."""

    kinds = frozenset(KINDS)
    context: Context

    @abstractmethod
    def engine(self, corpus: Corpus, folder: Path) -> Engine:
        """The engine of this folder."""

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """See Peer."""
        with self.engine(corpus, folder).rebuild(KEY, corpus.width, corpus.papers) as fresh:
            for documents in batched(corpus.documents(), BATCH):
                fresh.index(documents)

    def open(self, corpus: Corpus, folder: Path) -> None:
        """See Peer."""
        engine = self.engine(corpus, folder)
        self.context = Context(KEY, engine, corpus.transform, corpus.table, corpus.width, KEY, encode, corpus.fetch)

    def ask(self, kind: str, task: Task) -> tuple[Ids, Scores]:
        """See Peer."""
        context = self.context
        if kind == "related":
            found = rank_related(context, task.title, task.abstract, task.vector)
        elif kind == "meaning":
            assert task.vector is not None
            short = context.transform.apply(task.vector[None, :], context.width)[0]
            found = context.engine.nearest(short, CANDIDATES)
        else:
            plan = read(context.engine, context.table, parse(task.text)).plan
            found = rank(context, plan, encode(plan.text) if kind == "hybrid" else task.vector)
        return found.ids, found.scores


def encode(text: str) -> Vectors:
    """A query's vector, (d,) float32; never one that was kept."""
    vector: Vectors = get_encoder().encode([text])[0]
    return vector


class Embedded(Papertide):
    """The engine without a server."""

    name = "embedded"

    def engine(self, corpus: Corpus, folder: Path) -> EmbeddedEngine:
        """See Papertide."""
        return EmbeddedEngine(folder)


class Elasticsearch(Papertide):
    """The engine on the Elasticsearch of the settings. Its index has an alias; the folder holds nothing."""

    name = "elasticsearch"

    def engine(self, corpus: Corpus, folder: Path) -> "ElasticEngine":
        """See Papertide."""
        self.alias = alias(corpus)
        return elastic_engine(self.alias)

    def disk(self, folder: Path) -> int:
        """See Peer."""
        with elastic_engine(self.alias).cluster.writing() as client:
            stats = client.indices.stats(index=self.alias, metric="store")
        return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])

    def servers(self) -> Sequence[int]:
        """See Peer."""
        return [int(os.environ[SERVER])] if SERVER in os.environ else []

    def settle(self) -> None:
        """See Peer: until Elasticsearch has merged what it wanted to merge."""
        quiet = 0
        while quiet < QUIET:
            time.sleep(1)
            with elastic_engine(self.alias).cluster.writing() as client:
                stats = client.indices.stats(index=self.alias, metric="merge")
            quiet = 0 if stats["_all"]["total"]["merges"]["current"] else quiet + 1


def alias(corpus: Corpus) -> str:
    """The alias of a corpus' index in Elasticsearch."""
    return f"suite-{corpus.papers}"
