"""From papers to what the index holds of them."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from django.db import connection

from papers.models import Paper
from search.ahead import Ahead
from search.encoder import Encoder, text_hash, text_of
from search.engines.base import Document
from search.fits import Learned
from search.keywords import keyphrases
from search.models import PaperVector
from search.vectors import Vectors, fetch, store

KEYWORDS = 10
_NO_VECTOR = np.empty(0, np.float32)


def missing_vectors(papers: Sequence[Paper], model: str) -> list[Paper]:
    """Those of the papers that have no vector of their present text by this model."""
    stored = dict(PaperVector.objects.filter(model=model, paper__in=papers).values_list("paper_id", "text_hash"))
    return [paper for paper in papers if stored.get(paper.pk) != text_hash(paper_text(paper))]


def encode_missing(papers: Sequence[Paper], encoder: Encoder | Ahead) -> int:
    """Encode and store the vectors that are missing; how many that were."""
    missing = missing_vectors(papers, encoder.name)
    if missing:
        texts = [paper_text(paper) for paper in missing]
        hashes = [text_hash(text) for text in texts]
        store(encoder.name, [paper.pk for paper in missing], hashes, encoder.encode(texts))
    return len(missing)


def make_documents(papers: Sequence[Paper], learned: Learned, width: int) -> list[Document]:
    """Documents with whitened vectors and keyphrases. Every paper must have its vector in the store."""
    return with_vectors(without_vectors(papers, learned), learned, width)


def without_vectors(papers: Sequence[Paper], learned: Learned) -> list[Document]:
    """Documents with keyphrases, and vectors of no dimension."""
    return [_with_keyphrases(make_document(paper, _NO_VECTOR), learned) for paper in papers]


def with_vectors(documents: Sequence[Document], learned: Learned, width: int) -> list[Document]:
    """The documents with whitened vectors. Every paper must have its vector in the store."""
    ids, full = fetch(learned.transform.model, np.array([document.id for document in documents]))
    short: dict[int, Vectors] = dict(zip(ids.tolist(), learned.transform.apply(full, width), strict=True))
    return [replace(document, vector=short[document.id]) for document in documents]


def save_keywords(papers: Sequence[Paper], documents: Sequence[Document]) -> None:
    """Write the keyphrases of documents to their papers, so that a card shows what the index holds."""
    changed = [
        (json.dumps(list(document.keywords)), paper.pk)
        for paper, document in zip(papers, documents, strict=True)
        if paper.keywords != list(document.keywords)
    ]
    if changed:
        # One prepared statement: the CASE that bulk_update builds takes longer than finding the keyphrases.
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {Paper._meta.db_table} SET keywords = %s WHERE id = %s", changed)  # noqa: S608


def paper_text(paper: Paper) -> str:
    """What is encoded of a stored paper."""
    return text_of(paper.title, paper.abstract)


def make_document(paper: Paper, vector: Vectors) -> Document:
    """What an index holds of a stored paper but for its keyphrases; `vector` is whitened, (k,)."""
    return Document(
        id=paper.pk,
        arxiv_id=paper.arxiv_id,
        title=paper.plain_title,
        abstract=paper.plain_abstract,
        vector=vector,
        authors=paper.plain_authors,
        categories=paper.categories,
        published=paper.published.date(),
        comment=paper.comment,
        journal_ref=paper.journal_ref,
        doi=paper.doi,
    )


def _with_keyphrases(document: Document, learned: Learned) -> Document:
    found = keyphrases(document.title, document.abstract, learned.table, KEYWORDS)
    return replace(document, keywords=[phrase.text for phrase in found])
