"""The judged sets: every mode on both engines, and the hybrid against the better of its parts."""

from collections.abc import Iterator

from benchmarks.quality.bench import JUDGED, Bench, watch
from benchmarks.quality.markdown import head, mean, row
from search.engines import KINDS, engine_aside
from search.evaluation import measure

MEASURES = ("ndcg@10", "recall@100", "mrr@10")
SHORT = ("scifact", "cranfield", "cisi")  # whose queries are typed, not papers


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for name, (judged, corpus) in bench.sets.items():
        for kind in KINDS:
            with engine_aside(kind) as engine:
                corpus.fill(engine, watch)
                modes = {mode: measure(corpus.context(engine), judged, mode, watch) for mode in judged.modes()}
                found.setdefault(name, {})[kind] = modes
    yield from head("set", ["mode", "nDCG@10", "recall@100", "MRR@10", "nDCG@10 on Elasticsearch"])
    for name, kinds in found.items():
        for mode, figures in kinds["embedded"].items():
            cells = [f"{figures[measured]:.3f}" for measured in MEASURES]
            yield row(JUDGED[name], [mode, *cells, f"{kinds['elasticsearch'][mode]['ndcg@10']:.3f}"])
    gains = {
        name: figures["hybrid"]["ndcg@10"] - max(figures[part]["ndcg@10"] for part in ("lexical", "semantic"))
        for name, figures in ((name, found[name]["embedded"]) for name in SHORT)
    }
    told = ", ".join(f"{JUDGED[name]} {gain:+.3f}" for name, gain in gains.items())
    yield ""
    yield f"Hybrid against the better of its two parts: {told}; mean {mean(gains.values()):+.3f}."
