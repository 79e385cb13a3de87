"""manage.py evaluate_keywords, on files small enough to check by hand and on Inspec."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from search.keyword_evaluation import f1

REEF = {"title": "Coral reefs", "abstract": "", "keyphrases": ["coral reef", "bleaching"], "split": "test"}
FOREST = {"title": "Random forests", "abstract": "", "keyphrases": ["Random Forests"], "split": "valid"}
BEES = {"title": "Honey bees", "abstract": "", "keyphrases": []}


def run(path: Path, *arguments: str) -> tuple[str, dict[str, dict[str, float]]]:
    """What the command prints, and the figures it writes."""
    figures = path.with_name("figures.json")
    out = io.StringIO()
    call_command("evaluate_keywords", str(path), "--json", str(figures), *arguments, stdout=out)
    return out.getvalue(), json.loads(figures.read_text())


@pytest.mark.parametrize(
    ("found", "gold", "depth", "value"),
    [
        (["coral reef"], ["Coral reefs"], 5, 2 / 6),
        (["a b", "coral reef"], ["coral reef"], 1, 0),
        (["coral reef", "coral reefs", "sea"], ["coral reef", "sea"], 2, 1),
        (["sea"], ["coral reef", "coral reefs", "bee"], 2, 0),
        (["sea"], ["sea", "seas"], 1, 1),
        ([], ["sea"], 5, 0),
    ],
    ids=["stems and case", "depth", "doublets offered", "no hit", "doublets wanted", "nothing found"],
)
def test_f1(found: list[str], gold: list[str], depth: int, value: float) -> None:
    assert f1(found, gold, depth) == pytest.approx(value)


def test_the_test_split_is_measured_by_default(jsonl: Callable[..., Path]) -> None:
    out, figures = run(jsonl(REEF, FOREST, BEES, ""))
    assert list(figures) == ["test"]
    assert figures["test"].pop("papers_per_second") > 0
    assert figures["test"] == pytest.approx({"papers": 1, "f1@5": 2 / 7, "f1@10": 2 / 12})
    assert "test: 1 papers" in out
    assert "F1@5 0.2857  F1@10 0.1667" in out
    assert "papers a second" in out


def test_another_split_by_its_name(jsonl: Callable[..., Path]) -> None:
    _, figures = run(jsonl(REEF, FOREST, BEES), "--split", "valid")
    assert figures["valid"]["f1@5"] == pytest.approx(2 / 6)


def test_all_papers_with_keyphrases_where_no_split_is_called_test(jsonl: Callable[..., Path]) -> None:
    _, figures = run(jsonl({**REEF, "split": "train"}, FOREST, BEES))
    assert figures["all"]["papers"] == 2
    assert figures["all"]["f1@5"] == pytest.approx((2 / 7 + 2 / 6) / 2)


def test_a_compressed_file_gives_the_same(jsonl: Callable[..., Path], tmp_path: Path) -> None:
    plain = jsonl(REEF, FOREST)
    packed = tmp_path / "papers.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    figures = [run(path)[1]["test"] for path in (plain, packed)]
    assert [values["f1@5"] for values in figures] == [2 / 7, 2 / 7]


def test_tex_is_read_as_on_the_site(jsonl: Callable[..., Path]) -> None:
    _, figures = run(jsonl({**REEF, "title": "\\'Etale maps", "keyphrases": ["Étale map"]}))
    assert figures["test"]["f1@5"] == pytest.approx(2 / 6)


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        ([], [], "no paper"),
        (["", " "], [], "no paper"),
        ([BEES], [], "no paper with keyphrases by an expert"),
        ([{**BEES, "keyphrases": [" "]}], [], "no paper with keyphrases by an expert"),
        ([REEF, "{"], [], "line 2: expected a JSON object"),
        (["[" * 100_000], [], "line 1: expected a JSON object"),
        (["[]"], [], "line 1: expected a JSON object"),
        ([{"title": "x", "abstract": "x"}], [], "line 1: keyphrases is no list of texts"),
        ([{**REEF, "keyphrases": "coral"}], [], "line 1: keyphrases is no list of texts"),
        ([{**REEF, "keyphrases": [5]}], [], "line 1: keyphrases is no list of texts"),
        ([{**REEF, "title": 5}], [], "line 1: title is no text"),
        ([{**REEF, "split": []}], [], "line 1: split is no text"),
        ([{"title": "x", "keyphrases": []}], [], "line 1: no abstract"),
        ([REEF, FOREST], ["--split", "train"], "no split 'train' in the file: it has test, valid"),
        ([BEES], ["--split", "train"], "no split 'train' in the file: it has no splits"),
    ],
)
def test_a_file_of_another_kind_is_said_clearly(
    jsonl: Callable[..., Path], rows: list[object], arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run(jsonl(*rows), *arguments)


def test_a_file_that_cannot_be_read_is_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be opened"):
        run(tmp_path / "none.jsonl")
    cut = tmp_path / "papers.jsonl.gz"
    cut.write_bytes(gzip.compress(json.dumps(REEF).encode())[:-12])
    with pytest.raises(CommandError, match="damaged or cut short"):
        run(cut)


def test_figures_that_cannot_be_written_are_said_before_the_work(jsonl: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("evaluate_keywords", str(jsonl("no JSON")), "--json", str(tmp_path / "none" / "figures.json"))


def test_half_a_surrogate_pair_does_no_harm(jsonl: Callable[..., Path]) -> None:
    _, figures = run(jsonl(json.dumps(REEF | {"abstract": "\ud800 reefs"})))
    assert figures["test"]["papers"] == 1


def test_inspec(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "inspec.jsonl.gz"
    path.write_bytes((shared_data / "keyphrases" / "inspec.jsonl.gz").read_bytes())
    _, figures = run(path)
    assert figures["test"]["papers"] == 500
    assert figures["test"]["f1@5"] >= 0.34
    assert figures["test"]["f1@10"] >= 0.38
