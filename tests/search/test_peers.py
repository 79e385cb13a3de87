"""What the suite of benchmarks measures beside the site: every peer takes a small corpus in and finds what is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.suite.corpus import DIMENSION, Corpus
from benchmarks.suite.peers import load
from benchmarks.suite.peers.base import Task
from search.engines.base import Document

PAPERS = 120
SUBJECTS = ("lattice", "galaxy", "neural", "plasma", "protein", "graph", "tensor", "neutrino", "traffic", "climate")
THINGS = (
    "transport",
    "clusters",
    "spectra",
    "inference",
    "dynamics",
    "symmetry",
    "noise",
    "control",
    "waves",
    "fields",
)
CATEGORIES = ("cs.LG", "cond-mat.mes-hall", "math.AG")
PEERS = ("fts5", "bm25s", "whoosh", "tfidf", "numpy", "faiss", "faiss-ivf")


@dataclass(frozen=True)
class Made(Corpus):
    """Papers made up: of number n a title and an abstract that no other has."""

    @cached_property
    def full(self) -> NDArray[np.float16]:
        """Vectors at random."""
        vectors = np.random.default_rng(1).normal(size=(self.papers, DIMENSION))
        halved: NDArray[np.float16] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
        return halved

    def documents(self) -> Iterator[Document]:
        """One after the other."""
        return (self.document(number) for number in range(1, self.papers + 1))

    def document(self, number: int) -> Document:
        """Every ten papers share a subject, every tenth a thing; "mark" and a number in words are one paper's own."""
        subject, thing = SUBJECTS[number % 10], THINGS[number // 10 % 10]
        own = "".join("qwrtzpsdfg"[int(digit)] for digit in str(number))
        return Document(
            id=number,
            arxiv_id=f"2401.{number:05}",
            title=f"The {subject} and its {thing}: mark{own}",
            abstract=f'We study {thing} of the {subject}\'s own "mark{own}" in steady states {subject} {thing}',
            vector=self.full[number - 1].astype(np.float32),
            authors=["Ada Example"],
            categories=[CATEGORIES[number % 3]],
            published=date(2000 + number % 7, 1, 1),
        )


@pytest.fixture(scope="module", autouse=True)
def _nothing_compiled() -> Iterator[None]:
    """bm25s runs as Python: that numba compiles it would take longer than all else here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        yield


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The papers."""
    return Made(tmp_path_factory.mktemp("corpus"), PAPERS, PAPERS, PAPERS, DIMENSION)


def _tasks(document: Document, vector: NDArray[np.float32]) -> Sequence[Task]:
    own = document.title.rpartition(" ")[2]
    year = document.published.year
    return [
        Task("word", own, own),
        Task("words", "", f"{own} steady states"),
        Task("title", document.title, document.title),
        Task("question", "", f'What "is" {document.title}? (OR NOT*'),
        Task("phrase", "", f"{document.title.split()[-2].rstrip(':')}: {own}"),
        Task("filtered", "", f"{document.title.split()[1]} {own}", document.categories[0], (year, year)),
        Task("meaning", "", "", vector=vector),
        Task("related", "", "", vector=vector, paper=document.id, title=document.title, abstract=document.abstract),
    ]


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_finds_the_paper_that_is_asked_for(name: str, corpus: Made, tmp_path: Path) -> None:
    peer = load(name)()
    peer.fill(corpus, tmp_path)
    peer.open(corpus, tmp_path)
    document = corpus.document(77)
    asked = [task for task in _tasks(document, corpus.fetch(np.array([77]))[1][0]) if task.kind in peer.kinds]

    answers = {task.kind: peer.ask(task.kind, task) for task in asked}

    assert set(answers) == peer.kinds
    assert peer.disk(tmp_path) > 0
    for kind, (ids, scores) in answers.items():
        assert ids.dtype == np.int64
        assert scores.dtype == np.float32
        assert len(ids) == len(scores) == len(set(ids.tolist()))
        assert np.all(np.diff(scores) <= 0), kind
    # A word of one paper is too rare for TF-IDF, and Whoosh leaves the paper itself out of its relatives.
    for kind in set(answers) - ({"word", "words", "title", "question", "filtered"} if name == "tfidf" else set()):
        if (name, kind) != ("whoosh", "related"):
            assert answers[kind][0][0] == 77, kind
    for kind in set(answers) & {"title", "filtered"}:
        assert 77 in answers[kind][0]
    for number in answers.get("filtered", ([],))[0]:
        found = corpus.document(int(number))
        assert (found.categories, found.published.year) == (document.categories, document.published.year)


@pytest.mark.parametrize("name", ["fts5", "bm25s", "whoosh", "tfidf"])
def test_a_peer_finds_nothing_by_words_that_no_paper_has(name: str, corpus: Made, tmp_path: Path) -> None:
    peer = load(name)()
    peer.fill(corpus, tmp_path)
    peer.open(corpus, tmp_path)

    for words in ("zzxxyy", "…", ""):
        ids, scores = peer.ask("words", Task("words", words, words))
        assert len(ids) == len(scores) == 0
