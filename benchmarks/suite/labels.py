"""What peers and kinds of tasks are called on the page and in its pictures."""

PEERS = {
    "embedded": "Papertide",
    "elasticsearch": "Elasticsearch",
    "tantivy": "tantivy, bare",
    "fts5": "SQLite FTS5",
    "bm25s": "bm25s",
    "whoosh": "Whoosh",
    "tfidf": "TF-IDF + SVM",
    "numpy": "numpy scan",
    "faiss": "faiss, flat",
    "faiss-ivf": "faiss, IVF",
    "faiss-hnsw": "faiss, HNSW",
}
HOUSES = ("embedded", "elasticsearch")  # those of the peers that the site runs on
WORDS = frozenset({"word", "words", "title", "question", "phrase", "filtered"})  # kinds that are words
KINDS = {
    "word": "one word",
    "words": "2 to 5 words",
    "title": "a whole title",
    "question": "a question",
    "phrase": "an exact phrase",
    "filtered": "words, category, years",
    "meaning": "meaning, vector given",
    "both": "hybrid, vector given",
    "hybrid": "hybrid, encoding included",
    "related": "relatives of a paper",
}


def peer(name: str) -> str:
    """The label of a peer; its name where there is none."""
    return PEERS.get(name, name)


def kind(name: str) -> str:
    """The label of a kind of tasks; its name where there is none."""
    return KINDS.get(name, name)
