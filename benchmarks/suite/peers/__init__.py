"""Who is measured: each peer by its name, loaded where it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.suite.peers.base import Peer

PEERS = {
    "embedded": "papertide:Embedded",
    "elasticsearch": "papertide:Elasticsearch",
    "tantivy": "bare:Tantivy",
    "fts5": "fts5:Fts5",
    "bm25s": "bm25:Bm25s",
    "whoosh": "whoosh:Whoosh",
    "tfidf": "tfidf:TfidfSvm",
    "numpy": "scans:NumpyScan",
    "faiss": "scans:FaissFlat",
    "faiss-ivf": "scans:FaissIvf",
}
"""Module of this package and class, by name, in the order of tables."""


def load(name: str) -> "type[Peer]":
    """The class of a peer. Raises ImportError where what it measures is not installed."""
    module, _, kind = PEERS[name].partition(":")
    found: type[Peer] = getattr(import_module(f"{__name__}.{module}"), kind)
    return found
