"""Facets of the embedded engine where no segment tells all its values."""

from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from search.engines import tantivy_facets
from search.engines.base import Document, LexicalQuery, commonest
from search.engines.embedded import EmbeddedEngine

WIDTH = 4


@pytest.mark.parametrize("worth", [0, 10**9])  # values are counted one by one; all are read
def test_the_commonest_values_of_segments_that_differ_are_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: int
) -> None:
    monkeypatch.setattr(tantivy_facets, "FEW", 0)
    monkeypatch.setattr(tantivy_facets, "CHOICE", 2)
    monkeypatch.setattr(tantivy_facets, "DEPTH", dict.fromkeys(tantivy_facets.DEPTH, 40))
    monkeypatch.setattr(tantivy_facets, "WORTH", worth)
    chance = np.random.default_rng(3)
    engine, papers = EmbeddedEngine(tmp_path), list[Document]()
    with engine.rebuild("fit", WIDTH):
        pass
    for segment in range(4):
        documents = []
        for number in range(150 * segment, 150 * (segment + 1)):
            # Common ones everywhere, and many that are common in one segment only.
            keywords = {f"word {value}" for value in chance.geometric(0.12, 4)}
            keywords |= {f"word {segment} {value}" for value in chance.integers(60, size=2)}
            vector = np.full(WIDTH, 0.5, np.float32)
            documents.append(
                Document(
                    number + 1,
                    f"2501.{number:05}",
                    "Title",
                    "Text.",
                    vector,
                    keywords=sorted(keywords),
                    published=date(2025, 1, 1),
                )
            )
        engine.index(documents)
        papers += documents
    counts = Counter(keyword for paper in papers for keyword in paper.keywords)
    found = engine.facets(LexicalQuery(), ["keyword", "year"], 12)
    assert [papers for _, papers in found["keyword"]] == sorted(counts.values(), reverse=True)[:12]
    assert all(counts[text] == papers for text, papers in found["keyword"])
    if not worth:
        assert found["keyword"] == sorted(counts.items(), key=commonest)[:12]
    assert found["year"] == [("2025", 600)]
