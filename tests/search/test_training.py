"""Training an encoder: which pairs, that it goes on where it was killed, what wins, and what is told where it fails."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from papers.models import Mark, Paper, Visitor
from search import encoders
from search.encoder import resolved
from search.evaluation import JudgedSet
from search.training import judging, runs, trainer
from search.training.pairs import Grade, Library, held_out, libraries, pairs
from search.training.runs import Recipe
from tests.databases import ROOT
from tests.papers.factories import PaperFactory
from tests.search.sites import RealSite, demand, real_site

SIDE = [number for number in range(1, 10_000) if not held_out(number)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged encoder with its first layer alone: a step takes milliseconds."""
    from sentence_transformers import SentenceTransformer

    folder = tmp_path_factory.mktemp("model") / "tiny"
    model = SentenceTransformer(resolved("all-MiniLM-L6-v2"), device="cpu")
    bert = model[0].auto_model
    bert.encoder.layer = bert.encoder.layer[:1]
    bert.config.num_hidden_layers = 1
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """DATA_DIR of a site with no model of its own."""
    settings.DATA_DIR = tmp_path
    encoders.forget()
    yield tmp_path
    encoders.forget()


def shelf(number: int) -> list[Paper]:
    """Papers of two categories, each four of which share a keyphrase; all of the side that is trained on."""
    return [
        PaperFactory(
            pk=SIDE[place],
            title=f"Title {place}",
            abstract=f"Abstract {place}.",
            categories=["cs.CL" if place % 2 else "math.CO"],
            keywords=[f"Phrase {place // 8}", "flow"],
        )
        for place in range(number)
    ]


@pytest.fixture
def library(db: None) -> Library:
    """What pairs are drawn from."""
    shelf(64)
    return libraries()[0]


def test_each_paper_has_a_pair_of_each_grade(library: Library) -> None:
    papers = {paper.pk: paper for paper in Paper.objects.all()}
    found = list(pairs(library, 40, 1))
    assert Counter(pair.grade for pair in found) == dict.fromkeys(
        (Grade.SAME, Grade.KEYPHRASES, Grade.CATEGORY, Grade.RANDOM), 40
    )
    for pair in found:
        title, abstract = papers[pair.title], papers[pair.abstract]
        same = title.categories == abstract.categories
        share = title.keywords[0] == abstract.keywords[0]  # the other is no rare one
        assert (pair.grade is Grade.SAME) == (title == abstract)
        assert pair.grade is not Grade.KEYPHRASES or (same and share)
        assert pair.grade is not Grade.CATEGORY or (same and not share)
        assert pair.grade is not Grade.RANDOM or not same
    assert [grade.value for grade in Grade] == sorted((grade.value for grade in Grade), reverse=True)
    assert found == list(pairs(library, 40, 1))
    assert found != list(pairs(library, 40, 2))


def test_what_a_reader_starred_or_opened_counts_within_a_category(library: Library) -> None:
    ids = list(library.ids)
    for moments in ({"starred": [0, 2, 5]}, {"opened": [1, 3]}):
        visitor = Visitor.objects.create()
        for field, places in moments.items():
            for place in places:
                stamp = f"2026-11-0{place + 1}T00:00Z"
                Mark.objects.create(visitor=visitor, paper_id=ids[place], **{field: stamp})
    found = [pair for pair in pairs(library, 5, 1) if pair.grade in {Grade.STARRED, Grade.OPENED}]
    assert [(pair.title, pair.abstract, pair.grade) for pair in found] == [
        (ids[0], ids[2], Grade.STARRED),
        (ids[1], ids[3], Grade.OPENED),
    ]
    assert not [pair for pair in pairs(library, 5, 1, readers=False) if pair in found]


def test_held_out_papers_are_in_no_training_pair(db: None) -> None:
    numbers = range(1, 401)
    for number in numbers:
        PaperFactory(pk=number, keywords=["flow"])
    training, held = libraries()
    assert sorted([*training.ids, *held.ids]) == list(numbers)
    assert len(held.ids) in range(8, 40)
    seen = {number for pair in pairs(training, 400, 1) for number in (pair.title, pair.abstract)}
    assert seen == set(training.ids)


def train(site: Path, **more: Any) -> str:
    """Train on a CPU in a few steps; the name of the model."""
    options = {"papers": 60, "tokens": 16, "batch": 16, "cpu": True, "not_used": True}
    call_command("train_encoder", **(options | more))
    return runs.trained()[-1]


def test_too_few_papers_are_said(db: None, site: Path, tiny: Path, settings: Settings) -> None:
    settings.EMBEDDING_MODEL = str(tiny)
    with pytest.raises(CommandError, match="no paper with an abstract"):
        train(site)
    for paper in range(3):
        PaperFactory(pk=SIDE[paper])
    PaperFactory(pk=next(filter(held_out, range(1, 1000))))
    with pytest.raises(CommandError, match="pairs are too few"):
        train(site)


def test_what_is_missing_is_said(db: None, site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="holds no judged set"):
        call_command("train_encoder", judge=[tmp_path])
    with pytest.raises(CommandError, match="no model nowhere here"):
        call_command("train_encoder", use="nowhere")
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "find_spec", lambda name: None)
        with pytest.raises(CommandError, match="needs accelerate and datasets: make setup-train"):
            call_command("train_encoder")
    with runs.alone(), pytest.raises(CommandError, match="Another process is training"):
        call_command("train_encoder")


def test_a_full_disk_is_said_and_loses_nothing(
    library: Library, site: Path, tiny: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDING_MODEL = str(tiny)
    PaperFactory(pk=next(filter(held_out, range(1, 1000))))
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "SPACE", 1 << 30)
        with pytest.raises(CommandError, match=r"needs about .* MB .* for its checkpoints"):
            train(site)
    run = runs.unfinished()
    assert run is not None
    before = run.pairs.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise RuntimeError("unexpected pos: No space left on device")

    monkeypatch.setattr(trainer, "_train", full)
    with pytest.raises(CommandError, match=r"The disk of .* is full"):
        train(site)
    assert run.pairs.read_bytes() == before


def test_half_a_checkpoint_is_passed_over(tmp_path: Path) -> None:
    for step, state in ((5, "{}"), (10, '{"global'), (15, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert trainer.last_checkpoint(tmp_path) == tmp_path / "checkpoint-5"
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-5"]


@pytest.fixture
def real(tmp_path: Path, tiny: Path) -> Iterator[RealSite]:
    """A site of real processes with real papers, and the tiny encoder."""
    with real_site(tmp_path / "data", EMBEDDING_MODEL=str(tiny), ENCODER_RUNTIME="torch", OMP_NUM_THREADS="1") as site:
        site.run("fill", "0", "400")
        yield site


def test_a_training_that_is_killed_goes_on_and_a_model_that_loses_is_not_used(real: RealSite, tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "train_encoder", "--papers", "150", "--tokens", "16", "--batch", "8"]
    environment = real.database.environment | real.settings
    folder = real.database.folder / "models"
    log = tmp_path / "log"
    with log.open("w") as file:
        process = subprocess.Popen([*command, "--cpu"], cwd=ROOT, env=environment, stdout=file, stderr=file)
        try:
            demand(lambda: list(folder.glob("*/checkpoints/checkpoint-*/trainer_state.json")), 120)
        finally:
            process.kill()
            process.wait()
    [broken] = folder.glob("*.training")
    pairs = (broken / "pairs.jsonl").read_bytes()
    assert not list(folder.glob("*.json"))
    judged = judged_folder(tmp_path / "judged")
    done = subprocess.run(
        [*command, "--cpu", "--judge", str(judged)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"going on with {broken.name.removesuffix('.training')}" in done.stdout
    assert "going on from checkpoint-" in done.stdout
    [card] = folder.glob("*.json")
    facts = json.loads(card.read_text())
    assert [check["step"] for check in facts["checks"]] == sorted({check["step"] for check in facts["checks"]})
    assert len(pairs.splitlines()) == sum(facts["pairs"].values())
    assert facts["verdict"]["wins"] is False
    assert "is not used" in done.stdout
    assert not list(folder.glob("*.training"))
    assert real.number("SELECT count(*) FROM search_fit") == 0
    assert real.number("SELECT count(*) FROM search_papervector") == 0


def judged_folder(folder: Path) -> Path:
    """A judged set that any encoder answers without fault, so that none can win."""
    folder.mkdir()
    rows = [{"_id": f"{n}", "title": f"Only word{n} here", "text": f"This tells of word{n}."} for n in range(20)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    queries = [{"_id": f"q{n}", "text": f"Only word{n} here"} for n in range(5)]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (folder / "qrels.tsv").write_text("".join(f"q{n}\t{n}\t1\n" for n in range(5)))
    return folder


def made_model(name: str, **facts: Any) -> None:
    """A trained model's folder, with nothing in it, and its card."""
    (encoders.models_folder() / name).mkdir(parents=True)
    card = {"recipe": {"seed": 1}, "before": 6.0, "after": 5.0, **facts}
    (encoders.models_folder() / f"{name}.json").write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("figures", "wins"),
    [
        ({"a": (0.5, 0.51), "b": (0.4, 0.4)}, True),
        ({"a": (0.5, 0.501), "b": (0.4, 0.401)}, False),  # within chance
        ({"a": (0.5, 0.55), "b": (0.4, 0.34)}, False),
    ],
)
def test_a_model_wins_by_the_mean_of_all_judged_sets(
    monkeypatch: pytest.MonkeyPatch, figures: dict[str, tuple[float, float]], wins: bool
) -> None:
    sets = {name: JudgedSet({name: ("", "")}, {}, {}) for name in figures}
    answers = {(name, which): figures[name][place] for name in figures for place, which in enumerate(("old", "new"))}
    monkeypatch.setattr(judging, "_hybrid", lambda judged, model, watch: answers[next(iter(judged.corpus)), model])
    verdict = judging.judge("new", "old", {"before": 6.0, "after": 5.0}, sets, lambda items, what: iter(items))
    assert verdict.wins is wins
    assert verdict.figures == figures


def test_a_model_that_has_learned_nothing_of_held_out_pairs_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_hybrid", lambda *_: pytest.fail("judged"))
    sets = {"a": JudgedSet({}, {}, {})}
    facts = {"before": 6.0, "after": 6.0}
    assert not judging.judge("new", "old", facts, sets, lambda items, what: iter(items)).wins


def test_models_are_shown(db: None, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = encoders.base_model()
    made_model(f"{base}-cosent-20260101-000000", verdict={"wins": False, "reason": "mean nDCG@10 -0.0100"})
    runs.begin(Recipe(base))
    call_command("train_encoder", show=True)
    said = capsys.readouterr().out
    assert f"{base}: serves" in said
    assert "mean nDCG@10 -0.0100" in said
    assert "broken off" in said
