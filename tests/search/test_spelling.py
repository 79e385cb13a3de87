"""Slips of the finger: what is corrected, to what, and what stays as it was typed."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest

from search.engines import engine_aside
from search.engines.base import Document, Engine
from search.engines.edits import one_edit
from search.frequencies import FrequencyTable, count, smoothed
from search.query import parse
from search.reading import NOT_AS_PHRASE, read
from search.spelling import MOST, corrected, corrections

TEXTS = [
    ("Graphene sheets", "We grow graphene sheets on copper."),
    ("Graphene ribbons", "Ribbons of graphene conduct."),
    ("Boson mass", "The mass of the W boson is measured."),
    ("A bosun's tale", "What a bosun told of the sea, and what another bosun told."),
    ("Zorblat fields", "Zorblat fields over rings, by the zorblat method."),
    ("Zorblat rings", "More on zorblat."),
    ("Zorblax stars", "Zorblax stars are seen in zorblax surveys of the sky."),
    ("Zorblax surveys", "Again the zorblax stars."),
] + [("The boson", "A boson and a bosun.")] * 20


@pytest.fixture(scope="module")
def table() -> FrequencyTable:
    """What the texts say, over what ships."""
    return smoothed(count(TEXTS))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The texts, indexed."""
    with engine_aside("embedded") as engine:
        with engine.rebuild("x", 2) as fresh:
            vector = np.array([1, 0], np.float32)
            fresh.index(
                [Document(n, str(n), *text, vector, published=date(2020, 1, 1)) for n, text in enumerate(TEXTS, 1)]
            )
        yield engine


def test_one_edit_is_one_letter() -> None:
    found = one_edit("ab")
    assert {"a", "b", "ba", "abc", "cab", "acb", "ax", "xb", "ab7"} <= found
    assert "ab" not in found
    assert not found & {"", "abcd", "xy"}


@pytest.mark.parametrize("typed", ["graphen3x", "graphne", "garphene", "graphenee", "graphehe"])
def test_an_unknown_word_becomes_the_known_one(engine: Engine, table: FrequencyTable, typed: str) -> None:
    expected = {} if typed == "graphen3x" else {typed: "graphene"}  # with a digit it is a name
    assert corrections(engine, table, [typed]) == expected


def test_known_short_and_rare_words_stay(engine: Engine, table: FrequencyTable) -> None:
    assert corrections(engine, table, ["graphene", "zorblat", "graph", "bos", "xyzzyplugh"]) == {}


def test_the_other_words_choose_between_two_that_could_be_meant(engine: Engine, table: FrequencyTable) -> None:
    assert corrections(engine, table, ["zorblaz", "rings"]) == {"zorblaz": "zorblat"}
    assert corrections(engine, table, ["zorblaz", "stars"]) == {"zorblaz": "zorblax"}


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("Graphne sheets, grown!", "graphene sheets, grown!"),
        ("title:graphne mass", "title:graphene mass"),
        ("(graphne OR boson) sort:new", "graphene OR boson"),
        ("graphene -graphne", None),
        ('"graphne sheets" graphene', None),
        ("author:graphne boson", None),
        ("GRAPHne boson", None),  # capitals inside: a name
        ("the mass of a boson", None),
        ("cat:hep-th", None),
    ],
)
def test_only_free_words_are_corrected(engine: Engine, table: FrequencyTable, typed: str, searched: str | None) -> None:
    query = parse(typed)
    found = corrected(engine, table, query)
    assert found.text == searched if searched else found is query
    assert found.sort == query.sort


def test_a_phrase_that_no_paper_holds_is_read_as_its_words(engine: Engine, table: FrequencyTable) -> None:
    found = read(engine, table, parse('"copper graphne" ribbons'))
    assert found.asked.text == "copper graphene ribbons"
    assert NOT_AS_PHRASE in found.asked.notes
    held = read(engine, table, parse('"graphene sheets" ribbons'))
    assert held.asked is held.query


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ('title:"boson & sheets"', "title:(boson sheets)"),
        ('"boson OR sheets"', "boson or sheets"),
        ('"all -boson sheets"', "all boson sheets"),
        ('"boson cat:hep-th"', "boson cat hep th"),
        ('"graphene sheets" title:boson', None),  # another condition is to blame
        ('"graphene sheets" date:1980', None),
        ('"to be or not to be"', None),
        ('-"boson sheets" graphene', None),
    ],
)
def test_what_a_phrase_becomes_reads_back_as_what_is_searched(
    engine: Engine, table: FrequencyTable, typed: str, searched: str | None
) -> None:
    found = read(engine, table, parse(typed))
    assert (found.asked.text if found.asked is not found.query else None) == searched
    assert (NOT_AS_PHRASE in found.asked.notes) == bool(searched)
    if searched:
        assert parse(searched).tree == found.asked.tree


def test_stop_words_go_in_for_nothing(engine: Engine, table: FrequencyTable) -> None:
    assert corrections(engine, table, ["wher", "whith", "thie"]) == {}


def test_few_words_are_looked_at(engine: Engine, table: FrequencyTable, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def spellings(_: Engine, word: str) -> list[tuple[str, int]]:
        asked.append(word)
        return []

    monkeypatch.setattr(type(engine), "spellings", spellings)
    read(engine, table, parse(" ".join(f"qwvx{letter}zjk" for letter in "abcdefghij")))
    assert len(asked) == MOST


def test_short_queries_lose_no_words(engine: Engine, table: FrequencyTable) -> None:
    assert read(engine, table, parse("graphene sheets"), without=["sheets"]).plan.units == (
        read(engine, table, parse("graphene sheets")).plan.units
    )


def test_verbatim_changes_nothing(engine: Engine, table: FrequencyTable) -> None:
    found = read(engine, table, parse('"copper graphne" ribbonz'), verbatim=True)
    assert found.asked is found.query


def test_a_long_query_is_told_by_its_keywords_and_may_lose_some(engine: Engine, table: FrequencyTable) -> None:
    text = " ".join(f"{title} {abstract}" for title, abstract in TEXTS[:8])
    whole = read(engine, table, parse(text))
    assert "zorblat" in whole.keywords
    assert "the" not in whole.keywords
    less = read(engine, table, parse(text), without=["Zorblat"])
    assert less.removed == ("zorblat",)
    assert "zorblat" not in less.keywords
    stems = {unit.alternatives[0][0] for unit in whole.plan.units} - {u.alternatives[0][0] for u in less.plan.units}
    assert stems == {"zorblat"}
    assert less.plan.text == whole.plan.text  # the encoder reads all


def test_a_short_query_has_no_keywords(engine: Engine, table: FrequencyTable) -> None:
    assert read(engine, table, parse("graphene sheets")).keywords == ()


def test_an_empty_index_corrects_nothing(table: FrequencyTable) -> None:
    with engine_aside("embedded") as empty:
        assert corrections(empty, table, ["graphne"]) == {}
