"""A small site whose papers complete what is typed, in database and index alike."""

from datetime import UTC, datetime, timedelta

import numpy as np

from papers.models import Paper
from search.engines.base import Document, Engine
from tests.papers.factories import PaperFactory

WIDTH = 4
# Title, authors and keyphrases, the oldest first.
LIBRARY = (
    ("Attention is all you need", ("Ashish Vaswani", "Noam Shazeer"), ("attention", "transformer")),
    ("Paying attention to graphs", ("Ann Smith", "José Smítherman"), ("graph neural network", "attention")),
    ("Graph neural networks: a survey", ("Bob Smith", "Ann Smith"), ("graph neural network", "Graph signal")),
    ("Smith normal forms of graphs", ('Eve "Smithy" O\'Neil', "Ann Smith"), ("Smith normal form", "graph theory")),
    (
        'Neural graphs of Schr\\"odinger bridges',
        ('Erwin Schr\\"odinger',),
        ("Schrödinger bridge", "Graph neural network", "NOT gate"),
    ),
    ('On "graph <b>wavelets</b>" OR cat:foo -x (again)', ("Zoë Graph",), ("graph wavelet",)),
)


def make_library(engine: Engine) -> list[Paper]:
    """The papers of LIBRARY, a day apart, indexed."""
    papers: list[Paper] = [
        PaperFactory.create(
            arxiv_id=f"2401.{number:05}",
            title=title,
            abstract=f"We tell of {', '.join(keywords)}.",
            authors=list(authors),
            keywords=list(keywords),
            published=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=number),
        )
        for number, (title, authors, keywords) in enumerate(LIBRARY)
    ]
    with engine.rebuild("prior:test", WIDTH) as fresh:
        fresh.index([document_of(paper) for paper in papers])
    return papers


def document_of(paper: Paper) -> Document:
    """What the index holds of a paper, the vector left aside."""
    return Document(
        paper.pk,
        paper.arxiv_id,
        paper.plain_title,
        paper.plain_abstract,
        np.eye(WIDTH, dtype=np.float32)[0],
        authors=paper.plain_authors,
        categories=paper.categories,
        published=paper.published.date(),
        keywords=paper.keywords,
    )
