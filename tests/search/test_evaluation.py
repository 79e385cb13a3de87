"""manage.py evaluate and evaluate_known_items, on sets small enough to check by hand."""

import gzip
import io
import json
import random
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from elasticsearch import Elasticsearch
from pytest_django import Settings

from papers.models import Paper
from papers.shelf import load_shelf
from search.engines import engine_aside
from search.engines.base import Engine
from search.evaluation import MODES, JudgedSet, JudgedSetError, read_judged_set
from search.known_items import three_words, with_typo

CORPUS = [
    {"_id": "p1", "title": "Bees dance", "text": "Honey bees tell each other the way to flowers."},
    {"_id": "p2", "title": "Wasp nests", "text": "Wasps build nests of paper. Some bees are like that."},
    {"_id": "p3", "title": "Black holes", "text": "Stars fall in."},
    {"_id": "p_4", "title": "Pollen", "text": "Insects carry pollen between flowers."},
]


@pytest.fixture
def folder(jsonl: Callable[..., Path], tmp_path: Path) -> Path:
    """A judged set in BEIR layout."""
    jsonl(*CORPUS, name="corpus.jsonl")
    jsonl(
        {"_id": "q1", "text": "honey bees"}, {"_id": "q2", "text": "black holes"}, {"_id": "q3"}, name="queries.jsonl"
    )
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t2\nq1\tp2\t1\nq2\tp3\t1\n")
    return tmp_path


def run(*arguments: object) -> dict[str, dict[str, float]]:
    """The figures the command writes."""
    path = Path(str(arguments[0])) / "figures.json"
    call_command("evaluate", *map(str, arguments), "--json", str(path), stdout=io.StringIO())
    figures: dict[str, dict[str, float]] = json.loads(path.read_text())
    return figures


def test_every_mode_that_applies_is_measured(folder: Path) -> None:
    figures = run(folder)
    assert list(figures) == ["lexical", "semantic", "hybrid"]
    assert all(set(values) == {"ndcg@10", "recall@100", "mrr@10"} for values in figures.values())
    assert figures["lexical"] == {"ndcg@10": 1, "recall@100": 1, "mrr@10": 1}
    assert figures["hybrid"]["ndcg@10"] == 1


def test_both_engines_measure_the_same_and_leave_nothing(
    folder: Path, elasticsearch_url: str, settings: Settings
) -> None:
    alias = f"papers-{uuid.uuid4().hex[:8]}"
    settings.ELASTICSEARCH = {**settings.ELASTICSEARCH, "URL": tuple(elasticsearch_url.split(",")), "INDEX": alias}
    figures = run(folder, "--engine", "embedded", "--engine", "elasticsearch")
    modes = ("lexical", "semantic", "hybrid")
    assert list(figures) == [f"{engine} {mode}" for engine in ("embedded", "elasticsearch") for mode in modes]
    for mode in modes:
        assert figures[f"elasticsearch {mode}"] == pytest.approx(figures[f"embedded {mode}"])
    assert run(folder, "--engine", "elasticsearch")["hybrid"] == figures["elasticsearch hybrid"]
    with Elasticsearch(elasticsearch_url.split(",")) as client:
        assert not client.indices.get(index=f"{alias}*").body


def test_the_engine_is_the_sites_own_if_none_is_named(folder: Path, settings: Settings) -> None:
    settings.SEARCH_ENGINE = "elasticsearch"
    settings.ELASTICSEARCH = {**settings.ELASTICSEARCH, "URL": ()}
    with pytest.raises(CommandError, match="ELASTICSEARCH_URL is not set"):
        run(folder)
    assert run(folder, "--engine", "embedded")["lexical"]["mrr@10"] == 1


def test_an_index_aside_is_deleted_if_its_use_fails(elasticsearch_url: str, settings: Settings) -> None:
    alias = f"papers-{uuid.uuid4().hex[:8]}"
    settings.ELASTICSEARCH = {**settings.ELASTICSEARCH, "URL": tuple(elasticsearch_url.split(",")), "INDEX": alias}

    def use(client: Elasticsearch) -> None:
        with engine_aside("elasticsearch") as engine:
            with engine.rebuild("none", 8):
                pass
            assert client.indices.get(index=f"{alias}-aside-*").body
            raise RuntimeError("broken off")

    with Elasticsearch(elasticsearch_url.split(",")) as client:
        with pytest.raises(RuntimeError, match="broken off"):
            use(client)
        assert not client.indices.get(index=f"{alias}*").body


def test_related_leaves_the_query_paper_out(folder: Path, jsonl: Callable[..., Path]) -> None:
    jsonl({"_id": "p1_any"}, {"_id": "p_4_x_y"}, name="queries.jsonl")
    (folder / "qrels.tsv").write_text("p1_any\tp2\t1\np_4_x_y\tp1\t1\n")
    assert read_judged_set(folder).modes() == MODES
    figures = run(folder, "--mode", "related")
    assert list(figures) == ["related"]
    assert figures["related"]["mrr@10"] == 1


def test_gz_and_a_file_without_header_are_read(folder: Path) -> None:
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress((folder / "corpus.jsonl").read_bytes()))
    (folder / "corpus.jsonl").unlink()
    (folder / "qrels.tsv").write_text("q1\t0\tp1\t2\n")  # the four columns of TREC
    judged = read_judged_set(folder)
    assert (len(judged.corpus), judged.judgements) == (4, {"q1": {"p1": 2.0}})
    assert list(judged.queries) == ["q1"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("corpus.jsonl", None, "corpus.jsonl .* is missing"),
        ("qrels.tsv", None, "qrels.tsv is missing"),
        ("queries.jsonl", "{}", "queries.jsonl, line 1: expected an object with _id"),
        ("queries.jsonl", "", "no text for the judged query q1"),
        ("qrels.tsv", "q1 p1 1\nq1\tp1\t1\n", "qrels.tsv, line 1: expected query, document, score"),
        ("qrels.tsv", "q1\tp1\t1\n\nq1\tp1\tx\n", "qrels.tsv, line 3: expected query, document, score"),
        ("qrels.tsv", "q1\tp1\tnan\n", "qrels.tsv, line 1: the score is not finite"),
        ("qrels.tsv", "q1\tp\udcff\t1\n", "qrels.tsv, line 1: not UTF-8"),
        ("qrels.tsv", "", "no judged query"),
        ("qrels.tsv", "query\tdocument\tscore\n", "no judged query"),
        ("corpus.jsonl", "\n", "no paper in the corpus"),
        ("corpus.jsonl", '{"_id": "p1", "title": 5}', "corpus.jsonl, line 1: title is not text"),
        ("corpus.jsonl", '\n{"_id": "p1", "text": ["x"]}', "corpus.jsonl, line 2: text is not text"),
        ("corpus.jsonl", "[" * 100_000, "corpus.jsonl, line 1: expected an object with _id"),
    ],
)
def test_a_folder_that_is_no_judged_set_is_said_clearly(
    folder: Path, name: str, text: str | None, message: str
) -> None:
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(JudgedSetError, match=message):
        read_judged_set(folder)
    with pytest.raises(CommandError, match=message):
        run(folder)


def test_a_corpus_that_is_cut_short_is_said_clearly(folder: Path) -> None:
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress((folder / "corpus.jsonl").read_bytes())[:-20])
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(CommandError, match=r"corpus\.jsonl\.gz is damaged or cut short"):
        run(folder)


def test_blank_lines_no_text_and_half_characters_are_taken(folder: Path, jsonl: Callable[..., Path]) -> None:
    jsonl(
        "", {"_id": 1, "title": None, "text": None}, "  ", '{"_id": "p1", "title": "Bees \\ud800"}', name="corpus.jsonl"
    )
    jsonl("", {"_id": "q1", "text": "bees"}, name="queries.jsonl")
    (folder / "qrels.tsv").write_text("\nq1\tp1\t1\n\n")
    judged = read_judged_set(folder)
    assert judged.corpus == {"1": ("", ""), "p1": ("Bees ?", "")}
    assert run(folder, "--mode", "lexical")["lexical"]["mrr@10"] == 1


def test_an_empty_query_ranks_nothing(folder: Path, jsonl: Callable[..., Path]) -> None:
    jsonl({"_id": "q1", "text": ""}, {"_id": "q2", "text": "black holes"}, name="queries.jsonl")
    figures = run(folder)
    assert [values["recall@100"] for values in figures.values()] == [0.5, 0.5, 0.5]


def test_related_does_not_apply_without_queries() -> None:
    assert JudgedSet({"p1": ("", "")}, {}, {}).modes() == MODES[:-1]


@pytest.mark.parametrize("command", ["evaluate", "evaluate_known_items"])
def test_figures_that_cannot_be_written_are_noticed_before_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    arguments = [str(folder)] if command == "evaluate" else []
    with pytest.raises(CommandError, match=r"missing/figures\.json cannot be written"):
        call_command(command, *arguments, "--json", str(folder / "missing" / "figures.json"))
    assert not capsys.readouterr().out
    (folder / "kept.json").write_text("before")
    (folder / "qrels.tsv").unlink()
    with pytest.raises(CommandError, match=r"qrels\.tsv is missing"):
        call_command("evaluate", str(folder), "--json", str(folder / "kept.json"))
    assert (folder / "kept.json").read_text() == "before"


@pytest.mark.parametrize("seed", range(20))
def test_typos_and_three_words_are_as_described(seed: int) -> None:
    title = "On the Electrodynamics of Moving Bodies: a second look"
    chance = random.Random(seed)
    typo = with_typo(title, chance)
    assert typo is not None
    differing = [place for place, (a, b) in enumerate(zip(title, typo, strict=True)) if a.lower() != b.lower()]
    assert len(differing) == 1
    words = (three_words(title, chance) or "").split()
    assert len(set(words)) == 3
    assert set(words) <= {"Electrodynamics", "Moving", "Bodies", "second", "look"}
    assert with_typo("On it, so far", chance) is None
    assert three_words("On the moving bodies", chance) is None


@pytest.mark.django_db
def test_known_items_on_the_shelf(shelf_site: list[Paper], tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    call_command("evaluate_known_items", "--sample", "60", "--seed", "1", "--json", str(path), stdout=io.StringIO())
    figures = json.loads(path.read_text())
    assert set(figures) == {"title", "typo", "three"}
    assert figures["title"]["success@1"] == 1
    assert figures["typo"]["success@10"] > 0.9
    assert 0 < figures["three"]["success@1"] <= figures["three"]["success@10"]


@pytest.mark.django_db
def test_known_items_without_papers_is_said_clearly() -> None:
    with pytest.raises(CommandError, match="no paper is loaded"):
        call_command("evaluate_known_items")


@pytest.mark.django_db
def test_known_items_without_an_index_or_a_sample_are_said_clearly(engine: Engine) -> None:
    load_shelf()
    with pytest.raises(CommandError, match=r"no index yet: run manage\.py index"):
        call_command("evaluate_known_items")
    with pytest.raises(CommandError, match="--sample: expected a number from 1"):
        call_command("evaluate_known_items", "--sample", "0")
