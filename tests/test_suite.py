"""The benchmark suite: its corpora, and that peers find in them what is there. Speed is measured, not tested."""

import json
import lzma
import pickle
from pathlib import Path

import numpy as np
import pytest

from benchmarks.suite import corpus as corpora
from benchmarks.suite.children import Child, ChildError
from benchmarks.suite.corpus import Corpus, corpus
from benchmarks.suite.filling import Clocked
from benchmarks.suite.peers.bare import Scan, Tantivy
from benchmarks.suite.peers.base import CANDIDATES, Peer, Task
from benchmarks.suite.peers.papertide import Embedded
from benchmarks.suite.results import Measured, Part, Size, Waits, changing
from papers.identifiers import parse_id
from search.plan import make_plan
from search.query import parse

SHELF = Path(__file__).parent.parent / "papers" / "fixtures" / "shelf.jsonl"
RECORDS, VECTORS = 57, 30


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for corpora; 57 records are given, 30 vectors."""
    lines = SHELF.read_text(encoding="utf-8").splitlines(keepends=True)[:RECORDS]
    with lzma.open(tmp_path / "records.xz", "wt", encoding="utf-8") as out:
        out.writelines(lines)
    vectors = np.random.default_rng(3).normal(size=(VECTORS, corpora.DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.save(tmp_path / "vectors.npy", vectors.astype(np.float16))
    monkeypatch.setattr(corpora, "RECORDS", tmp_path / "records.xz")
    monkeypatch.setattr(corpora, "VECTORS", tmp_path / "vectors.npy")
    monkeypatch.setattr(corpora, "CHUNK", 10)
    return tmp_path / "corpora"


def test_a_small_corpus_is_the_beginning_of_a_large_one(few: Path) -> None:
    small = corpus(few, 20)
    first = [(document.id, document.arxiv_id, document.keywords) for document in small.documents()]
    large = corpus(few, 130)
    assert (small.real, large.real, large.given, large.papers) == (20, VECTORS, RECORDS, 130)
    documents = list(large.documents())
    assert [(each.id, each.arxiv_id, each.keywords) for each in documents[:20]] == first
    assert [document.id for document in documents] == list(range(1, 131))
    assert large.document(100).arxiv_id == documents[99].arxiv_id
    assert np.array_equal(large.full[:20], small.full)


def test_records_beyond_those_given_are_repeated_under_ids_of_their_own(few: Path) -> None:
    large = corpus(few, 130)
    lines = [json.loads(line) for line in large.records()]
    ids = [line["id"] for line in lines]
    assert len(set(ids)) == 130
    assert all(parse_id(each) for each in ids)
    assert lines[RECORDS]["title"] == lines[0]["title"]
    lengths = np.linalg.norm(large.full.astype(np.float32), axis=1)
    assert np.allclose(lengths, 1, atol=0.01)
    assert 0.5 < float(large.full[RECORDS].astype(np.float32) @ large.full[0].astype(np.float32)) < 0.99


def test_what_a_killed_process_left_behind_a_corpus_is_cut_off(few: Path) -> None:
    corpus(few, 20)
    for name in ("documents.jsonl", "documents.at", "records.jsonl", "full.f16"):
        with (few / name).open("ab") as file:
            file.write(b"half of")
    assert [document.id for document in corpus(few, 40).documents()] == list(range(1, 41))
    assert len(list(corpus(few, 40).records())) == 40


def test_a_corpus_goes_to_another_process_without_its_files(few: Path) -> None:
    made = corpus(few, 20)
    assert made.full.any()
    assert made.table.papers
    packed = pickle.dumps(made)
    assert len(packed) < 500
    assert pickle.loads(packed) == made


@pytest.mark.parametrize("kind", [Embedded, Tantivy])
def test_a_peer_finds_a_paper_by_its_title(few: Path, kind: type[Peer], tmp_path: Path) -> None:
    made = corpus(few, 40)
    folder = tmp_path / "index"
    folder.mkdir()
    clocked = Clocked(made.folder, made.papers, made.real, made.given, made.width)
    kind().fill(clocked, folder)
    assert clocked.clock[0] > 0
    peer = kind()
    peer.open(made, folder)
    assert peer.disk(folder) > 1000
    title = made.document(7).title
    ids, scores = peer.ask("title", Task("title", title, title))
    assert ids[0] == 7
    assert len(ids) == len(scores) <= 40


def test_the_nearest_of_a_paper_is_itself(few: Path, tmp_path: Path) -> None:
    made: Corpus = corpus(few, 40)
    peer = Embedded()
    peer.fill(made, tmp_path / "index")
    peer.open(made, tmp_path / "index")
    ids, _ = peer.ask("meaning", Task("meaning", "", "", vector=made.full[4].astype(np.float32)))
    assert ids[0] == 5


def test_the_bare_parts_find_the_same_with_the_same_scores(few: Path, tmp_path: Path) -> None:
    made = corpus(few, 40)
    site, bare = Embedded(), Tantivy()
    for peer, name in ((site, "site"), (bare, "bare")):
        (tmp_path / name).mkdir()
        peer.fill(made, tmp_path / name)
        peer.open(made, tmp_path / name)
    words = "recursion string polynomial theory of the duality"
    ours = site.context.engine.lexical(make_plan(parse(words), made.table).candidates(), CANDIDATES)
    theirs = bare.ask("words", Task("words", words, words))
    assert len(ours.ids) > 2
    assert dict(zip(*theirs, strict=True)) == pytest.approx(dict(zip(ours.ids, ours.scores, strict=True)))
    short = np.array(made.short[4])
    near = site.context.engine.nearest(short, 10)
    assert Scan(made).nearest(Task("meaning", "", "", short=short))[0][:10].tolist() == near.ids.tolist()


def test_results_grow_from_run_to_run(tmp_path: Path) -> None:
    with changing(tmp_path) as results:
        measured = Measured([1.0], 5, kinds={"word": Waits(60, [1.0], [2.0], [3.0])})
        results.sizes[10_000] = Size(10_000, 10_000, 77, {"embedded": measured}, {"lexical": Part(60, [1.0])})
    with changing(tmp_path) as results:
        results.minutes["http"] = 2.5
    with changing(tmp_path) as results:
        assert results.sizes[10_000].peers["embedded"] == measured
        assert results.sizes[10_000].parts["lexical"].ours == [1.0]
        assert results.minutes == {"http": 2.5}


def test_a_child_that_fails_says_why() -> None:
    with Child() as child:
        assert child.do(len, "four", watch=True) == 4
        assert child.peak > 1_000_000
        with pytest.raises(ChildError, match="ValueError: invalid literal"):
            child.do(int, "four")
