"""Elasticsearch's index: its settings, its strict mapping, and how a document becomes one of its own.

Stems are made here, in Python, and stand in fields of their own that Elasticsearch splits at spaces only. Its own
`porter2` is an older Snowball than tantivy's: of 1.7 million stems of real papers 2,700 differ ("universal",
"interval"), and a query, whose stems are made in Python too, would not find those words.
"""

from typing import Any

from elasticsearch.helpers import pack_dense_vector

from search import analysis
from search.engines.base import Document, beginnings, title_length

# Raise this when settings, fields or stems change: an index of another number is rebuilt.
SCHEMA_VERSION = 2
TITLE_STEMS, ABSTRACT_STEMS, ALL_STEMS = "title_stems", "abstract_stems", "all_stems"
KEYWORD_WORDS, BEGINNINGS = "keyword.words", "beginnings"
VECTOR = "vector"
# Lucene refuses keyword terms longer than 32,766 bytes, and with them the whole paper.
LONGEST_KEYWORD = 8000


def index_settings(shards: int) -> dict[str, Any]:
    """Settings of a new index. While it is filled nobody reads it: no refresh, no copies."""
    return {
        "number_of_shards": shards,
        "number_of_replicas": 0,
        "refresh_interval": "-1",
        "codec": "best_compression",
        "mapping.exclude_source_vectors": True,
        "analysis": {
            # Runs of letters and digits, as tantivy's simple tokenizer has them. A formula's names and numbers are
            # terms; its signs part them like any other sign, in text and in query alike.
            "tokenizer": {"runs": {"type": "pattern", "pattern": r"[^\p{IsAlphabetic}\p{N}]+"}},
            "filter": {"longest": {"type": "length", "max": analysis.LONGEST - 1}},
            "analyzer": {
                "exact": {"type": "custom", "tokenizer": "runs", "filter": ["longest", "lowercase", "asciifolding"]}
            },
        },
    }


def serving_settings(replicas: str) -> dict[str, Any]:
    """What changes when an index begins to serve. replicas: a number, or a range such as 0-1 that follows the number
    of nodes."""
    copies = {"auto_expand_replicas": replicas} if "-" in replicas else {"number_of_replicas": int(replicas)}
    return {"refresh_interval": "1s", **copies}


def mappings(transform: str, width: int) -> dict[str, Any]:
    """The mapping of an index for vectors of `width` dimensions, made with the fit `transform`."""
    exact = {"type": "text", "analyzer": "exact", "norms": False}
    stems = {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}
    words = {"type": "text", "analyzer": "exact", "index_options": "docs", "norms": False}
    keyword = {"type": "keyword", "ignore_above": LONGEST_KEYWORD}
    return {
        "dynamic": "strict",
        "_meta": {"transform": transform, "width": width, "schema": SCHEMA_VERSION},
        "_source": {"excludes": [TITLE_STEMS, ABSTRACT_STEMS, BEGINNINGS]},
        "properties": {
            "id": {"type": "long"},
            "arxiv_id": keyword,
            "title": exact,
            "abstract": exact,
            TITLE_STEMS: {**stems, "copy_to": ALL_STEMS},
            ABSTRACT_STEMS: {**stems, "copy_to": ALL_STEMS},
            ALL_STEMS: stems,
            "title_length": {"type": "short", "index": False},
            "author": {**exact, "fields": {"name": keyword}},
            "category": keyword,
            "keyword": {**keyword, "fields": {"words": words}},
            BEGINNINGS: {**words, "analyzer": "whitespace"},
            "comment": exact,
            "journal": exact,
            "doi": keyword,
            "published": {"type": "date", "format": "strict_date"},
            "year": {"type": "short"},
            VECTOR: {
                "type": "dense_vector",
                "dims": width,
                "index": True,
                "similarity": "dot_product",
                # One byte a dimension to find; the best are scored again by the whole numbers.
                "index_options": {
                    "type": "int8_hnsw",
                    "m": 16,
                    "ef_construction": 100,
                    "rescore_vector": {"oversample": 1.0},
                },
            },
        },
    }


def to_source(document: Document) -> dict[str, Any]:
    """A document with every field of the mapping."""
    return {
        "id": document.id,
        "arxiv_id": document.arxiv_id,
        "title": document.title,
        "abstract": document.abstract,
        TITLE_STEMS: " ".join(analysis.stems(document.title)),
        ABSTRACT_STEMS: " ".join(analysis.stems(document.abstract)),
        "title_length": title_length(document),
        "author": list(document.authors),
        "category": list(document.categories),
        "keyword": list(document.keywords),
        BEGINNINGS: " ".join(beginnings(document)),
        "comment": document.comment,
        "journal": document.journal_ref,
        "doi": document.doi.lower(),
        "published": document.published.isoformat(),
        "year": document.published.year,
        VECTOR: pack_dense_vector(document.vector.astype("float32", copy=False)),
    }
