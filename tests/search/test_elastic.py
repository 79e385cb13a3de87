"""The engine on one real node: refusals, back-pressure, what is stored, deep pages, what is marked.

Where a loopback stands between, the test says so.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html import unescape
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from papers.formulas import formulas
from papers.tex import to_text
from search.engines import elastic
from search.engines.base import (
    Document,
    EngineAwayError,
    EngineError,
    LexicalQuery,
    Order,
    RejectedError,
    StaleIndexError,
    Unit,
)
from search.engines.elastic import ElasticEngine
from search.engines.elastic_answers import FRESH
from search.engines.elastic_mapping import SCHEMA_VERSION, mappings
from search.engines.elastic_query import Compiler
from search.engines.embedded import EmbeddedEngine
from search.highlight import highlight
from search.query import Phrase
from tests.search.elastics import WIDTH, connect, document, filled, own_alias
from tests.search.loopback import Answer, loopback, passed_on
from tests.search.site_process import records


@pytest.fixture
def engine(elasticsearch_url: str, alias: str) -> ElasticEngine:
    """An engine with ten papers."""
    return filled(connect(elasticsearch_url, alias), 10)


# Writing


def test_one_document_is_refused_and_the_others_are_taken(engine: ElasticEngine) -> None:
    flat = document(12, vector=np.zeros(WIDTH, np.float32))
    with pytest.raises(RejectedError, match="1 documents were refused") as refusal:
        engine.index([document(11), flat, document(13)])
    assert list(refusal.value.reasons) == [12]
    assert "unit-length vectors" in refusal.value.reasons[12]
    assert engine.statistics().papers == 12
    assert sorted(engine.lexical(LexicalQuery(), 100).ids.tolist()) == [*range(1, 12), 13]


def busy_items(body: bytes) -> Answer:
    """A bulk answer (as Elasticsearch's full write queue gives) that takes none of the documents."""
    ids = [line["index"]["_id"] for line in map(json.loads, body.splitlines()[::2])]
    error = {"type": "es_rejected_execution_exception", "reason": "rejected execution of primary operation"}
    items = [{"index": {"_id": each, "status": 429, "error": error}} for each in ids]
    return Answer(200, json.dumps({"took": 1, "errors": True, "items": items}))


BUSY = Answer(429, json.dumps({"error": {"type": "circuit_breaking_exception", "reason": "data too large"}}))


@pytest.mark.parametrize("busy", ["request", "items"])
def test_a_pushed_back_write_is_tried_again_and_then_given_up(
    engine: ElasticEngine, elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch, busy: str
) -> None:
    """A loopback between pushes back; the server behind it is real."""
    monkeypatch.setattr(elastic, "BULK_PAUSE", 0.01)
    refusals = [3]
    tries: list[str] = []

    def between(method: str, path: str, body: bytes) -> Answer:
        if "_bulk" in path:
            tries.append(path)
            if refusals[0]:
                refusals[0] -= 1
                return BUSY if busy == "request" else busy_items(body)
        return passed_on(elasticsearch_url, method, path, body)

    with loopback(between) as url:
        writer = connect(url, engine.alias)
        writer.index([document(11), document(12)])
        assert len(tries) == 4
        assert writer.statistics(fresh=True).papers == 12
        refusals[0] = 1000
        with pytest.raises(EngineAwayError, match="overloaded"):
            writer.index([document(13)])
        assert len(tries) == 4 + 1 + elastic.BULK_TRIES
    assert engine.statistics(fresh=True).papers == 12


def test_a_block_is_said_and_refuses_no_single_paper(engine: ElasticEngine, operator: Elasticsearch) -> None:
    operator.indices.put_settings(index=engine.alias, settings={"index.blocks.write": True})
    with pytest.raises(EngineError, match="index write") as error:
        engine.index([document(11)])
    assert not isinstance(error.value, RejectedError)
    operator.indices.put_settings(index=engine.alias, settings={"index.blocks.write": None})
    engine.index([document(11)])
    assert engine.statistics().papers == 11


def test_a_write_into_an_index_that_was_switched_away_fails(engine: ElasticEngine) -> None:
    with engine.rebuild("fit-1", WIDTH) as fresh:
        fresh.index([document(1)])
    with pytest.raises(StaleIndexError):
        fresh.index([document(2)])
    assert engine.statistics(fresh=True).papers == 1


# What is stored


def test_source_holds_no_vector_and_no_stems(engine: ElasticEngine, operator: Elasticsearch) -> None:
    [hit] = operator.search(index=engine.alias, query={"term": {"id": 3}})["hits"]["hits"]
    assert hit["_source"]["title"] == document(3).title
    assert not hit["_source"].keys() & {"vector", "title_stems", "abstract_stems", "all_stems"}
    raw = operator.get(index=engine.alias, id="3")["_source"]
    assert "vector" not in raw


def test_the_mapping_is_strict_and_says_everything(engine: ElasticEngine, operator: Elasticsearch) -> None:
    [index] = operator.indices.get(index=engine.alias).body.values()
    assert index["mappings"]["dynamic"] == "strict"
    assert index["mappings"]["properties"].keys() == mappings("prior:test", WIDTH)["properties"].keys()
    options = index["mappings"]["properties"]["vector"]
    assert (options["dims"], options["similarity"], options["index_options"]["type"]) == (
        WIDTH,
        "dot_product",
        "int8_hnsw",
    )
    assert index["mappings"]["_meta"] == {"transform": "prior:test", "width": WIDTH, "schema": SCHEMA_VERSION}
    with pytest.raises(Exception, match="strict"):
        operator.index(index=engine.alias, document={"id": 1, "surprise": True})


# Reading


@pytest.fixture(scope="module")
def many(elasticsearch_url: str) -> Iterator[ElasticEngine]:
    """An engine with more papers than one request may reach, on two shards."""
    with own_alias(elasticsearch_url) as alias:
        yield filled(connect(elasticsearch_url, alias, shards=2), 11_500)


@pytest.mark.parametrize("order", ["score", "new", "old"])
def test_pages_beyond_ten_thousand_follow_without_gap_or_repeat(
    many: ElasticEngine, operator: Elasticsearch, order: Order
) -> None:
    query = LexicalQuery(None, (Unit((("bee",),)), Unit((("river",),))), 1)
    pages = [many.lexical(query, 500, offset, order) for offset in (0, 9_000, 9_500, 9_900, 10_400, 10_900, 11_400)]
    assert [len(page.ids) for page in pages] == [500, 500, 500, 500, 500, 500, 100]
    whole = many.lexical(query, 11_500, 0, order)
    assert sorted(whole.ids.tolist()) == list(range(1, 11_501))
    for page, offset in zip(pages, (0, 9_000, 9_500, 9_900, 10_400, 10_900, 11_400), strict=True):
        assert page.ids.tolist() == whole.ids[offset : offset + 500].tolist()
        assert np.allclose(page.scores, whole.scores[offset : offset + 500])
    if order == "score":
        assert (np.diff(whole.scores) <= 0).all()
        assert len(set(whole.scores.tolist())) > 2
    else:
        days = [number % 97 for number in whole.ids.tolist()]
        assert days == sorted(days, reverse=order == "new")
    open_points = operator.indices.stats(index=many.alias, metric="search")["_all"]["total"]["search"]["open_contexts"]
    assert open_points == 0


def test_several_shards_rank_as_one(elasticsearch_url: str) -> None:
    query = LexicalQuery(None, (Unit((("river",),)), Unit((("gravit",),)), Unit((("danc",),))), 1)
    with own_alias(elasticsearch_url) as one, own_alias(elasticsearch_url) as three:
        whole = filled(connect(elasticsearch_url, one), 400).lexical(query, 400)
        split = filled(connect(elasticsearch_url, three, shards=3), 400).lexical(query, 400)
    assert split.ids.tolist() == whole.ids.tolist()
    assert np.allclose(split.scores, whole.scores, rtol=1e-4)
    assert len(whole.ids) > 100


def test_document_frequencies_are_those_of_the_embedded_engine(many: ElasticEngine, tmp_path: Path) -> None:
    papers = [document(number) for number in range(1, 11_501)]
    embedded = EmbeddedEngine(tmp_path / "index")
    with embedded.rebuild("prior:test", WIDTH) as fresh:
        fresh.index(papers)
    stems = ["bee", "river", "graviti", "map", "unheard", *(f"number{number}" for number in range(1, 1100))]
    theirs, ours = many.frequencies(stems), embedded.frequencies(stems)
    assert theirs[0] == ours[0] == 11_500
    assert theirs[1].tolist() == ours[1].tolist()
    assert theirs[1][:4].min() > 0


def test_what_another_process_writes_is_seen_within_a_second(engine: ElasticEngine, elasticsearch_url: str) -> None:
    reader = connect(elasticsearch_url, engine.alias)
    before = reader.statistics()
    engine.index([document(11)])
    time.sleep(FRESH)
    after = reader.statistics()
    assert after.papers == 11
    assert after.generation != before.generation


def test_a_generation_does_not_cover_what_cannot_be_read_yet(engine: ElasticEngine, operator: Elasticsearch) -> None:
    operator.indices.put_settings(index=engine.alias, settings={"index.refresh_interval": "-1"})
    before = engine.statistics(fresh=True).generation
    assert engine.statistics(fresh=True).generation == before
    operator.delete(index=engine.alias, id="3")
    hidden = engine.statistics(fresh=True).generation
    assert len(engine.lexical(LexicalQuery(), 100).ids) == 10
    operator.indices.refresh(index=engine.alias)
    seen = engine.statistics(fresh=True).generation
    assert len(engine.lexical(LexicalQuery(), 100).ids) == 9
    assert len({before, hidden, seen}) == 3


def test_a_reader_who_remembers_an_index_that_has_gone_begins_again(
    engine: ElasticEngine, elasticsearch_url: str
) -> None:
    asks: list[Callable[[ElasticEngine], object]] = [
        lambda reader: reader.lexical(LexicalQuery(), 5).ids[0],
        lambda reader: reader.count(LexicalQuery()),
        lambda reader: reader.nearest(np.eye(WIDTH, dtype=np.float32)[0], 5).ids[0],
        lambda reader: reader.frequencies(["bee"])[0],
        lambda reader: len(reader.lexical(LexicalQuery(), 10, 9_995, "new").ids) or 1,
    ]
    readers = [connect(elasticsearch_url, engine.alias) for _ in asks]
    for reader in readers:
        reader.statistics()
    filled(engine, 20)
    for reader, ask in zip(readers, asks, strict=True):
        reader._seen = (time.monotonic(), reader._seen[1]) if reader._seen else None
        with pytest.raises(StaleIndexError):
            ask(reader)
        assert ask(reader)  # at once, not when the memory is a second old


# Marks

_FORMULA = re.compile(r"\$[^$]*\$")


def covered(text: str, marked: str) -> set[int]:
    """The places of letters and digits of `text` that `marked` has between its marks."""
    found: set[int] = set()
    place, within = 0, False
    for piece in re.split("(</?mark>)", marked):
        if piece.endswith("mark>"):
            within = piece == "<mark>"
        else:
            found |= set(range(place, place + len(piece))) if within else set()
            place += len(piece)
    assert place == len(text)
    return {each for each in found if text[each].isalnum()}


def in_formulas(text: str) -> set[int]:
    """The places that lie in formulas."""
    return {place for formula in _FORMULA.finditer(text) for place in range(*formula.span())}


def without_formulas(text: str) -> str:
    """The text with digits where formulas are, which become MathML: all else keeps its place, and no phrase goes
    across."""
    for formula in formulas(text):
        text = text[: formula.start] + "0" * (formula.end - formula.start) + text[formula.end :]
    return text


def some_phrases(papers: Sequence[Document], number: int) -> list[str]:
    """Phrases of two to four words as they stand in abstracts, in steady use."""
    chance = np.random.default_rng(5)
    counts: Counter[str] = Counter()
    for paper in papers:
        words = re.findall(r"[^\W\d_]+(?: [^\W\d_]+)*", _FORMULA.sub(" . ", paper.abstract).lower())
        for run in words:
            parts = run.split()
            for length in (2, 3, 4):
                counts.update({" ".join(parts[at : at + length]) for at in range(len(parts) - length + 1)})
    usual = sorted(phrase for phrase, count in counts.items() if 5 <= count <= 50)
    return [usual[place] for place in chance.choice(len(usual), number, replace=False)]


def test_the_site_marks_what_elasticsearch_matched(
    shared_data: Path, elasticsearch_url: str, alias: str, operator: Elasticsearch
) -> None:
    """The site's own marks of quoted phrases against Elasticsearch's highlighter, on real papers."""
    papers = [
        replace(document(place, to_text(each.title)), abstract=to_text(each.abstract))
        for place, each in enumerate(islice(records(), 2000), 1)
    ]
    with connect(elasticsearch_url, alias).rebuild("prior:test", WIDTH) as fresh:
        fresh.index(papers)
    tags = {"pre_tags": "<mark>", "post_tags": "</mark>"}
    marks = {"number_of_fragments": 0, "fields": {"title": {}, "abstract": {}}, **tags}
    compared = 0
    for phrase in some_phrases(papers, 50):
        clause = Compiler().tree(Phrase(phrase))
        hits = operator.search(index=alias, size=20, query=clause, highlight=marks)["hits"]["hits"]
        assert hits, phrase
        for hit in hits:
            paper = papers[int(hit["_id"]) - 1]
            for name, text in (("title", paper.title), ("abstract", paper.abstract)):
                theirs = covered(text, hit["highlight"].get(name, [text])[0])
                if theirs & in_formulas(text):  # these are left whole
                    continue
                ours = covered(text, unescape(highlight(without_formulas(text), [phrase])))
                assert ours == theirs, (phrase, text)
                compared += bool(ours)
    assert compared > 200
