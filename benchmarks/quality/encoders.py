"""The packaged encoder against one that was fine-tuned on real papers by CoSENT, on the judged sets."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import SHARED
from benchmarks.quality.bench import JUDGED, Bench, watch
from benchmarks.quality.markdown import head, mean, row
from search.encoder import DEFAULT_MODEL, Encoder
from search.engines import engine_aside
from search.evaluation import Corpus, measure, read_judged_set
from search.training.judging import LEAST_GAIN

MODES = ("semantic", "hybrid")
MEASURE = "ndcg@10"


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    assert bench.trained is not None
    facts = json.loads(bench.trained.with_name(f"{bench.trained.name}.json").read_text())
    yield from _about(facts)
    encoders = [Encoder(DEFAULT_MODEL), Encoder(str(bench.trained.resolve()))]
    found = {name: [_figures(bench, name, encoder) for encoder in encoders] for name in JUDGED}
    yield from head("nDCG@10", [f"{mode}, {which}" for mode in MODES for which in ("packaged", "trained", "gain")])
    for name, (old, new) in found.items():
        yield row(JUDGED[name], _cells(old, new))
    packaged, trained = (
        {mode: mean(each[place][mode] for each in found.values()) for mode in MODES} for place in (0, 1)
    )
    yield row("mean", _cells(packaged, trained))
    gain = trained["hybrid"] - packaged["hybrid"]
    yield ""
    yield (
        f"Mean of the hybrid {gain:+.4f}; {LEAST_GAIN:+} is the least for which `train_encoder` changes the model. "
        f"**The trained model is {'used' if gain >= LEAST_GAIN else 'not used'}.**"
    )


def _about(facts: Mapping[str, Any]) -> Iterator[str]:
    recipe = facts["recipe"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in facts["pairs"].items())
    yield (
        f"{facts['steps']} steps of {recipe['batch']} pairs, {recipe['tokens']} tokens a text, highest learning rate "
        f"{recipe['rate']:g}, seed {recipe['seed']}, from {sum(facts['pairs'].values()):,} pairs of "
        f"{recipe['papers']:,} papers ({kinds}). The loss on "
        f"{sum(facts['held-out'].values())} held-out pairs, of other papers: {facts['before']:.3f} before, "
        + ", ".join(f"{check['loss']:.3f} after step {check['step']}" for check in facts["checks"])
        + "."
    )


def _figures(bench: Bench, name: str, encoder: Encoder) -> dict[str, float]:
    judged = read_judged_set(SHARED / "ir" / name)
    corpus = Corpus.of(judged, bench.encode_by(encoder), encoder.name, watch)
    with engine_aside("embedded") as engine:
        corpus.fill(engine, watch)
        return {mode: measure(corpus.context(engine), judged, mode, watch)[MEASURE] for mode in MODES}


def _cells(old: Mapping[str, float], new: Mapping[str, float]) -> Iterator[str]:
    for mode in MODES:
        yield from (f"{old[mode]:.3f}", f"{new[mode]:.3f}", f"{new[mode] - old[mode]:+.3f}")
