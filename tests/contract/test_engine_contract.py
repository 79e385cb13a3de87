"""What every engine must do, in one suite: a new engine inherits it by one more fixture parameter."""

import multiprocessing
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from search import analysis
from search.engines.base import FACETS, STARTS, Document, Engine, LexicalQuery, Unit
from search.engines.elastic import ElasticEngine
from search.engines.elastic_client import Address, Cluster
from search.engines.embedded import EmbeddedEngine
from search.query import binding_and_free, parse

WIDTH = 8


def axis(place: int) -> np.ndarray:
    """A unit vector along one axis."""
    vector = np.zeros(WIDTH, np.float32)
    vector[place] = 1
    return vector


PAPERS = [
    Document(
        id=1,
        arxiv_id="hep-th/9711200",
        title="Large fields and gravity",
        abstract="We relate gauge fields at large rank to gravity in a space of one more dimension.",
        vector=axis(0),
        authors=["Juan Maldacena"],
        categories=["hep-th"],
        published=date(1997, 11, 27),
        journal_ref="Adv.Theor.Math.Phys.2:231-252,1998",
        doi="10.1023/A:1026654312961",
        keywords=["gauge fields", "gravity"],
    ),
    Document(
        id=2,
        arxiv_id="1706.00002",
        title="Self-attention for translation",
        abstract="A network built on attention alone translates better than recurrent networks.",
        vector=axis(1),
        authors=["Ashish Vaswani", "Noam Shazeer"],
        categories=["cs.CL", "cs.LG"],
        published=date(2017, 6, 12),
        comment="15 pages, 5 figures",
        keywords=["attention", "recurrent networks"],
    ),
    Document(
        id=3,
        arxiv_id="1706.00003",
        title="Recurrent networks that translate",
        abstract="The translator reads with attention, and the attention is learned.",
        vector=(axis(1) * 3 + axis(2)) / np.sqrt(np.float32(10)),
        authors=["Dzmitry Bahdanau"],
        categories=["cs.CL", "stat.ML"],
        published=date(2017, 6, 12),
        keywords=["attention", "translation"],
    ),
    Document(
        id=4,
        arxiv_id="2001.00004",
        title="Schrödinger bridges",
        abstract="To be or not to be a bridge: the problem of Erwin Schrödinger between two marginals.",
        vector=axis(3),
        authors=["Émile Borel"],
        categories=["math.PR"],
        published=date(2020, 1, 2),
        keywords=["bridges"],
    ),
    Document(
        id=5,
        arxiv_id="2402.00005",
        title="Attention",
        abstract="A survey of translating networks.",
        vector=axis(2),
        authors=["Ada Lovelace"],
        categories=["cs.LG"],
        published=date(2024, 2, 29),
        keywords=["attention"],
    ),
]
ALL = [paper.id for paper in PAPERS]


@pytest.fixture(scope="module", params=["embedded", "elasticsearch"])
def kind(request: pytest.FixtureRequest) -> str:
    """A folder for indices, or the address of a server."""
    if request.param == "embedded":
        return str(request.getfixturevalue("tmp_path_factory").mktemp("engines"))
    return str(request.getfixturevalue("elasticsearch_url"))


@contextmanager
def new_place(kind: str) -> Iterator[str]:
    """Where one engine lives: a folder, or a server and an alias."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    if not kind.startswith("http"):
        yield f"{kind}/{name}"
        return
    yield f"{kind} {name}"
    with Elasticsearch(kind) as client:
        for index in client.indices.get(index=f"{name}-*"):
            client.indices.delete(index=index)


@pytest.fixture
def place(kind: str) -> Iterator[str]:
    """A place of the test's own."""
    with new_place(kind) as place:
        yield place


def open_engine(place: str) -> Engine:
    """The engine of a place; several processes may each open it."""
    if not place.startswith("http"):
        return EmbeddedEngine(Path(place))
    url, alias = place.split()
    return ElasticEngine(Cluster(Address((url,), timeout=20)), alias)


@pytest.fixture
def empty(place: str) -> Engine:
    """An engine without an index."""
    return open_engine(place)


@pytest.fixture
def own(empty: Engine) -> Engine:
    """An engine with the five papers, to be written to."""
    return with_papers(empty)


@pytest.fixture(scope="module")
def engine(kind: str) -> Iterator[Engine]:
    """An engine with the five papers, only to be read."""
    with new_place(kind) as place:
        yield with_papers(open_engine(place))


def with_papers(empty: Engine) -> Engine:
    """The engine with the five papers, in two writes."""
    with empty.rebuild("prior:test", WIDTH) as fresh:
        fresh.index(PAPERS[:3])
        fresh.index(PAPERS[3:])
    return empty


def words(text: str, minimum: int = 0) -> LexicalQuery:
    """Free words as units."""
    return LexicalQuery(None, tuple(Unit(((stem,),)) for stem in analysis.stems(text)), minimum)


def binding(text: str) -> LexicalQuery:
    """The binding parts of a query text."""
    node, free = binding_and_free(parse(text).tree)
    assert not free
    return LexicalQuery(node)


def found(engine: Engine, query: LexicalQuery) -> list[int]:
    """Ids in order of id, found alike by rank, by count, by date and by the filter of kNN."""
    ids = sorted(engine.lexical(query, 100).ids.tolist())
    assert engine.count(query) == len(ids)
    assert sorted(engine.lexical(query, 100, order="new").ids.tolist()) == ids
    if query.binding is not None and not query.units:
        assert sorted(engine.nearest(axis(1), 100, query.binding).ids.tolist()) == ids
    return ids


def test_without_an_index_nothing_is_found_and_nothing_fails(empty: Engine) -> None:
    assert empty.statistics().papers == 0
    assert empty.statistics().transform == ""
    assert not len(empty.lexical(words("attention"), 10).ids)
    assert not len(empty.nearest(axis(0), 10).ids)
    assert not len(empty.titled(["attent"], 10).ids)
    assert empty.count(LexicalQuery()) == 0
    assert empty.facets(LexicalQuery(), FACETS, 5) == {name: [] for name in FACETS}
    assert empty.frequencies(["attent"])[0] == 0
    assert not any(len(ids) for ids in empty.starting(STARTS, [], "att", 5).values())


def test_bm25_finds_by_stem_and_puts_the_better_match_first(engine: Engine) -> None:
    hits = engine.lexical(words("attentions"), 10)
    assert sorted(hits.ids.tolist()) == [2, 3, 5]
    assert hits.ids[0] == 5  # the title is the word, and the paper is short
    assert (np.diff(hits.scores) <= 0).all()
    assert hits.ids.dtype == np.int64
    assert hits.scores.dtype == np.float32


def test_minimum_says_how_many_words_must_match(engine: Engine) -> None:
    assert found(engine, words("recurrent attention survey", 1)) == [2, 3, 5]
    assert found(engine, words("recurrent attention survey", 2)) == [2, 3, 5]
    assert found(engine, words("recurrent attention survey", 3)) == []
    assert found(engine, words("recurrent attention gravity", 2)) == [2, 3]


def test_weights_change_the_order(engine: Engine) -> None:
    light, heavy = Unit((("graviti",),), 0.01), Unit((("bridg",),), 5.0)
    assert engine.lexical(LexicalQuery(None, (light, heavy)), 10).ids.tolist() == [4, 1]


def test_alternatives_of_a_unit_are_one_word(engine: Engine) -> None:
    unit = Unit((("graviti",), ("erwin", "margin")))
    assert found(engine, LexicalQuery(None, (unit,), 1)) == [1, 4]


def test_pages_follow_each_other(engine: Engine) -> None:
    whole = engine.lexical(words("attention"), 10).ids.tolist()
    assert [engine.lexical(words("attention"), 1, offset).ids[0] for offset in range(3)] == whole


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('"recurrent networks"', [2, 3]),
        ('"recurrent network"', []),  # a quoted phrase is exact: no stem
        ('"networks recurrent"', []),
        ('"to be or not to be"', [4]),
        ('"gravity we"', []),  # no phrase runs from the title into the abstract
        ("title:attention", [2, 5]),
        ("abstract:attention", [2, 3]),
        ('title:"recurrent networks"', [3]),
        ("title:(bridges OR gravity)", [1, 4]),
        ("author:schrodinger", []),
        ("author:maldacena", [1]),
        ("author:emile", [4]),
        ('author:"Noam Shazeer"', [2]),
        ('author:"Vaswani Noam"', []),  # no phrase runs from one name into the next
        ("cat:cs.CL", [2, 3]),
        ("cat:cs.*", [2, 3, 5]),
        ("cat:hep-th", [1]),
        ("cat:cs.CL -cat:stat.ML", [2]),
        ("-cat:cs.*", [1, 4]),
        ("id:hep-th/9711200", [1]),
        ("id:1706.00002v3", [2]),
        ("comment:figures", [2]),
        ("journal:phys", [1]),
        ("doi:10.1023/a:1026654312961", [1]),
        ("date:2017", [2, 3]),
        ("date:2024-02-29", [5]),
        ("date:>2017-06-12", [4, 5]),
        ("date:..2017", [1, 2, 3]),
        ("date:2017 -author:bahdanau", [2]),
        ("cat:math.PR OR date:1997", [1, 4]),
        ("cat:math.PR OR abstract:survey", [4, 5]),
        ("-attention", [1, 4]),
        ('cat:cs.* -"recurrent networks"', [5]),
        ("author:nobody", []),
        ("date:2030", []),
    ],
)
def test_binding_parts_bind_in_every_way_of_asking(engine: Engine, text: str, ids: list[int]) -> None:
    assert found(engine, binding(text)) == ids


@pytest.mark.parametrize("text", ["Schrödinger", 'Schr\\"odinger', "schrodinger", "SCHRÖDINGER"])
def test_accents_fold(engine: Engine, text: str) -> None:
    from papers.tex import to_text

    assert found(engine, words(to_text(text), 1)) == [4]


def test_order_by_date_is_newest_or_oldest_first_and_then_by_id(engine: Engine) -> None:
    assert engine.lexical(LexicalQuery(), 10, order="new").ids.tolist() == [5, 4, 3, 2, 1]
    assert engine.lexical(LexicalQuery(), 10, order="old").ids.tolist() == [1, 3, 2, 4, 5]
    assert engine.lexical(words("attention", 1), 2, 1, "new").ids.tolist() == [3, 2]


def test_nearest_is_by_inner_product(engine: Engine) -> None:
    hits = engine.nearest(axis(1), 2)
    assert hits.ids.tolist() == [2, 3]
    assert hits.scores.tolist() == pytest.approx([1, 3 / np.sqrt(10)], abs=1e-3)
    assert len(engine.nearest(axis(1), 100).ids) == 5
    assert len(engine.nearest(axis(1), 0).ids) == 0


def test_titled_wants_every_stem_and_knows_the_share(engine: Engine) -> None:
    hits = engine.titled(["attent"], 10)
    assert hits.ids.tolist() == [5, 2]
    assert hits.scores.tolist() == pytest.approx([1, 1 / 3])
    assert engine.titled(["attent", "survey"], 10).ids.tolist() == []
    assert engine.titled(["attent"], 10, binding("cat:cs.CL").binding).ids.tolist() == [2]


def test_facets_count_the_matches(engine: Engine) -> None:
    counts = engine.facets(words("attention", 1), FACETS, 10)
    assert dict(counts["category"]) == {"cs.CL": 2, "cs.LG": 2, "stat.ML": 1}
    assert dict(counts["year"]) == {"2017": 2, "2024": 1}
    assert counts["keyword"][0] == ("attention", 3)
    assert ("Noam Shazeer", 1) in counts["author"]
    assert len(engine.facets(LexicalQuery(), ["category"], 2)["category"]) == 2


def test_frequencies_count_papers(engine: Engine) -> None:
    papers, counts = engine.frequencies(["attent", "graviti", "unheard"])
    assert papers == 5
    assert counts.tolist() == [3, 1, 0]


@pytest.mark.parametrize("typed", ["atention", "attenttion", "attenton", "attentoin", "attentiom", "bttention"])
def test_spellings_are_the_words_one_slip_away(engine: Engine, typed: str) -> None:
    assert engine.spellings(typed) == [("attention", 4)]


def test_spellings_leave_out_the_word_itself_and_what_is_farther_or_too_short(engine: Engine) -> None:
    assert engine.spellings("attention") == []
    assert engine.spellings("atenton") == []
    assert engine.spellings("bee") == []
    assert [word for word, _ in engine.spellings("translater")] == ["translate", "translates", "translator"]
    assert engine.spellings("schrodingr") == [("schrodinger", 2)]


def started(engine: Engine, words: list[str], prefix: str, limit: int = 10) -> dict[str, list[int]]:
    """The papers of each kind for which there are any."""
    found = engine.starting(STARTS, words, prefix, limit)
    assert list(found) == list(STARTS)
    assert all(ids.dtype == np.int64 for ids in found.values())
    return {kind: ids.tolist() for kind, ids in found.items() if len(ids)}


@pytest.mark.parametrize("length", range(2, 10))
def test_what_starts_with_some_letters_is_found_newest_first(engine: Engine, length: int) -> None:
    assert started(engine, [], "attention"[:length]) == {"title": [5, 2], "keyword": [5, 3, 2]}


@pytest.mark.parametrize(
    ("words", "prefix", "found"),
    [
        ([], "", {}),
        ([], "attentions", {}),
        ([], "qqq", {}),
        (["recurrent"], "net", {"title": [3], "keyword": [2]}),
        (["recurrent"], "n", {"title": [3], "keyword": [2]}),
        (["recurrent", "networks"], "", {"title": [3], "keyword": [2]}),
        (["recurrent", "networks"], "survey", {}),
        (["for"], "tran", {"title": [2]}),
        (["noam"], "vas", {"author": [2]}),
        (["juan"], "maldac", {"author": [1]}),
        ([], "emi", {"author": [4]}),
        ([], "schrodi", {"title": [4]}),
        (["attention"], "attention", {"title": [5, 2], "keyword": [5, 3, 2]}),
    ],
)
def test_words_and_the_beginning_of_one_must_stand_in_one_kind(
    engine: Engine, words: list[str], prefix: str, found: dict[str, list[int]]
) -> None:
    assert started(engine, words, prefix) == found


def test_of_what_starts_only_what_is_asked_for_is_told(engine: Engine) -> None:
    assert started(engine, [], "atten", 1) == {"title": [5], "keyword": [5]}
    assert started(engine, [], "atten", 0) == {}
    assert list(engine.starting(["author"], [], "atten", 5)) == ["author"]
    assert engine.starting([], [], "atten", 5) == {}


def test_what_starts_follows_each_write(own: Engine) -> None:
    own.index([Document(2, "1706.00002", "Attics", "On bees.", axis(5), ["Ada Atten"], published=date(2021, 1, 1))])
    assert started(own, [], "atten") == {"title": [5], "author": [2], "keyword": [5, 3]}
    own.delete([5])
    assert started(own, [], "att") == {"title": [2], "author": [2], "keyword": [3]}


def test_a_document_takes_the_place_of_the_one_before(own: Engine) -> None:
    before = own.statistics()
    changed = Document(
        2, "1706.00002", "Bees", "On bees.", axis(5), categories=["q-bio.PE"], published=date(2021, 1, 1)
    )
    own.index([PAPERS[0], changed])
    assert own.statistics().papers == 5
    assert own.statistics().generation != before.generation
    assert found(own, words("attention", 1)) == [3, 5]
    assert found(own, binding("cat:q-bio.PE")) == [2]
    assert own.nearest(axis(5), 1).ids.tolist() == [2]
    assert own.nearest(axis(1), 1).ids.tolist() == [3]


def test_one_write_may_hold_a_paper_twice(own: Engine) -> None:
    later = Document(6, "2501.00006", "Wasps", "On wasps.", axis(6))
    own.index([Document(6, "2501.00006", "Bees", "On bees.", axis(5)), later])
    assert found(own, words("wasps", 1)) == [6]
    assert found(own, words("bees", 1)) == []
    assert own.nearest(axis(6), 1).ids.tolist() == [6]


def test_deleted_papers_are_gone(own: Engine) -> None:
    own.delete([2, 99])
    assert found(own, LexicalQuery()) == [1, 3, 4, 5]
    assert own.nearest(axis(1), 100).ids.tolist()[0] == 3
    own.index([PAPERS[1]])
    assert found(own, LexicalQuery()) == ALL


def test_a_rebuild_serves_only_when_it_is_whole(own: Engine) -> None:
    with own.rebuild("fit-1", WIDTH) as fresh:
        fresh.index(PAPERS[:1])
        assert found(own, LexicalQuery()) == ALL
        assert own.statistics().transform == "prior:test"
    assert found(own, LexicalQuery()) == [1]
    assert own.statistics().transform == "fit-1"


def test_a_failed_rebuild_leaves_the_old_index(own: Engine) -> None:
    with pytest.raises(ValueError, match="9 dimensions"), own.rebuild("fit-1", WIDTH) as fresh:
        fresh.index([PAPERS[0], Document(7, "2501.00007", "Wide", "Wide.", np.ones(9, np.float32))])
    assert found(own, LexicalQuery()) == ALL


def test_an_index_of_another_width_refuses_the_vector(own: Engine) -> None:
    with pytest.raises(ValueError, match="9 dimensions"):
        own.index([Document(7, "2501.00007", "Wide", "Wide.", np.ones(9, np.float32))])
    assert found(own, LexicalQuery()) == ALL
    own.index([Document(7, "2501.00007", "Narrow", "Narrow.", axis(7))])
    assert own.nearest(axis(7), 1).ids.tolist() == [7]


def _write_some(place: str, start: int) -> None:
    engine = open_engine(place)
    for number in range(start, start + 5):
        engine.index(
            [Document(number, f"2501.{number:05}", f"Paper {number}", "Written at once.", axis(number % WIDTH))]
        )


def test_several_processes_write_and_nothing_is_lost(place: str) -> None:
    engine = open_engine(place)
    with engine.rebuild("prior:test", WIDTH):
        pass
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_some, args=(place, start)) for start in (10, 20, 30)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    time.sleep(1.1)  # what another process wrote is seen within a second
    expected = [number for start in (10, 20, 30) for number in range(start, start + 5)]
    assert found(engine, LexicalQuery()) == expected
    assert sorted(engine.nearest(axis(0), 100).ids.tolist()) == expected
