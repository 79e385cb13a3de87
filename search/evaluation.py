"""Search quality on a judged set in BEIR layout: the set is indexed aside, and the site's own code does the ranking."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from django.conf import settings

from papers.batches import batched
from papers.textfiles import TextFileError, open_lines
from search import frequencies
from search.encoder import Encoder, text_of
from search.engines import KINDS, engine_aside
from search.engines.base import Document, Engine, Hits, Ids
from search.fits import fit_transform
from search.frequencies import FrequencyTable
from search.keywords import keyphrases
from search.metrics import averages
from search.query import parse
from search.ranking import CANDIDATES
from search.reading import read
from search.related import rank_related
from search.reranker import required_reranker, reranked
from search.service import Context, rank
from search.vectors import Vectors
from search.whitening import Transform, width_for

MODES = ("lexical", "semantic", "hybrid", "related")
RERANKED = "reranked"  # hybrid, its best reordered by the site's reranker; a mode only where RERANKER_MODEL is set
BATCH = 256
Value = TypeVar("Value")
# Wraps what takes long, for a progress bar: (iterable, how many, what it is).
Watch = Callable[[Sequence[Value], str], Iterator[Value]]
# Texts to their full vectors, (n, d) float32, L2-normalised.
Encode = Callable[[Sequence[str]], Vectors]


class JudgedSetError(Exception):
    """The folder is no judged set; the text says what is missing or wrong."""


@dataclass(frozen=True)
class JudgedSet:
    """corpus: id → (title, text). queries: id → text, the judged ones only. judgements: query → document → gain."""

    corpus: dict[str, tuple[str, str]]
    queries: dict[str, str]
    judgements: dict[str, dict[str, float]]

    def paper_of(self, query: str) -> str | None:
        """The corpus paper that a query id `<paper>_<anything>` means."""
        while "_" in query:
            query = query.rpartition("_")[0]
            if query in self.corpus:
                return query
        return None

    def modes(self) -> tuple[str, ...]:
        """The modes that apply: related only where every query is a paper, and then the others too."""
        papers = bool(self.queries) and all(self.paper_of(query) is not None for query in self.queries)
        return MODES if papers else MODES[:-1]


def read_judged_set(folder: Path) -> JudgedSet:
    """Read `corpus.jsonl[.gz]`, `queries.jsonl[.gz]` and `qrels.tsv`. Raises JudgedSetError."""
    corpus = {key: (title, text) for key, title, text in _texts(folder, "corpus")}
    if not corpus:
        raise JudgedSetError(f"{folder}: no paper in the corpus")
    judgements = _judgements(folder / "qrels.tsv")
    queries = {key: text for key, _, text in _texts(folder, "queries")}
    missing = [query for query in judgements if query not in queries]
    if missing:
        raise JudgedSetError(f"{folder}: no text for the judged query {missing[0]}")
    return JudgedSet(corpus, {query: queries[query] for query in judgements}, judgements)


def evaluate(
    judged: JudgedSet, encoder: Encoder, modes: Sequence[str], watch: Watch, engines: Sequence[str] = KINDS[:1]
) -> dict[str, dict[str, dict[str, float]]]:
    """nDCG@10, recall@100 and MRR@10 of each mode on each of `engines` (of KINDS), from one encoding. Only judged
    queries run; in related mode the query's own paper is left out of its ranking, nothing else is left out of any.
    Raises EncoderError, before anything is encoded where it is the reranker that is missing."""
    if RERANKED in modes:
        required_reranker()
    corpus = Corpus.of(judged, encoder.encode, encoder.name, watch)
    figures = {}
    for kind in engines:
        with engine_aside(kind) as engine:
            corpus.fill(engine, watch)
            figures[kind] = {mode: measure(corpus.context(engine), judged, mode, watch) for mode in modes}
    return figures


@dataclass(frozen=True)
class Corpus:
    """The papers of a judged set as an engine needs them, whitening and document frequencies fitted on them; ids count
    from 1. full: (n, d) float32."""

    texts: list[tuple[str, str]]
    full: Vectors
    transform: Transform
    table: FrequencyTable
    width: int
    encode: Callable[[str], Vectors]

    @classmethod
    def of(cls, judged: JudgedSet, encode: Encode, model: str, watch: Watch) -> "Corpus":
        """Encode the papers by `model` and learn from them."""
        texts = list(judged.corpus.values())
        batches = watch(list(batched(texts, BATCH)), "encoding")
        full: Vectors = np.concatenate([encode([text_of(*text) for text in batch]) for batch in batches])
        # Through float16, as the site's store has it.
        full = full.astype(np.float16).astype(np.float32)
        return cls(
            texts=texts,
            full=full,
            transform=fit_transform([full], model, full.shape[1]),
            table=frequencies.smoothed(frequencies.count(texts)),
            width=width_for(len(texts), full.shape[1]),
            encode=cache(lambda text: encode([text])[0]),
        )

    def fill(self, engine: Engine, watch: Watch) -> None:
        """Index the corpus."""
        short = self.transform.apply(self.full, self.width)
        with engine.rebuild("aside", self.width, len(self.texts)) as fresh:
            for rows in watch(list(batched(range(len(self.texts)), 2000)), "indexing"):
                fresh.index([self._document(row, short[row]) for row in rows])

    def context(self, engine: Engine) -> Context:
        """What a search needs."""
        return Context("aside", engine, self.transform, self.table, self.width, "aside", self.encode, self._fetch)

    def _fetch(self, ids: Ids) -> tuple[Ids, Vectors]:
        return ids, self.full[ids - 1]

    def _document(self, row: int, vector: Vectors) -> Document:
        title, abstract = self.texts[row]
        keywords = [phrase.text for phrase in keyphrases(title, abstract, self.table)]
        return Document(row + 1, str(row), title, abstract, vector, keywords=keywords)


def measure(context: Context, judged: JudgedSet, mode: str, watch: Watch) -> dict[str, float]:
    """nDCG@10, recall@100 and MRR@10 of one mode."""
    keys = list(judged.corpus)
    return averages(
        (
            _names(keys, _run(context, judged, keys, query, mode), own=_own(judged, query, mode)),
            judged.judgements[query],
        )
        for query in watch(list(judged.queries), mode)
    )


def _run(context: Context, judged: JudgedSet, keys: list[str], query: str, mode: str) -> Hits:
    if mode == "related":
        paper = judged.paper_of(query)
        if paper is None:
            raise JudgedSetError(f"query {query} names no paper of the corpus")
        number = np.array([keys.index(paper) + 1])
        return rank_related(context, *judged.corpus[paper], context.fetch(number)[1][0])
    plan = read(context.engine, context.table, parse(judged.queries[query])).plan
    if not plan.units and plan.binding is None:
        return Hits()
    vector = context.encode(plan.text) if mode != "lexical" and plan.text else None
    ranked = rank(context, plan, vector, lexical=mode != "semantic")
    return _reranked(ranked, judged, keys, plan.text) if mode == RERANKED else ranked


def _reranked(hits: Hits, judged: JudgedSet, keys: list[str], text: str) -> Hits:
    def texts(ids: Ids) -> list[str]:
        return [text_of(*judged.corpus[keys[number - 1]]) for number in ids.tolist()]

    return reranked(hits, text, texts, required_reranker(), settings.RERANKER_SHARE)


def _own(judged: JudgedSet, query: str, mode: str) -> str | None:
    return judged.paper_of(query) if mode == "related" else None


def _names(keys: list[str], hits: Hits, own: str | None) -> list[str]:
    names = [keys[number - 1] for number in hits.ids[: CANDIDATES + 1].tolist()]
    return [name for name in names if name != own]


def _judgements(path: Path) -> dict[str, dict[str, float]]:
    if not path.is_file():
        raise JudgedSetError(f"{path} is missing")
    judgements: dict[str, dict[str, float]] = {}
    for number, line in _lines(path):
        try:
            cells = line.decode("utf-8-sig").rstrip("\r\n").split("\t")
        except UnicodeDecodeError:
            raise JudgedSetError(f"{path}, line {number}: not UTF-8") from None
        score = _number(cells[-1])
        if number == 1 and score is None and len(cells) >= 3:
            continue  # the header
        if score is None or len(cells) not in (3, 4):
            raise JudgedSetError(f"{path}, line {number}: expected query, document, score, joined by tabs")
        if not math.isfinite(score):
            raise JudgedSetError(f"{path}, line {number}: the score is not finite")
        judgements.setdefault(cells[0], {})[cells[-2]] = score
    if not judgements:
        raise JudgedSetError(f"{path}: no judged query")
    return judgements


def _texts(folder: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """Id, title and text of each line of `<name>.jsonl[.gz]`."""
    for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if path.is_file():
            break
    else:
        raise JudgedSetError(f"{folder / name}.jsonl (or .jsonl.gz) is missing")
    for number, line in _lines(path):
        place = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("_id"), str | int):
            raise JudgedSetError(f"{place}: expected an object with _id")
        yield str(row["_id"]), _text(row.get("title"), "title", place), _text(row.get("text"), "text", place)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers."""
    try:
        with open_lines(path) as source:
            for number, line in enumerate(source, 1):
                if line.strip():
                    yield number, line
    except TextFileError as error:
        raise JudgedSetError(str(error)) from error


def _text(value: object, name: str, place: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise JudgedSetError(f"{place}: {name} is not text")
    # Half a surrogate pair, which JSON can spell, has no place in UTF-8.
    return value.encode("utf-8", "replace").decode()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
